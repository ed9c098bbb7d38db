// Damage: what is listed is what is done, what may be shown is accepted and nothing else, and a
// store that believes what it reads is found out.

#include "stress/store/damage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "model/explore/explore.h"
#include "stress/store/damage_oracle.h"
#include "stress/store/damage_programs.h"
#include "stress/store/log_store_testing.h"
#include "stress/store/operations.h"

namespace engram::stress {
namespace {

using testing::AnyOf;

constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
constexpr auto kOther = static_cast<uint32_t>(Content::kOther);

// Two commits behind a checkpoint: {}, {a}, {a,b} synced, {a',b}, {a'} synced, {a',c}.
SmallStore Small(bool closed) {
  return MakeSmallStore(
      "small", OpenLogStore(), Setup::kRare, closed,
      std::vector{
          MakeOperation(kBefore, Verb::kStore, 0, kShort),
          MakeOperation(kBefore, Verb::kStore, 2, kShort), MakeOperation(kBefore, Verb::kSync),
          MakeOperation(kBefore, Verb::kStore, 0, kOther), MakeOperation(kBefore, Verb::kRemove, 2),
          MakeOperation(kBefore, Verb::kSync), MakeOperation(kBefore, Verb::kStore, 3, kShort)});
}

Shown Showing(const State& state) {
  Shown shown;
  for (uint16_t key = 0; key < kKeys; ++key) shown.answers[key].witness = state[key];
  return shown;
}

std::string ClaimOf(const SmallStore& store, const Shown& shown,
                    DamageKind kind = DamageKind::kFlip) {
  const auto violation = JudgeDamaged(store, kind, shown);
  return violation.has_value() ? violation->claim : "";
}

TEST(SmallStore, KnowsItsStatesAndCommits) {
  const SmallStore killed = Small(/*closed=*/false);
  EXPECT_EQ(killed.states.size(), 6u);
  EXPECT_EQ(killed.newest, 5u);
  EXPECT_EQ(killed.synced, 4u);
  EXPECT_EQ(killed.synced_before, 2u);
  EXPECT_EQ(killed.checkpointed, 0u);
  EXPECT_EQ(killed.moments.size(), 7u);
  const SmallStore closed = Small(/*closed=*/true);
  EXPECT_EQ(closed.synced, 5u);
  EXPECT_EQ(closed.checkpointed, 5u);
}

TEST(DamageList, EachDamageIsADifferentImage) {
  const SmallStore store = Small(/*closed=*/true);
  for (const DamageKind kind :
       {DamageKind::kTruncate, DamageKind::kZeroPage, DamageKind::kZeroSector,
        DamageKind::kDuplicate, DamageKind::kSwap, DamageKind::kStale}) {
    const DamageList list(store, kind);
    ASSERT_GT(list.count(), 0u) << DamageKindName(kind);
    std::set<FileImage> images;
    DamageList::Damaged damaged;
    const uint32_t tried = std::min<uint32_t>(list.count(), 500);
    for (uint32_t number = 0; number < tried; ++number) {
      list.Do(number, damaged);
      EXPECT_TRUE(damaged.image != store.image) << damaged.text;
      images.insert(damaged.image);
    }
    EXPECT_EQ(images.size(), tried) << DamageKindName(kind);
  }
}

TEST(DamageList, FlipsEachBitOnce) {
  const SmallStore store = Small(/*closed=*/true);
  const DamageList list(store, DamageKind::kFlip);
  std::set<std::string> done;
  DamageList::Damaged damaged;
  for (uint32_t number = 0; number < 2000; ++number) {
    list.Do(number, damaged);
    done.insert(damaged.text);
    EXPECT_NE(damaged.image[damaged.begin], store.image[damaged.begin]);
  }
  EXPECT_EQ(done.size(), 2000u);
}

TEST(DamageOracle, AcceptsTheNewestStateAndLosses) {
  const SmallStore store = Small(/*closed=*/false);
  Shown shown = Showing(store.states[5]);
  EXPECT_EQ(ClaimOf(store, shown), "");
  shown.answers[0] = {.damaged = true, .witness = {}};
  shown.answers[1] = {.damaged = true, .witness = {}};
  EXPECT_EQ(ClaimOf(store, shown), "");
}

TEST(DamageOracle, AcceptsAReportedCutOfTheLastCommitOnly) {
  const SmallStore store = Small(/*closed=*/false);
  Shown shown = Showing(store.states[4]);
  EXPECT_EQ(ClaimOf(store, shown), "unreported cut");
  shown.tail_was_cut = true;
  EXPECT_EQ(ClaimOf(store, shown), "");
  shown = Showing(store.states[3]);
  shown.tail_was_cut = true;
  EXPECT_EQ(ClaimOf(store, shown), "cut of what was acknowledged, not said so");
  shown.possibly_acknowledged = true;
  EXPECT_EQ(ClaimOf(store, shown), "");
  shown = Showing(store.states[1]);
  shown.tail_was_cut = shown.possibly_acknowledged = true;
  EXPECT_NE(ClaimOf(store, shown), "");
}

TEST(DamageOracle, RefusesOtherValuesAndSilentAbsence) {
  const SmallStore store = Small(/*closed=*/true);
  Shown shown = Showing(store.states[5]);
  shown.answers[0].witness.reset();
  EXPECT_EQ(ClaimOf(store, shown), "silent absence");
  shown.answers[0].witness = WitnessOf(1, kOther);
  EXPECT_EQ(ClaimOf(store, shown), "another value");
  shown.answers[0].witness = WitnessOf(0, kShort);
  EXPECT_EQ(ClaimOf(store, shown), "an older value");
  shown = Showing(store.states[5]);
  shown.answers[2].witness = WitnessOf(2, kShort);
  EXPECT_EQ(ClaimOf(store, shown), "an older value");
}

TEST(DamageOracle, AllowsWhatNothingInTheFileCanTell) {
  const SmallStore store = Small(/*closed=*/false);
  const Shown shown = Showing(store.states[2]);
  EXPECT_EQ(ClaimOf(store, shown, DamageKind::kZeroPage), "");
  EXPECT_NE(ClaimOf(store, shown, DamageKind::kFlip), "");
  const SmallStore closed = Small(/*closed=*/true);
  EXPECT_NE(ClaimOf(closed, shown, DamageKind::kZeroPage), "");
}

// What is found wrong with a store when the small stores are damaged.
std::set<std::string> Claims(const std::vector<DamageTrial>& trials) {
  std::set<std::string> claims;
  for (const DamageTrial& trial : trials) {
    world::ExplorerOptions options;
    options.name = "exhaustive";
    world::Budget budget;
    budget.executions_max = 300;
    budget.stop_at_finding = false;
    budget.shrink = false;
    const world::Outcome outcome =
        world::Explore(trial.program, options, trial.program.bounds, budget);
    for (const world::Finding& finding : outcome.findings) claims.insert(finding.failure.claim);
  }
  return claims;
}

TEST(DamageTrials, AStoreThatBelievesWhatItReadsIsFoundOut) {
  EXPECT_THAT(Claims(DamageTrials(OpenLogStore(Flaw::kDamageIsBelieved))),
              testing::Contains("another value"));
}

TEST(DamageTrials, AStoreThatSkipsWhatIsDamagedIsFoundOut) {
  const std::set<std::string> claims = Claims(DamageTrials(OpenLogStore(Flaw::kDamageIsAbsence)));
  EXPECT_THAT(claims, testing::Contains(AnyOf("silent absence", "an older value")));
  EXPECT_THAT(claims, testing::Not(testing::Contains("another value")));
}

TEST(TruncateTrials, AStoreThatTakesWhatIsLeftIsFoundOut) {
  EXPECT_THAT(Claims(TruncateTrials(OpenLogStore())),
              testing::Contains(AnyOf("silent absence", "an older value", "unreported cut")));
}

}  // namespace
}  // namespace engram::stress
