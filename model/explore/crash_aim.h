// Where an execution crashes, drawn evenly over the points where it may: for programs that are
// about crashes, where odds per point would hit the first few points again and again.
//
// How many points an era has is learned from the eras that did not crash; execution n is a function
// of its randomness and of the executions before it.

#ifndef ENGRAM_MODEL_EXPLORE_CRASH_AIM_H_
#define ENGRAM_MODEL_EXPLORE_CRASH_AIM_H_

#include <algorithm>
#include <array>
#include <cstdint>

#include "model/explore/random.h"
#include "model/world/choices.h"
#include "model/world/scheduler.h"

namespace engram::world {

// Thread safety: confined to one OS thread.
class CrashAim {
 public:
  void Begin(Random& random) {
    for (Era& era : eras_) {
      era.passed = 0;
      era.crashed = false;
      // One in six lies beyond a usual era's end.
      era.target = random.Below(era.points + era.points / 5 + 1);
      era.kills = random.OneIn(4);
    }
  }

  // Answers a kCrash choice.
  uint32_t Choose(const Name& name, uint32_t alternatives) {
    Era& era = eras_[std::min<size_t>(name.thread / kThreadsMax, eras_.size() - 1)];
    if (era.passed++ != era.target) return 0;
    era.crashed = true;
    return era.kills ? alternatives - 1 : 1;
  }

  void End() {
    for (Era& era : eras_) {
      if (era.passed == 0) continue;
      if (era.crashed) {
        era.points = std::max(era.points, era.passed);
      } else {
        era.points = (3 * era.points + era.passed + 3) / 4;
      }
    }
  }

 private:
  struct Era {
    uint32_t points = 16;  // a guess at first, then about what eras have lately had
    uint32_t passed = 0;   // in this execution
    uint32_t target = 0;
    bool crashed = false;
    bool kills = false;
  };
  std::array<Era, 8> eras_;  // the last stands for all later ones, too
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_CRASH_AIM_H_
