// The suites of the store, run on the simplest right store and on broken ones: what they count,
// what they find, and that the same seed and executions give the same hashes.

#include "stress/verify/store_suites.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "stress/store/log_store_testing.h"

namespace engram::verify {
namespace {

using stress::Flaw;
using testing::AllOf;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::Not;

SuiteResult RunNamed(std::string_view name, uint64_t executions, Flaw flaw = Flaw::kNone,
                     bool stop_at_failure = false) {
  SuiteRun run;
  run.stop_at_failure = stop_at_failure;
  run.allowance = Allowance::OfExecutions(executions);
  for (const Suite& suite : MakeStoreSuites(stress::OpenLogStore(flaw))) {
    if (suite.name == name) return suite.run(run);
  }
  ADD_FAILURE() << "there is no suite " << name;
  return {};
}

const Part& PartOf(const SuiteResult& result, std::string_view explorer) {
  for (const Part& part : result.parts) {
    if (part.explorer == explorer) return part;
  }
  ADD_FAILURE() << "there is no part " << explorer;
  return result.parts.front();
}

TEST(StoreSuites, CountWhatTheyDid) {
  const SuiteResult model = RunNamed("model", 80);
  EXPECT_EQ(PartOf(model, "random").executions, 80u);
  EXPECT_GT(PartOf(model, "random").operation_kinds.at("store"), 80u);
  EXPECT_THAT(PartOf(model, "random").failures, IsEmpty());
  const SuiteResult crash = RunNamed("crash", 900);
  const Part& random = PartOf(crash, "random");
  EXPECT_THAT(random.failures, IsEmpty());
  EXPECT_GT(random.crashes, 300u);
  EXPECT_THAT(random.recoveries, AllOf(Ge(100u), Le(random.crashes)));
  EXPECT_THAT(crash.scoreboard, HasSubstr("images recovered"));
  EXPECT_THAT(crash.scoreboard, HasSubstr("not all"));  // the exhaustive one was cut off
}

TEST(StoreSuites, RunEachExplorerOfInterleave) {
  const SuiteResult result = RunNamed("interleave", 1000);
  EXPECT_EQ(result.parts.size(), 3u);
  for (const Part& part : result.parts) {
    EXPECT_THAT(part.failures, IsEmpty());
    EXPECT_GT(part.executions, 0u);
  }
}

TEST(StoreSuites, ReportWhatTheyFindWithATokenThatReplays) {
  const SuiteResult result = RunNamed("crash", 20'000, Flaw::kSyncIsNoSync);
  const Part& random = PartOf(result, "random");
  ASSERT_FALSE(random.failures.empty());
  EXPECT_THAT(random.failures[0].summary, HasSubstr("lost after sync"));
  EXPECT_THAT(result.scoreboard, HasSubstr("FAILS"));
  for (const Suite& suite : MakeStoreSuites(stress::OpenLogStore(Flaw::kSyncIsNoSync))) {
    for (const ProgramEntry& entry : suite.programs()) {
      if (!random.failures[0].token.starts_with(entry.program.name + ":")) continue;
      const auto replayed =
          world::Replay(entry.program, random.failures[0].token, entry.program.bounds);
      ASSERT_TRUE(replayed.ok());
      ASSERT_TRUE(replayed->failure.has_value());
      EXPECT_EQ(replayed->failure->claim, "lost after sync");
    }
  }
}

TEST(StoreSuites, EndWithTheFirstFailureAndSayWhatItCost) {
  const SuiteResult all = RunNamed("crash", 2000, Flaw::kSyncIsNoSync);
  const SuiteResult first = RunNamed("crash", 2000, Flaw::kSyncIsNoSync, /*stop_at_failure=*/true);
  EXPECT_GT(all.parts.size(), 1u);
  EXPECT_EQ(first.parts.size(), 1u);
  const Part& part = first.parts.back();
  ASSERT_EQ(part.failures.size(), 1u);
  EXPECT_EQ(part.failures[0].executions, part.executions);
  EXPECT_GT(part.failures[0].cpu_seconds, 0);
  EXPECT_LE(part.failures[0].cpu_seconds, part.cpu_seconds);
}

TEST(StoreSuites, SayWhatALaterFailureCostFromTheBeginningOfTheRun) {
  const SuiteResult all = RunNamed("crash", 2000, Flaw::kSyncIsNoSync);
  const Part& random = PartOf(all, "random");
  ASSERT_GT(random.failures.size(), 1u);
  uint64_t before = PartOf(all, "exhaustive").executions;
  EXPECT_GT(random.failures[0].executions, before);
  EXPECT_GT(random.failures[1].executions, random.failures[0].executions);
  EXPECT_LE(random.failures.back().executions, before + random.executions);
}

TEST(StoreSuites, ShareOutAllExecutions) {
  for (const uint64_t executions : {80u, 1000u, 1777u}) {
    EXPECT_EQ(PartOf(RunNamed("model", executions), "random").executions, executions);
  }
}

TEST(StoreSuites, CountTheRoundsOfAProgramTogether) {
  const SuiteResult result = RunNamed("crash", 4'000);
  const Part& random = PartOf(result, "random");
  ASSERT_EQ(random.programs.size(), 4u);
  uint64_t executions = 0;
  for (const ProgramRow& row : random.programs) executions += row.executions;
  EXPECT_EQ(executions, random.executions);
  const std::string row = absl::StrCat("passes  ", random.programs[0].program);
  EXPECT_EQ(result.scoreboard.find(row), result.scoreboard.rfind(row));
}

TEST(StoreSuites, WalkEachProgramALittleFirst) {
  // The listener throws in one of the last programs only.
  const SuiteResult result =
      RunNamed("interleave", 20'000, Flaw::kListenerEscapes, /*stop_at_failure=*/true);
  const Part& random = PartOf(result, "random");
  ASSERT_EQ(random.failures.size(), 1u);
  EXPECT_THAT(random.failures[0].summary, HasSubstr("interleave_throws"));
  EXPECT_LT(random.executions, 400u) << "its programs have 4,000, those before it 3,200";
}

TEST(StoreSuites, SayNothingOfWhatTheyDidNotExplore) {
  const SuiteResult result = RunNamed("crash", 2000, Flaw::kSyncIsNoSync, /*stop_at_failure=*/true);
  EXPECT_THAT(result.scoreboard, HasSubstr("FAILS   crash_small"));
  EXPECT_THAT(result.scoreboard, Not(HasSubstr("crash_migrations")));
}

TEST(StoreSuites, DoTheSameAgain) {
  for (const char* name : {"model", "crash", "damage", "interleave"}) {
    const SuiteResult first = RunNamed(name, 300);
    const SuiteResult second = RunNamed(name, 300);
    ASSERT_EQ(first.parts.size(), second.parts.size());
    for (size_t i = 0; i < first.parts.size(); ++i) {
      EXPECT_EQ(first.parts[i].event_hash, second.parts[i].event_hash) << name;
      EXPECT_EQ(first.parts[i].recoveries, second.parts[i].recoveries) << name;
    }
  }
}

}  // namespace
}  // namespace engram::verify
