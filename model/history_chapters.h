// A history, arranged for judging: by chapter, and within a chapter by id.
//
// A chapter is what happened between two recoveries that showed a state (eras whose recovery
// crashed hold no calls and vanish). A timeline is what happened to one id within one chapter:
// position 0 is the state with which the chapter begins, position i that after the i-th of the id's
// mutations in sequence order, if it happened.
//
// Arranging finds what is wrong regardless of any explanation: answers that no state allows, and
// sequences that repeat, run against real time or name nothing.

#ifndef ENGRAM_MODEL_HISTORY_CHAPTERS_H_
#define ENGRAM_MODEL_HISTORY_CHAPTERS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"
#include "model/history_oracle.h"

namespace engram::inline ENGRAM_BODY::model {

// ---- Real time. Stamps are doubled so that at equal ones a return comes first, but never before
// its own call.

inline constexpr uint64_t kNever = UINT64_MAX;
inline uint64_t Began(const Call& call) { return 2 * call.invoked_at + 1; }
inline uint64_t Ended(const Call& call) {
  if (call.outcome == CallOutcome::kPending) return kNever;
  return std::max(2 * call.returned_at, Began(call));
}
inline bool Precedes(const Call& a, const Call& b) { return Ended(a) < Began(b); }

// ---- What a call is to the oracle.

inline bool IsMutationKind(CallKind kind) {
  return kind == CallKind::kStore || kind == CallKind::kRemove ||
         kind == CallKind::kUpdateActivation;
}
// A call that changed its id's state, or may have.
inline bool IsMutation(const Call& call) {
  return IsMutationKind(call.kind) && call.sequence.value != 0 &&
         (call.outcome == CallOutcome::kOk || call.outcome == CallOutcome::kUnknown ||
          call.outcome == CallOutcome::kPending);
}
// Of a mutation: it happened. Otherwise an explanation chooses.
inline bool IsDecided(const Call& mutation) { return mutation.outcome == CallOutcome::kOk; }
// A call whose answer tells the id's state, or that there was none.
inline bool IsRead(const Call& call) {
  if (call.kind == CallKind::kGet || call.kind == CallKind::kContains) {
    return call.outcome == CallOutcome::kOk || call.outcome == CallOutcome::kAbsent;
  }
  return IsMutationKind(call.kind) && call.outcome == CallOutcome::kAbsent;
}
// A call that was given a sequence of its own.
inline bool WasAssigned(const Call& call) {
  return IsMutation(call) || (IsMutationKind(call.kind) && call.sequence.value != 0 &&
                              call.outcome == CallOutcome::kRejected);
}

struct Timeline {
  struct Witnessed {
    uint32_t position = 0;  // of the state that the read names
    const Call* read = nullptr;
  };
  const Memory* begin = nullptr;       // the state at position 0; null: absent
  const Memory* end = nullptr;         // what the next recovery showed; null: absent, or none
  std::vector<const Call*> mutations;  // mutations[i] leads to position i + 1
  std::vector<Witnessed> witnessed;    // by position, then by invocation
  std::vector<const Call*> absences;   // reads of absence that name no sequence, by invocation
  // The mutation that made the state at position 0, and the one that made what the next recovery
  // showed, as reads of this chapter and later ones say; 0 where they say nothing.
  Sequence begin_named;
  Sequence end_named;
  const Call* begin_named_by = nullptr;
  const Call* end_named_by = nullptr;
};

struct Chapter {
  const RecoveredState* begin = nullptr;  // null in the first
  const RecoveredState* end = nullptr;    // null in the last
  std::vector<const Call*> calls;         // by invocation
  std::map<std::string_view, Timeline> timelines;
};

// The position in `timeline` to which the mutation with `sequence` leads; 0 if it is none of its
// mutations.
uint32_t PositionOf(const Timeline& timeline, Sequence sequence);

// Arranges `history`, or returns what is wrong regardless of any explanation. The chapters point
// into `history`. REQUIRES: `chapters` is empty.
std::optional<Violation> Arrange(const History& history, const ReferenceStore::Limits& limits,
                                 std::vector<Chapter>& chapters);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_CHAPTERS_H_
