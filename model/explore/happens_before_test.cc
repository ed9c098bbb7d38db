// Happens-before, races and their initials, on executions made by hand.

#include "model/explore/happens_before.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace engram::world {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr sync::ObjectId kX{11}, kY{12}, kMutex{13}, kCondition{14};

Step On(Actor actor, StepKind kind, sync::ObjectId object, Access access) {
  Step step;
  step.actor = actor;
  step.kind = kind;
  step.object = object;
  step.access = access;
  return step;
}
Step Load(Actor actor, sync::ObjectId x) { return On(actor, StepKind::kLoad, x, Access::kRead); }
Step Store(Actor actor, sync::ObjectId x) { return On(actor, StepKind::kStore, x, Access::kWrite); }
Step Lock(Actor actor) { return On(actor, StepKind::kLock, kMutex, Access::kWrite); }
Step Unlock(Actor actor) { return On(actor, StepKind::kUnlock, kMutex, Access::kWrite); }
Step LockShared(Actor actor) { return On(actor, StepKind::kLockShared, kMutex, Access::kRead); }
Step UnlockShared(Actor actor) { return On(actor, StepKind::kUnlockShared, kMutex, Access::kRead); }
Step Buffered(Actor actor) { return On(actor, StepKind::kBufferedStore, {}, Access::kLocal); }

// All races of an execution, as (earlier, later) pairs.
std::vector<std::pair<uint32_t, uint32_t>> RacesOf(const std::vector<Step>& steps) {
  HappensBefore order;
  std::vector<std::pair<uint32_t, uint32_t>> races;
  for (const Step& step : steps) {
    order.Add(step);
    for (const uint32_t race : order.races()) races.emplace_back(race, order.size() - 1);
  }
  return races;
}

uint64_t Actors(std::initializer_list<Actor> actors) {
  uint64_t set = 0;
  for (const Actor actor : actors) set |= uint64_t{1} << actor;
  return set;
}

TEST(HappensBefore, FollowsThreadsAndConflicts) {
  HappensBefore order;
  order.Add(Store(1, kX));
  order.Add(Store(1, kY));
  order.Add(Load(2, kY));
  order.Add(Load(3, kX));
  order.Add(Store(2, kX));
  EXPECT_TRUE(order.Before(0, 1));
  EXPECT_TRUE(order.Before(0, 2));  // through y
  EXPECT_TRUE(order.Before(0, 3));
  EXPECT_FALSE(order.Before(2, 3));
  EXPECT_TRUE(order.Before(3, 4));
}

TEST(HappensBefore, ReadsDoNotRace) {
  EXPECT_THAT(RacesOf({Load(1, kX), Load(2, kX), Load(3, kX)}), IsEmpty());
}

TEST(HappensBefore, AWriteRacesWithEachReaderSinceTheLastWrite) {
  EXPECT_THAT(RacesOf({Store(4, kX), Load(1, kX), Load(1, kX), Load(2, kX), Store(3, kX)}),
              ElementsAre(std::pair(0, 1), std::pair(0, 3), std::pair(3, 4), std::pair(2, 4)));
}

TEST(HappensBefore, WhatIsOrderedOtherwiseDoesNotRace) {
  // The conflict over y orders the accesses to x.
  EXPECT_THAT(RacesOf({Store(1, kX), Store(1, kY), Load(2, kY), Load(2, kX)}),
              ElementsAre(std::pair(1, 2)));
}

TEST(HappensBefore, LocksRaceAcrossUnlocks) {
  EXPECT_THAT(RacesOf({Lock(1), Load(1, kX), Unlock(1), Lock(2), Unlock(2), Lock(1)}),
              ElementsAre(std::pair(0, 3), std::pair(3, 5)));
}

TEST(HappensBefore, AnExclusiveLockRacesWithEachSharedHolder) {
  EXPECT_THAT(RacesOf({LockShared(1), LockShared(2), UnlockShared(1), UnlockShared(2), Lock(3)}),
              ElementsAre(std::pair(1, 4), std::pair(0, 4)));
  EXPECT_THAT(RacesOf({Lock(3), Unlock(3), LockShared(1), LockShared(2)}),
              ElementsAre(std::pair(0, 2), std::pair(0, 3)));
}

TEST(HappensBefore, AWaitReleasesItsMutex) {
  Step wait = On(1, StepKind::kWait, kCondition, Access::kWrite);
  wait.second = kMutex;
  wait.second_access = Access::kWrite;
  const Step notify = On(2, StepKind::kNotifyOne, kCondition, Access::kWrite);
  Step woken = Lock(1);
  woken.caused_by = 1 + 3;
  // The lock after the wait comes after the other lock through the notification: no race.
  EXPECT_THAT(RacesOf({Lock(1), wait, Lock(2), notify, Unlock(2), woken}),
              ElementsAre(std::pair(0, 2)));
}

