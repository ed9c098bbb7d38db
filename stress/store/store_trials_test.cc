// The trials of a store accept the simplest right store, and refuse it with each of the flaws that
// it can have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "model/explore/explore.h"
#include "stress/store/crash_pairs.h"
#include "stress/store/log_store_testing.h"
#include "stress/store/store_programs.h"

namespace engram::stress {
namespace {

using testing::AnyOf;
using testing::IsEmpty;

const StoreProgram& Named(const std::vector<StoreProgram>& programs, std::string_view name) {
  for (const StoreProgram& program : programs) {
    if (program.program.name == name) return program;
  }
  ADD_FAILURE() << "there is no program " << name;
  return programs.front();
}

world::Outcome Explore(const StoreProgram& tried, uint64_t executions,
                       std::string_view explorer = "random") {
  world::ExplorerOptions options;
  options.name = explorer;
  world::Budget budget;
  budget.executions_max = executions;
  budget.shrink = false;
  return world::Explore(tried.program, options, tried.program.bounds, budget);
}

// What is found wrong with the program; empty if nothing.
std::string ClaimOf(const StoreProgram& tried, uint64_t executions,
                    std::string_view explorer = "random") {
  const world::Outcome outcome = Explore(tried, executions, explorer);
  if (!outcome.finding.has_value()) return "";
  return outcome.finding->failure.claim;
}

std::string Told(const StoreProgram& tried, const world::Outcome& outcome) {
  return outcome.finding.has_value() ? world::Tell(tried.program, *outcome.finding) : "";
}

void ExpectPasses(const std::vector<StoreProgram>& programs, uint64_t executions) {
  for (const StoreProgram& tried : programs) {
    if (tried.exhaustive) continue;
    const world::Outcome outcome = Explore(tried, executions);
    EXPECT_FALSE(outcome.finding.has_value()) << Told(tried, outcome);
    EXPECT_EQ(outcome.executions, executions);
  }
}

TEST(StoreTrials, TheRightStorePassesBesideTheModel) {
  ExpectPasses(ModelPrograms(OpenLogStore()), 100);
}

TEST(StoreTrials, TheRightStorePassesCrashes) { ExpectPasses(CrashPrograms(OpenLogStore()), 300); }

TEST(StoreTrials, TheRightStorePassesInterleavings) {
  ExpectPasses(InterleavePrograms(OpenLogStore()), 300);
}

TEST(StoreTrials, TheSmallCrashProgramIsExhausted) {
  const std::vector<StoreProgram> programs = CrashPrograms(OpenLogStore());
  const StoreProgram& small = Named(programs, "crash_small");
  const world::Outcome outcome = Explore(small, 1'000'000, "exhaustive");
  EXPECT_FALSE(outcome.finding.has_value()) << Told(small, outcome);
  EXPECT_TRUE(outcome.exhausted);
  EXPECT_GT(small.images->distinct(), 10u);
  EXPECT_LE(small.images->distinct(), small.images->recoveries());
}

TEST(StoreTrials, PairsSideBySideAreExhausted) {
  const std::vector<StoreProgram> programs = InterleavePrograms(OpenLogStore());
  const StoreProgram& pair = Named(programs, "pair_activate_remove");
  const world::Outcome outcome = Explore(pair, 1'000'000, "exhaustive");
  EXPECT_FALSE(outcome.finding.has_value()) << Told(pair, outcome);
  EXPECT_TRUE(outcome.exhausted);
}

// ---- Remembering what crashes led to changes no verdict.

struct Verdicts {
  std::set<std::string> claims;
  uint64_t classes = 0;
  uint64_t images = 0;
  uint64_t crashes_met_again = 0;
};

Verdicts VerdictsOf(Flaw flaw, std::string_view program, bool remembers) {
  const std::vector<StoreProgram> programs = CrashPrograms(OpenLogStore(flaw));
  const StoreProgram& tried = Named(programs, program);
  world::ExplorerOptions options;
  options.name = "exhaustive";
  options.remembers_crashes = remembers;
  world::Budget budget;
  budget.stop_at_finding = false;
  budget.shrink = false;
  const world::Outcome outcome =
      world::Explore(tried.program, options, tried.program.bounds, budget);
  EXPECT_TRUE(outcome.exhausted);
  Verdicts verdicts;
  for (const world::Finding& finding : outcome.findings) {
    verdicts.claims.insert(finding.failure.claim);
  }
  verdicts.classes = outcome.classes();
  verdicts.images = tried.images->distinct();
  verdicts.crashes_met_again = outcome.crashes_met_again;
  return verdicts;
}

TEST(StoreTrials, RememberedCrashesHideNothing) {
  for (const Flaw flaw :
       {Flaw::kNone, Flaw::kSyncIsNoSync, Flaw::kRemoveIsNotLogged, Flaw::kTailIsNotChecked,
        Flaw::kSequencesRestart, Flaw::kDamageIsAbsence, Flaw::kDamageIsBelieved}) {
    const Verdicts remembering = VerdictsOf(flaw, "crash_small", true);
    const Verdicts forgetting = VerdictsOf(flaw, "crash_small", false);
    EXPECT_EQ(remembering.claims, forgetting.claims) << static_cast<int>(flaw);
    EXPECT_EQ(remembering.classes, forgetting.classes) << static_cast<int>(flaw);
    EXPECT_EQ(remembering.images, forgetting.images) << static_cast<int>(flaw);
    EXPECT_GT(remembering.crashes_met_again, 0u);
    EXPECT_EQ(forgetting.crashes_met_again, 0u);
  }
}

// ---- Pairs of operations with crashes.

TEST(StoreTrials, CrashPairsPassTheRightStoreAndCondemnOthers) {
  EXPECT_EQ(EveryCrashPair(OpenLogStore()).size(), 21u * 22 / 2);
  const std::vector<StoreProgram> right = DailyCrashPairs(OpenLogStore());
  const StoreProgram& pair = Named(right, "crash_remove_sync");
  const world::Outcome outcome = Explore(pair, 100'000, "exhaustive");
  EXPECT_FALSE(outcome.finding.has_value()) << Told(pair, outcome);
  EXPECT_TRUE(outcome.exhausted);
  EXPECT_GT(outcome.crashes_met_again, 0u);
  const auto claim = [](Flaw flaw, std::string_view name) {
    return ClaimOf(Named(DailyCrashPairs(OpenLogStore(flaw)), name), 100'000, "exhaustive");
  };
  EXPECT_EQ(claim(Flaw::kSyncIsNoSync, "crash_remove_sync"), "lost after sync");
  EXPECT_NE(claim(Flaw::kTailIsNotChecked, "crash_store_store"), "");
  EXPECT_NE(claim(Flaw::kRemoveIsNotLogged, "crash_remove_sync"), "");
}

// ---- Each flaw is condemned by the suite that is meant to.

std::string ModelClaim(Flaw flaw) {
  return ClaimOf(Named(ModelPrograms(OpenLogStore(flaw)), "model"), 2000);
}
std::string CrashClaim(Flaw flaw) {
  return ClaimOf(Named(CrashPrograms(OpenLogStore(flaw)), "crash"), 20'000);
}

TEST(StoreTrials, ModelFindsWhatIsNotTheReference) {
  EXPECT_THAT(ModelClaim(Flaw::kForeignContent), AnyOf("wrong answer", "wrong backup"));
  EXPECT_EQ(ModelClaim(Flaw::kCountIsOff), "wrong answer");
  EXPECT_EQ(ModelClaim(Flaw::kRemoveIsNotLogged), "wrong answer");
  EXPECT_EQ(ModelClaim(Flaw::kReclaimedByHope), "wrong statistics");
  EXPECT_EQ(ModelClaim(Flaw::kLiveBytesAreOff), "wrong statistics");
  EXPECT_EQ(ModelClaim(Flaw::kHotIsLeaked), "wrong statistics");
  EXPECT_EQ(ModelClaim(Flaw::kBackupIsStale), "wrong backup");
  EXPECT_EQ(ModelClaim(Flaw::kReadsAreDamaged), "false corruption");
}

TEST(StoreTrials, CrashFindsWhatIsNotDurable) {
  EXPECT_EQ(CrashClaim(Flaw::kSyncIsNoSync), "lost after sync");
  EXPECT_THAT(CrashClaim(Flaw::kRemoveIsNotLogged),
              AnyOf("mixed state after a crash", "lost after sync", "resurrection"));
  EXPECT_THAT(CrashClaim(Flaw::kSequencesRestart),
              AnyOf("duplicate sequence", "sequence against real time"));
  EXPECT_NE(CrashClaim(Flaw::kTailIsNotChecked), "");
  EXPECT_EQ(CrashClaim(Flaw::kReadsAreDamaged), "false corruption");
}

TEST(StoreTrials, InterleaveFindsRaces) {
  const std::vector<StoreProgram> programs =
      InterleavePrograms(OpenLogStore(Flaw::kActivationRace));
  EXPECT_THAT(ClaimOf(Named(programs, "interleave"), 50'000),
              AnyOf("lost store", "resurrection", "wrong answer", "lost update", "stale read"));
  EXPECT_THAT(ClaimOf(Named(programs, "pair_activate_remove"), 100'000, "exhaustive"),
              AnyOf("resurrection", "wrong answer"));
}

TEST(StoreTrials, LooksAtAllAreComparedWithTheReference) {
  for (const Flaw flaw : {Flaw::kIterationSkips, Flaw::kIterationRepeats, Flaw::kIteratesStale,
                          Flaw::kPagesLeaveGaps, Flaw::kRecallForgets, Flaw::kScoresAreRounded}) {
    EXPECT_EQ(ModelClaim(flaw), "wrong answer") << static_cast<int>(flaw);
  }
}

TEST(StoreTrials, LooksAtAllAreReadsOfEachId) {
  const auto claim = [](Flaw flaw) {
    return ClaimOf(Named(InterleavePrograms(OpenLogStore(flaw)), "interleave"), 50'000);
  };
  EXPECT_EQ(claim(Flaw::kIterationSkips), "lost store");
  EXPECT_EQ(claim(Flaw::kIterationRepeats), "wrong answer");
  EXPECT_NE(claim(Flaw::kIteratesStale), "");
  EXPECT_EQ(claim(Flaw::kPagesLeaveGaps), "lost store");
  // Before a crash, or behind it.
  EXPECT_THAT(claim(Flaw::kRecallForgets), AnyOf("lost store", "changed after recovery"));
  EXPECT_EQ(claim(Flaw::kScoresAreRounded), "wrong answer");
}

TEST(StoreTrials, AListenerThatThrowsIsFoundOut) {
  EXPECT_NE(
      ClaimOf(Named(InterleavePrograms(OpenLogStore(Flaw::kListenerEscapes)), "interleave_throws"),
              100),
      "");
}

}  // namespace
}  // namespace engram::stress

// Until the engine defines it.
namespace engram::inline ENGRAM_BODY {
__attribute__((weak)) std::optional<Sequence> UnknownOutcomeOf(const absl::Status&) { return {}; }
}  // namespace engram::inline ENGRAM_BODY
