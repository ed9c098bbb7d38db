// What partial order sampling and coverage-guided walks are for: even odds for racing events, and
// finding what lies behind several unlikely steps.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/explore/explore.h"
#include "model/explore/explorers.h"
#include "model/explore/explorers_testing.h"
#include "model/explore/step_coverage.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

constexpr auto kSeqCst = std::memory_order_seq_cst;

std::vector<uint64_t> HashesOf(Explorer& explorer, const std::function<void()>& main,
                               uint64_t executions) {
  std::vector<uint64_t> hashes;
  ExploreBare(
      explorer, {}, main,
      [&](const Scheduler& scheduler, bool) { hashes.push_back(scheduler.event_hash()); },
      executions);
  return hashes;
}

// ---- Partial order sampling.

struct Write {
  uint32_t step = 0;
  Actor actor = 0;
};

// The writes to the program's only atomic, and whether all threads had begun before the first.
std::vector<Write> WritesOf(const Scheduler& scheduler, bool& all_had_begun) {
  std::vector<Write> writes;
  uint32_t begun = 0;
  all_had_begun = false;
  for (uint32_t i = 0; i < scheduler.step_count(); ++i) {
    const Step& step = scheduler.steps()[i];
    if (step.kind == StepKind::kStart) ++begun;
    if (step.kind != StepKind::kStore) continue;
    if (writes.empty()) all_had_begun = begun == scheduler.thread_count();
    writes.push_back({i, step.actor});
  }
  return writes;
}

void TwoThreadsWriteThrice() {
  sync::Atomic<int> written(0);
  const auto write = [&] {
    for (int i = 0; i < 3; ++i) written.Store(i, kSeqCst);
  };
  sync::Thread first("first", write), second("second", write);
}

