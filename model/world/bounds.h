// How far a world lets things go: part of a claim of exhaustiveness, and printed with it.

#ifndef ENGRAM_MODEL_WORLD_BOUNDS_H_
#define ENGRAM_MODEL_WORLD_BOUNDS_H_

#include <cstdint>
#include <limits>

namespace engram::world {

inline constexpr uint32_t kUnbounded = std::numeric_limits<uint32_t>::max();

// How finely the last partly surviving write to a page may be torn in a power loss.
enum class Tears : uint8_t {
  kNone,         // a page holds whole writes only
  kFirstSector,  // of the first lost write, the first sector may have survived
  kAnySectors,   // any subset of its sectors may have survived
};

// Applies to one execution. A budget that is used up offers its choices no more.
struct Bounds {
  uint32_t steps_max = 20'000;            // more is a failure: starvation
  uint32_t preemptions_max = kUnbounded;  // switches away from a thread that could have gone on
  uint32_t crashes_max = 0;               // power losses and kills
  bool kills = true;                 // whether a crash may be a kill, in which the page cache stays
  bool power_losses = true;          // whether a crash may be a power loss
  uint32_t faults_max = 0;           // I/O calls that fail
  uint32_t short_transfers_max = 0;  // reads and writes that move less than asked
  uint32_t allocation_failures_max = 0;
  uint32_t spurious_wakeups_max = 0;
  uint32_t weak_failures_max = 0;  // CompareExchangeWeak that fails for no reason
  Tears tears = Tears::kFirstSector;
  bool check_lock_order =
      true;  // a cycle among lock acquisitions is a failure even without a deadlock
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_BOUNDS_H_
