// Execution after execution within a budget: counts, keeps what was found, makes it minimal.
//
// Everything but the times is a function of program, explorer, bounds and budget. Redundant
// executions are not counted anywhere but in Outcome::redundant; if one fails (it is equivalent to
// one that did not, so the program's judge sees more than the order of dependent steps), its
// failure is a finding all the same.

#include "model/explore/explore.h"

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "model/explore/explorers.h"
#include "model/explore/random.h"
#include "model/explore/runner.h"
#include "model/explore/shrink.h"
#include "model/explore/token.h"

namespace engram::world {
namespace {

// The clock is looked at after so many scheduling points or executions: about every millisecond.
constexpr uint64_t kStepsPerLook = 10'000;
constexpr uint64_t kExecutionsPerLook = 100;
constexpr double kProgressPeriodSeconds = 0.1;
constexpr size_t kFindingsMax = 64;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class Exploration {
 public:
  Exploration(const Program& program, const ExplorerOptions& options, const Bounds& bounds,
              const Budget& budget, const std::function<void(const Outcome&)>& progress)
      : program_(program),
        seed_(options.seed),
        budget_(budget),
        progress_(progress),
        runner_(program, bounds),
        begin_seconds_(CpuSeconds()) {
    auto explorer = MakeExplorer(options, bounds);
    ENGRAM_CHECK(explorer.ok(), std::string(explorer.status().message()));
    explorer_ = *std::move(explorer);
    if (options.remembers_crashes) {
      explorer_->RememberCrashes([this](uint32_t crash) { return runner_.StateAfter(crash); });
    }
  }

  Outcome Run() {
    while (!stopped_) {
      if (!explorer_->Begin(runner_.scheduler())) {
        outcome_.exhausted = true;
        break;
      }
      if (outcome_.executions >= budget_.executions_max || TimeIsUp()) break;
      RunOne();
    }
    outcome_.cpu_seconds = CpuSeconds() - begin_seconds_;
    CountClasses();
    if (!outcome_.findings.empty()) {
      outcome_.finding = outcome_.findings[0];
      outcome_.executions_to_finding = outcome_.findings[0].executions;
      outcome_.cpu_seconds_to_finding = outcome_.findings[0].cpu_seconds;
    }
    return std::move(outcome_);
  }

 private:
  void RunOne() {
    const std::optional<uint64_t> list = explorer_->operation_list();
    if (program_.generate && (started_ == 0 || list != list_)) {
      operations_ = program_.generate(list.has_value() ? Random(seed_, *list).Next() : seed_);
    }
    list_ = list;
    ++started_;
    runner_.Run(operations_, *explorer_);
    const bool counts = explorer_->End();
    const Scheduler& scheduler = runner_.scheduler();
    steps_since_look_ += scheduler.step_count();
    if (counts) {
      Count(scheduler);
    } else {
      ++outcome_.redundant;
    }
    if (scheduler.failed()) [[unlikely]] {
      if (counts) ++outcome_.failures;
      Find(*scheduler.failure());
    }
  }

  void CountClasses() {
    if (outcome_.exhausted) {
      outcome_.classes_left.reset();
    } else {
      outcome_.classes_left = explorer_->classes_left();
    }
    const CrashMemory* const memory = explorer_->crash_memory();
    if (memory == nullptr) return;
    outcome_.classes_met_again = memory->classes_met();
    outcome_.crashes_met_again = memory->crashes_met();
  }

  void Count(const Scheduler& scheduler) {
    ++outcome_.executions;
    outcome_.steps += scheduler.step_count();
    outcome_.operations += operations_.size();
    for (const Operation& operation : operations_) ++outcome_.operation_kinds[operation.kind];
    const DiskCounts counts = runner_.world().disk().counts();
    outcome_.crashes += counts.crashes;
    outcome_.faults += counts.faults;
    outcome_.event_hash = (outcome_.event_hash ^ scheduler.event_hash()) * 0x9E3779B97F4A7C15u;
    outcome_.event_hash ^= outcome_.event_hash >> 32;
  }

  void Find(Failure failure) {
    for (const Finding& finding : outcome_.findings) {
      if (finding.failure.kind == failure.kind && finding.failure.claim == failure.claim) return;
    }
    if (outcome_.findings.size() >= kFindingsMax) return;
    const double seconds = CpuSeconds();
    Finding finding;
    finding.failure = std::move(failure);
    finding.operations = operations_;
    finding.deviations = runner_.scheduler().deviations();
    finding.token = EncodeToken(program_.name, finding.operations, finding.deviations);
    if (budget_.shrink) {
      finding = Shrink(runner_, finding.operations, finding.deviations, finding.failure);
    }
    finding.executions = outcome_.executions;
    finding.cpu_seconds = seconds - begin_seconds_ - shrinking_seconds_;
    shrinking_seconds_ += CpuSeconds() - seconds;
    outcome_.findings.push_back(std::move(finding));
    stopped_ = budget_.stop_at_finding || outcome_.findings.size() >= budget_.findings_max;
  }

  bool TimeIsUp() {
    const bool look = steps_since_look_ >= kStepsPerLook ||
                      started_ - started_at_look_ >= kExecutionsPerLook || started_ == 0;
    if (!look) return false;
    steps_since_look_ = 0;
    started_at_look_ = started_;
    const double seconds = CpuSeconds() - begin_seconds_;
    if (progress_ && seconds >= next_progress_seconds_) {
      next_progress_seconds_ = seconds + kProgressPeriodSeconds;
      outcome_.cpu_seconds = seconds;
      CountClasses();
      progress_(outcome_);
    }
    return seconds >= std::chrono::duration<double>(budget_.time_max).count();
  }

  const Program& program_;
  const uint64_t seed_;
  const Budget budget_;
  const std::function<void(const Outcome&)>& progress_;
  Runner runner_;
  std::unique_ptr<Explorer> explorer_;
  std::vector<Operation> operations_;
  std::optional<uint64_t> list_;  // what operations_ are generated from
  Outcome outcome_;
  bool stopped_ = false;
  uint64_t started_ = 0;  // executions, redundant ones included

  const double begin_seconds_;
  double shrinking_seconds_ = 0;
  double next_progress_seconds_ = kProgressPeriodSeconds;
  uint64_t steps_since_look_ = 0;
  uint64_t started_at_look_ = 0;
};

}  // namespace

Outcome Explore(const Program& program, const ExplorerOptions& explorer, const Bounds& bounds,
                const Budget& budget, const std::function<void(const Outcome&)>& progress) {
  return Exploration(program, explorer, bounds, budget, progress).Run();
}

}  // namespace engram::world