// Whoever lost the race for the first write has the odds of anybody in the one for the second: the
// priority with which it lost is forgotten.
TEST(PosExplorer, EachRaceHasEvenOddsWhateverCameBefore) {
  const auto explorer = MakePosExplorer(1);
  int same = 0, all = 0;
  ExploreBare(
      *explorer, {}, TwoThreadsWriteThrice,
      [&](const Scheduler& scheduler, bool) {
        bool all_had_begun = false;
        const std::vector<Write> writes = WritesOf(scheduler, all_had_begun);
        ASSERT_EQ(writes.size(), 6u);
        if (!all_had_begun) return;
        ++all;
        same += writes[0].actor == writes[1].actor ? 1 : 0;
      },
      20'000);
  ASSERT_GT(all, 2000);
  EXPECT_NEAR(static_cast<double>(same) / all, 0.5, 0.03);
}

// One thread takes many steps of its own before the two race. It comes first with odds of one in as
// many steps, not of two to the power of that.
TEST(PosExplorer, StepsThatRaceWithNothingHardlyMatter) {
  constexpr int kOwnSteps = 30;
  const auto explorer = MakePosExplorer(1);
  int long_first = 0, all = 0;
  ExploreBare(
      *explorer, {},
      [] {
        sync::Atomic<int> shared(0), own(0);
        sync::Thread longer("longer", [&] {
          for (int i = 0; i < kOwnSteps; ++i) own.FetchAdd(1, kSeqCst);
          shared.Store(1, kSeqCst);
        });
        sync::Thread shorter("shorter", [&] { shared.Store(2, kSeqCst); });
      },
      [&](const Scheduler& scheduler, bool) {
        bool all_had_begun = false;
        const std::vector<Write> writes = WritesOf(scheduler, all_had_begun);
        ++all;
        long_first += writes[0].actor == 1 ? 1 : 0;
      },
      10'000);
  EXPECT_GT(long_first, all / (2 * kOwnSteps));
  EXPECT_LT(long_first, all - all / (2 * kOwnSteps));
}

TEST(PosExplorer, SameSeedSameExecutions) {
  const auto a = MakePosExplorer(3), b = MakePosExplorer(3), c = MakePosExplorer(4);
  const auto hashes = HashesOf(*a, TwoThreadsWriteThrice, 200);
  EXPECT_EQ(hashes, HashesOf(*b, TwoThreadsWriteThrice, 200));
  EXPECT_NE(hashes, HashesOf(*c, TwoThreadsWriteThrice, 200));
}

// ---- Coverage.

// A thread that comes to the end only if it is interrupted, by a write of the other, in each of
// several windows, each of which it comes to only if it was interrupted in the one before.
Program BehindWindows() {
  return FromFunction("behind_windows", [] {
    sync::Atomic<int> turns(0);
    sync::Thread writer("writer", [&] {
      for (int i = 0; i < 40; ++i) turns.FetchAdd(1, kSeqCst);
    });
    sync::Thread watcher("watcher", [&] {
      const auto is_interrupted = [&](const sync::Location& where) {
        const int seen = turns.Load(kSeqCst, where);
        const int next = turns.Load(kSeqCst, where);
        return next == seen + 2;
      };
      using Here = sync::Location;
      if (!is_interrupted(Here::current())) return;
      if (!is_interrupted(Here::current())) return;
      if (!is_interrupted(Here::current())) return;
      if (!is_interrupted(Here::current())) return;
      if (!is_interrupted(Here::current())) return;
      Expect(false, "nobody comes here");
    });
  });
}

uint64_t ExecutionsToFind(const char* explorer, uint64_t seed) {
  const Program program = BehindWindows();
  Budget budget;
  budget.executions_max = 100'000;
  budget.shrink = false;
  const Outcome outcome = Explore(program, {explorer, seed}, program.bounds, budget);
  return outcome.finding.has_value() ? outcome.executions_to_finding : budget.executions_max;
}

TEST(CoverageExplorer, FindsWhatIsBehindSeveralWindowsSooner) {
  uint64_t guided = 0, random = 0;
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    guided += ExecutionsToFind("coverage", seed);
    random += ExecutionsToFind("random", seed);
  }
  RecordProperty("guided", static_cast<int>(guided));
  RecordProperty("random", static_cast<int>(random));
  EXPECT_LT(guided, random / 4);
}

TEST(CoverageExplorer, SameSeedSameExecutions) {
  const auto a = MakeCoverageExplorer(3), b = MakeCoverageExplorer(3), c = MakeCoverageExplorer(4);
  const auto hashes = HashesOf(*a, TwoThreadsWriteThrice, 300);
  EXPECT_EQ(hashes, HashesOf(*b, TwoThreadsWriteThrice, 300));
  EXPECT_NE(hashes, HashesOf(*c, TwoThreadsWriteThrice, 300));
}

Step StepAt(Actor actor, Access access, sync::ObjectId object, sync::Location where) {
  Step step;
  step.actor = actor;
  step.access = access;
  step.object = object;
  step.where = where;
  return step;
}

TEST(StepCoverage, IsOfPlacesThatDependOnEachOther) {
  constexpr sync::ObjectId kX{1}, kY{2};
  const sync::Location here = sync::Location::current();
  const sync::Location there = sync::Location::current();
  StepCoverage coverage;
  const std::vector<Step> own = {StepAt(1, Access::kWrite, kX, here),
                                 StepAt(1, Access::kRead, kX, there)};
  EXPECT_EQ(coverage.Add(own), 0u) << "what a thread does by itself is no news";
  const std::vector<Step> reads = {StepAt(1, Access::kWrite, kX, here),
                                   StepAt(2, Access::kRead, kX, there),
                                   StepAt(3, Access::kRead, kX, there)};
  EXPECT_EQ(coverage.Add(reads), 2u) << "the second reader shows nothing new";
  const std::vector<Step> elsewhere = {StepAt(1, Access::kWrite, kY, here),
                                       StepAt(2, Access::kRead, kY, there)};
  EXPECT_EQ(coverage.Add(elsewhere), 0u) << "which object it is does not count";
  const std::vector<Step> reversed = {StepAt(2, Access::kRead, kX, there),
                                      StepAt(1, Access::kWrite, kX, here)};
  EXPECT_EQ(coverage.Add(reversed), 2u) << "the order does";
  EXPECT_EQ(coverage.size(), 2u);
}

TEST(StepCoverage, DeviationsCountByWhereTheyCome) {
  StepCoverage coverage;
  const Step behind = StepAt(1, Access::kWrite, sync::ObjectId{1}, sync::Location::current());
  const Name crash{1, ChoiceKind::kCrash, 3, 0};
  EXPECT_TRUE(coverage.Add(crash, 1, behind));
  EXPECT_FALSE(coverage.Add(crash, 1, behind));
  EXPECT_TRUE(coverage.Add(crash, 2, behind));
  EXPECT_TRUE(coverage.Add(
      crash, 1, StepAt(1, Access::kWrite, sync::ObjectId{1}, sync::Location::current())));
}

}  // namespace
}  // namespace engram::world
