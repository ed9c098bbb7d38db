// What a suite gets to run with: a seed, an allowance of time or executions, and somebody to tell
// how far it is.

#ifndef ENGRAM_STRESS_VERIFY_SUITE_RUN_H_
#define ENGRAM_STRESS_VERIFY_SUITE_RUN_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/explore/explore.h"
#include "stress/verify/progress_line.h"
#include "stress/verify/report.h"

namespace engram::verify {

// How much may still be explored. Time is the CPU time of this process, so that a busy machine does
// not starve the later suites. With a limit on executions no clock is looked at: what is explored
// is then the same on every machine and in every build.
class Allowance {
 public:
  static Allowance OfTime(std::chrono::nanoseconds time);
  static Allowance OfExecutions(uint64_t executions);

  // An equal share of what is left for the next of `runs_left` runs.
  world::Budget Share(size_t runs_left) const;
  // A part of what is left, as an allowance of its own.
  Allowance Part(double share) const;
  // Takes note that `executions` were run; time is spent by itself.
  void Spend(uint64_t executions);
  // Adds `time`; nothing if executions are counted.
  void Extend(std::chrono::nanoseconds time);
  // By how much it has been extended; not what it is a part of.
  std::chrono::nanoseconds extended() const { return extended_; }
  bool used_up() const;
  bool counts_executions() const { return !deadline_.has_value(); }
  // "12.0 s left", "4,000 executions left".
  std::string Text() const;

 private:
  uint64_t executions_left_ = 0;
  std::optional<std::chrono::nanoseconds> deadline_;  // in CPU time
  std::chrono::nanoseconds extended_{0};
};

// Explorers that run only if they are asked for; then they walk whatever can be walked.
inline bool IsOnRequest(std::string_view explorer) {
  return explorer == "pos" || explorer == "coverage";
}

struct SuiteRun {
  uint64_t seed = 1;
  std::string explorer;              // only this one; empty: all that the suite uses unasked
  std::string_view crashes = "any";  // see crash_models.h
  Allowance allowance;
  ProgressLine* progress = nullptr;  // may be null
  // Explore nothing more once a failure has been reported. A suite that expects failures, or that
  // judges all of its explorations together, ends first.
  bool stop_at_failure = false;
  // What an earlier run of the same build has done to its end, by program: not explored again.
  std::map<std::string, ProgramRow> done_before;
  // Of everything explored so far, shrinking left out.
  uint64_t executions = 0;
  double cpu_seconds = 0;

  bool Uses(std::string_view name) const {
    return explorer.empty() ? !IsOnRequest(name) : explorer == name;
  }
  // Whether nothing more should be explored, after what `part` has reported.
  bool EndsWith(const Part& part) const { return stop_at_failure && !part.failures.empty(); }

  // Explores `program` and adds what it came to to `part`; shows progress as `title`.
  world::Outcome Explore(const world::Program& program, const world::ExplorerOptions& options,
                         const world::Bounds& bounds, const world::Budget& budget,
                         const std::string& title, Part& part);
  // The same without a limit of time. What it takes beyond that of `budget`, its share, extends the
  // allowance: it is not taken from others.
  world::Outcome ExploreToItsEnd(const world::Program& program,
                                 const world::ExplorerOptions& options, const world::Bounds& bounds,
                                 const world::Budget& budget, const std::string& title, Part& part);
};

// What an exhaustive exploration expects to find still; nothing if that is not known.
std::optional<std::string> LeftText(const world::Outcome& outcome);

// `number` with commas between groups of three digits.
std::string Grouped(uint64_t number);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_SUITE_RUN_H_
