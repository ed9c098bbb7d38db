// The oracle: is what the clients saw something that the contract allows?
//
// The store's sequences are the witness: each mutation reports its sequence when it is assigned and when it returns,
// each read reports the sequence of the mutation it saw. Given them, linearizability is no search but a
// check in linear time: replay the mutations in sequence order through the reference model, and demand that
// every answer agrees with the model at its sequence, that sequences respect real time, and that every read is
// explained by a state within its window. A read of absence may come without a sequence; the earliest explanation
// that earlier reads allow is chosen, which never spoils a later one.
//
// After a crash: the state must be the fold of a prefix of the sequence order that reaches at least the last
// acknowledged Sync.

#ifndef ENGRAM_MODEL_HISTORY_ORACLE_H_
#define ENGRAM_MODEL_HISTORY_ORACLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"
#include "model/reference_store.h"

namespace engram::inline ENGRAM_BODY::model {

enum class CallKind : uint8_t { kStore, kGet, kRemove, kUpdateActivation, kContains, kSync };

enum class CallOutcome : uint8_t {
  kPending,   // never returned (the world crashed)
  kOk,
  kAbsent,    // Get, Contains, Remove, UpdateActivation: there is no such memory
  kRejected,  // an error: nothing happened
  kUnknown,   // UNAVAILABLE: the mutation with `sequence` may or may not have happened
  kDamaged,   // DATA_LOSS
};

// One call of one client, as observed from outside.
struct Call {
  CallKind kind = CallKind::kGet;
  uint16_t operation = 0;            // Operation::id, for messages
  uint8_t client = 0;
  Memory argument;                   // kStore: the memory; others: only `id` (and `activation` for kUpdateActivation)
  uint64_t invoked_at = 0;           // World::Now() before the call
  uint64_t returned_at = UINT64_MAX; // World::Now() after it
  CallOutcome outcome = CallOutcome::kPending;
  Sequence sequence;                 // mutations: assigned (0 if never); reads: of the mutation seen, 0 if unknown
  std::optional<Memory> result;      // kGet
};

// What a recovery showed: the complete state, as found by reading it all.
struct RecoveredState {
  std::vector<Memory> memories;
  uint64_t shown_at = 0;             // World::Now() when the opening call returned
};

// What happened to one store from its creation on: calls, then, after each crash, what was recovered, and calls again.
struct History {
  struct Era {
    std::optional<RecoveredState> recovered;  // absent in the first era, and where recovery itself crashed
    std::vector<Call> calls;                  // in any order
  };
  std::vector<Era> eras;
};

// What is wrong with a history. `claim` is one of a fixed vocabulary, so that equal mistakes get equal names:
//   "another memory's bytes", "invented value", "false corruption", "lost store" (an acknowledged mutation has no effect),
//   "lost update" (an update acted on an older version), "resurrection" (a removed memory is seen again),
//   "stale read", "read from the future", "duplicate sequence", "sequence against real time",
//   "wrong answer" (existed / not found disagrees with the model), "effect of a rejected call",
//   "lost after sync", "mixed state after a crash", "changed after recovery".
struct Violation {
  std::string claim;
  std::string detail;  // sentences that name the calls involved, what was promised and what was seen
};

// Returns what is wrong, or nothing. `limits` are those of the store that was observed.
// Pure; time O(n log n) in the number of calls.
std::optional<Violation> JudgeHistory(const History& history, const ReferenceStore::Limits& limits);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_ORACLE_H_
