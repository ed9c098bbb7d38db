// Claim: a process that works on a store can be killed at any moment. What the next one finds is
// the state after some prefix of the sequence order that reaches the last acknowledged Sync, and
// with SyncMode::kEachWrite every acknowledged mutation; it is sound; it goes on from there.
//
// Method: a child process with three threads on a real file tells through a pipe what it does, and
// is killed with SIGKILL: while it opens, while it shows what it found, while it works. The next
// victim opens the same file, and so on; all their lives are one history for the oracle. Short
// form; long forms and other moments:
//
//   ENGRAM_STRESS_ROUNDS=100 ENGRAM_STRESS_SEED=7 build/release/bin/engram_stress_tests
//       --gtest_filter='Kill.*'
//
// Not covered: losses of power. The page cache outlives a process; for the rest there is the world.

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "base/status_macros.h"
#include "gtest/gtest.h"
#include "model/explore/random.h"
#include "model/history_oracle.h"
#include "stress/threads/length.h"
#include "stress/threads/shown_state.h"
#include "stress/threads/stress_round.h"
#include "stress/threads/temporary_directory.h"
#include "stress/threads/victim_process.h"

namespace engram::stress {
namespace {

// Lives of one store: a history of more would only be longer.
constexpr uint32_t kLives = 12;
constexpr uint32_t kReportsMax = 1500;
constexpr uint32_t kOpeningMicrosecondsMax = 2000;

// One life in four ends while the store is being opened or shown.
KillMoment MomentOf(world::Random& random) {
  KillMoment moment;
  moment.later = std::chrono::microseconds(random.Below(kOpeningMicrosecondsMax));
  if (!random.OneIn(4)) moment.reports = random.Below(kReportsMax);
  return moment;
}

// In SyncMode::kEachWrite a mutation that returned OK is durable: that is a sync which began when
// the mutation returned.
void AddImpliedSyncs(model::History::Era& era) {
  const size_t calls = era.calls.size();
  for (size_t i = 0; i < calls; ++i) {
    const model::Call& call = era.calls[i];
    if (call.kind == model::CallKind::kSync || call.kind == model::CallKind::kGet) continue;
    if (call.outcome != model::CallOutcome::kOk) continue;
    model::Call sync;
    sync.kind = model::CallKind::kSync;
    sync.client = call.client;
    sync.operation = call.operation;
    sync.invoked_at = call.returned_at;
    sync.returned_at = call.returned_at + 1;
    sync.outcome = model::CallOutcome::kOk;
    era.calls.push_back(std::move(sync));
  }
}

absl::Status Judge(const model::History& history) {
  const auto violation = model::JudgeHistory(history, {});
  if (!violation) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(violation->claim, ". ", violation->detail));
}

// One store, killed again and again, then opened in this process.
absl::Status RunLives(const std::string& path, VictimOrders orders, uint32_t first_round) {
  model::History history;
  history.eras.emplace_back();  // the creation, before which there is nothing
  world::Random random(orders.seed, first_round);
  for (uint32_t life = 0; life < kLives; ++life) {
    orders.round = first_round + life;
    ENGRAM_ASSIGN_OR_RETURN(const auto told, RunAndKill(path, orders, MomentOf(random)));
    model::History::Era era = EraOf(told);
    if (orders.sync_each_write) AddImpliedSyncs(era);
    history.eras.push_back(std::move(era));
    ENGRAM_RETURN_IF_ERROR(Judge(history));
  }
  ENGRAM_ASSIGN_OR_RETURN(const auto store, MemoryStore::Open(path, OptionsUnderPressure()));
  ENGRAM_ASSIGN_OR_RETURN(ShownState shown, ShowAll(*store, orders.ids, 1));
  history.eras.push_back({std::move(shown.state), std::move(shown.reads)});
  ENGRAM_RETURN_IF_ERROR(Judge(history));
  return CheckSound(*store);
}

void RunRounds(VictimOrders orders) {
  orders.seed = SeedWanted();
  const uint32_t rounds = RoundsWanted();
  for (uint32_t round = 0; round < rounds; ++round) {
    const TemporaryDirectory directory;
    const absl::Status status = RunLives(directory.File("store"), orders, round * kLives);
    ASSERT_TRUE(status.ok()) << "round " << round << " of seed " << orders.seed << ": " << status;
  }
}

TEST(Kill, KeepsAPrefixThatReachesTheLastSync) { RunRounds({.ids = 12}); }

TEST(Kill, KeepsEveryMutationThatWasAcknowledgedAsDurable) {
  RunRounds({.ids = 5, .sync_each_write = true});
}

}  // namespace
}  // namespace engram::stress
