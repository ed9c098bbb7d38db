// Iterative deepening over the number of deviations of the schedule (as iterative context bounding:
// Musuvathi, Qadeer, PLDI 2007).

#include "model/explore/reschedule.h"

#include <algorithm>
#include <utility>

#include "model/explore/explorers.h"

namespace engram::world {
namespace {

// The number of schedules grows with the power of their deviations.
constexpr size_t kSwitchesTriedMax = 2;

// Answers as a replay does, and remembers where the schedule could have gone otherwise.
class Recording final : public Choices {
 public:
  struct Question {
    Name name;
    uint32_t alternatives = 0;
  };

  Recording(ReplayExplorer& explorer, std::vector<Question>& questions)
      : explorer_(explorer), questions_(questions) {}

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    const uint32_t value = explorer_.Choose(name, alternatives);
    if (name.kind == ChoiceKind::kSchedule) {
      // Only what comes after the last deviation: everything before has been tried.
      if (value != 0)
        questions_.clear();
      else
        questions_.push_back({name, alternatives});
    }
    return value;
  }

 private:
  ReplayExplorer& explorer_;
  std::vector<Question>& questions_;
};

class Search {
 public:
  Search(Runner& runner, const std::vector<Operation>& operations, const Failure& failure,
         uint64_t steps_max, uint64_t& steps)
      : runner_(runner),
        operations_(operations),
        failure_(failure),
        steps_max_(steps_max),
        steps_(steps),
        steps_before_(steps) {}

  // Whether `deviations` and up to `more` of the schedule fail in the same way; if so, they are in
  // found().
  bool Try(const std::vector<Deviation>& deviations, size_t more) {
    if (steps_ - steps_before_ >= steps_max_) return false;
    std::vector<Recording::Question> questions;
    ReplayExplorer explorer(deviations);
    explorer.Begin(runner_.scheduler());
    Recording recording(explorer, questions);
    runner_.Run(operations_, recording);
    explorer.End();
    const Scheduler& scheduler = runner_.scheduler();
    steps_ += scheduler.step_count() + 1;
    if (scheduler.failed() && scheduler.failure()->kind == failure_.kind &&
        scheduler.failure()->claim == failure_.claim) {
      found_ = scheduler.deviations();
      return true;
    }
    if (more == 0) return false;
    std::vector<Deviation> longer = deviations;
    longer.emplace_back();
    for (const Recording::Question& question : questions) {
      for (uint32_t value = 1; value < question.alternatives; ++value) {
        longer.back() = {question.name, value};
        if (Try(longer, more - 1)) return true;
      }
    }
    return false;
  }

  std::vector<Deviation>& found() { return found_; }

 private:
  Runner& runner_;
  const std::vector<Operation>& operations_;
  const Failure& failure_;
  const uint64_t steps_max_;
  uint64_t& steps_;
  const uint64_t steps_before_;
  std::vector<Deviation> found_;
};

}  // namespace

std::optional<std::vector<Deviation>> Reschedule(Runner& runner,
                                                 const std::vector<Operation>& operations,
                                                 const std::vector<Deviation>& deviations,
                                                 const Failure& failure, uint64_t steps_max,
                                                 uint64_t& steps) {
  std::vector<Deviation> others = deviations;
  std::erase_if(others, [](const Deviation& d) { return d.name.kind == ChoiceKind::kSchedule; });
  const size_t switches = deviations.size() - others.size();
  Search search(runner, operations, failure, steps_max, steps);
  for (size_t limit = 0; limit < std::min(switches, kSwitchesTriedMax + 1); ++limit) {
    // Of the executions that fewer deviations allow, all have been tried.
    if (search.Try(others, limit)) return std::move(search.found());
  }
  return std::nullopt;
}

}  // namespace engram::world
