// Walking a store in the order of (hash, id): from stretches of the index (index_walk.h) to
// memories and damage. Part of tiered_store_*.cc; not for others.
//
// A position says exactly what has been met, so a walk can end anywhere and be taken up by another
// one: at each hash, holes of the index come first, then memories by id, then log entries that
// cannot be read.

#ifndef ENGRAM_ENGINE_STORE_WALK_H_
#define ENGRAM_ENGINE_STORE_WALK_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "engine/index_walk.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {

// A memory, or damage.
struct Met {
  absl::Status status;  // OK or DATA_LOSS; embedding and content have not been looked at
  uint64_t hash = 0;
  uint64_t last_hash = 0;    // more than `hash` if it is a hole of the index
  Lookup* lookup = nullptr;  // null if nobody can tell the id
};
// False: it is enough.
using VisitMet = absl::FunctionRef<bool(Met&)>;

// What the entries of one hash lead to. Thread safety: thread-compatible.
class TieredStore::HashGroup {
 public:
  explicit HashGroup(const TieredStore& store) : store_(store) {}

  // Decodes all of them. REQUIRES: inside of the epoch in which they were found.
  void Decode(uint64_t hash, std::span<const Delta> entries, const engine::Checkpoint& checkpoint);

  // Those whose ids are known, by id.
  std::vector<Lookup>& memories() { return memories_; }
  // The first of them with an id behind this one.
  size_t FirstBehind(std::string_view id) const;
  // What is wrong with one of those whose ids are not known; OK if there is none.
  const absl::Status& unreadable() const { return unreadable_; }

 private:
  const TieredStore& store_;
  std::vector<Lookup> memories_;
  absl::Status unreadable_;
};

// What comes next.
struct WalkPosition {
  bool at_end = false;
  uint64_t hash = 0;
  std::string id;           // of that hash: what has been met; empty: nothing has
  uint64_t told_until = 0;  // holes of the index that end up to here have been met
};

// As a text for callers, and back. INVALID_ARGUMENT: it is none. REQUIRES: not at the end.
std::string CursorOf(const WalkPosition& position);
absl::StatusOr<WalkPosition> PositionOf(std::string_view cursor);

// Thread safety: thread-compatible.
class TieredStore::Walk {
 public:
  Walk(const TieredStore& store, WalkPosition position)
      : store_(store), position_(std::move(position)), group_(store) {}

  // Meets what comes next, about `entries_max` entries or until `visit` has enough. REQUIRES:
  // inside of an epoch; not at the end.
  void MeetNext(size_t entries_max, VisitMet visit);

  bool is_at_end() const { return position_.at_end; }
  // Behind what was met last.
  const WalkPosition& position() const { return position_; }

 private:
  bool MeetHoles(uint64_t up_to, VisitMet visit);
  bool MeetHash(uint64_t hash, std::span<const Delta> entries, VisitMet visit);
  void GoTo(uint64_t hash);
  void GoBehind(uint64_t hash);

  const TieredStore& store_;
  WalkPosition position_;
  Stretch stretch_;
  size_t next_hole_ = 0;
  HashGroup group_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_STORE_WALK_H_
