// Runs programs on a bare scheduler with scripted or random answers, for tests of the scheduler
// itself.

#ifndef ENGRAM_MODEL_WORLD_SCHEDULER_TESTING_H_
#define ENGRAM_MODEL_WORLD_SCHEDULER_TESTING_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "model/world/scheduler.h"

namespace engram::world {

// Always the default.
class Defaults final : public Choices {
 public:
  uint32_t Choose(const Name&, uint32_t) override { return 0; }
};

class RandomAnswers final : public Choices {
 public:
  explicit RandomAnswers(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t Choose(const Name&, uint32_t alternatives) override {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(((state_ >> 33) * alternatives) >> 31);
  }

 private:
  uint64_t state_;
};

struct Ran {
  std::optional<Failure> failure;
  uint64_t hash = 0;
  std::vector<Step> steps;
  std::vector<Deviation> deviations;
};

inline Ran RunOnce(Choices& choices, const std::function<void()>& main, const Bounds& bounds = {}) {
  static Scheduler& scheduler = *new Scheduler();
  scheduler.Begin(bounds, choices);
  scheduler.RunEra(main);
  Ran ran{scheduler.failure(), scheduler.event_hash(), {}, scheduler.deviations()};
  ran.steps.assign(scheduler.steps(), scheduler.steps() + scheduler.step_count());
  scheduler.End();
  return ran;
}

// Runs under `count` random schedules; returns how many failed with each kind.
inline std::map<FailureKind, int> FailuresOf(const std::function<void()>& main, int count = 300,
                                             const Bounds& bounds = {}) {
  std::map<FailureKind, int> kinds;
  for (int seed = 0; seed < count; ++seed) {
    RandomAnswers answers(static_cast<uint64_t>(seed));
    const Ran ran = RunOnce(answers, main, bounds);
    if (ran.failure.has_value()) ++kinds[ran.failure->kind];
  }
  return kinds;
}

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SCHEDULER_TESTING_H_
