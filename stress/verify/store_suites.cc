// Exploring the trials of the store, and the scoreboard of what was covered.

#include "stress/verify/store_suites.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "model/explore/random.h"
#include "model/tell/words.h"
#include "stress/store/crash_pairs.h"
#include "stress/store/damage_programs.h"
#include "stress/store/store_programs.h"
#include "stress/verify/crash_models.h"

namespace engram::verify {
namespace {

using stress::DamageTrial;
using stress::OpenStore;
using stress::StoreProgram;
using world::Outcome;
using world::Words;

// Shares an allowance among runs by weight. Time that one does not need goes to the later ones;
// executions are shared out in advance, all of them, at least one for each run.
class Shares {
 public:
  Shares(const SuiteRun& run, double weights)
      : run_(run),
        executions_(run.allowance.counts_executions() ? run.allowance.Share(1).executions_max : 0),
        weights_(weights) {}

  world::Budget Next(double weight) {
    world::Budget budget;
    if (run_.allowance.counts_executions()) {
      const double until = (taken_ + weight) / weights_ * static_cast<double>(executions_);
      const auto executions = static_cast<uint64_t>(std::llround(until));
      budget.executions_max = executions > given_ ? executions - given_ : 1;
      given_ += budget.executions_max;
    } else {
      budget = run_.allowance.Part(weight / (weights_ - taken_)).Share(1);
    }
    taken_ += weight;
    return budget;
  }

 private:
  const SuiteRun& run_;
  const uint64_t executions_;  // counted ones, at the beginning
  const double weights_;
  double taken_ = 0;    // of weights_
  uint64_t given_ = 0;  // of executions_
};

std::string RowText(std::string_view verdict, const std::string& program, std::string_view explorer,
                    const std::string& covered) {
  return absl::StrFormat("  %-7s %-22s %-11s %s\n", std::string(verdict), program,
                         std::string(explorer), covered);
}

std::string PerSecond(uint64_t count, double seconds) {
  if (seconds < 0.01) return "";
  return Words(", ", Grouped(static_cast<uint64_t>(static_cast<double>(count) / seconds)),
               " a second");
}

void AddFinding(const world::Program& program, const Outcome& outcome, const SuiteRun& run,
                Part& part) {
  if (outcome.finding.has_value()) part.failures.push_back(ReportOf(program, outcome, run));
}

// "store 12, remove 3": what was done, by kind.
std::string KindsText(const Part& part) {
  std::vector<std::string> kinds;
  for (const auto& [name, count] : part.operation_kinds) {
    kinds.push_back(Words(name, " ", Grouped(count)));
  }
  return absl::StrJoin(kinds, ", ");
}

// ---- Operations, crashes and faults.

// Walks go round: each program first gets a little, so that what is easy to find is found soon,
// whichever program it is in; then more.
constexpr uint32_t kRoundPercents[] = {3, 17, 80};
constexpr uint32_t kWhole[] = {100};
static_assert(kRoundPercents[0] + kRoundPercents[1] + kRoundPercents[2] == 100);

// What learns as it goes is not interrupted, nor is what has an end.
std::span<const uint32_t> RoundPercentsOf(const StoreProgram& tried, std::string_view explorer) {
  if (tried.exhaustive || explorer == "coverage") return kWhole;
  return kRoundPercents;
}

// One program, as one explorer explores it.
struct Exploring {
  const StoreProgram* tried = nullptr;
  std::string_view explorer = {};
  // The sum over its rounds. Of one that is explored once it is all that there is to know.
  Outcome sum = {};
  uint64_t images = 0;      // recovered
  std::string before = {};  // not explored again: what an earlier run had covered

