// Maintenance on real files: what it does when called, by itself, and when the store is closed
// meanwhile. Its interleavings are explored in stress/store.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/event_listener.h"
#include "api/memory_store.h"
#include "api/pressure.h"
#include "api/tier.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/clock.h"
#include "io/posix_file_system.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY {
namespace {

// Lets a thread wait until another one has said so.
class Signal {
 public:
  void Give() {
    sync::MutexLock lock(mutex_);
    is_given_ = true;
    given_.NotifyAll();
  }
  void Await() {
    sync::MutexLock lock(mutex_);
    while (!is_given_) given_.Wait(mutex_);
  }

 private:
  sync::Mutex mutex_;
  sync::CondVar given_;
  bool is_given_ ENGRAM_GUARDED_BY(mutex_) = false;
};

class Listener final : public EventListener {
 public:
  void OnDurable(Sequence sequence) override {
    if (sequence.value >= awaited.Load(std::memory_order_seq_cst)) durable.Give();
  }
  bool OnCompactionProgress(uint64_t, uint64_t) override {
    progress.Give();
    return true;
  }

  sync::Atomic<uint64_t> awaited{UINT64_MAX};
  Signal durable;
  Signal progress;
};

class Noon final : public io::Clock {
 public:
  static constexpr int64_t kNoon = 1'700'000'000'000'000'000;
  int64_t NowNs() override { return kNoon; }
  int64_t MonotonicNs() override { return kNoon; }
};

class MaintenanceTest : public testing::Test {
 protected:
  MaintenanceTest() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "maintenance_" + test->name() + ".engram";
    files_.Remove(path_).IgnoreError();
    options_.create_if_missing = true;
    options_.extent_bytes = 64 * kKiB;
    options_.compacts_by_itself = false;
    options_.cold_migration_age = std::chrono::nanoseconds::max();
  }
  ~MaintenanceTest() override {
    store_ = nullptr;
    files_.Remove(path_).IgnoreError();
  }

  void Open() {
    store_ = nullptr;
    auto store = MemoryStore::Open(path_, options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }
  static std::string IdAt(int number) { return "id" + std::to_string(100'000 + number); }
  static Memory MemoryAt(int number, float activation) {
    Memory memory;
    memory.id = IdAt(number);
    memory.embedding.assign(kEmbeddingDimension, static_cast<float>(number));
    memory.activation = activation;
    memory.content = std::string(100, 'x');
    return memory;
  }
  void StoreUpTo(int memories, float activation) {
    for (int i = 0; i < memories; ++i) {
      const absl::StatusOr<Sequence> stored = store_->Store(MemoryAt(i, activation));
      ASSERT_TRUE(stored.ok()) << stored.status();
    }
  }

  Listener listener_;  // outlives the store
  io::PosixFileSystem files_;
  std::string path_;
  Options options_;
  std::unique_ptr<MemoryStore> store_;
};

TEST_F(MaintenanceTest, MakesHotAgainWhatWasReadSinceOpening) {
  Open();
  StoreUpTo(2, 0.7F);
  EXPECT_EQ(store_->Get(IdAt(0))->tier, Tier::kHot);
  Open();
  EXPECT_EQ(store_->Get(IdAt(0))->tier, Tier::kWarm) << "after opening nothing is hot";
  absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->maintenance_triggered);
  EXPECT_EQ(report->migrated(Tier::kWarm, Tier::kHot), 1u);
  EXPECT_EQ(store_->Contains(IdAt(0))->tier, Tier::kHot);
  EXPECT_EQ(store_->Contains(IdAt(1))->tier, Tier::kWarm) << "nobody has read it";
}

TEST_F(MaintenanceTest, WhatMakingHotDrivesOutIsCounted) {
  options_.hot_capacity_bytes = 40'000;
  Open();
  StoreUpTo(40, 0.9F);
  Open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store_->Get(IdAt(i)).ok());
  absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  const Statistics stats = store_->Stats();
  EXPECT_GT(stats.hot_evictions, 0u);
  EXPECT_EQ(report->migrated(Tier::kHot, Tier::kWarm), stats.hot_evictions);
  EXPECT_EQ(report->migrated(Tier::kWarm, Tier::kHot), stats.memories_hot + stats.hot_evictions);
}

TEST_F(MaintenanceTest, DoesNothingWhenNothingIsDue) {
  Open();
  StoreUpTo(2, 0.5F);
  ASSERT_TRUE(store_->Get(IdAt(0)).ok());
  const absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_FALSE(report->maintenance_triggered);
  EXPECT_FALSE(report->compaction);
  EXPECT_EQ(report->pressure_after, Pressure::kNone);
}

TEST_F(MaintenanceTest, CompactsAboveTheThresholds) {
  options_.compaction_content_bytes_min = 0;
  Open();
  StoreUpTo(2000, 0.5F);
  for (int i = 0; i < 1200; ++i) ASSERT_TRUE(store_->Remove(IdAt(i)).ok());
  const absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_TRUE(report->compaction);
  EXPECT_GT(report->compaction->bytes_reclaimed, 0u);
  EXPECT_TRUE(report->errors.empty());
}

TEST_F(MaintenanceTest, RewritesColdRunsThatAreMostlyDead) {
  Open();
  StoreUpTo(20, 0.1F);
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(IdAt(i));
  ASSERT_TRUE(store_->Migrate(ids, Tier::kCold).ok());
  for (int i = 0; i < 15; ++i) ASSERT_TRUE(store_->Remove(IdAt(i)).ok());
  ASSERT_EQ(store_->Stats().cold_rows_total, 20u);
  const absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->maintenance_triggered);
  ASSERT_TRUE(report->cold_compaction);
  EXPECT_EQ(report->cold_compaction->rows_moved, 5u);
  EXPECT_EQ(store_->Stats().cold_rows_total, 5u);
}

