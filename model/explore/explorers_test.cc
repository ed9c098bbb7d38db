// The random, PCT and replay explorers: reproducible, fair to spinning programs, within their
// probabilities.

#include "model/explore/explorers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/explore/explorers_testing.h"
#include "model/explore/random.h"
#include "model/explore/swarm.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kSeqCst = std::memory_order_seq_cst;

// Two threads that lose an update if one is interrupted between its two steps.
bool LosesUpdate() {
  sync::Atomic<int> count(0);
  const auto increment = [&] { count.Store(count.Load(kSeqCst) + 1, kSeqCst); };
  {
    sync::Thread first("first", increment), second("second", increment);
  }
  return count.Load(kSeqCst) == 1;
}

std::vector<uint64_t> HashesOf(Explorer& explorer, const std::function<void()>& main,
                               uint64_t executions) {
  std::vector<uint64_t> hashes;
  ExploreBare(
      explorer, {}, main,
      [&](const Scheduler& scheduler, bool) { hashes.push_back(scheduler.event_hash()); },
      executions);
  return hashes;
}

// How many of 1000 executions lose an update.
int Losses(Explorer& explorer) {
  int losses = 0;
  ExploreBare(explorer, {}, [&] { losses += LosesUpdate() ? 1 : 0; }, {}, 1000);
  return losses;
}

TEST(Random, IsTheSameOnEveryMachine) {
  Random random(1, 2);
  EXPECT_EQ(random.Next(), Random(1, 2).Next());
  EXPECT_NE(random.Next(), Random(2, 1).Next());
  Random fixed(7, 0);
  const uint64_t first = fixed.Next();
  EXPECT_EQ(first, 0xCF9E157D2C7C6504u);
}

TEST(Random, BelowReachesAllNumbersAndNoOthers) {
  Random random(1, 0);
  std::set<uint32_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.Below(7));
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_EQ(*seen.rbegin(), 6u);
}

TEST(Swarm, AnExecutionDoesNotDependOnThoseBefore) {
  Swarm all(5), one(5);
  for (uint64_t i = 0; i < 10; ++i) {
    all.Begin(i);
    all.Choose(ChoiceKind::kFault, 3);
  }
  one.Begin(9);
  one.Choose(ChoiceKind::kFault, 3);
  EXPECT_EQ(all.random().Next(), one.random().Next());
}

TEST(Swarm, AKindIsOffInSomeExecutionsAndFrequentInOthers) {
  Swarm swarm(1);
  int off = 0, frequent = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    swarm.Begin(i);
    int crashes = 0;
    for (int k = 0; k < 1000; ++k) crashes += swarm.Choose(ChoiceKind::kCrash, 3) != 0 ? 1 : 0;
    off += crashes == 0 ? 1 : 0;
    frequent += crashes > 100 ? 1 : 0;
  }
  EXPECT_GT(off, 10);
  EXPECT_GT(frequent, 10);
}

TEST(RandomExplorer, SameSeedSameExecutions) {
  const auto program = [] { LosesUpdate(); };
  const auto a = MakeRandomExplorer(3), b = MakeRandomExplorer(3), c = MakeRandomExplorer(4);
  const auto hashes = HashesOf(*a, program, 200);
  EXPECT_EQ(hashes, HashesOf(*b, program, 200));
  EXPECT_NE(hashes, HashesOf(*c, program, 200));
}

TEST(RandomExplorer, InterruptsOftenEnough) {
  const auto explorer = MakeRandomExplorer(1);
  EXPECT_GT(Losses(*explorer), 80);
}

TEST(PctExplorer, SameSeedSameExecutions) {
  const auto program = [] { LosesUpdate(); };
  const auto a = MakePctExplorer(3, 3), b = MakePctExplorer(3, 3);
  EXPECT_EQ(HashesOf(*a, program, 200), HashesOf(*b, program, 200));
}

TEST(PctExplorer, DepthIsTheNumberOfOrderingsItCanForce) {
  // Losing an update takes one interruption: impossible without a change of priorities.
  const auto one = MakePctExplorer(1, 1), two = MakePctExplorer(1, 2);
  EXPECT_EQ(Losses(*one), 0);
  EXPECT_GT(Losses(*two), 1000 / 100);
}

