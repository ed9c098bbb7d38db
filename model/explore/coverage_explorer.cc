// Walks that begin as an earlier one did which showed something new (greybox fuzzing of schedules,
// after Wolff, Shi, Duck, Mathur, Roychoudhury, "Greybox Fuzzing for Concurrency Testing", ASPLOS
// 2024): what is new is a pair of places in the sources of which one depends on the other
// (step_coverage.h). Here any choice is mutated, crashes and faults as well as the schedule.
//
// Every third execution is a walk of its own, by partial order sampling. The others take an earlier
// execution that was kept, with its operations, follow the first few of its deviations - mostly up
// to where it showed what was new, sometimes leaving one out - and walk on. So a bug behind several
// unlikely steps is reached one step after the other. Of two kept ones the less used is taken.
//
// Execution n is a function of the seed and of the executions before it.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "model/explore/explorers.h"
#include "model/explore/random.h"
#include "model/explore/step_coverage.h"
#include "model/world/allocation_faults.h"

namespace engram::world {
namespace {

constexpr uint32_t kFreshOneIn = 3;
constexpr uint32_t kLeaveOutOneIn = 4;
constexpr size_t kKeptMax = 4096;
// Which stream of the seed's randomness mutations are drawn from; walks use those from 0 on.
constexpr uint64_t kMutationStream = UINT64_MAX;

class CoverageExplorer final : public Explorer {
 public:
  CoverageExplorer(uint64_t seed, bool aims_crashes)
      : walk_(MakePosExplorer(seed, aims_crashes)), random_(seed, kMutationStream) {}

  bool Begin(const Scheduler& scheduler) override {
    scheduler_ = &scheduler;
    walk_->Begin(scheduler);
    list_ = execution_++;
    made_.clear();
    to_follow_.clear();
    followed_ = 0;
    new_deviations_ = 0;
    if (!kept_.empty() && !random_.OneIn(kFreshOneIn)) Mutate();
    return true;
  }

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    const KernelScope scope;
    // What one of them does not come to any more is not waited for.
    const bool follows =
        followed_ < to_follow_.size() && scheduler_->step_count() <= follow_steps_max_;
    const uint32_t value = follows ? Follow(name, alternatives) : walk_->Choose(name, alternatives);
    if (value != 0) Note(name, value);
    return value;
  }

  bool End() override {
    walk_->End();
    const uint32_t newest = coverage_.Add({scheduler_->steps(), scheduler_->step_count()});
    const auto until = std::partition_point(
        made_.begin(), made_.end(), [&](const Made& made) { return made.steps_before < newest; });
    const size_t reach = std::max(new_deviations_, static_cast<size_t>(until - made_.begin()));
    if ((newest > 0 || new_deviations_ > 0) && kept_.size() < kKeptMax) Keep(reach);
    return true;
  }

  std::optional<uint64_t> operation_list() const override { return list_; }

 private:
  struct Made {
    Deviation deviation;
    uint32_t steps_before = 0;
  };
  // An execution that showed something new.
  struct Kept {
    uint64_t list = 0;
    std::vector<Made> made;  // in their order
    size_t reach = 0;        // after how many of them it showed the last of what was new
    uint32_t uses = 0;
  };

  void Mutate() {
    const auto pick = [&] { return random_.Below(static_cast<uint32_t>(kept_.size())); };
    Kept& one = kept_[pick()];
    Kept& other = kept_[pick()];
    Kept& parent = other.uses < one.uses ? other : one;
    ++parent.uses;
    list_ = parent.list;
    const size_t count = parent.made.size();
    const size_t length =
        random_.OneIn(2) ? parent.reach : random_.Below(static_cast<uint32_t>(count) + 1);
    for (size_t i = 0; i < length; ++i) to_follow_.push_back(parent.made[i].deviation);
    follow_steps_max_ = length == 0 ? 0 : parent.made[length - 1].steps_before;
    if (length > 1 && random_.OneIn(kLeaveOutOneIn)) {
      to_follow_.erase(to_follow_.begin() + random_.Below(static_cast<uint32_t>(length)));
    }
    std::sort(to_follow_.begin(), to_follow_.end());
  }

  // The answer of the execution that is followed; the default where it did not deviate.
  uint32_t Follow(const Name& name, uint32_t alternatives) {
    const auto found = std::lower_bound(
        to_follow_.begin(), to_follow_.end(), name,
        [](const Deviation& deviation, const Name& wanted) { return deviation.name < wanted; });
    if (found == to_follow_.end() || found->name != name) return 0;
    ++followed_;
    return std::min(found->value, alternatives - 1);
  }

  void Note(const Name& name, uint32_t value) {
    const uint32_t steps = scheduler_->step_count();
    made_.push_back({{name, value}, steps});
    if (name.kind == ChoiceKind::kSchedule || steps == 0) return;
    if (coverage_.Add(name, value, scheduler_->steps()[steps - 1])) new_deviations_ = made_.size();
  }

  void Keep(size_t reach) {
    Kept& kept = kept_.emplace_back();
    kept.list = list_;
    kept.reach = reach;
    kept.made = made_;
  }

  const std::unique_ptr<Explorer> walk_;
  Random random_;
  const Scheduler* scheduler_ = nullptr;
  StepCoverage coverage_;
  std::vector<Kept> kept_;
  uint64_t execution_ = 0;

  // Of this execution.
  uint64_t list_ = 0;
  std::vector<Deviation> to_follow_;  // sorted by name
  size_t followed_ = 0;               // how many of them have come up
  uint32_t follow_steps_max_ = 0;     // how many steps had been taken when the last was made
  std::vector<Made> made_;
  size_t new_deviations_ = 0;  // how many had been made when one came where nobody had seen it
};

}  // namespace

std::unique_ptr<Explorer> MakeCoverageExplorer(uint64_t seed, bool aims_crashes) {
  return std::make_unique<CoverageExplorer>(seed, aims_crashes);
}

}  // namespace engram::world
