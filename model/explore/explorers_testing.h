// Explores programs on a bare scheduler, and says which executions are equivalent by comparing all
// pairs of their steps: slow, and sharing nothing with the explorers but the dependence relation.
// For tests.

#ifndef ENGRAM_MODEL_EXPLORE_EXPLORERS_TESTING_H_
#define ENGRAM_MODEL_EXPLORE_EXPLORERS_TESTING_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/explore/explorers.h"
#include "model/world/scheduler.h"

namespace engram::world {

// Plain depth-first search: no reduction, no limit that matters.
inline Bounds Unreduced(Bounds bounds = {}) {
  bounds.preemptions_max = 1'000'000;
  return bounds;
}

// Runs `main` until `explorer` has finished, or `executions_max` times. `after` sees each
// execution, and whether it counts. Returns how many counted.
inline uint64_t ExploreBare(Explorer& explorer, const Bounds& bounds,
                            const std::function<void()>& main,
                            const std::function<void(const Scheduler&, bool counted)>& after = {},
                            uint64_t executions_max = UINT64_MAX) {
  auto scheduler = std::make_unique<Scheduler>();
  uint64_t counted = 0;
  for (uint64_t i = 0; i < executions_max && explorer.Begin(*scheduler); ++i) {
    scheduler->Begin(bounds, explorer);
    scheduler->RunEra(main);
    const bool counts = explorer.End();
    if (counts) ++counted;
    if (after) after(*scheduler, counts);
    scheduler->End();
    // What the threads of a failed execution left behind stays with its scheduler.
    if (scheduler->failed()) scheduler = std::make_unique<Scheduler>();
  }
  return counted;
}

// How often an exhaustive explorer runs `main`.
struct Classes {
  uint64_t counted = 0;
  uint64_t redundant = 0;
  uint64_t failed = 0;
};

inline Classes CountClasses(const std::function<void()>& main, const Bounds& bounds = {},
                            uint64_t executions_max = UINT64_MAX) {
  const std::unique_ptr<Explorer> explorer = MakeExhaustiveExplorer(bounds);
  Classes classes;
  ExploreBare(
      *explorer, bounds, main,
      [&](const Scheduler& scheduler, bool counted) {
        ++(counted ? classes.counted : classes.redundant);
        if (scheduler.failed()) ++classes.failed;
      },
      executions_max);
  return classes;
}

// What is the same in two executions exactly if they are equivalent: each thread's steps and the
// answers it got, and the order of all pairs of dependent steps.
inline std::string TraceOf(const Scheduler& scheduler) {
  const Step* steps = scheduler.steps();
  const uint32_t count = scheduler.step_count();
  std::array<int, 2 * kThreadsMax> ordinals{};
  std::vector<std::string> names;
  std::vector<std::string> parts;
  for (uint32_t i = 0; i < count; ++i) {
    const Step& step = steps[i];
    names.push_back(absl::StrCat(static_cast<int>(step.actor), ".", ++ordinals[step.actor]));
    parts.push_back(absl::StrCat(names[i], "=", static_cast<int>(step.kind), "@", step.object.value,
                                 "@", step.second.value));
    if (step.caused_by != 0)
      parts.push_back(absl::StrCat(names[step.caused_by - 1], "!", names[i]));
    for (uint32_t j = 0; j < i; ++j) {
      if (steps[j].actor != step.actor && Dependent(steps[j], step)) {
        parts.push_back(absl::StrCat(names[j], "<", names[i]));
      }
    }
  }
  for (const Deviation& deviation : scheduler.deviations()) {
    if (deviation.name.kind == ChoiceKind::kSchedule) continue;
    parts.push_back(absl::StrCat("?", static_cast<int>(deviation.name.thread), ".",
                                 static_cast<int>(deviation.name.kind), ".",
                                 deviation.name.occurrence, "=", deviation.value));
  }
  std::sort(parts.begin(), parts.end());
  std::string trace;
  for (const std::string& part : parts) absl::StrAppend(&trace, part, " ");
  return trace;
}

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_EXPLORERS_TESTING_H_
