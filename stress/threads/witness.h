// What all clients of one store share: the counter that stamps calls, and the listener that hears
// each sequence as it is assigned.
//
// The listener is held to its contract here: a sequence is told on the thread that called, once,
// and before anything says that it is durable.

#ifndef ENGRAM_STRESS_THREADS_WITNESS_H_
#define ENGRAM_STRESS_THREADS_WITNESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_listener.h"
#include "base/thread_annotations.h"
#include "base/units.h"
#include "sync/atomic.h"
#include "sync/mutex.h"

namespace engram::stress {

// Thread safety: thread-safe. One at a time per thread: what a thread was told is kept by thread.
class Witness : public EventListener {
 public:
  struct Assignment {
    MutationKind kind = MutationKind::kStore;
    std::string id;
    Sequence sequence;
  };

  // What a store says when it is opened: nothing up to here will be assigned again. REQUIRES: no
  // other thread uses the store yet.
  void BeginAfter(Sequence last);

  // The time of now: grows with every call, of whatever thread.
  uint64_t Stamp();

  // What the calling thread was told since it last asked.
  static std::vector<Assignment> TakeAssignments();

  // The first thing that is wrong with what the store told; absent if all is well.
  std::optional<std::string> complaint() const;

  void OnSequenceAssigned(MutationKind kind, std::string_view id, Sequence sequence) override;
  void OnDurable(Sequence sequence) override;

 private:
  void Complain(std::string what);

  sync::Atomic<uint64_t> clock_{1};
  sync::Atomic<uint64_t> assigned_max_{0};
  mutable sync::Mutex mutex_;
  std::optional<std::string> complaint_ ENGRAM_GUARDED_BY(mutex_);
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_WITNESS_H_
