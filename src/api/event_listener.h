// Being told what a store does, while it does it: for oracles, traces and metrics.

#ifndef ENGRAM_API_EVENT_LISTENER_H_
#define ENGRAM_API_EVENT_LISTENER_H_

#include <cstdint>
#include <string_view>

#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

enum class MutationKind : uint8_t { kStore, kRemove, kUpdateActivation };

// Calls come from whichever thread does the work, several at once, some while locks of the store
// are held: return soon, and never call the store. What it throws is dropped and harms nothing.
class EventListener {
 public:
  virtual ~EventListener() = default;

  // A mutation has got its sequence, on the thread that called the store, before anybody can see
  // its effect and before it can become durable. From here on nothing can refuse it.
  virtual void OnSequenceAssigned(MutationKind /*kind*/, std::string_view /*id*/,
                                  Sequence /*sequence*/) {}
  // Every mutation up to `sequence` is durable.
  virtual void OnDurable(Sequence /*sequence*/) {}
  // A checkpoint of `memories` memories has been named by both superblocks.
  virtual void OnCheckpoint(uint64_t /*memories*/) {}
  // A compaction is done with `extents_done` of the log extents that it has to do. False: it stops
  // here, as after MemoryStore::CancelCompaction. No lock is held that a reader or a writer needs.
  virtual bool OnCompactionProgress(uint64_t /*extents_done*/, uint64_t /*extents_to_do*/) {
    return true;
  }
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_EVENT_LISTENER_H_
