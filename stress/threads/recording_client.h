// A client of a store that writes down what it called and what it was told, for the oracle.
//
// What the oracle does not judge is judged here: errors nobody asked for, sequences that differ
// from what the listener was told, and a view whose bytes change while it is looked at.

#ifndef ENGRAM_STRESS_THREADS_RECORDING_CLIENT_H_
#define ENGRAM_STRESS_THREADS_RECORDING_CLIENT_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "api/memory_store.h"
#include "model/history_oracle.h"
#include "stress/threads/witness.h"

namespace engram::stress {

// Thread safety: confined to the thread that makes the calls. Ownership: `store` and `witness` must
// outlive it.
class RecordingClient {
 public:
  RecordingClient(uint8_t number, MemoryStore& store, Witness& witness)
      : number_(number), store_(store), witness_(witness) {}

  void Store(const Memory& memory);
  void Remove(std::string_view id);
  void UpdateActivation(std::string_view id, float activation);
  void Get(std::string_view id);
  // Copies the memory during its view, lets others go on, and looks again.
  void View(std::string_view id);
  void Contains(std::string_view id);
  // Looks at all memories; of each of the first `ids` ids that is a read.
  void Iterate(uint32_t ids);
  void List(uint32_t ids, size_t limit);
  void Recall(uint32_t ids, const Memory& like);
  void Sync();
  // A checkpoint promises at least what a sync does. Another one may be under way.
  void Checkpoint();

  // REQUIRES: the client's thread has ended.
  std::vector<model::Call>& calls() { return calls_; }
  // The first thing that was wrong regardless of the history.
  const std::optional<std::string>& complaint() const { return complaint_; }

 private:
  model::Call& Begin(model::CallKind kind, std::string_view id);
  // What a look at all has shown of an id since `since`.
  void Shown(std::string_view id, Sequence sequence, std::optional<Memory> memory, uint64_t since);
  // The look that began at `since` has ended: of the ids that it has not shown there was nothing.
  void EndLook(std::string_view call, const absl::Status& status, uint32_t ids, uint64_t since,
               const std::set<std::string>& shown);
  void End(model::Call& call, const absl::Status& status);
  void EndMutation(model::Call& call, const absl::StatusOr<Sequence>& result, MutationKind kind);
  void CheckAssignments(const model::Call& call, MutationKind kind);
  void Complain(const std::string& what);

  const uint8_t number_;
  MemoryStore& store_;
  Witness& witness_;
  std::vector<model::Call> calls_;
  std::optional<std::string> complaint_;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_RECORDING_CLIENT_H_
