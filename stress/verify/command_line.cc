// Arguments to commands, with CLI11.

#include "stress/verify/command_line.h"

#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "model/tell/words.h"
#include "stress/verify/commands.h"
#include "stress/verify/crash_models.h"

namespace engram::verify {
namespace {

using world::Words;

constexpr const char* kDescription =
    "Explores programs in a simulated world that owns every decision - threads, crashes, faults,\n"
    "time - and says which promises can be broken. Every failure comes with a token that replays "
    "it.\n";

constexpr const char* kFooter =
    "Examples:\n"
    "  engram-verify run --suite all --budget 30s       what every suite finds in half a minute\n"
    "  engram-verify run --suite self --executions 10000 --seed 7 --json report.json\n"
    "  engram-verify replay 'TOKEN' --svg picture.svg   one failure again, told and drawn\n"
    "\n"
    "Exit status: 0 every verdict is the expected one, 1 a failure was found (or shown by "
    "replay),\n"
    "2 could not run.";

// Adds an option that takes one of the explorers' names.
void AddExplorer(CLI::App& app, std::string& explorer) {
  app.add_option("--explorer", explorer,
                 "only this one: random (walks), pct (priorities), exhaustive (every class of "
                 "equivalent executions); on request alone: pos (priorities over events), coverage "
                 "(walks from what showed something new)")
      ->check(CLI::IsMember({"random", "pct", "pos", "coverage", "exhaustive"}));
}

// Adds an option that takes the name of a crash model.
void AddCrashes(CLI::App& app, std::string& crashes) {
  std::string about = "which crashes of the store may happen";
  std::vector<std::string> names;
  for (const CrashModel& model : CrashModels()) {
    about += Words(names.empty() ? ": " : "; ", model.name, " (", model.about, ")");
    names.emplace_back(model.name);
  }
  app.add_option("--crashes", crashes, about)->capture_default_str()->check(CLI::IsMember(names));
}

void AddRun(CLI::App& app, RunCommand& command) {
  CLI::App* run = app.add_subcommand("run", "Run suites and print what was found");
  run->add_option("--suite", command.suite, "a suite's name (see list), or all")
      ->capture_default_str();
  CLI::Option* budget = run->add_option(
      "--budget", command.budget,
      "how long, in CPU time: 500ms, 30s, 5m; shared by the suites; exhaustive programs "
      "are not cut off, and what they take beyond their share comes on top");
  CLI::Option* executions =
      run->add_option("--executions", command.executions,
                      "how many executions; the run is then the same on every machine")
          ->check(CLI::PositiveNumber);
  budget->excludes(executions);
  run->add_option("--seed", command.seed, "what all random decisions follow from")
      ->capture_default_str();
  AddExplorer(*run, command.explorer);
  AddCrashes(*run, command.crashes);
  run->add_flag("--stop-at-failure", command.stop_at_failure,
                "end with the first failure; the report says what it cost to find");
  run->add_option("--resume", command.resume_path,
                  "a report of the same build: what was done exhaustively there is not done again");
  run->add_option("--json", command.json_path, "write a report for machines to this file");
  run->add_option("--svg", command.svg_directory,
                  "draw the shortest execution of each verdict into this directory");
}

void AddOthers(CLI::App& app, ReplayCommand& replay, std::string& shrink_token,
               MeasureCommand& measure, DeterminismCommand& determinism) {
  CLI::App* replay_app = app.add_subcommand(
      "replay", "Run the execution that a token names, and tell it; exits with 1 if it fails");
  replay_app->add_option("token", replay.token, "as printed with a failure")->required();
  replay_app->add_option("--svg", replay.svg_path, "draw it into this file");

  CLI::App* shrink = app.add_subcommand("shrink", "Print the smallest token of the same failure");
  shrink->add_option("token", shrink_token, "as printed with a failure")->required();

  app.add_subcommand("list", "List suites and programs, with what is expected of each");

  CLI::App* measure_app = app.add_subcommand(
      "measure", "Measure what finding the first failure of each specimen costs, as a table");
  measure_app->add_option("--seeds", measure.seeds, "how many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  measure_app->add_option("--seed", measure.seed, "the first one")->capture_default_str();
  measure_app->add_option("--executions", measure.executions_max, "give up after so many per seed")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  AddExplorer(*measure_app, measure.explorer);

  CLI::App* determinism_app = app.add_subcommand(
      "determinism", "Run many executions twice, in two processes, and compare each one's hash");
  determinism_app->add_option("--executions", determinism.executions, "how many")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  determinism_app->add_option("--seed", determinism.seed)->capture_default_str();
  CLI::Option* write =
      determinism_app->add_option("--write", determinism.write_path,
                                  "run once and write the hashes to this file (- is stdout)");
  determinism_app
      ->add_option("--against", determinism.against_path,
                   "run once and compare with such a file, perhaps of another build")
      ->excludes(write);
}

}  // namespace

int Main(int argc, const char* const* argv) {
  CLI::App app(kDescription, "engram-verify");
  app.footer(kFooter);
  app.require_subcommand(1);
  RunCommand run;
  ReplayCommand replay;
  std::string shrink_token;
  MeasureCommand measure;
  DeterminismCommand determinism;
  AddRun(app, run);
  AddOthers(app, replay, shrink_token, measure, determinism);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Asking for help is no error; everything else is one kind of error to our callers.
    const int status = app.exit(error);
    return status == 0 ? 0 : static_cast<int>(ExitCode::kCouldNotRun);
  }
  const std::string name = app.get_subcommands().front()->get_name();
  ExitCode code = ExitCode::kCouldNotRun;
  if (name == "run") code = Run(run);
  if (name == "replay") code = Replay(replay);
  if (name == "shrink") code = Shrink(shrink_token);
  if (name == "list") code = List();
  if (name == "measure") code = Measure(measure);
  if (name == "determinism") code = Determinism(determinism);
  return static_cast<int>(code);
}

}  // namespace engram::verify
