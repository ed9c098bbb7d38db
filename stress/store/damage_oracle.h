// Is what opening a damaged store showed something that the contract allows? The right value,
// DATA_LOSS, or a reported cut of the last commit; never another value, never silent absence.
//
// Without a reported cut, every answer other than DATA_LOSS is that of the newest state. With one,
// all are those of one state that what the last but one Sync covered is part of; it says
// possibly_acknowledged if the last Sync covered what is gone.
//
// What nothing in a file can tell is allowed: if a process was killed, and behind the last
// checkpoint a whole page of the log is zero, stale or another one, or the file ends, then the log
// may look as it did when nothing had been written there yet. Such damage may show any state since
// the last checkpoint. A flipped bit can always be told.

#ifndef ENGRAM_STRESS_STORE_DAMAGE_ORACLE_H_
#define ENGRAM_STRESS_STORE_DAMAGE_ORACLE_H_

#include <array>
#include <cstdint>
#include <optional>

#include "api/memory.h"
#include "model/history_oracle.h"
#include "stress/store/damage.h"
#include "stress/store/small_store.h"

namespace engram::stress {

// What a damaged store answered when it was opened and read.
struct Shown {
  struct Answer {
    bool damaged = false;           // DATA_LOSS
    std::optional<Memory> witness;  // absent: there is no memory, unless `damaged`
  };
  std::array<Answer, kKeys> answers;
  bool tail_was_cut = false;
  bool possibly_acknowledged = false;

  uint32_t losses() const;  // how many answers are DATA_LOSS
};

// What is wrong with it, or nothing. Claims: "another value" (nobody stored it under that id),
// "silent absence", "an older value" (also what was removed and is back), "mixed state",
// "unreported cut", "cut of what was acknowledged, not said so".
std::optional<model::Violation> JudgeDamaged(const SmallStore& store, DamageKind kind,
                                             const Shown& shown);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_DAMAGE_ORACLE_H_