  void Add(Outcome outcome) {
    outcome.executions += sum.executions;
    outcome.crashes += sum.crashes;
    outcome.faults += sum.faults;
    outcome.cpu_seconds += sum.cpu_seconds;
    sum = std::move(outcome);
  }
  bool is_explored() const { return !before.empty() || sum.executions + sum.redundant > 0; }
  std::string Row() const;
};

std::string Exploring::Row() const {
  std::string covered = Words(Grouped(sum.executions), " executions");
  if (tried->exhaustive) {
    covered = Words(sum.exhausted ? "all " : "", Grouped(sum.classes()), " classes",
                    sum.exhausted ? "" : ", not all");
    if (const auto left = LeftText(sum)) covered += Words(", ", *left);
    if (sum.redundant > 0) covered += Words(", ", Grouped(sum.redundant), " redundant");
    if (sum.classes_met_again > 0) covered += Words(", ", Grouped(sum.executions), " run");
  }
  covered += PerSecond(sum.executions, sum.cpu_seconds);
  if (tried->images != nullptr) {
    covered += Words("; ", Grouped(sum.crashes), " crashes, ", Grouped(images), " images recovered",
                     PerSecond(images, sum.cpu_seconds));
  }
  if (sum.faults > 0) covered += Words("; ", Grouped(sum.faults), " I/O faults");
  const std::string verdict = sum.finding.has_value() ? "FAILS" : "passes";
  return RowText(before.empty() ? verdict : "before", tried->program.name, explorer,
                 before.empty() ? covered : before);
}

// REQUIRES: `part` is of the suite and the explorer.
void ExploreRound(Exploring& exploring, uint64_t round, world::Budget budget, SuiteRun& run,
                  Part& part) {
  const StoreProgram& tried = *exploring.tried;
  world::ExplorerOptions options;
  options.name = exploring.explorer;
  // The seed itself is the walk that begins; the others must not walk the same way again.
  options.seed = round == 0 ? run.seed : world::Random(run.seed, round).Next();
  const world::Bounds bounds = WithCrashes(tried.program.bounds, run.crashes);
  options.aims_crashes = bounds.crashes_max > 0;
  budget.executions_max = std::min(budget.executions_max, tried.classes_max);
  const uint64_t images_before = tried.images != nullptr ? tried.images->distinct() : 0;
  // What has an end is not cut off by a clock: a class left out would leave the verdict open.
  const Outcome outcome =
      tried.exhaustive && !tried.ends_by_clock
          ? run.ExploreToItsEnd(tried.program, options, bounds, budget, part.suite, part)
          : run.Explore(tried.program, options, bounds, budget, part.suite, part);
  AddFinding(tried.program, outcome, run, part);
  if (tried.images != nullptr) {
    // Each image counts once, however often it was met.
    const uint64_t images = tried.images->distinct() - images_before;
    part.recoveries += images;
    part.recoveries -= outcome.crashes;
    exploring.images += images;
  }
  exploring.Add(outcome);
}

using MakePrograms = std::function<std::vector<StoreProgram>(const OpenStore&)>;

SuiteResult ExplorePrograms(const std::string& suite, const std::string& title,
                            const std::vector<std::string_view>& walks,
                            const std::vector<StoreProgram>& programs, SuiteRun& run) {
  const auto suits = [&](const StoreProgram& tried, std::string_view explorer) {
    if (!run.Uses(explorer)) return false;
    if (tried.exhaustive) return explorer == "exhaustive";
    return IsOnRequest(explorer) || std::find(walks.begin(), walks.end(), explorer) != walks.end();
  };
  double weights = 0;
  for (const std::string_view explorer : kExplorers) {
    for (const StoreProgram& tried : programs) {
      if (suits(tried, explorer)) weights += tried.weight;
    }
  }
  SuiteResult result;
  result.scoreboard = Words(absl::StrFormat("%s: %s\n", suite, title));
  Shares shares(run, weights);
  for (const std::string_view explorer : kExplorers) {
    std::vector<Exploring> all;
    for (const StoreProgram& tried : programs) {
      if (suits(tried, explorer)) all.push_back({.tried = &tried, .explorer = explorer});
    }
    if (all.empty()) continue;
    Part part;
    part.suite = suite;
    part.explorer = explorer;
    for (size_t round = 0; round < std::size(kRoundPercents); ++round) {
      for (Exploring& exploring : all) {
        const StoreProgram& tried = *exploring.tried;
        const std::span<const uint32_t> percents = RoundPercentsOf(tried, explorer);
        if (run.EndsWith(part) || round >= percents.size()) continue;
        // Whether it needs its share or not: it goes to the others then.
        const world::Budget share = shares.Next(tried.weight * percents[round] / 100);
        if (exploring.sum.finding.has_value()) continue;
        const auto done = run.done_before.find(tried.program.name);
        if (tried.exhaustive && done != run.done_before.end()) {
          part.programs.push_back(done->second);
          exploring.before = Words("all ", Grouped(done->second.classes), " classes");
          continue;
        }
        ExploreRound(exploring, round, share, run, part);
      }
    }
    for (const Exploring& exploring : all) {
      if (exploring.is_explored()) result.scoreboard += exploring.Row();
    }
    result.scoreboard += Words("          ", explorer, ": ", KindsText(part), "\n");
    result.parts.push_back(std::move(part));
    if (run.EndsWith(result.parts.back())) break;
  }
  result.scoreboard += "\n";
  return result;
}

Suite OfPrograms(const std::string& name, const std::string& title, double weight,
                 const std::vector<std::string_view>& walks, const OpenStore& open,
                 const MakePrograms& make) {
  Suite suite;
  suite.name = name;
  suite.title = title;
  suite.weight = weight;
  suite.run = [=](SuiteRun& run) { return ExplorePrograms(name, title, walks, make(open), run); };
  suite.programs = [=] {
    std::vector<ProgramEntry> entries;
    for (StoreProgram& tried : make(open)) {
      std::vector<world::Bounds> others;
      if (tried.program.bounds.crashes_max > 0) {
        for (const CrashModel& model : CrashModels().subspan(1)) {
          others.push_back(WithCrashes(tried.program.bounds, model.name));
        }
      }
      entries.push_back({std::move(tried.program), std::move(tried.about), "nothing is found",
                         std::move(others)});
    }
    return entries;
  };
  return suite;
}

// ---- Damaged files.

constexpr uint32_t kImagesDoneToTheEnd = 500;

std::string ExploreDamage(const std::string& suite, const DamageTrial& tried, world::Budget budget,
                          SuiteRun& run, Part& part) {
  world::ExplorerOptions options;
  options.name = "exhaustive";
  // What is done soon is done to its end.
  const bool is_short = tried.images <= kImagesDoneToTheEnd;
  if (is_short) budget.executions_max = UINT64_MAX;
  const world::Bounds& bounds = tried.program.bounds;
  const Outcome outcome =
      is_short ? run.ExploreToItsEnd(tried.program, options, bounds, budget, suite, part)
               : run.Explore(tried.program, options, bounds, budget, suite, part);
  AddFinding(tried.program, outcome, run, part);
  part.operations += outcome.executions;
  part.operation_kinds[std::string(stress::DamageKindName(tried.kind))] += outcome.executions;
  std::string covered = Words(outcome.exhausted ? "all " : "", Grouped(outcome.executions),
                              outcome.exhausted ? "" : Words(" of ", Grouped(tried.images)),
                              " images", PerSecond(outcome.executions, outcome.cpu_seconds));
  // What was replayed to make a finding smaller counts in neither.
  if (!outcome.finding.has_value()) {
    const stress::DamageCounts& counts = *tried.counts;
    part.recoveries += counts.right + counts.lost + counts.cut;
    covered +=
        Words(": ", Grouped(counts.right), " right, ", Grouped(counts.lost), " with DATA_LOSS, ",
              Grouped(counts.cut), " cut back, ", Grouped(counts.refused), " refused");
  }
  return RowText(outcome.finding.has_value() ? "FAILS" : "passes", tried.program.name, "exhaustive",
                 covered);
}

using MakeTrials = std::function<std::vector<DamageTrial>(const OpenStore&)>;

SuiteResult ExploreDamages(const std::string& suite, const std::string& title,
                           const std::vector<DamageTrial>& trials, SuiteRun& run) {
  SuiteResult result;
  if (!run.Uses("exhaustive")) return result;
  double weights = 0;
  for (const DamageTrial& tried : trials) weights += tried.images;
  result.scoreboard = Words(suite, ": ", title, "\n");
  Shares shares(run, weights);
  Part part;
  part.suite = suite;
  part.explorer = "exhaustive";
  for (const DamageTrial& tried : trials) {
    if (run.EndsWith(part)) break;
    result.scoreboard += ExploreDamage(suite, tried, shares.Next(tried.images), run, part);
  }
  result.parts.push_back(std::move(part));
  result.scoreboard += "\n";
  return result;
}

Suite OfTrials(const std::string& name, const std::string& title, double weight,
               const OpenStore& open, const MakeTrials& make) {
  Suite suite;
  suite.name = name;
  suite.title = title;
  suite.weight = weight;
  suite.run = [=](SuiteRun& run) { return ExploreDamages(name, title, make(open), run); };
  suite.programs = [=] {
    std::vector<ProgramEntry> entries;
    for (DamageTrial& tried : make(open)) {
      entries.push_back({std::move(tried.program),
                         std::move(tried.about),
                         "the right value, DATA_LOSS, or a reported cut of the last commit",
                         {}});
    }
    return entries;
  };
  return suite;
}

}  // namespace

std::vector<Suite> MakeStoreSuites(const OpenStore& open) {
  std::vector<Suite> suites;
  suites.push_back(OfPrograms("model", "Every answer of one client's store is the reference's.", 2,
                              {"random"}, open, stress::ModelPrograms));
  suites.push_back(OfPrograms(
      "crash",
      "After crashes anywhere, the state is a prefix that reaches the last completed Sync.", 4,
      {"random"}, open, stress::CrashPrograms));
  suites.push_back(OfPrograms("crash_pairs",
                              "Two operations side by side, a crash, and one in the recovery: some "
                              "pairs, every day.",
                              1, {}, open, stress::DailyCrashPairs));
  suites.push_back(OfPrograms("every_crash_pair",
                              "The same of every pair of operations; on request, not in all.", 1,
                              {}, open, stress::EveryCrashPair));
  suites.back().on_request = true;
  suites.push_back(OfTrials("truncate",
                            "A file cut at every byte length shows no other value and no silent "
                            "absence.",
                            1.5, open, stress::TruncateTrials));
  suites.push_back(OfTrials("damage",
                            "Flipped bits and wrong pages show no other value and no silent "
                            "absence.",
                            3, open, stress::DamageTrials));
  suites.push_back(OfPrograms("fault",
                              "Whatever fails once, the store stays consistent and usable.", 1,
                              {"random"}, open, stress::FaultPrograms));
  suites.push_back(OfPrograms(
      "interleave", "Clients side by side, and a crash: every history has an explanation.", 4,
      {"random", "pct"}, open, stress::InterleavePrograms));
  return suites;
}

}  // namespace engram::verify