TEST_F(MaintenanceTest, WhatGoesWrongIsInItsReport) {
  Open();
  StoreUpTo(200, 0.1F);
  ASSERT_TRUE(store_->Close().ok());
  options_.file_bytes_max = store_->Stats().file_bytes;
  options_.warm_capacity_bytes = 0;
  Open();
  const absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(report->errors.size(), 1u);
  EXPECT_THAT(report->errors[0], testing::HasSubstr("keeping to the warm capacity"));
  EXPECT_EQ(store_->Stats().memories_cold, 0u);
}

TEST_F(MaintenanceTest, MakesColdWhatNobodyHasAccessedForLong) {
  options_.cold_migration_age = std::chrono::hours(24);
  Noon noon;
  options_.clock = &noon;
  Open();
  constexpr int64_t kDay = 24 * 3600 * int64_t{1'000'000'000};
  const int64_t accesses[] = {Noon::kNoon - kDay, Noon::kNoon - kDay - 1, INT64_MIN, INT64_MAX};
  for (int i = 0; i < 4; ++i) {
    Memory memory = MemoryAt(i, 0.1F);
    memory.last_access = accesses[i];
    ASSERT_TRUE(store_->Store(memory).ok());
  }
  absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->migrated(Tier::kWarm, Tier::kCold), 2u);
  EXPECT_EQ(store_->Get(IdAt(0))->tier, Tier::kWarm) << "a day is not more than a day";
  EXPECT_EQ(store_->Get(IdAt(1))->tier, Tier::kCold);
  EXPECT_EQ(store_->Get(IdAt(2))->tier, Tier::kCold);
  EXPECT_EQ(store_->Get(IdAt(3))->tier, Tier::kWarm) << "of the future";
  EXPECT_TRUE(store_->Close().ok());
  store_ = nullptr;
}

TEST_F(MaintenanceTest, KeepsToTheWarmCapacityByMakingTheOldestCold) {
  Open();
  StoreUpTo(10, 0.1F);
  const uint64_t of_one = store_->Stats().warm_bytes / 10;
  options_.warm_capacity_bytes = 6 * of_one;
  Open();
  absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->pressure_before, Pressure::kCritical);
  EXPECT_EQ(report->pressure_after, Pressure::kHigh);
  EXPECT_EQ(report->migrated(Tier::kWarm, Tier::kCold), 4u);
  EXPECT_EQ(store_->Stats().warm_bytes, 6 * of_one);
  EXPECT_EQ(store_->Stats().memories_cold, 4u);
}

