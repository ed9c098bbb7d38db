// Loops that wait for other threads by looking again and again, with a Yield between: what
// partial-order reduction does about them, since they have infinitely many executions and yields
// are no objects that steps could depend on.
//
// A *look* is a load, a read-modify-write or a try-lock. A thread *looks again* if all that it does
// after a yield is looks that it did before the yield at the same places of the source. Looking
// again is *futile* if none of the objects was written in between.

#ifndef ENGRAM_MODEL_EXPLORE_WAITING_LOOPS_H_
#define ENGRAM_MODEL_EXPLORE_WAITING_LOOPS_H_

#include <cstdint>
#include <vector>

#include "model/explore/happens_before.h"
#include "model/world/step.h"

namespace engram::world {

// Whether the thread of `yield` looks again in all that it does from there to its step `last`. True
// if `last` is `yield`.
bool LooksAgain(const HappensBefore& steps, uint32_t yield, uint32_t last);

// How many times in a row the thread of step `last` would have looked again in vain if `last` came
// before step `first`, which races with it.
uint32_t FutileLooks(const HappensBefore& steps, uint32_t first, uint32_t last);

// Where the source yields other than in a loop that looks again, as far as that is known.
// Thread safety: thread-compatible.
class OtherYields {
 public:
  // Takes note of the step just added to `steps`.
  void Learn(const HappensBefore& steps);
  // Whether `step` is of the kind and at a place after which such a yield has been seen.
  bool MayFollow(const Step& step) const;

 private:
  std::vector<Step> before_;  // one for each kind and place
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_WAITING_LOOPS_H_
