// The checks of the suite `self`, and what they print.

#include "stress/verify/self_suite.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "model/tell/words.h"
#include "stress/verify/determinism.h"
#include "stress/verify/mixture_program.h"
#include "stress/verify/self_scenarios.h"
#include "stress/verify/told_histories.h"

namespace engram::verify {
namespace {

using world::Words;

// What a walk gets for each known program: enough to meet the mistakes that are in them.
constexpr uint64_t kWalksPerProgram = 500;
constexpr uint64_t kShrinkerSeeds = 10;
constexpr uint64_t kHashedTwice = 1000;

std::string Joined(const Outcomes& outcomes) {
  return outcomes.empty() ? "nothing" : absl::StrJoin(outcomes, " ");
}

std::string JudgeOutcomes(const KnownProgram& known, bool all) {
  Outcomes impossible, missed;
  std::set_difference(known.seen->begin(), known.seen->end(), known.possible.begin(),
                      known.possible.end(), std::inserter(impossible, impossible.end()));
  std::set_difference(known.possible.begin(), known.possible.end(), known.seen->begin(),
                      known.seen->end(), std::inserter(missed, missed.end()));
  if (!impossible.empty()) return Words("impossible outcomes were seen: ", Joined(impossible));
  if (all && !missed.empty()) return Words("possible outcomes were missed: ", Joined(missed));
  return "";
}

// A line of the scoreboard, and a failure if `wrong` says so.
class Checklist {
 public:
  explicit Checklist(SuiteResult& result) : result_(result) {}

  void Add(const std::string& title, const std::string& right, const std::string& wrong,
           const std::string& token = "") {
    result_.scoreboard += absl::StrFormat("  %-6s %-44s %s\n", wrong.empty() ? "ok" : "FAILS",
                                          title, wrong.empty() ? right : wrong);
    if (wrong.empty() || result_.parts.empty()) return;
    FailureReport failure;
    failure.token = token;
    failure.summary = Words(title, ": ", wrong);
    failure.story = failure.summary + "\n";
    result_.parts.back().failures.push_back(std::move(failure));
  }