TEST_F(MaintenanceTest, AFullHotTierFailsNoStore) {
  options_.hot_capacity_bytes = 20'000;
  Open();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(store_->Store(MemoryAt(i, 1)).ok());
    ASSERT_LE(store_->Stats().hot_bytes, HotFullBytes(options_.hot_capacity_bytes));
  }
  EXPECT_GT(store_->Stats().hot_evictions, 0u);
  EXPECT_EQ(store_->Count(), 100u);
}

TEST_F(MaintenanceTest, HappensByItself) {
  options_.maintenance_interval = std::chrono::microseconds(100);
  Open();
  while (store_->Stats().maintenances < 3) sync::Yield();
  EXPECT_TRUE(store_->Close().ok());
}

TEST_F(MaintenanceTest, SyncsOnATimerIfAskedTo) {
  options_.listener = &listener_;
  options_.sync_mode = SyncMode::kInterval;
  options_.sync_interval = std::chrono::microseconds(100);
  Open();
  StoreUpTo(1, 0.5F);
  const absl::StatusOr<Sequence> next = store_->Store(MemoryAt(1, 0.5F));
  ASSERT_TRUE(next.ok()) << next.status();
  listener_.awaited.Store(next->value + 1, std::memory_order_seq_cst);
  ASSERT_TRUE(store_->Store(MemoryAt(2, 0.5F)).ok());
  listener_.durable.Await();
  EXPECT_TRUE(store_->Close().ok());
}

TEST_F(MaintenanceTest, CloseStopsItAndWaitsForIt) {
  options_.listener = &listener_;
  options_.compaction_content_bytes_min = 0;
  Open();
  StoreUpTo(4000, 0.5F);
  for (int i = 0; i < 4000; ++i) {
    if (i % 3 != 0) {
      ASSERT_TRUE(store_->Remove(IdAt(i)).ok());
    }
  }
  absl::StatusOr<MaintenanceReport> report;
  sync::Thread maintains("maintains", [&] {
    report = store_->RunMaintenance();
    listener_.progress.Give();
  });
  listener_.progress.Await();
  const absl::Status closed = store_->Close();
  maintains.Join();
  EXPECT_TRUE(closed.ok()) << closed;
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_TRUE(report->compaction);
  EXPECT_TRUE(report->compaction->was_cancelled || report->compaction->extents_left == 0);
  Open();
  for (int i = 0; i < 4000; i += 3) ASSERT_TRUE(store_->Get(IdAt(i))->memory) << i;
}

TEST_F(MaintenanceTest, AClosedStoreHasNone) {
  Open();
  ASSERT_TRUE(store_->Close().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->RunMaintenance().status()));
}

TEST_F(MaintenanceTest, IntervalsThatCannotBeAreRefused) {
  options_.sync_interval = std::chrono::nanoseconds(0);
  EXPECT_TRUE(absl::IsInvalidArgument(MemoryStore::Open(path_, options_).status()));
  options_.sync_interval = std::chrono::nanoseconds(1);
  options_.maintenance_interval = std::chrono::nanoseconds(-1);
  EXPECT_TRUE(absl::IsInvalidArgument(MemoryStore::Open(path_, options_).status()));
  options_.maintenance_interval = std::chrono::nanoseconds(0);
  options_.hot_activation_threshold = 1.5F;
  EXPECT_TRUE(absl::IsInvalidArgument(MemoryStore::Open(path_, options_).status()));
  options_.hot_activation_threshold = 0.5F;
  options_.pending_releases_max = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(MemoryStore::Open(path_, options_).status()));
}

TEST(Pressure, HasItsLevelsExactlyAtTheirBounds) {
  EXPECT_EQ(PressureOf(0, 0), Pressure::kNone);
  EXPECT_EQ(PressureOf(1, 0), Pressure::kCritical);
  EXPECT_EQ(PressureOf(70, 100), Pressure::kNone);
  EXPECT_EQ(PressureOf(71, 100), Pressure::kModerate);
  EXPECT_EQ(PressureOf(80, 100), Pressure::kModerate);
  EXPECT_EQ(PressureOf(81, 100), Pressure::kHigh);
  EXPECT_EQ(PressureOf(100, 100), Pressure::kHigh);
  EXPECT_EQ(PressureOf(101, 100), Pressure::kCritical);
  EXPECT_EQ(PressureOf(UINT64_MAX - 1, UINT64_MAX), Pressure::kHigh);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY
