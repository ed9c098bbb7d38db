// The oracle: is what the clients saw something that the contract allows?
//
// The store's sequences are the witness: each mutation reports its sequence when it is assigned and
// when it returns, each read reports the sequence of the mutation it saw. Given them,
// linearizability is no search but a replay: mutations in sequence order through the reference
// model, every answer compared with the model at its sequence, every read explained by a state
// within its window of real time. After a crash the state must be the fold of a prefix of the
// sequence order that reaches at least the last acknowledged Sync.
//
// What is decided, exactly: is there an explanation? An explanation chooses which mutations of
// unknown outcome (kPending, kUnknown; with a sequence) happened, and for each recovery the prefix
// of the sequence order that survived. Then, for each id between two recoveries, its mutations that
// happened, in sequence order, and its answered reads must fit into one order such that
//   - no call stands before one that had returned when it was invoked; what is unknown never did,
//   - every mutation that found a memory finds one,
//   - every read sees the state that it stands behind, bit by bit, and names only that state's
//     sequence,
//   - at the beginning stands what the recovery before showed; in the first era, nothing.
// A Remove or UpdateActivation that found nothing is a read of absence.
//
// Wrong regardless of any explanation are an error of kind DATA_LOSS, an answer that the contract
// does not have (see CallOutcome), and sequences that repeat or run against real time. Not decided
// are whether an error was called for (a store may be full), and anything between two ids but the
// common prefix.
//
// A comes before B in real time if A was invoked earlier and returned no later than B was invoked:
// at equal stamps the return comes first. So stamps must come from a counter that does not stand
// still while clients take turns; World::Now() does not.

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
  kOk,        // done, with a sequence; Get, Contains: found, with the sequence of the mutation seen
  kAbsent,    // Get, Contains, Remove, UpdateActivation: there is no such memory
  kRejected,  // an error: nothing happened
  kUnknown,   // UNAVAILABLE: the mutation with `sequence` happened, or not, or will at the recovery
  kDamaged,   // DATA_LOSS
};

// One call of one client, as observed from outside.
struct Call {
  CallKind kind = CallKind::kGet;
  uint16_t operation = 0;  // Operation::id, for messages
  uint8_t client = 0;
  // kStore: the memory. Others: only `id`, and `activation` for kUpdateActivation.
  Memory argument;
  uint64_t invoked_at = 0;            // World::Now() before the call
  uint64_t returned_at = UINT64_MAX;  // World::Now() after it; not looked at if kPending
  CallOutcome outcome = CallOutcome::kPending;
  // Mutations: the one assigned; 0 if none was, and then nothing happened. Reads, and mutations
  // that found nothing: of the mutation seen; absence names a Remove, or 0 if it names none.
  Sequence sequence;
  std::optional<Memory> result;  // kGet with kOk
  // Of a result: false if the answer says nothing of it, as that of a recall; all else it tells.
  bool tells_activation = true;
};

// What a recovery showed: the complete state, as found by reading it all.
struct RecoveredState {
  std::vector<Memory> memories;
  uint64_t shown_at = 0;  // World::Now() when the opening call returned
};

// What happened to one store from its creation on: calls, then, after each crash, what was
// recovered, and calls again.
struct History {
  struct Era {
    // Absent in the first era, and where recovery itself crashed. REQUIRES: there, no calls.
    std::optional<RecoveredState> recovered;
    std::vector<Call> calls;  // in any order
  };
  std::vector<Era> eras;
};

// What is wrong with a history. `claim` is one of a fixed vocabulary, so that equal mistakes get
// equal names; of several that fit, as a rule the first in this list:
//
// "false corruption": DATA_LOSS, and nothing was damaged.
// "wrong answer": OK without a sequence, an invalid argument accepted, a Remove or UpdateActivation
//     that found nothing but took a sequence; or one that disagrees with the model on whether
//     there was a memory.
// "duplicate sequence": assigned twice.
// "sequence against real time": lower than one that had been shown, by a return or to a reader,
//     before the call began; or than one from before a crash.
// "read from the future": a read that saw a mutation which began after it had returned.
// "another memory's bytes": an id, content or embedding that was stored under another id and not
//     under this one, or content made of a few pieces of such; or the sequence of another id.
// "effect of a rejected call": what a rejected call would have stored, or its sequence.
// "invented value": what nobody stored; or a sequence that nobody was assigned.
// "changed after recovery": a read or a recovery that contradicts what an earlier recovery showed,
//     with no mutation since then that explains it.
//
// Of a read that misses the newest mutation which it must have seen, because that was acknowledged,
// or seen by somebody else, before the read began:
// "resurrection": a memory, and the newest is a Remove.
// "stale read": nobody had acknowledged the newest; or it is a Remove, and the read names an older
//     one; or an older version, and a later read sees the newest, or a newer one, again. Also: one
//     version's bytes under another one's sequence.
// "lost update": an older version, and the newest is an UpdateActivation. Also: an UpdateActivation
//     that was applied to an older version than the newest.
// "lost store": an older version, and the newest is a Store; or absence.
//
// Of what a recovery showed:
// "lost after sync": a prefix, but one that ends before what an acknowledged Sync covered.
// "mixed state after a crash": no prefix, though each id shows something of its own.
struct Violation {
  std::string claim;
  // Sentences that name the calls involved, what was promised and what was seen.
  std::string detail;
};

// Returns what is wrong, or nothing. `limits` are those of the store that was observed.
//
// Pure; the order of calls within an era changes nothing. Time O(n log n) in the number of calls
// if there is a bound on how many mutations of unknown outcome stand between two known ones of the
// same id; n times the square of their number otherwise.
std::optional<Violation> JudgeHistory(const History& history, const ReferenceStore::Limits& limits);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_ORACLE_H_