TEST(PctExplorer, AStoreCanStayInItsBuffer) {
  const auto explorer = MakePctExplorer(1, 1);
  int seen = 0;
  ExploreBare(
      *explorer, {},
      [&] {
        sync::Atomic<int> x(0), y(0);
        int a = 1, b = 1;
        {
          sync::Thread first("first", [&] {
            x.Store(1, std::memory_order_release);
            a = y.Load(kSeqCst);
          });
          sync::Thread second("second", [&] {
            y.Store(1, std::memory_order_release);
            b = x.Load(kSeqCst);
          });
        }
        seen += a + b == 0 ? 1 : 0;
      },
      {}, 200);
  EXPECT_GT(seen, 0);
}

// Threads that wait by looking again, with and without yielding, and by sleeping.
void SpinningProgram() {
  sync::Atomic<int> flag(0);
  sync::Thread yielding("yielding", [&] {
    while (flag.Load(kSeqCst) == 0) sync::Yield();
  });
  sync::Thread hogging("hogging", [&] {
    while (flag.Load(kSeqCst) == 0) {
    }
  });
  sync::Thread sleeping("sleeping", [&] {
    while (flag.Load(kSeqCst) == 0) sync::SleepFor(std::chrono::milliseconds(1));
  });
  for (int i = 0; i < 10; ++i) flag.Load(kSeqCst);
  flag.Store(1, kSeqCst);
}

TEST(PctExplorer, SpinningThreadsDoNotStarveOthers) {
  for (uint32_t depth = 1; depth <= 4; ++depth) {
    const auto explorer = MakePctExplorer(1, depth);
    ExploreBare(
        *explorer, {}, SpinningProgram,
        [](const Scheduler& scheduler, bool) { ASSERT_FALSE(scheduler.failed()); }, 300);
  }
}

TEST(RandomExplorer, SpinningThreadsDoNotStarveOthers) {
  const auto explorer = MakeRandomExplorer(1);
  ExploreBare(
      *explorer, {}, SpinningProgram,
      [](const Scheduler& scheduler, bool) { ASSERT_FALSE(scheduler.failed()); }, 300);
}

// ---- Replay.

TEST(ReplayExplorer, DoesWhatWasDone) {
  const auto random = MakeRandomExplorer(1);
  ExploreBare(
      *random, {}, [] { LosesUpdate(); },
      [](const Scheduler& scheduler, bool) {
        ReplayExplorer replay(scheduler.deviations());
        const uint64_t hash = scheduler.event_hash();
        EXPECT_THAT(HashesOf(replay, [] { LosesUpdate(); }, 1), ElementsAre(hash));
        EXPECT_THAT(replay.unused(), IsEmpty());
        EXPECT_EQ(replay.deviation_steps().size(), scheduler.deviations().size());
        sync::Runtime::SetCurrent(nullptr);
      },
      50);
}

TEST(ReplayExplorer, SaysWhatWasNotUsed) {
  const Deviation never{{9, ChoiceKind::kSchedule, 0, 0}, 1};
  const Deviation too_large{{0, ChoiceKind::kSchedule, 0, 2}, 99};
  const Deviation used{{0, ChoiceKind::kSchedule, 0, 1}, 1};
  ReplayExplorer replay(std::vector<Deviation>{used, never, too_large});
  HashesOf(replay, [] { LosesUpdate(); }, 1);
  EXPECT_THAT(replay.unused(), ElementsAre(too_large, never));
}

// ---- By name.

TEST(MakeExplorer, KnowsItsNames) {
  for (const char* name : {"random", "pct", "pos", "coverage", "exhaustive"}) {
    EXPECT_TRUE(MakeExplorer({.name = name}, {}).ok()) << name;
  }
  EXPECT_THAT(MakeExplorer({.name = "magic"}, {}).status().ToString(),
              HasSubstr("random, pct, pos, coverage and exhaustive"));
  EXPECT_FALSE(MakeExplorer({.name = "pct", .depth = 0}, {}).ok());
  EXPECT_FALSE(MakeExplorer({.name = "pct", .depth = 5}, {}).ok());
}

}  // namespace
}  // namespace engram::world
