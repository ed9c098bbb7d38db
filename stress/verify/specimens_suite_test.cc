// Verdicts on specimens made for the purpose: what must be a failure of the run, and what must not.

#include "stress/verify/specimens_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/world/world.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::verify {
namespace {

using specimens::Specimen;
using testing::HasSubstr;

// Two increments; in two steps each if `wrong`.
world::Program Counter(std::string name, bool wrong) {
  return world::FromFunction(std::move(name), [wrong] {
    sync::Atomic<int> count(0);
    const auto increment = [&] {
      if (wrong) {
        const int seen = count.Load(std::memory_order_seq_cst);
        count.Store(seen + 1, std::memory_order_seq_cst);
      } else {
        count.FetchAdd(1, std::memory_order_seq_cst);
      }
    };
    {
      sync::Thread first("first", increment), second("second", increment);
    }
    world::Expect(count.Load(std::memory_order_seq_cst) == 2, "lost update");
  });
}

Specimen Condemned(std::vector<std::string> claims) {
  Specimen specimen;
  specimen.program = Counter("counter", true);
  specimen.belief = "Nobody else is in between.";
  specimen.condemned_for = std::move(claims);
  return specimen;
}

Specimen Twin(bool wrong) {
  Specimen specimen;
  specimen.program = Counter("counter_twin", wrong);
  specimen.is_twin = true;
  specimen.twin_of = "counter";
  return specimen;
}

SuiteResult Explored(const std::vector<Specimen>& specimens, uint64_t executions = 6000) {
  SuiteRun run;
  run.allowance = Allowance::OfExecutions(executions);
  return ExploreSpecimens(specimens, run);
}

std::vector<std::string> SummariesOf(const SuiteResult& result) {
  std::vector<std::string> summaries;
  for (const Part& part : result.parts) {
    for (const FailureReport& failure : part.failures) summaries.push_back(failure.summary);
  }
  return summaries;
}

TEST(SpecimensSuite, AnExpectedCondemnationIsNoFailure) {
  const SuiteResult result = Explored({Condemned({"lost update"}), Twin(false)});
  EXPECT_THAT(SummariesOf(result), testing::IsEmpty());
  ASSERT_EQ(result.parts.size(), 3u);
  for (const Part& part : result.parts) {
    ASSERT_EQ(part.verdicts.size(), 2u) << part.explorer;
    EXPECT_EQ(part.verdicts[0].claim, "lost update");
    EXPECT_EQ(part.verdicts[0].interruptions, 1u);
    EXPECT_FALSE(part.verdicts[0].token.empty());
    EXPECT_EQ(part.verdicts[1].claim, "");
  }
  EXPECT_TRUE(result.parts[0].verdicts[1].exhausted);
  EXPECT_THAT(result.scoreboard, HasSubstr("condemned  lost update"));
  EXPECT_THAT(result.scoreboard, HasSubstr("all 2 classes"));
}

TEST(SpecimensSuite, AMissingCondemnationIsAFailure) {
  const SuiteResult result = Explored({Condemned({"lost update", "resurrection"})});
  EXPECT_THAT(SummariesOf(result), testing::ElementsAre(HasSubstr("resurrection")));
  EXPECT_THAT(result.scoreboard, HasSubstr("NOT FOUND  resurrection"));
}

TEST(SpecimensSuite, AnUnexpectedClaimIsAFailure) {
  Specimen specimen = Condemned({});
  specimen.condemned_for = {"resurrection"};
  const std::vector<std::string> summaries = SummariesOf(Explored({specimen}));
  EXPECT_THAT(summaries, testing::Contains("counter: lost update"));
}

TEST(SpecimensSuite, AnythingFoundInATwinIsAFailure) {
  const SuiteResult result = Explored({Condemned({"lost update"}), Twin(true)});
  const std::vector<std::string> summaries = SummariesOf(result);
  ASSERT_EQ(summaries.size(), 3u);  // by each explorer
  EXPECT_EQ(summaries[0], "counter_twin: lost update");
  EXPECT_THAT(result.parts[0].failures[0].story, HasSubstr("WHAT WAS PROMISED"));
  EXPECT_THAT(result.scoreboard, HasSubstr("FAILS"));
}

TEST(SpecimensSuite, OneExplorerAloneMayBeAskedFor) {
  SuiteRun run;
  run.explorer = "pct";
  run.allowance = Allowance::OfExecutions(2000);
  const SuiteResult result = ExploreSpecimens({Condemned({"lost update"})}, run);
  ASSERT_EQ(result.parts.size(), 1u);
  EXPECT_EQ(result.parts[0].explorer, "pct");
}

TEST(SpecimensSuite, TheRealOnesAreAllAsExpected) {
  const SuiteResult result = Explored(specimens::Specimens(), 60'000);
  EXPECT_THAT(SummariesOf(result), testing::IsEmpty()) << result.scoreboard;
  for (const Part& part : result.parts) {
    for (const Verdict& verdict : part.verdicts) {
      EXPECT_LT(verdict.token.size(), 120u) << verdict.token;
    }
  }
}

}  // namespace
}  // namespace engram::verify
