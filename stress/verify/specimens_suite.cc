// Exploring the specimens, and the scoreboard of their verdicts.

#include "stress/verify/specimens_suite.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "model/tell/sequence_diagram.h"
#include "model/tell/story.h"
#include "model/tell/words.h"

namespace engram::verify {
namespace {

using specimens::Specimen;
using world::Words;

constexpr size_t kProseColumns = 92;

bool IsExpected(const Specimen& specimen, const std::string& claim) {
  return std::find(specimen.condemned_for.begin(), specimen.condemned_for.end(), claim) !=
         specimen.condemned_for.end();
}

// Explores one specimen with one explorer, within its share.
void ExploreSpecimen(const Specimen& specimen, std::string_view explorer, size_t runs_left,
                     SuiteRun& run, Part& part) {
  const world::Bounds bounds = BoundsFor(specimen, explorer);
  world::ExplorerOptions options;
  options.name = explorer;
  options.seed = run.seed;
  world::Budget budget = run.allowance.Share(runs_left);
  const bool has_an_end = explorer == "exhaustive";
  if (has_an_end && specimen.exhaustive_classes_max > 0) {
    budget.executions_max = std::min(budget.executions_max, specimen.exhaustive_classes_max);
  }
  budget.stop_at_finding = false;
  budget.findings_max = std::max<size_t>(specimen.condemned_for.size(), 1);
  // What has an end is not cut off by a clock: a class left out would leave the verdict open.
  const world::Outcome outcome =
      has_an_end ? run.ExploreToItsEnd(specimen.program, options, bounds, budget, "specimens", part)
                 : run.Explore(specimen.program, options, bounds, budget, "specimens", part);
  for (const world::Finding& finding : outcome.findings) {
    if (finding.failure.kind == world::FailureKind::kClaim &&
        IsExpected(specimen, finding.failure.claim)) {
      part.verdicts.push_back(VerdictOf(specimen.program, bounds, explorer, finding));
    } else {
      part.failures.push_back(ReportOf(specimen.program, finding));
    }
  }
  if (outcome.findings.empty() && specimen.is_twin) {
    Verdict verdict;
    verdict.program = specimen.program.name;
    verdict.explorer = explorer;
    verdict.executions = outcome.executions;
    verdict.cpu_seconds = outcome.cpu_seconds;
    verdict.exhausted = outcome.exhausted;
    part.verdicts.push_back(std::move(verdict));
  }
}

// All verdicts on `program` for `claim`.
std::vector<Verdict> VerdictsOn(const std::vector<Part>& parts, const std::string& program,
                                const std::string& claim) {
  std::vector<Verdict> verdicts;
  for (const Part& part : parts) {
    for (const Verdict& verdict : part.verdicts) {
      if (verdict.program == program && verdict.claim == claim) verdicts.push_back(verdict);
    }
  }
  return verdicts;
}

std::string CondemnedRows(const Specimen& specimen, const std::vector<Part>& parts) {
  std::string text = Words("\n  ", specimen.program.name, "\n");
  for (const std::string& line :
       world::WrapText(Words("Believed: ", specimen.belief), kProseColumns)) {
    text += Words("    ", line, "\n");
  }
  for (const std::string& claim : specimen.condemned_for) {
    const std::vector<Verdict> verdicts = VerdictsOn(parts, specimen.program.name, claim);
    if (verdicts.empty()) {
      text += Words("    NOT FOUND  ", claim, "\n");
      continue;
    }
    const Verdict& shortest =
        *std::min_element(verdicts.begin(), verdicts.end(),
                          [](const Verdict& a, const Verdict& b) { return a.IsShorterThan(b); });
    std::vector<std::string> costs;
    for (const Verdict& verdict : verdicts) {
      costs.push_back(Words(Grouped(verdict.executions), " ", verdict.explorer));
    }
    text += Words("    condemned  ", claim, ": ", world::Counted(shortest.steps, "step", "steps"),
                  ", ", world::Counted(shortest.interruptions, "interruption", "interruptions"),
                  "\n               found after ", absl::StrJoin(costs, ", "), " executions\n");
    text += Words("               engram-verify replay '", shortest.token, "'\n");
  }
  return text;
}

std::string TwinRow(const Specimen& specimen, const std::vector<Part>& parts) {
  std::vector<std::string> covered;
  for (const Verdict& verdict : VerdictsOn(parts, specimen.program.name, "")) {
    const std::string count = Grouped(verdict.executions);
    if (verdict.explorer != "exhaustive") {
      covered.push_back(Words(count, " ", verdict.explorer, " executions"));
    } else {
      covered.push_back(verdict.exhausted ? Words("all ", count, " classes of executions")
                                          : Words(count, " classes, not all"));
    }
  }
  return absl::StrFormat("  %-10s %-26s %s\n", covered.empty() ? "FAILS" : "passes",
                         specimen.program.name, absl::StrJoin(covered, ", "));
}

std::string Scoreboard(const std::vector<Specimen>& specimens, const std::vector<Part>& parts) {
  std::string text = "SPECIMENS: designs that failed, and what each is condemned for\n";
  for (const Specimen& specimen : specimens) {
    if (!specimen.is_twin) text += CondemnedRows(specimen, parts);
  }
  text += "\nTheir twins, which do the same right, and in which nothing was found:\n";
  for (const Specimen& specimen : specimens) {
    if (specimen.is_twin) text += TwinRow(specimen, parts);
  }
  return text + "\n";
}

// Each claim that a specimen is condemned for must have been found by somebody.
void DemandCondemnations(const std::vector<Specimen>& specimens, std::vector<Part>& parts) {
  if (parts.empty()) return;
  for (const Specimen& specimen : specimens) {
    for (const std::string& claim : specimen.condemned_for) {
      if (!VerdictsOn(parts, specimen.program.name, claim).empty()) continue;
      FailureReport missing;
      missing.summary = Words(specimen.program.name, ": should be condemned for \"", claim,
                              "\", and no explorer found that within its budget");
      missing.story = missing.summary + "\n";
      parts.back().failures.push_back(std::move(missing));
    }
  }
}

std::vector<ProgramEntry> Programs() {
  std::vector<ProgramEntry> entries;
  for (const Specimen& specimen : specimens::Specimens()) {
    ProgramEntry entry;
    entry.program = specimen.program;
    entry.about = Words(specimen.is_twin ? "Right, because: " : "Believed: ", specimen.belief);
    entry.expected = specimen.is_twin
                         ? std::string("nothing is found")
                         : Words("condemned for ", absl::StrJoin(specimen.condemned_for, ", "));
    entry.other_bounds = {specimen.exhaustive_bounds};
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

world::Bounds BoundsFor(const Specimen& specimen, std::string_view explorer) {
  return explorer == "exhaustive" ? specimen.exhaustive_bounds : specimen.program.bounds;
}

Verdict VerdictOf(const world::Program& program, const world::Bounds& bounds,
                  std::string_view explorer, const world::Finding& finding) {
  Verdict verdict;
  verdict.program = program.name;
  verdict.claim = finding.failure.claim;
  verdict.explorer = explorer;
  verdict.token = finding.token;
  verdict.executions = finding.executions;
  verdict.cpu_seconds = finding.cpu_seconds;
  const world::Replayed replayed =
      world::Replay(program, finding.operations, finding.deviations, bounds);
  verdict.steps = static_cast<uint32_t>(replayed.steps.size());
  verdict.interruptions = world::MakeStory(replayed).interruptions;
  return verdict;
}

SuiteResult ExploreSpecimens(const std::vector<Specimen>& specimens, SuiteRun& run) {
  SuiteResult result;
  size_t runs_left = 0;
  for (const std::string_view explorer : kExplorers) {
    if (run.Uses(explorer)) runs_left += specimens.size();
  }
  for (const std::string_view explorer : kExplorers) {
    if (!run.Uses(explorer)) continue;
    Part part;
    part.suite = "specimens";
    part.explorer = explorer;
    for (const Specimen& specimen : specimens) {
      ExploreSpecimen(specimen, explorer, runs_left--, run, part);
    }
    result.parts.push_back(std::move(part));
  }
  DemandCondemnations(specimens, result.parts);
  result.scoreboard = Scoreboard(specimens, result.parts);
  return result;
}

Suite MakeSpecimensSuite() {
  Suite suite;
  suite.name = "specimens";
  suite.title =
      "Designs that failed are condemned, each for what is wrong with it; their twins pass.";
  suite.weight = 3;
  suite.run = [](SuiteRun& run) { return ExploreSpecimens(specimens::Specimens(), run); };
  suite.programs = Programs;
  return suite;
}

}  // namespace engram::verify
