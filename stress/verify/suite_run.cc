// Sharing out an allowance, and exploring with progress shown.

#include "stress/verify/suite_run.h"

#include <algorithm>
#include <ctime>

#include "absl/strings/str_format.h"
#include "model/tell/words.h"
#include "stress/verify/duration.h"

namespace engram::verify {
namespace {

using Clock = std::chrono::steady_clock;

std::chrono::nanoseconds CpuTime() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

Allowance Allowance::OfTime(std::chrono::nanoseconds time) {
  Allowance allowance;
  allowance.executions_left_ = UINT64_MAX;
  allowance.deadline_ = CpuTime() + time;
  return allowance;
}

Allowance Allowance::OfExecutions(uint64_t executions) {
  Allowance allowance;
  allowance.executions_left_ = executions;
  return allowance;
}

world::Budget Allowance::Share(size_t runs_left) const {
  world::Budget budget;
  const size_t runs = std::max<size_t>(runs_left, 1);
  if (!deadline_.has_value()) {
    budget.executions_max = std::max<uint64_t>(executions_left_ / runs, 1);
    return budget;
  }
  const std::chrono::nanoseconds left = *deadline_ - CpuTime();
  budget.time_max = std::max<std::chrono::nanoseconds>(left / static_cast<int64_t>(runs),
                                                       std::chrono::milliseconds(1));
  return budget;
}

Allowance Allowance::Part(double share) const {
  Allowance part = *this;
  part.extended_ = {};
  if (!deadline_.has_value()) {
    part.executions_left_ = static_cast<uint64_t>(static_cast<double>(executions_left_) * share);
    return part;
  }
  const double left = std::chrono::duration<double>(*deadline_ - CpuTime()).count();
  part.deadline_ = CpuTime() + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::duration<double>(std::max(left, 0.0) * share));
  return part;
}

void Allowance::Spend(uint64_t executions) {
  if (!deadline_.has_value()) executions_left_ -= std::min(executions, executions_left_);
}

void Allowance::Extend(std::chrono::nanoseconds time) {
  if (!deadline_.has_value()) return;
  *deadline_ += time;
  extended_ += time;
}

bool Allowance::used_up() const {
  return deadline_.has_value() ? CpuTime() >= *deadline_ : executions_left_ == 0;
}

std::string Allowance::Text() const {
  if (!deadline_.has_value()) return world::Words(Grouped(executions_left_), " executions left");
  const double left = std::chrono::duration<double>(*deadline_ - CpuTime()).count();
  return world::Words(DurationText(std::max(left, 0.0)), " left");
}

world::Outcome SuiteRun::Explore(const world::Program& program,
                                 const world::ExplorerOptions& options, const world::Bounds& bounds,
                                 const world::Budget& budget, const std::string& title,
                                 Part& part) {
  const Clock::time_point begin = Clock::now();
  const auto show = [&](const world::Outcome& so_far) {
    if (progress == nullptr || !progress->due()) return;
    const double points = static_cast<double>(so_far.steps) / std::max(so_far.cpu_seconds, 1e-9);
    progress->Show(absl::StrFormat("%s  %s  %s  %s executions  %.1f M points/s  %s", title,
                                   options.name, program.name, Grouped(so_far.executions),
                                   points / 1e6, LeftText(so_far).value_or(allowance.Text())));
  };
  world::Outcome outcome = world::Explore(program, options, bounds, budget, show);
  part.Add(program, outcome);
  executions += outcome.executions;
  cpu_seconds += outcome.cpu_seconds;
  part.seconds += SecondsSince(begin);
  allowance.Spend(outcome.executions + outcome.redundant);
  return outcome;
}

world::Outcome SuiteRun::ExploreToItsEnd(const world::Program& program,
                                         const world::ExplorerOptions& options,
                                         const world::Bounds& bounds, const world::Budget& budget,
                                         const std::string& title, Part& part) {
  world::Budget unlimited = budget;
  unlimited.time_max = std::chrono::nanoseconds::max();
  world::Outcome outcome = Explore(program, options, bounds, unlimited, title, part);
  const std::chrono::duration<double> share = budget.time_max;
  const std::chrono::duration<double> beyond =
      std::chrono::duration<double>(outcome.cpu_seconds) - share;
  if (beyond.count() > 0) {
    allowance.Extend(std::chrono::duration_cast<std::chrono::nanoseconds>(beyond));
  }
  return outcome;
}

std::optional<std::string> LeftText(const world::Outcome& outcome) {
  if (!outcome.classes_left.has_value()) return std::nullopt;
  return absl::StrFormat("about %s classes left (an estimate that moved %.1f-fold of late)",
                         Grouped(static_cast<uint64_t>(outcome.classes_left->classes)),
                         outcome.classes_left->factor);
}

std::string Grouped(uint64_t number) {
  std::string digits = std::to_string(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

}  // namespace engram::verify
