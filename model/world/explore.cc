// The loop over executions, and replay.

#include "model/world/explore.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "model/world/execution.h"
#include "model/world/explorers.h"
#include "model/world/shrink.h"
#include "model/world/token.h"

namespace engram::world {
namespace {

using WallClock = std::chrono::steady_clock;

// How many steps may pass before the clocks are looked at again: about a millisecond.
constexpr uint64_t kStepsBetweenLooks = 20'000;
constexpr std::chrono::milliseconds kProgressInterval(100);

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

uint64_t Combine(uint64_t hash, uint64_t event_hash) {
  hash = (hash ^ event_hash) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 32);
}

// The state of one call of Explore.
class Exploration {
 public:
  Exploration(const Program& program, const ExplorerOptions& options, const Bounds& bounds,
              const Budget& budget, const std::function<void(const Outcome&)>& progress)
      : program_(program),
        options_(options),
        bounds_(bounds),
        budget_(budget),
        progress_(progress),
        execution_(program, bounds),
        wall_start_(WallClock::now()),
        progress_at_(wall_start_ + kProgressInterval),
        cpu_start_(CpuSeconds()) {
    auto explorer = MakeExplorer(options, bounds);
    ENGRAM_CHECK(explorer.ok(), explorer.status().ToString());
    explorer_ = *std::move(explorer);
  }

  Outcome Run() {
    while (outcome_.executions < budget_.executions_max && !stopped_) {
      GenerateOperations();
      const std::optional<bool> counts = execution_.Run(operations_, *explorer_);
      if (!counts.has_value()) {
        outcome_.exhausted = true;
        break;
      }
      Count(*counts);
      if (execution_.failure().has_value()) NoteFailure();
      LookAtClocks();
    }
    outcome_.cpu_seconds = CpuSeconds() - cpu_start_;
    return std::move(outcome_);
  }

 private:
  void GenerateOperations() {
    if (program_.generate == nullptr) return;
    if (generated_ && !explorer_->varies_operations()) return;
    // Each execution has a seed of its own: the list is a function of (seed, execution).
    operations_ = program_.generate(explorer_->varies_operations()
                                        ? Combine(options_.seed, outcome_.executions)
                                        : options_.seed);
    generated_ = true;
  }

  void Count(bool counts) {
    const uint32_t steps = execution_.scheduler().step_count();
    outcome_.steps += steps;
    steps_since_look_ += steps;
    if (!counts) {
      ++outcome_.redundant;
      return;
    }
    ++outcome_.executions;
    outcome_.operations += operations_.size();
    for (const Operation& operation : operations_) ++outcome_.operation_kinds[operation.kind];
    outcome_.crashes += execution_.crashes();
    outcome_.faults += execution_.faults();
    outcome_.event_hash = Combine(outcome_.event_hash, execution_.scheduler().event_hash());
  }

  void NoteFailure() {
    ++outcome_.failures;
    const Failure failure = *execution_.failure();
    const bool known = std::any_of(
        outcome_.findings.begin(), outcome_.findings.end(), [&](const Finding& finding) {
          return finding.failure.kind == failure.kind && finding.failure.claim == failure.claim;
        });
    if (!known) {
      const double before = CpuSeconds();
      const std::vector<Deviation> deviations = execution_.scheduler().deviations();
      Finding finding;
      if (budget_.shrink) {
        finding = Shrink(program_, operations_, deviations, failure, bounds_);
      } else {
        finding.failure = failure;
        finding.operations = operations_;
        finding.deviations = deviations;
        finding.token = EncodeToken(program_.name, operations_, deviations);
      }
      finding.executions = outcome_.executions;
      finding.cpu_seconds = before - cpu_start_ - shrinking_seconds_;
      shrinking_seconds_ += CpuSeconds() - before;
      if (!outcome_.finding.has_value()) {
        outcome_.finding = finding;
        outcome_.executions_to_finding = finding.executions;
        outcome_.cpu_seconds_to_finding = finding.cpu_seconds;
      }
      outcome_.findings.push_back(std::move(finding));
    }
    stopped_ = budget_.stop_at_finding || outcome_.findings.size() >= budget_.findings_max;
  }

