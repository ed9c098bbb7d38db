// What each subcommand of engram-verify does, with its options already understood. Texts for people
// go to stdout, errors and progress to stderr.

#ifndef ENGRAM_STRESS_VERIFY_COMMANDS_H_
#define ENGRAM_STRESS_VERIFY_COMMANDS_H_

#include <cstdint>
#include <string>

namespace engram::verify {

// What the process ends with.
enum class ExitCode : int {
  kAsExpected = 0,  // every verdict is the expected one; a replay did not fail
  kFailure = 1,     // a failure was found; a replay failed as told
  kCouldNotRun = 2,
};

struct RunCommand {
  std::string suite = "all";
  std::string budget;       // a duration; empty: none
  uint64_t executions = 0;  // 0: none. Exactly one of budget and executions is given
  uint64_t seed = 1;
  std::string explorer;         // empty: all
  std::string crashes = "any";  // see crash_models.h
  bool stop_at_failure = false;
  std::string resume_path;  // an earlier report of the same build; empty: none
  std::string json_path;
  std::string svg_directory;
};

struct ReplayCommand {
  std::string token;
  std::string svg_path;
};

struct MeasureCommand {
  uint64_t seeds = 20;
  uint64_t seed = 1;
  uint64_t executions_max = 200'000;
  std::string explorer;
};

struct DeterminismCommand {
  uint64_t executions = 1'000'000;
  uint64_t seed = 1;
  std::string write_path;
  std::string against_path;
};

ExitCode Run(const RunCommand& command);
ExitCode Replay(const ReplayCommand& command);
ExitCode Shrink(const std::string& token);
ExitCode List();
ExitCode Measure(const MeasureCommand& command);
ExitCode Determinism(const DeterminismCommand& command);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_COMMANDS_H_
