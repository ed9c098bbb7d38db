// Claim: under real threads, calls of 10 writers and 5 readers on one store are linearizable id by
// id, with sequences that grow with real time; no view changes while it is looked at; the listener
// hears each sequence once, before it is durable; a verification finds nothing wrong, memories may
// be migrated meanwhile, a backup is the state of some moment, and what is closed is there again
// when it is reopened.
//
// Method: generated calls on real files; the whole history goes to the oracle that judges the
// simulation. Run plain, under AddressSanitizer and under ThreadSanitizer. These are short forms;
// ENGRAM_STRESS_ROUNDS=N runs N rounds, each on a new store, and ENGRAM_STRESS_SEED=N other calls:
//
//   ENGRAM_STRESS_ROUNDS=200 build/release/bin/engram_stress_tests --gtest_filter='Stress.*'
//
// Not covered: schedules that the machine does not happen to produce; for those there is the world.

#include <cstdint>
#include <string>

#include "gtest/gtest.h"
#include "stress/threads/length.h"
#include "stress/threads/stress_round.h"
#include "stress/threads/temporary_directory.h"

namespace engram::stress {
namespace {

void RunRounds(RoundOptions options) {
  options.seed = SeedWanted();
  const uint32_t rounds = RoundsWanted();
  for (uint32_t round = 0; round < rounds; ++round) {
    const TemporaryDirectory directory;
    const auto wrong = RunRound(options, round, directory.File("store"));
    ASSERT_FALSE(wrong) << *wrong;
  }
}

TEST(Stress, FewIdsThatAllClientsWant) {
  RoundOptions options;
  options.store = OptionsUnderPressure();
  options.workload = {.ids = 3, .calls = 300, .sync_one_in = 25, .checkpoint_one_in = 200};
  RunRounds(options);
}

TEST(Stress, ManyIdsMixed) {
  RoundOptions options;
  options.store = OptionsUnderPressure();
  options.workload = {.ids = 200, .calls = 300, .sync_one_in = 50, .checkpoint_one_in = 150};
  RunRounds(options);
}

TEST(Stress, NobodyAsksForASync) {
  RoundOptions options;
  options.store = OptionsUnderPressure();
  options.workload = {.ids = 20, .calls = 300, .sync_one_in = 0, .checkpoint_one_in = 0};
  RunRounds(options);
}

TEST(Stress, EachWriteIsSynced) {
  RoundOptions options;
  options.store = OptionsUnderPressure();
  options.store.sync_mode = SyncMode::kEachWrite;
  options.workload = {.ids = 12, .calls = 60, .sync_one_in = 20, .checkpoint_one_in = 50};
  RunRounds(options);
}

TEST(Stress, VerifiedAndBackedUpMeanwhile) {
  RoundOptions options;
  options.store = OptionsUnderPressure();
  options.workload = {.ids = 40, .calls = 300, .sync_one_in = 50, .checkpoint_one_in = 150};
  options.backups = 3;
  options.verifications = 3;
  RunRounds(options);
}

TEST(Stress, MigratedMeanwhile) {
  RoundOptions options;
  options.store = OptionsUnderPressure();
  options.workload = {.ids = 30, .calls = 300, .sync_one_in = 50, .checkpoint_one_in = 150};
  options.migrations = 12;
  options.verifications = 2;
  RunRounds(options);
}

TEST(Stress, WithTheOptionsOfEverybody) {
  RoundOptions options;
  options.workload = {.ids = 8, .calls = 200, .sync_one_in = 50, .checkpoint_one_in = 0};
  RunRounds(options);
}

}  // namespace
}  // namespace engram::stress
