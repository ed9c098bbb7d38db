// What MemoryStore::Quarantine takes out of a store, and who keeps it.

#ifndef ENGRAM_API_QUARANTINE_H_
#define ENGRAM_API_QUARANTINE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "api/memory.h"
#include "api/reports.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

// Bytes of the store's file, as a read of it gives them.
struct RemainingBytes {
  std::string_view structure;  // as in Damage
  FileOffset offset;
  std::span<const std::byte> bytes;
};

// What is left of something that is damaged. Valid during the call that it is passed to.
struct Remains {
  Damage damage;
  // Of a memory: it is about to be taken out of the store. Of anything else nothing is removed; it
  // is made again if what it said is still known.
  bool is_memory = false;
  uint64_t id_hash = 0;  // of a memory
  Sequence sequence;     // likewise
  // If what tells the id and the scalars of a memory is intact: these, and of embedding and
  // content what is intact. Else, and while there is no embedding, see `bytes`.
  std::optional<Memory> intact;
  // Everything that belonged to it, as far as that can be told and the file has it. A run of cold
  // memories whose row cannot be found is here as a whole, with the first memory of it.
  std::vector<RemainingBytes> bytes;
};

// Keeps what is taken out of a store: on another disk, say. Called by the thread that called
// Quarantine; must not call the store. What it throws is an error: RESOURCE_EXHAUSTED or INTERNAL.
class RemainsKeeper {
 public:
  virtual ~RemainsKeeper() = default;

  virtual absl::Status Keep(const Remains& remains) = 0;
  // Everything that was kept survives a crash from here on. Called once, after the last Keep;
  // before it has returned OK nothing is changed in the store.
  virtual absl::Status MakeDurable() = 0;
};

// What one Quarantine did. What damage it left, a Verify says.
struct QuarantineReport {
  VerifyReport found;
  uint64_t memories_taken_out = 0;
  uint64_t structures_restored = 0;  // headers and directories that were written again
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_QUARANTINE_H_
