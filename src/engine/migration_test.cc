// Migrations on real files, one thread: values in every tier, accounts, reopening, crashes by
// copying. Interleavings, crashes at every point and damage are explored in stress/store.

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "api/memory_store.h"
#include "gtest/gtest.h"
#include "io/posix_file_system.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY {
namespace {

class MigrationTest : public testing::Test {
 protected:
  MigrationTest() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "migration_" + test->name() + ".engram";
    RemoveFile(path_);
    options_.create_if_missing = true;
    options_.extent_bytes = 64 * kKiB;
    for (int i = 0; i < kMemories; ++i) ids_.push_back("id" + std::to_string(i));
  }
  ~MigrationTest() override { RemoveFile(path_); }

  void RemoveFile(const std::string& path) { files_.Remove(path).IgnoreError(); }

  std::unique_ptr<MemoryStore> OpenOrFail(const std::string& path) {
    auto store = MemoryStore::Open(path, options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  // Content: none, empty, short, compressible, a blob.
  static Memory MemoryOf(int number, int version = 0) {
    Memory memory;
    memory.id = "id" + std::to_string(number);
    memory.embedding.assign(kEmbeddingDimension, 0.25F);
    memory.embedding[0] = static_cast<float>(number);
    memory.embedding[1] = -0.0F;
    memory.confidence = 0.5F;
    memory.activation = 0.5F;
    memory.decay_rate = -0.0F;
    memory.created_at = INT64_MIN;
    memory.last_access = INT64_MAX - version;
    memory.access_count = UINT64_MAX - static_cast<uint64_t>(number);
    if (number % 5 != 0)
      memory.content = std::string(LengthOf(number), static_cast<char>('a' + version));
    return memory;
  }
  static size_t LengthOf(int number) {
    constexpr size_t kLengths[] = {0, 0, 7, 3000, 100'000};
    return kLengths[number % 5];
  }

  void StoreAll(MemoryStore& store) {
    for (int i = 0; i < kMemories; ++i) ASSERT_TRUE(store.Store(MemoryOf(i)).ok());
  }

  static void ExpectHolds(MemoryStore& store, const Memory& memory, Tier tier) {
    const absl::StatusOr<GetResult> got = store.Get(memory.id);
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_TRUE(got->memory.has_value()) << memory.id;
    EXPECT_EQ(got->tier, tier) << memory.id;
    EXPECT_EQ(got->memory->id, memory.id);
    EXPECT_EQ(got->memory->embedding, memory.embedding);
    EXPECT_EQ(got->memory->content, memory.content);
    EXPECT_EQ(got->memory->access_count, memory.access_count);
    EXPECT_EQ(got->memory->last_access, memory.last_access);
    EXPECT_EQ(got->memory->activation, memory.activation);
    EXPECT_EQ(store.Contains(memory.id)->tier, tier);
  }

  static void ExpectSound(MemoryStore& store) {
    const absl::StatusOr<VerifyReport> report = store.Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    for (const Damage& damage : report->damages) ADD_FAILURE() << damage.explanation;
    for (const std::string& miscount : report->miscounts) ADD_FAILURE() << miscount;
    const Statistics stats = store.Stats();
    EXPECT_EQ(report->memories_cold, stats.memories_cold);
    EXPECT_EQ(stats.memories, stats.memories_hot + stats.memories_warm + stats.memories_cold);
    EXPECT_LE(stats.cold_rows_live, stats.cold_rows_total);
  }

  void ExpectAll(MemoryStore& store, Tier tier) {
    for (int i = 0; i < kMemories; ++i) ExpectHolds(store, MemoryOf(i), tier);
  }

  static MigrationStats MoveOrFail(MemoryStore& store, const std::vector<std::string>& ids,
                                   Tier to) {
    const absl::StatusOr<MigrationStats> stats = store.Migrate(ids, to);
    EXPECT_TRUE(stats.ok()) << stats.status();
    return stats.value_or(MigrationStats{});
  }

  static constexpr int kMemories = 100;
  io::PosixFileSystem files_;
  std::string path_;
  Options options_;
  std::vector<std::string> ids_;
};

TEST_F(MigrationTest, MovesToColdAndBackAndThroughReopening) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  const uint64_t live = store->Stats().content_bytes_live;
  for (int round = 0; round < 2; ++round) {
    const MigrationStats there = MoveOrFail(*store, ids_, Tier::kCold);
    EXPECT_EQ(there.moved, ids_.size());
    ExpectAll(*store, Tier::kCold);
    ExpectSound(*store);
    EXPECT_EQ(store->Stats().memories_cold, ids_.size());
    EXPECT_EQ(store->Stats().content_bytes_live, 0u);
    ASSERT_TRUE(store->Close().ok());
    store = OpenOrFail(path_);
    ExpectAll(*store, Tier::kCold);
    ExpectSound(*store);
    EXPECT_EQ(MoveOrFail(*store, ids_, Tier::kCold).unchanged, ids_.size());
    const MigrationStats back = MoveOrFail(*store, ids_, Tier::kWarm);
    EXPECT_EQ(back.moved, ids_.size());
    ExpectAll(*store, Tier::kWarm);
    ExpectSound(*store);
    EXPECT_EQ(store->Stats().content_bytes_live, live);
    ASSERT_TRUE(store->Close().ok());
    store = OpenOrFail(path_);
    ExpectAll(*store, Tier::kWarm);
    ExpectSound(*store);
  }
}

TEST_F(MigrationTest, MutationsOfColdMemories) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  MoveOrFail(*store, ids_, Tier::kCold);
  for (int i = 0; i < 15; ++i) {
    Memory memory = MemoryOf(i, 1);
    if (i % 3 == 0) {
      ASSERT_TRUE(store->Store(memory).ok());
      ExpectHolds(*store, memory, Tier::kWarm);
    } else if (i % 3 == 1) {
      ASSERT_GT(store->Remove(memory.id)->value, 0u);
      EXPECT_FALSE(store->Contains(memory.id)->present);
    } else {
      ASSERT_TRUE(store->UpdateActivation(memory.id, 0.125F).ok());
      memory = MemoryOf(i);
      memory.activation = 0.125F;
      ExpectHolds(*store, memory, Tier::kWarm);
    }
    ExpectSound(*store);
  }
  const Statistics stats = store->Stats();
  EXPECT_EQ(stats.memories, 95u);
  EXPECT_EQ(stats.memories_cold, 85u);
  EXPECT_EQ(stats.cold_rows_total, 100u);
  ASSERT_TRUE(store->Close().ok());
  store = OpenOrFail(path_);
  ExpectSound(*store);
  EXPECT_EQ(store->Stats().memories_cold, 85u);
  for (int i = 15; i < kMemories; ++i) ExpectHolds(*store, MemoryOf(i), Tier::kCold);
}

TEST_F(MigrationTest, ACopyOfTheOpenFileHoldsWhatWasSynced) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  MoveOrFail(*store, ids_, Tier::kCold);
  MoveOrFail(*store, {ids_.begin(), ids_.begin() + 20}, Tier::kWarm);
  ASSERT_TRUE(store->Remove("id30").ok());
  ASSERT_TRUE(store->Store(MemoryOf(31)).ok());
  ASSERT_TRUE(store->UpdateActivation("id32", 0.5F).ok());
  MoveOrFail(*store, {"id0", "id4"}, Tier::kCold);
  ASSERT_TRUE(store->Sync().ok());
  const std::string copy = path_ + ".copy";
  RemoveFile(copy);
  {
    auto source = *files_.Open(path_, io::OpenMode::kReadOnly);
    auto target = *files_.Open(copy, io::OpenMode::kCreateNew);
    std::vector<std::byte> bytes(*source->Size());
    ASSERT_TRUE(io::ReadFully(*source, FileOffset{0}, bytes).ok());
    ASSERT_TRUE(io::WriteFully(*target, FileOffset{0}, bytes).ok());
  }
  auto opened = OpenOrFail(copy);
  EXPECT_TRUE(opened->recovery().damages.empty());
  EXPECT_FALSE(opened->recovery().tail_was_cut);
  EXPECT_EQ(opened->Count(), 99u);
  for (int i = 0; i < kMemories; ++i) {
    if (i == 30) continue;
    const bool warm = (i < 20 && i != 0 && i != 4) || i == 31 || i == 32;
    ExpectHolds(*opened, MemoryOf(i), warm ? Tier::kWarm : Tier::kCold);
  }
  ExpectSound(*opened);
  RemoveFile(copy);
}