 private:
  SuiteResult& result_;
};

world::Outcome ExploreKnown(const KnownProgram& known, std::string_view explorer, SuiteRun& run,
                            Part& part) {
  world::ExplorerOptions options;
  options.name = explorer;
  options.seed = run.seed;
  world::Budget budget;
  budget.stop_at_finding = !known.claim.empty();
  // Classes are counted to the end, whatever the allowance: they are few.
  if (explorer != "exhaustive") budget.executions_max = kWalksPerProgram;
  return run.Explore(known.program, options, known.program.bounds, budget, "self", part);
}

std::string KnownText(const KnownProgram& known, std::string_view explorer,
                      const world::Outcome& outcome) {
  if (!known.claim.empty()) {
    return Words(known.claim, ": found in execution ", outcome.executions_to_finding);
  }
  std::string text = explorer == "exhaustive"
                         ? world::Counted(outcome.executions, "class", "classes")
                         : Words(Grouped(outcome.executions), " executions");
  if (known.possible.size() > 1) {
    text += Words(", ", known.seen->size(), " of ", known.possible.size(), " outcomes");
  }
  return text;
}

// Classes are told one by one; of walks, only what is wrong. These are few executions, always the
// same number: an allowance of executions is for what is more than that.
void CheckKnown(std::string_view explorer, SuiteRun& run, SuiteResult& result) {
  Checklist checklist(result);
  size_t programs = 0, mistakes = 0, failures = 0;
  const Allowance allowance = run.allowance;
  for (const KnownProgram& known : KnownPrograms()) {
    const world::Outcome outcome = ExploreKnown(known, explorer, run, result.parts.back());
    const std::string token = outcome.finding.has_value() ? outcome.finding->token : "";
    const std::string wrong = JudgeKnown(known, explorer, outcome);
    if (explorer == "exhaustive" || !wrong.empty()) {
      checklist.Add(known.title, KnownText(known, explorer, outcome), wrong, token);
    }
    ++(known.claim.empty() ? programs : mistakes);
    failures += wrong.empty() ? 0 : 1;
  }
  run.allowance = allowance;
  if (explorer != "exhaustive" && failures == 0) {
    checklist.Add(
        "the same programs",
        Words(programs, " show possible outcomes only, ", mistakes, " mistakes are found"), "");
  }
}

// Everything that the allowance leaves goes into the mixture.
void WalkMixture(std::string_view explorer, size_t runs_left, SuiteRun& run, SuiteResult& result) {
  if (run.allowance.used_up()) return;
  const world::Program mixture = MixtureProgram();
  world::ExplorerOptions options;
  options.name = explorer;
  options.seed = run.seed;
  Part& part = result.parts.back();
  const world::Outcome outcome =
      run.Explore(mixture, options, mixture.bounds, run.allowance.Share(runs_left), "self", part);
  if (outcome.finding.has_value()) {
    part.failures.push_back(ReportOf(mixture, *outcome.finding));
  }
  result.scoreboard +=
      absl::StrFormat("  %-6s %-44s %s\n", outcome.finding.has_value() ? "FAILS" : "ok",
                      "a mixture of everything the world offers",
                      Words(Grouped(outcome.executions), " executions"));
}

void CheckHarness(SuiteRun& run, SuiteResult& result) {
  Checklist checklist(result);
  size_t wrong = 0;
  const std::vector<ToldHistory> told = ToldHistories();
  for (const ToldHistory& history : told) wrong += history.claim.empty() ? 0 : 1;
  checklist.Add(
      "the oracle",
      Words("condemns ", wrong, " wrong histories, each for what is wrong with it, passes ",
            told.size() - wrong, " right ones"),
      JudgeOracle());
  checklist.Add("the shrinker",
                Words(kShrinkerSeeds, " failures of 22 operations shrink to the 2 that matter"),
                JudgeShrinker(kShrinkerSeeds));
  checklist.Add("determinism", Words(kHashedTwice, " executions run twice, 0 mismatching hashes"),
                JudgeDeterminism(run.seed, kHashedTwice));
}

SuiteResult RunSelf(SuiteRun& run) {
  SuiteResult result;
  result.scoreboard = "SELF: the harness, tested on programs of which everything is known\n";
  size_t walks_left = 0;
  for (const std::string_view explorer : kExplorers)
    walks_left += explorer != "exhaustive" && run.Uses(explorer) ? 1 : 0;
  for (const std::string_view explorer : kExplorers) {
    if (!run.Uses(explorer)) continue;
    Part& part = result.parts.emplace_back();
    part.suite = "self";
    part.explorer = explorer;
    result.scoreboard += Words("\n  ", explorer, "\n");
    CheckKnown(explorer, run, result);
    if (explorer != "exhaustive") WalkMixture(explorer, walks_left--, run, result);
  }
  result.scoreboard += "\n  the rest of the harness\n";
  CheckHarness(run, result);
  result.scoreboard += "\n";
  return result;
}

std::vector<ProgramEntry> Programs() {
  std::vector<ProgramEntry> entries;
  for (KnownProgram& known : KnownPrograms()) {
    ProgramEntry entry;
    entry.program = std::move(known.program);
    entry.about = known.title;
    if (!known.claim.empty()) {
      entry.expected = Words("fails: ", known.claim);
    } else if (known.classes > 0) {
      entry.expected = Words(world::Counted(known.classes, "class", "classes"), ", outcomes ",
                             Joined(known.possible));
    } else {
      entry.expected = Words("outcomes ", Joined(known.possible));
    }
    entries.push_back(std::move(entry));
  }
  entries.push_back(
      {MixtureProgram(), "a mixture of everything the world offers", "nothing is found", {}});
  entries.push_back(
      {PlantedBug(), "two of 22 operations lose an update", "fails: lost update", {}});
  return entries;
}

}  // namespace

std::string JudgeKnown(const KnownProgram& known, std::string_view explorer,
                       const world::Outcome& outcome) {
  if (known.claim.empty()) {
    if (outcome.finding.has_value()) {
      return Words("failed unexpectedly: ", outcome.finding->failure.claim);
    }
    const bool exhaustive = explorer == "exhaustive";
    if (exhaustive && !outcome.exhausted) return "not all classes were covered";
    if (exhaustive && known.classes != 0 && outcome.executions != known.classes) {
      return Words("has ", known.classes, " classes, ", outcome.executions, " were explored");
    }
    return JudgeOutcomes(known, exhaustive);
  }
  if (!outcome.finding.has_value()) {
    return Words("not found in ", outcome.executions, " executions: ", known.claim);
  }
  if (outcome.finding->failure.claim != known.claim) {
    return Words("found \"", outcome.finding->failure.claim, "\" instead of \"", known.claim, "\"");
  }
  return "";
}

std::string JudgeOracle() {
  for (const ToldHistory& told : ToldHistories()) {
    const auto violation = model::JudgeHistory(told.history, ToldLimits());
    const std::string claim = violation.has_value() ? violation->claim : "";
    if (claim == told.claim) continue;
    return Words("\"", told.title, "\" was judged \"", claim, "\", not \"", told.claim, "\"");
  }
  return "";
}

std::string JudgeShrinker(uint64_t seeds) {
  const world::Program planted = PlantedBug();
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    world::ExplorerOptions options;
    options.seed = seed;
    world::Budget budget;
    budget.executions_max = 100'000;
    const world::Outcome outcome = world::Explore(planted, options, planted.bounds, budget);
    if (!outcome.finding.has_value())
      return Words("seed ", seed, ": the planted bug was not found");
    const size_t operations = outcome.finding->operations.size();
    const size_t deviations = outcome.finding->deviations.size();
    if (operations != 2 || deviations != 1) {
      return Words("seed ", seed, ": shrunk to ", operations, " operations and ", deviations,
                   " decisions instead of 2 and 1");
    }
  }
  return "";
}

std::string JudgeDeterminism(uint64_t seed, uint64_t executions) {
  std::vector<uint64_t> hashes;
  VisitExecutionHashes(seed, executions, [&](uint64_t hash) {
    hashes.push_back(hash);
    return true;
  });
  size_t index = 0, mismatches = 0;
  VisitExecutionHashes(seed, executions, [&](uint64_t hash) {
    mismatches += index < hashes.size() && hashes[index++] == hash ? 0 : 1;
    return true;
  });
  if (mismatches == 0 && index == executions) return "";
  return Words(mismatches, " of ", executions, " executions had another hash when run again");
}

Suite MakeSelfSuite() {
  Suite suite;
  suite.name = "self";
  suite.title = "The harness itself: counted classes, litmus tests, oracle, shrinker, determinism.";
  suite.weight = 1;
  suite.run = RunSelf;
  suite.programs = Programs;
  return suite;
}

}  // namespace engram::verify