  // Time decides when to stop and when to show progress, never what is explored.
  void LookAtClocks() {
    if (steps_since_look_ < kStepsBetweenLooks) return;
    steps_since_look_ = 0;
    const WallClock::time_point now = WallClock::now();
    if (now - wall_start_ >= budget_.time_max) stopped_ = true;
    if (progress_ == nullptr || now < progress_at_) return;
    progress_at_ = now + kProgressInterval;
    outcome_.cpu_seconds = CpuSeconds() - cpu_start_;
    progress_(outcome_);
  }

  const Program& program_;
  const ExplorerOptions& options_;
  const Bounds& bounds_;
  const Budget& budget_;
  const std::function<void(const Outcome&)>& progress_;
  Execution execution_;
  std::unique_ptr<Explorer> explorer_;
  std::vector<Operation> operations_;
  bool generated_ = false;
  bool stopped_ = false;
  uint64_t steps_since_look_ = 0;
  const WallClock::time_point wall_start_;
  WallClock::time_point progress_at_;
  const double cpu_start_;
  double shrinking_seconds_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome Explore(const Program& program, const ExplorerOptions& explorer, const Bounds& bounds,
                const Budget& budget, const std::function<void(const Outcome&)>& progress) {
  return Exploration(program, explorer, bounds, budget, progress).Run();
}

Replayed Replay(const Program& program, const std::vector<Operation>& operations,
                const std::vector<Deviation>& deviations, const Bounds& bounds) {
  Replayed replayed;
  Execution execution(program, bounds);
  ReplayExplorer explorer(deviations);
  const Scheduler& scheduler = execution.scheduler();
  const auto after_era = [&] {
    replayed.step_eras.resize(scheduler.step_count(), static_cast<uint8_t>(scheduler.era()));
    std::vector<std::string>& names = replayed.thread_names.emplace_back();
    for (uint32_t i = 0; i < scheduler.thread_count(); ++i) {
      names.push_back(scheduler.thread_name(i));
    }
  };
  const auto after_all = [&] {
    for (uint16_t file = 0; file < execution.world().disk().file_count(); ++file) {
      replayed.file_paths.push_back(execution.world().disk().PathOf(file));
    }
  };
  execution.Run(operations, explorer, /*telling=*/true, after_era, after_all);
  replayed.failure = execution.failure();
  replayed.operations = operations;
  replayed.deviations = scheduler.deviations();
  replayed.deviation_steps = explorer.deviation_steps();
  replayed.steps.assign(scheduler.steps(), scheduler.steps() + scheduler.step_count());
  replayed.notes = execution.world().notes();
  replayed.event_hash = scheduler.event_hash();
  return replayed;
}

absl::StatusOr<Replayed> Replay(const Program& program, const std::string& token,
                                const Bounds& bounds) {
  absl::StatusOr<DecodedToken> decoded = DecodeToken(token);
  if (!decoded.ok()) return std::move(decoded).status();
  if (decoded->program != program.name) {
    return absl::InvalidArgumentError(absl::StrCat("the token is of program '", decoded->program,
                                                   "', not of '", program.name, "'"));
  }
  Replayed replayed = Replay(program, decoded->operations, decoded->deviations, bounds);
  const size_t unused = decoded->deviations.size() - replayed.deviations.size();
  if (unused > 0) {
    replayed.failure = Failure{
        FailureKind::kStaleToken, "stale token",
        absl::StrCat(unused, " of the ", decoded->deviations.size(),
                     " decisions that the token names were not to be made: this build does not do "
                     "what the one did that made the token")};
  }
  return replayed;
}

}  // namespace engram::world