TEST_F(MigrationTest, BackupsHoldColdMemories) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  MoveOrFail(*store, ids_, Tier::kCold);
  const std::string copy = path_ + ".backup";
  RemoveFile(copy);
  const absl::Status written = store->Backup(copy);
  ASSERT_TRUE(written.ok()) << written;
  auto opened = OpenOrFail(copy);
  ExpectAll(*opened, Tier::kCold);
  ExpectSound(*opened);
  RemoveFile(copy);
}

TEST_F(MigrationTest, RewritingReclaimsDeadRowsAndMergesSmallRuns) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  for (const std::string& id : ids_) MoveOrFail(*store, {id}, Tier::kCold);
  const Statistics scattered = store->Stats();
  EXPECT_GE(scattered.extents_of_cold, ids_.size());
  for (int round = 0; round < 3; ++round) {
    const auto stats = store->CompactCold();
    ASSERT_TRUE(stats.ok()) << stats.status();
    if (round == 0) {
      EXPECT_EQ(stats->rows_moved, ids_.size());
    }
    if (round == 0) {
      EXPECT_EQ(stats->runs_done, ids_.size());
    }
    if (round == 2) {
      EXPECT_EQ(stats->rows_moved, 0u) << "there is nothing left to gain";
    }
    ExpectAll(*store, Tier::kCold);
    ExpectSound(*store);
  }
  EXPECT_LT(store->Stats().extents_of_cold, 15u);
  for (int i = 0; i < 60; ++i) ASSERT_TRUE(store->Remove(ids_[static_cast<size_t>(i)]).ok());
  EXPECT_EQ(store->Stats().cold_rows_total, ids_.size());
  ASSERT_TRUE(store->CompactCold().ok());
  EXPECT_LT(store->Stats().cold_rows_total, 60u);
  ExpectSound(*store);
  ASSERT_TRUE(store->Close().ok());
  store = OpenOrFail(path_);
  for (int i = 60; i < kMemories; ++i) ExpectHolds(*store, MemoryOf(i), Tier::kCold);
  EXPECT_EQ(store->Count(), 40u);
  ExpectSound(*store);
}

