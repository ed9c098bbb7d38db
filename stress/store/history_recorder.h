// Writes down what clients see of a store: the history that the oracle judges, as witnesses
// (memory_table.h).
//
// Whether one call had returned when another was invoked is part of what is judged, and no step of
// a store shows it. So each invocation and each return of a thread is a step of its own; the return
// of one thread and the invocation of another depend on each other, and the exhaustive explorer,
// which tries one order of independent steps only, tries both of these. For up to three threads.
//
// It is also the store's listener, and so knows the sequences of mutations that never return.

#ifndef ENGRAM_STRESS_STORE_HISTORY_RECORDER_H_
#define ENGRAM_STRESS_STORE_HISTORY_RECORDER_H_

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "api/event_listener.h"
#include "model/history_oracle.h"
#include "model/world/program.h"
#include "model/world/step.h"
#include "model/world/world.h"
#include "stress/store/operations.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"

namespace engram::stress {

// Thread safety: each client has a list of its own; the main thread looks when the others have
// ended.
class HistoryRecorder final : public EventListener {
 public:
  // `listener_throws`: being told is followed by an exception, which must harm nothing.
  // `stops_compactions`: each one when it is done with its first extent.
  HistoryRecorder(world::World& world, bool listener_throws, bool stops_compactions)
      : world_(world), listener_throws_(listener_throws), stops_compactions_(stops_compactions) {
    calls_of_thread_.fill(nullptr);
  }

  // The first era, or one whose opening showed `recovered`.
  void BeginEra(std::optional<model::RecoveredState> recovered);

  // Opens the record of a call by the calling thread. The reference holds until the era ends.
  model::Call& Invoke(const world::Operation& operation, model::CallKind kind);
  // It has returned: `call` says what. Not to be called while winding down.
  void Return(model::Call& call);
  // A call by the calling client's thread whose stamps the caller has set.
  void Note(const model::Call& call);
  // A call that looks at many ids begins and has returned: what it saw of each is noted, with these
  // stamps or ones between them.
  uint64_t BeginLook(Client client);
  uint64_t EndLook(Client client);

  void OnSequenceAssigned(MutationKind kind, std::string_view id, Sequence sequence) override;
  void OnDurable(Sequence sequence) override;
  bool OnCompactionProgress(uint64_t extents_done, uint64_t extents_to_do) override;
  bool OnMigrationProgress(uint64_t memories_moved) override;
  void OnSpan(const Span& span) override;

  // From now on compactions and migrations that have begun wait until so many clients have ended.
  void StallFor(int clients);
  void ClientEnded();

  // Stands for what the oracle will make of what was seen so far: equal for histories of equal
  // calls whose intervals lie alike, whatever the steps between them. What never returned and had
  // no effect that anybody could know of counts nothing.
  uint64_t Knowledge() const;

  // On the main stack, in the end.
  model::History TakeHistory();

 private:
  struct Era {
    std::optional<model::RecoveredState> recovered;
    std::array<std::deque<model::Call>, kClients> calls;
  };

  void TakeInvocationStep(uint8_t client);
  void TakeReturnStep(uint8_t client);
  void Throw() const;
  void AwaitClients();

  world::World& world_;
  const bool listener_throws_;
  const bool stops_compactions_;
  sync::Mutex mutex_;
  sync::CondVar client_ended_;
  int clients_awaited_ ENGRAM_GUARDED_BY(mutex_) = 0;
  std::deque<Era> eras_;
  // By number of the simulated thread: the call that it is in.
  std::array<model::Call*, world::kThreadsMax> calls_of_thread_;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_HISTORY_RECORDER_H_
