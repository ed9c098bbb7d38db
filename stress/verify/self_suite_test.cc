// The suite `self` on the real harness, and its judgements on outcomes that are wrong.

#include "stress/verify/self_suite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace engram::verify {
namespace {

using testing::HasSubstr;

KnownProgram Find(std::string_view name) {
  for (KnownProgram& known : KnownPrograms()) {
    if (known.program.name == name) return known;
  }
  ADD_FAILURE() << "there is no known program " << name;
  return {};
}

TEST(KnownPrograms, ExhaustiveExplorationCoversExactlyTheirClassesAndOutcomes) {
  for (const KnownProgram& known : KnownPrograms()) {
    world::ExplorerOptions options;
    options.name = "exhaustive";
    const world::Outcome outcome = world::Explore(known.program, options, known.program.bounds);
    EXPECT_EQ(JudgeKnown(known, "exhaustive", outcome), "") << known.program.name;
  }
}

TEST(KnownPrograms, HaveNamesOfTheirOwn) {
  std::set<std::string> names;
  for (const KnownProgram& known : KnownPrograms()) {
    EXPECT_TRUE(names.insert(known.program.name).second) << known.program.name;
    EXPECT_EQ(known.program.name.find(':'), std::string::npos);
  }
}

TEST(JudgeKnown, SeesAMissingClass) {
  const KnownProgram known = Find("three_threads_one_mutex");
  world::Outcome outcome;
  outcome.exhausted = true;
  outcome.executions = 89;
  EXPECT_THAT(JudgeKnown(known, "exhaustive", outcome), HasSubstr("has 90 classes, 89"));
  outcome.executions = 90;
  EXPECT_THAT(JudgeKnown(known, "exhaustive", outcome), HasSubstr("missed: 6"));
  known.seen->insert("6");
  EXPECT_EQ(JudgeKnown(known, "exhaustive", outcome), "");
  outcome.exhausted = false;
  EXPECT_THAT(JudgeKnown(known, "exhaustive", outcome), HasSubstr("not all classes"));
}

TEST(JudgeKnown, SeesImpossibleAndMissedOutcomes) {
  const KnownProgram known = Find("store_buffering_seq_cst");
  world::Outcome outcome;
  outcome.exhausted = true;
  outcome.executions = 3;
  *known.seen = {"01", "10", "11", "00"};
  EXPECT_THAT(JudgeKnown(known, "random", outcome), HasSubstr("impossible outcomes were seen: 00"));
  *known.seen = {"01"};
  EXPECT_EQ(JudgeKnown(known, "random", outcome), "");  // a walk need not meet them all
  EXPECT_THAT(JudgeKnown(known, "exhaustive", outcome), HasSubstr("missed: 10 11"));
}

TEST(JudgeKnown, SeesAMistakeThatIsNotFoundOrAnotherOne) {
  const KnownProgram known = Find("philosophers");
  world::Outcome outcome;
  EXPECT_THAT(JudgeKnown(known, "random", outcome), HasSubstr("not found"));
  outcome.finding = world::Finding{};
  outcome.finding->failure.claim = "lost wake-up";
  EXPECT_THAT(JudgeKnown(known, "random", outcome), HasSubstr("instead of \"deadlock\""));
  outcome.finding->failure.claim = "deadlock";
  EXPECT_EQ(JudgeKnown(known, "random", outcome), "");
}

TEST(SelfSuite, FindsNothingWrongWithTheHarness) {
  SuiteRun run;
  run.seed = 7;
  run.allowance = Allowance::OfExecutions(100);
  const SuiteResult result = FindSuite("self")->run(run);
  ASSERT_EQ(result.parts.size(), 3u);
  for (const Part& part : result.parts) {
    for (const FailureReport& failure : part.failures) ADD_FAILURE() << failure.story;
  }
  EXPECT_THAT(result.scoreboard, testing::Not(HasSubstr("FAILS")));
  EXPECT_THAT(result.scoreboard, HasSubstr("90 classes"));
}

TEST(SelfSuite, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto hashes = [](uint64_t seed) {
    SuiteRun run;
    run.seed = seed;
    run.allowance = Allowance::OfExecutions(20'000);
    std::vector<uint64_t> all;
    for (const Part& part : FindSuite("self")->run(run).parts) all.push_back(part.event_hash);
    return all;
  };
  const std::vector<uint64_t> first = hashes(1);
  EXPECT_EQ(first, hashes(1));
  EXPECT_NE(first, hashes(2));
}

}  // namespace
}  // namespace engram::verify