TEST_F(MigrationTest, ToldToHaveTakenNoLongerThanItTook) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  const int64_t began_ns = sync::MonotonicNs();
  const absl::StatusOr<MigrationStats> moved = store->Migrate(ids_, Tier::kCold);
  const absl::StatusOr<ColdCompactionStats> rewritten = store->CompactCold();
  const auto took_ms = static_cast<uint64_t>(sync::MonotonicNs() - began_ns) / 1'000'000;
  ASSERT_TRUE(moved.ok() && rewritten.ok());
  EXPECT_LE(moved->duration_ms + rewritten->duration_ms, took_ms);
}

TEST_F(MigrationTest, HalfOfARunDeadIsNotMostOfIt) {
  auto store = OpenOrFail(path_);
  std::vector<std::string> ids;
  uint32_t drawn = 1;
  for (int i = 0; i < 6; ++i) {
    Memory memory = MemoryOf(i);
    memory.content = std::string(30'000, 'x');
    for (char& c : *memory.content) {
      c = static_cast<char>('!' + (drawn = drawn * 1'664'525 + 1) / 65'536 % 90);
    }
    ASSERT_TRUE(store->Store(memory).ok());
    ids.push_back(memory.id);
  }
  MoveOrFail(*store, ids, Tier::kCold);
  ASSERT_GE(store->Stats().extents_of_cold, 2u);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(store->Remove(ids[static_cast<size_t>(i)]).ok());
  EXPECT_EQ(store->CompactCold()->rows_moved, 0u) << "alone it stays as it is";
  ASSERT_TRUE(store->Remove(ids[3]).ok());
  EXPECT_EQ(store->CompactCold()->rows_moved, 2u);
}

TEST_F(MigrationTest, GoingThereAndBackDoesNotGrowTheFile) {
  options_.pending_releases_max = 8;
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  uint64_t bytes_after_some = 0;
  for (int i = 0; i < 30; ++i) {
    MoveOrFail(*store, ids_, i % 2 == 0 ? Tier::kCold : Tier::kWarm);
    ASSERT_TRUE(store->Checkpoint().ok());
    if (i % 4 == 3) {
      ASSERT_TRUE(store->CompactContent(/*force=*/true).ok());
    }
    if (i == 7) bytes_after_some = store->Stats().file_bytes;
  }
  EXPECT_LE(store->Stats().file_bytes, bytes_after_some);
  ExpectSound(*store);
  ExpectAll(*store, Tier::kWarm);
}

TEST_F(MigrationTest, WhatHeldWarmMemoriesIsGivenBack) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  ASSERT_TRUE(store->Checkpoint().ok());
  EXPECT_GT(store->Stats().extents_of_slots, 0u);
  MoveOrFail(*store, ids_, Tier::kCold);
  ASSERT_TRUE(store->Checkpoint().ok());
  ASSERT_TRUE(store->CompactContent(/*force=*/true).ok());
  const Statistics stats = store->Stats();
  EXPECT_EQ(stats.extents_of_slots, 0u);
  EXPECT_EQ(stats.extents_of_blobs, 0u);
  EXPECT_LE(stats.extents_of_log, 2u);
  EXPECT_EQ(stats.content_bytes_live, 0u);
  ExpectAll(*store, Tier::kCold);
  ExpectSound(*store);
}

TEST_F(MigrationTest, MovesToHotFromBothHomesWhateverTheActivationIs) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  MoveOrFail(*store, {"id1"}, Tier::kCold);
  const MigrationStats stats = MoveOrFail(*store, {"id1", "id2", "id2", "nobody"}, Tier::kHot);
  EXPECT_EQ(stats.moved, 2u);
  EXPECT_EQ(stats.unchanged, 1u);
  EXPECT_EQ(stats.absent, 1u);
  EXPECT_EQ(store->Get("id1")->tier, Tier::kHot);
  EXPECT_EQ(store->Get("id2")->tier, Tier::kHot);
  EXPECT_EQ(store->Stats().memories_hot, 2u);
  EXPECT_EQ(store->Stats().memories_cold, 0u);
  EXPECT_EQ(MoveOrFail(*store, ids_, Tier::kWarm).moved, 2u);
  ExpectAll(*store, Tier::kWarm);
  MoveOrFail(*store, ids_, Tier::kHot);
  EXPECT_EQ(MoveOrFail(*store, ids_, Tier::kCold).moved, ids_.size());
  EXPECT_EQ(store->Stats().hot_bytes, 0u);
  ExpectAll(*store, Tier::kCold);
  ExpectSound(*store);
}