TEST(HappensBefore, ANotificationComesBeforeTheLockItCauses) {
  Step woken = Lock(1);
  woken.caused_by = 1 + 1;
  HappensBefore order;
  order.Add(Store(2, kX));
  order.Add(On(2, StepKind::kNotifyOne, kCondition, Access::kWrite));
  order.Add(woken);
  EXPECT_TRUE(order.Before(0, 2));
}

TEST(HappensBefore, AStoreComesBeforeItsDrainAndBothBeforeAFlush) {
  HappensBefore order;
  order.Add(Buffered(1));
  Step drain = On(BufferOf(1), StepKind::kDrain, kX, Access::kWrite);
  drain.caused_by = 1;
  order.Add(Load(1, kY));
  order.Add(drain);
  EXPECT_TRUE(order.Before(0, 2));
  EXPECT_FALSE(order.Before(1, 2));
  order.Add(Load(1, kX));
  EXPECT_THAT(order.races(), ElementsAre(2));
  Step flush = Store(1, kY);
  flush.flushes = true;
  order.Add(flush);
  EXPECT_TRUE(order.Before(2, 4));
}

TEST(HappensBefore, AFullBufferMakesTheNextStoreWait) {
  HappensBefore order;
  for (int i = 0; i < 8; ++i) order.Add(Buffered(1));
  Step drain = On(BufferOf(1), StepKind::kDrain, kX, Access::kWrite);
  drain.caused_by = 1;
  order.Add(drain);
  order.Add(Buffered(1));
  EXPECT_TRUE(order.Before(8, 9));
}

TEST(HappensBefore, InitialsCanBeginTheReversedRace) {
  HappensBefore order;
  order.Add(Store(1, kX));  // 0: to come later
  order.Add(Load(1, kX));   // after it: left out
  order.Add(Load(3, kY));
  order.Add(Store(2, kY));
  order.Add(Load(2, kX));  // races with 0
  ASSERT_THAT(order.races(), ElementsAre(0));
  // Thread 2's store to y races with thread 3's load, which therefore comes first.
  EXPECT_EQ(order.Initials(0, 4), Actors({3}));
}

TEST(HappensBefore, TheReversingThreadIsAnInitialIfNothingMustPrecedeIt) {
  HappensBefore order;
  order.Add(Store(1, kX));
  order.Add(Store(3, kY));
  order.Add(Load(2, kX));
  EXPECT_EQ(order.Initials(0, 2), Actors({2, 3}));
}

TEST(HappensBefore, AReversedLockWaitsForSharedHoldersThatStay) {
  HappensBefore order;
  order.Add(LockShared(2));
  order.Add(LockShared(1));
  order.Add(UnlockShared(1));
  order.Add(UnlockShared(2));
  order.Add(Lock(3));
  ASSERT_THAT(order.races(), ElementsAre(1, 0));
  EXPECT_EQ(order.Initials(1, 4), Actors({2}));
  EXPECT_EQ(order.Initials(0, 4), Actors({1}));
}

TEST(HappensBefore, ErasAreNotCompared) {
  HappensBefore order;
  order.Add(Store(0, kX));
  order.BeginEra();
  order.Add(Store(1, kX));
  EXPECT_THAT(order.races(), IsEmpty());
  order.Add(Store(0, kX));
  EXPECT_THAT(order.races(), ElementsAre(1));
}

TEST(HappensBefore, WhatIsTakenBackLeavesNoTrace) {
  const std::vector<Step> steps = {Lock(1),   Store(1, kX),  Unlock(1),    Load(2, kX), Lock(2),
                                   Unlock(2), Store(12, kY), Store(2, kY), Load(1, kX)};
  HappensBefore order;
  for (const Step& step : steps) order.Add(step);
  order.BeginEra();
  order.Add(Store(1, kX));
  for (uint32_t kept = 0; kept < steps.size(); ++kept) {
    order.Truncate(kept, 0);
    HappensBefore fresh;
    for (uint32_t i = 0; i < steps.size(); ++i) {
      fresh.Add(steps[i]);
      if (i < kept) continue;
      order.Add(steps[i]);
      EXPECT_THAT(order.races(), testing::ElementsAreArray(fresh.races())) << kept << " " << i;
      for (uint32_t j = 0; j < i; ++j) EXPECT_EQ(order.Before(j, i), fresh.Before(j, i));
    }
  }
}

TEST(HappensBefore, KnowsWhoHoldsWhatAtTheEnd) {
  HappensBefore order;
  order.Add(LockShared(1));
  order.Add(LockShared(2));
  order.Add(UnlockShared(1));
  const auto held = order.HeldAtEnd();
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].holder, 2);
  EXPECT_EQ(held[0].mutex, kMutex);
  EXPECT_EQ(order.Unfinished(), 0b110u);
  order.Add(On(1, StepKind::kExit, sync::ObjectId{1}, Access::kWrite));
  EXPECT_EQ(order.Unfinished(), 0b100u);
}

}  // namespace
}  // namespace engram::world
