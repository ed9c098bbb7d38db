// The subcommands of engram-verify: what each runs, writes and returns.

#include "stress/verify/commands.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <system_error>

#include "absl/strings/str_format.h"
#include "model/explore/shrink.h"
#include "model/explore/token.h"
#include "model/tell/sequence_diagram.h"
#include "model/tell/story.h"
#include "model/tell/words.h"
#include "nlohmann/json.hpp"
#include "stress/verify/determinism.h"
#include "stress/verify/duration.h"
#include "stress/verify/first_failure_table.h"
#include "stress/verify/specimens_suite.h"
#include "stress/verify/suites.h"

namespace engram::verify {
namespace {

using world::Words;

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

ExitCode Refuse(const std::string& reason) {
  std::fprintf(stderr, "engram-verify: %s\n", reason.c_str());
  return ExitCode::kCouldNotRun;
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return !file.fail();
}

std::string SuiteNames() {
  std::string names = "all";
  for (const Suite& suite : Suites()) names += Words(", ", suite.name);
  return names;
}

// The program of a token that can be read, and the token's contents.
struct Named {
  const ProgramEntry* entry = nullptr;
  world::DecodedToken token;
};

std::optional<Named> Understand(const std::string& text) {
  absl::StatusOr<world::DecodedToken> token = world::DecodeToken(text);
  if (!token.ok()) {
    Refuse(Words("this is not a token: ", std::string_view(token.status().message().data(),
                                                           token.status().message().size())));
    return std::nullopt;
  }
  Named named;
  named.entry = FindProgram(token->program);
  if (named.entry == nullptr) {
    Refuse(Words("this build has no program '", token->program, "'; see engram-verify list"));
    return std::nullopt;
  }
  named.token = *std::move(token);
  return named;
}

// Replays within the program's bounds, or others that its suite explores within, whichever fit the
// token.
world::Replayed ReplayNamed(const Named& named, world::Program& program) {
  program = named.entry->program;
  const auto replay = [&] {
    return world::Replay(program, named.token.operations, named.token.deviations, program.bounds);
  };
  world::Replayed first = replay();
  if (!first.failure.has_value() || first.failure->kind == world::FailureKind::kStaleToken) {
    for (const world::Bounds& bounds : named.entry->other_bounds) {
      program.bounds = bounds;
      const world::Replayed other = replay();
      if (other.failure.has_value() && other.failure->kind != world::FailureKind::kStaleToken) {
        return other;
      }
    }
    program.bounds = named.entry->program.bounds;
  }
  return first;
}

std::string Picture(const world::Program& program, const world::Replayed& replayed) {
  const world::Story story = world::MakeStory(replayed);
  const std::string title =
      replayed.failure.has_value() ? replayed.failure->claim : "nothing fails";
  return world::SvgDiagram(
      story, title,
      Words("'", program.name, "', ", world::Counted(story.steps, "step", "steps"), ", ",
            world::Counted(story.interruptions, "interruption", "interruptions")));
}

// Draws the shortest execution of each claim of each program into `directory`.
bool DrawVerdicts(const Report& report, const std::string& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  std::map<std::string, Verdict> shortest;  // by the picture's name
  for (const Part& part : report.parts) {
    for (const Verdict& verdict : part.verdicts) {
      if (verdict.token.empty()) continue;
      std::string name = Words(verdict.program, "-");
      for (const char c : verdict.claim) {
        if (c != '\'') name += c == ' ' || c == '/' ? '_' : c;
      }
      const auto [found, is_new] = shortest.emplace(name, verdict);
      if (!is_new && verdict.IsShorterThan(found->second)) found->second = verdict;
    }
  }
  for (const auto& [name, verdict] : shortest) {
    const std::optional<Named> named = Understand(verdict.token);
    if (!named.has_value()) return false;
    world::Program program;
    const world::Replayed replayed = ReplayNamed(*named, program);
    if (!WriteFile(Words(directory, "/", name, ".svg"), Picture(program, replayed))) return false;
  }
  return true;
}

std::string PartRow(const Part& part) {
  return absl::StrFormat("  %-10s %-11s %12s executions %14s scheduling points %9s crashes %8s\n",
                         part.suite, part.explorer, Grouped(part.executions),
                         Grouped(part.scheduling_points), Grouped(part.crashes),
                         DurationText(part.seconds));
}

std::string Conclusion(const Report& report) {
  std::string text = "EXPLORED\n";
  for (const Part& part : report.parts) text += PartRow(part);
  text += "\n";
  size_t failures = 0;
  for (const Part& part : report.parts) {
    for (const FailureReport& failure : part.failures) {
      if (failures++ == 0) text += "FAILURES\n\n";
      text += Words(failure.story, "\n");
    }
  }
  if (failures == 0) return text + "Every verdict is the expected one.\n";
  text += Words(world::Counted(failures, "failure", "failures"), ":\n");
  for (const Part& part : report.parts) {
    for (const FailureReport& failure : part.failures) {
      text += Words("  ", part.suite, ", ", part.explorer, ": ", failure.summary, "\n");
      if (!failure.token.empty()) {
        text += Words("    engram-verify replay '", failure.token, "'\n");
      }
    }
  }
  return text;
}

}  // namespace

ExitCode Run(const RunCommand& command) {
  std::vector<const Suite*> suites;
  for (const Suite& suite : Suites()) {
    const bool is_wanted = command.suite == "all" ? !suite.on_request : command.suite == suite.name;
    if (is_wanted) suites.push_back(&suite);
  }
  if (suites.empty()) {
    return Refuse(Words("there is no suite '", command.suite, "'; there are ", SuiteNames()));
  }
  if (command.budget.empty() && command.executions == 0) {
    return Refuse("run needs --budget (30s) or --executions (10000)");
  }
  SuiteRun run;
  run.seed = command.seed;
  run.explorer = command.explorer;
  run.crashes = command.crashes;
  run.stop_at_failure = command.stop_at_failure;
  if (command.executions > 0) {
    run.allowance = Allowance::OfExecutions(command.executions);
  } else {
    const absl::StatusOr<std::chrono::nanoseconds> budget = ParseDuration(command.budget);
    if (!budget.ok()) return Refuse(std::string(budget.status().message()));
    run.allowance = Allowance::OfTime(*budget);
  }
  if (!command.resume_path.empty()) {
    std::ifstream file(command.resume_path, std::ios::binary);
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    auto done = DoneIn(json);
    if (!done.ok()) {
      return Refuse(Words("cannot go on from ", command.resume_path, ": ",
                          std::string(done.status().message())));
    }
    run.done_before = *std::move(done);
  }
  // A report that cannot be written is found out before the run, not after it.
  if (!command.json_path.empty() && !WriteFile(command.json_path, "")) {
    return Refuse(Words("cannot write ", command.json_path));
  }
  ProgressLine progress(stderr);
  run.progress = &progress;
  const Report report = RunSuites(suites, run);
  progress.Erase();
  Print(report.scoreboard);
  Print(Conclusion(report));
  if (!command.json_path.empty() && !WriteFile(command.json_path, ToJson(report).dump(2) + "\n")) {
    return Refuse(Words("cannot write ", command.json_path));
  }
  if (!command.svg_directory.empty() && !DrawVerdicts(report, command.svg_directory)) {
    return Refuse(Words("cannot draw into ", command.svg_directory));
  }
  return report.failed() ? ExitCode::kFailure : ExitCode::kAsExpected;
}

ExitCode Replay(const ReplayCommand& command) {
  const std::optional<Named> named = Understand(command.token);
  if (!named.has_value()) return ExitCode::kCouldNotRun;
  world::Program program;
  const world::Replayed replayed = ReplayNamed(*named, program);
  if (replayed.failure.has_value() && replayed.failure->kind == world::FailureKind::kStaleToken) {
    return Refuse(Words("the token is stale: ", replayed.failure->detail));
  }
  if (replayed.failure.has_value()) {
    world::Finding finding;
    finding.failure = *replayed.failure;
    finding.operations = named->token.operations;
    finding.deviations = named->token.deviations;
    finding.token = command.token;
    for (const std::string& line : world::WrapText(named->entry->about, 96)) Print(line + "\n");
    Print("\n");
    Print(world::Tell(program, finding));
  } else {
    Print(Words("'", program.name, "' does not fail in this execution.\n\n",
                world::TextDiagram(world::MakeStory(replayed))));
  }
  if (!command.svg_path.empty() && !WriteFile(command.svg_path, Picture(program, replayed))) {
    return Refuse(Words("cannot write ", command.svg_path));
  }
  return replayed.failure.has_value() ? ExitCode::kFailure : ExitCode::kAsExpected;
}

ExitCode Shrink(const std::string& token) {
  const std::optional<Named> named = Understand(token);
  if (!named.has_value()) return ExitCode::kCouldNotRun;
  world::Program program;
  const world::Replayed replayed = ReplayNamed(*named, program);
  if (!replayed.failure.has_value()) return Refuse("this execution does not fail");
  if (replayed.failure->kind == world::FailureKind::kStaleToken) {
    return Refuse(Words("the token is stale: ", replayed.failure->detail));
  }
  const world::Finding finding = world::Shrink(
      program, named->token.operations, named->token.deviations, *replayed.failure, program.bounds);
  Print(finding.token + "\n");
  return ExitCode::kAsExpected;
}

ExitCode List() {
  for (const Suite& suite : Suites()) {
    Print(Words(suite.name, "\n  ", suite.title, "\n"));
    for (const ProgramEntry& entry : suite.programs()) {
      Print(Words("\n  ", entry.program.name, "\n"));
      for (const std::string& line : world::WrapText(entry.about, 92)) {
        Print(Words("      ", line, "\n"));
      }
      Print(Words("      expected: ", entry.expected, "\n"));
    }
    Print("\n");
  }
  return ExitCode::kAsExpected;
}

ExitCode Measure(const MeasureCommand& command) {
  ProgressLine progress(stderr);
  const std::vector<CostRow> rows =
      MeasureFirstFailures(specimens::Specimens(), command.seed, command.seeds,
                           command.executions_max, command.explorer, progress);
  progress.Erase();
  Print(CostTable(rows));
  return ExitCode::kAsExpected;
}

ExitCode Determinism(const DeterminismCommand& command) {
  if (!command.write_path.empty()) {
    return WriteHashes(command.seed, command.executions, command.write_path)
               ? ExitCode::kAsExpected
               : ExitCode::kCouldNotRun;
  }
  HashComparison comparison;
  std::string twice = "twice, in two processes";
  if (!command.against_path.empty()) {
    comparison = CompareWithFile(command.seed, command.executions, command.against_path);
    twice = Words("and compared with ", command.against_path);
  } else {
    std::error_code error;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
    comparison =
        CompareWithProcess(command.seed, command.executions,
                           {self, "determinism", "--executions", std::to_string(command.executions),
                            "--seed", std::to_string(command.seed), "--write", "-"});
  }
  if (!comparison.error.empty()) return Refuse(comparison.error);
  Print(
      absl::StrFormat("%s executions run %s: %s mismatching event hashes (%s different ones; all "
                      "together %016x)\n",
                      Grouped(comparison.executions), twice, Grouped(comparison.mismatches),
                      Grouped(comparison.distinct), comparison.combined));
  if (comparison.mismatches == 0) return ExitCode::kAsExpected;
  Print(Words("the first is execution ", comparison.first_mismatch, "\n"));
  return ExitCode::kFailure;
}

}  // namespace engram::verify