TEST_F(MigrationTest, IdsAreCountedOnceEach) {
  auto store = OpenOrFail(path_);
  StoreAll(*store);
  const MigrationStats stats =
      MoveOrFail(*store, {"id1", "id2", "id1", "nobody", "id2"}, Tier::kCold);
  EXPECT_EQ(stats.moved, 2u);
  EXPECT_EQ(stats.unchanged, 2u);
  EXPECT_EQ(stats.absent, 1u);
  EXPECT_TRUE(absl::IsInvalidArgument(
      store->Migrate(std::vector<std::string>{"id3", ""}, Tier::kCold).status()));
  EXPECT_EQ(store->Contains("id3")->tier, Tier::kWarm);
  EXPECT_EQ(MoveOrFail(*store, {}, Tier::kCold).moved, 0u);
  // From inside of a callback, too.
  ASSERT_TRUE(store
                  ->View("id3",
                         [&](const MemoryView& view) {
                           EXPECT_EQ(MoveOrFail(*store, ids_, Tier::kCold).moved, 98u);
                           EXPECT_EQ(view.embedding[0], 3.0F);
                         })
                  .ok());
  ExpectAll(*store, Tier::kCold);
  EXPECT_EQ(store->Stats().memories_made_cold, 100u);
}

TEST_F(MigrationTest, AFullFileIsAnErrorAndLosesNothing) {
  auto probe = OpenOrFail(path_);
  StoreAll(*probe);
  options_.file_bytes_max = probe->Stats().file_bytes;
  probe.reset();
  auto store = OpenOrFail(path_);
  const absl::StatusOr<MigrationStats> stats = store->Migrate(ids_, Tier::kCold);
  EXPECT_TRUE(stats.ok() || absl::IsResourceExhausted(stats.status())) << stats.status();
  for (int i = 0; i < kMemories; ++i) {
    ExpectHolds(*store, MemoryOf(i), store->Contains(ids_[static_cast<size_t>(i)])->tier);
  }
  ExpectSound(*store);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY
