// The entry point as somebody who brings a program uses it: the example of the header, what
// outcomes count, and that the same seed gives the same exploration.

#include "model/explore/explore.h"

#include <gtest/gtest.h>

#include <string>

#include "base/check.h"
#include "model/explore/token.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

// The program in the header comment of explore.h.
Program Counter(bool right) {
  return FromFunction("counter", [right] {
    sync::Atomic<int> count(0);
    const auto increment = [&] {
      if (right) {
        count.FetchAdd(1, std::memory_order_seq_cst);
      } else {
        const int seen = count.Load(std::memory_order_seq_cst);
        count.Store(seen + 1, std::memory_order_seq_cst);
      }
    };
    sync::Thread first("first", increment), second("second", increment);
    first.Join();
    second.Join();
    Expect(count.Load(std::memory_order_seq_cst) == 2, "no increment is lost");
  });
}

class WithEachExplorer : public testing::TestWithParam<const char*> {};

TEST_P(WithEachExplorer, TheExampleOfTheHeaderFindsItsLostUpdate) {
  const Program program = Counter(/*right=*/false);
  Budget budget;
  budget.executions_max = 1000;
  const Outcome outcome = Explore(program, {GetParam()}, program.bounds, budget);
  ASSERT_TRUE(outcome.finding.has_value());
  EXPECT_EQ(outcome.failures, 1u);
  EXPECT_EQ(outcome.finding->failure.claim, "no increment is lost");
  EXPECT_EQ(outcome.finding->deviations.size(), 1u) << "one interruption is enough";
  EXPECT_NE(Tell(program, *outcome.finding).find("no increment is lost"), std::string::npos);
}

TEST_P(WithEachExplorer, ARightProgramPasses) {
  const Program program = Counter(/*right=*/true);
  Budget budget;
  budget.executions_max = 1000;
  const Outcome outcome = Explore(program, {GetParam()}, program.bounds, budget);
  EXPECT_FALSE(outcome.finding.has_value());
  EXPECT_EQ(outcome.exhausted, GetParam() == std::string("exhaustive"));
  EXPECT_EQ(outcome.executions, outcome.exhausted ? 2u : 1000u);
}

TEST_P(WithEachExplorer, AFailedCheckIsAFindingThatReplays) {
  const Program program = FromFunction("checked", [] {
    sync::Atomic<bool> set(false);
    sync::Thread setter("setter", [&] { set.Store(true, std::memory_order_seq_cst); });
    ENGRAM_CHECK(!set.Load(std::memory_order_seq_cst), "it is not set");
  });
  Budget budget;
  budget.executions_max = 1000;
  const Outcome outcome = Explore(program, {GetParam()}, program.bounds, budget);
  ASSERT_TRUE(outcome.finding.has_value());
  EXPECT_EQ(outcome.finding->failure.claim, "check failed");
  EXPECT_NE(outcome.finding->failure.detail.find("it is not set"), std::string::npos);
  const auto replayed = Replay(program, outcome.finding->token, program.bounds);
  ASSERT_TRUE(replayed.ok());
  ASSERT_TRUE(replayed->failure.has_value());
  EXPECT_EQ(replayed->failure->claim, "check failed");
}

TEST_P(WithEachExplorer, TheSameSeedGivesTheSameExploration) {
  const Program program = Counter(/*right=*/true);
  Budget budget;
  budget.executions_max = 500;
  const Outcome one = Explore(program, {GetParam(), 7}, program.bounds, budget);
  const Outcome two = Explore(program, {GetParam(), 7}, program.bounds, budget);
  EXPECT_EQ(one.event_hash, two.event_hash);
  EXPECT_EQ(one.steps, two.steps);
}

INSTANTIATE_TEST_SUITE_P(Explore, WithEachExplorer,
                         testing::Values("random", "pct", "pos", "coverage", "exhaustive"),
                         [](const auto& explorer) { return std::string(explorer.param); });

TEST(Replay, OfATokenIsTheSameExecution) {
  const Program program = Counter(/*right=*/false);
  const Outcome outcome = Explore(program, {"exhaustive"}, program.bounds);
  ASSERT_TRUE(outcome.finding.has_value());
  const auto one = Replay(program, outcome.finding->token, program.bounds);
  const auto two = Replay(program, outcome.finding->token, program.bounds);
  ASSERT_TRUE(one.ok() && two.ok());
  ASSERT_TRUE(one->failure.has_value());
  EXPECT_EQ(one->failure->claim, "no increment is lost");
  EXPECT_EQ(one->event_hash, two->event_hash);
  EXPECT_EQ(one->thread_names,
            (std::vector<std::vector<std::string>>{{"main", "first", "second"}}));
}

TEST(Replay, RefusesTokensThatAreOfAnotherProgramOrStale) {
  const Program program = Counter(/*right=*/false);
  EXPECT_EQ(Replay(program, EncodeToken("another", {}, {}), program.bounds).status().code(),
            absl::StatusCode::kInvalidArgument);
  const Deviation never_asked{Name{5, ChoiceKind::kCrash, 9, 3}, 1};
  const auto stale = Replay(program, EncodeToken("counter", {}, {&never_asked, 1}), program.bounds);
  ASSERT_TRUE(stale.ok());
  ASSERT_TRUE(stale->failure.has_value());
  EXPECT_EQ(stale->failure->kind, FailureKind::kStaleToken);
}

}  // namespace
}  // namespace engram::world
