// Walking the index in the order of hashes, a stretch at a time.
//
// Hashes and not places order the walk, because a memory's hash never changes: whatever moves,
// whatever checkpoint replaces another, an id that is there throughout is met in the one stretch
// that its hash lies in. The walk knows nothing of ids; several may have one hash.

#ifndef ENGRAM_ENGINE_INDEX_WALK_H_
#define ENGRAM_ENGINE_INDEX_WALK_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "base/body.h"
#include "engine/checkpoint.h"
#include "engine/delta_table.h"
#include "engine/index.h"

namespace engram::inline ENGRAM_BODY::engine {

// Hashes, both ends included, of which the index cannot tell which memories there are.
struct IndexHole {
  uint64_t first = 0;
  uint64_t last = 0;
  absl::Status damage;
};

// What the index knows of all hashes from one to `last`.
struct Stretch {
  // By hash: of each id its newest one, removals too. Those of hashes in holes are there if newer
  // layers know them, as Find would find them.
  std::vector<Delta> entries;
  std::vector<IndexHole> holes;  // by their first hash, which lies in the stretch
  uint64_t last = 0;
  const Checkpoint* checkpoint = nullptr;  // that was looked into; never null
};

// The stretch that begins at hash `from`, as of one moment. It has about `entries_max` entries or
// less, or those of one hash. Holes that begin before `from` begin there. REQUIRES: inside of an
// epoch, as long as entries are followed.
void WalkIndex(const Index& index, uint64_t from, size_t entries_max, Stretch& stretch);

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_INDEX_WALK_H_
