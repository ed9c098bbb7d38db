// Compaction on real files, one thread: when it runs, what it gives back, and that it loses
// nothing. Interleavings, crashes and faults are explored in stress/store.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/event_listener.h"
#include "api/fragmentation.h"
#include "api/memory_store.h"
#include "gtest/gtest.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY {
namespace {

class CompactionTest : public testing::Test {
 protected:
  CompactionTest() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "compaction_" + test->name() + ".engram";
    files_.Remove(path_).IgnoreError();
    options_.create_if_missing = true;
    options_.extent_bytes = 64 * kKiB;
    options_.compacts_by_itself = false;
    options_.compaction_content_bytes_min = 0;
  }
  ~CompactionTest() override { files_.Remove(path_).IgnoreError(); }

  void Open() {
    store_ = nullptr;
    auto store = MemoryStore::Open(path_, options_);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // All ids have one length, so all records have one size.
  static Memory MemoryAt(int number) {
    Memory memory;
    memory.id = "id" + std::to_string(100'000 + number);
    memory.embedding.assign(kEmbeddingDimension, static_cast<float>(number));
    memory.content = std::string(100, static_cast<char>('a' + number % 26));
    return memory;
  }
  void StoreFromTo(int from, int to) {
    for (int i = from; i < to; ++i) {
      const absl::StatusOr<Sequence> stored = store_->Store(MemoryAt(i));
      ASSERT_TRUE(stored.ok()) << i << ": " << stored.status();
    }
  }
  void RemoveFromTo(int from, int to, int step = 1) {
    for (int i = from; i < to; i += step) ASSERT_TRUE(store_->Remove(MemoryAt(i).id).ok()) << i;
  }
  void ExpectHolds(int number) {
    const absl::StatusOr<GetResult> got = store_->Get(MemoryAt(number).id);
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_TRUE(got->memory.has_value()) << number;
    EXPECT_EQ(got->memory->content, MemoryAt(number).content);
    EXPECT_EQ(got->memory->embedding, MemoryAt(number).embedding);
  }
  void ExpectSound() {
    const absl::StatusOr<VerifyReport> report = store_->Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    for (const Damage& damage : report->damages) ADD_FAILURE() << damage.explanation;
    for (const std::string& miscount : report->miscounts) ADD_FAILURE() << miscount;
  }

  io::PosixFileSystem files_;
  std::string path_;
  Options options_;
  std::unique_ptr<MemoryStore> store_;
};

TEST_F(CompactionTest, HalfOfItDeadIsNotMoreThanHalf) {
  for (const int removed : {499, 500, 501}) {
    files_.Remove(path_).IgnoreError();
    Open();
    StoreFromTo(0, 1000);
    RemoveFromTo(0, removed);
    ASSERT_EQ(store_->Stats().fragmentation, removed / 1000.0);
    const absl::StatusOr<CompactionStats> answer = store_->CompactContent(/*force=*/false);
    if (removed <= 500) {
      EXPECT_TRUE(absl::IsFailedPrecondition(answer.status())) << removed;
      EXPECT_TRUE(store_->CompactContent(/*force=*/true).ok());
    } else {
      EXPECT_TRUE(answer.ok()) << answer.status();
    }
    ASSERT_TRUE(store_->Close().ok());
  }
}

TEST_F(CompactionTest, AsManyBytesAsTheBoundAreNotMore) {
  Open();
  StoreFromTo(0, 100);
  RemoveFromTo(0, 60);
  options_.compaction_content_bytes_min = store_->Stats().content_bytes_total;
  Open();
  ASSERT_EQ(store_->Stats().content_bytes_total, options_.compaction_content_bytes_min);
  EXPECT_TRUE(absl::IsFailedPrecondition(store_->CompactContent(/*force=*/false).status()));
  --options_.compaction_content_bytes_min;
  Open();
  EXPECT_TRUE(store_->CompactContent(/*force=*/false).ok());
}

TEST_F(CompactionTest, MovesWhatIsLiveAndGivesTheRestBack) {
  Open();
  StoreFromTo(0, 3000);
  RemoveFromTo(0, 3000, 2);
  const Statistics before = store_->Stats();
  const absl::StatusOr<CompactionStats> told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  const Statistics after = store_->Stats();
  EXPECT_EQ(told->old_size, before.content_bytes_total);
  EXPECT_EQ(told->new_size, after.content_bytes_total);
  EXPECT_EQ(told->old_size - told->bytes_reclaimed, told->new_size);
  EXPECT_EQ(told->fragmentation_before, before.fragmentation);
  EXPECT_EQ(told->fragmentation_after, after.fragmentation);
  EXPECT_GT(told->bytes_given_back, told->bytes_reclaimed);
  EXPECT_GT(told->records_moved, 1000u);
  EXPECT_EQ(told->extents_left, 0u);
  EXPECT_LT(after.fragmentation, 0.2);
  EXPECT_EQ(after.content_bytes_live, before.content_bytes_live);
  ExpectSound();
  Open();
  EXPECT_EQ(store_->Count(), 1500u);
  for (int i = 1; i < 3000; i += 2) ExpectHolds(i);
  ExpectSound();
}

TEST_F(CompactionTest, EmptyExtentsOfSlotsAreGivenBack) {
  Open();
  StoreFromTo(0, 1000);
  RemoveFromTo(0, 990);
  const uint64_t extents_before = store_->Stats().extents_of_slots;
  const absl::StatusOr<CompactionStats> told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_GT(extents_before, 40u);
  EXPECT_LE(store_->Stats().extents_of_slots, 2u);
  EXPECT_GT(told->bytes_given_back, 40 * options_.extent_bytes);
  StoreFromTo(0, 300);
  for (int i = 0; i < 300; ++i) ExpectHolds(i);
  for (int i = 990; i < 1000; ++i) ExpectHolds(i);
  ExpectSound();
  Open();
  for (int i = 0; i < 300; ++i) ExpectHolds(i);
  ExpectSound();
}

// They alone are reason enough, though the log has nothing to move and a checkpoint nothing to say.
TEST_F(CompactionTest, EmptyExtentsOfSlotsAreGivenBackBehindACheckpoint) {
  Open();
  StoreFromTo(0, 400);
  RemoveFromTo(0, 400);
  ASSERT_TRUE(store_->Checkpoint().ok());
  ASSERT_TRUE(store_->CompactContent(/*force=*/true).ok());
  ASSERT_TRUE(store_->Checkpoint().ok());
  StoreFromTo(0, 400);
  RemoveFromTo(0, 400);
  ASSERT_TRUE(store_->Checkpoint().ok());
  EXPECT_GT(store_->Stats().extents_of_slots, 10u);
  ASSERT_TRUE(store_->CompactContent(/*force=*/true).ok());
  EXPECT_EQ(store_->Stats().extents_of_slots, 0u);
}

TEST_F(CompactionTest, AHundredCyclesDoNotGrowTheFile) {
  Open();
  uint64_t bytes_after_some = 0;
  for (int cycle = 0; cycle < 100; ++cycle) {
    StoreFromTo(0, 400);
    RemoveFromTo(cycle % 7, 400, 7 - cycle % 3);
    RemoveFromTo(0, 350);
    ASSERT_TRUE(store_->CompactContent(/*force=*/true).ok());
    EXPECT_LT(store_->Stats().index_bytes, 200 * kKiB);
    if (cycle == 4) bytes_after_some = store_->Stats().file_bytes;
  }
  EXPECT_LE(store_->Stats().file_bytes, bytes_after_some + 2 * options_.extent_bytes);
  ExpectSound();
}

TEST_F(CompactionTest, AFullDiskIsCleaned) {
  options_.file_bytes_max = 8 * kKiB + 64 * options_.extent_bytes;
  Open();
  int stored = 0;
  while (store_->Store(MemoryAt(stored)).ok()) ++stored;
  ASSERT_GT(stored, 500);
  RemoveFromTo(0, stored * 3 / 4);
  const absl::StatusOr<CompactionStats> told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_GT(told->bytes_given_back, 0u);
  for (int i = stored * 3 / 4; i < stored; ++i) ExpectHolds(i);
  ExpectSound();
  StoreFromTo(stored, stored + stored / 2);
  ExpectSound();
}

// More removals than the reserve has room for: compacting makes it, though nobody asks.
TEST_F(CompactionTest, RemovalsGoOnWhenTheDiskIsFull) {
  options_.file_bytes_max = 8 * kKiB + 128 * options_.extent_bytes;
  options_.compacts_by_itself = true;
  options_.compaction_content_bytes_min = UINT64_MAX;
  options_.checkpoint_entries_min = 500;
  options_.extent_bytes = 32 * kKiB;
  Open();
  int stored = 0;
  while (store_->Store(MemoryAt(stored)).ok()) ++stored;
  ASSERT_GT(stored, 1000);
  for (int i = 0; i < stored; ++i) {
    const absl::StatusOr<Sequence> removed = store_->Remove(MemoryAt(i).id);
    ASSERT_TRUE(removed.ok()) << i << " of " << stored << ": " << removed.status();
  }
  StoreFromTo(0, stored / 2);
  ExpectSound();
}

class Stopper final : public EventListener {
 public:
  bool OnCompactionProgress(uint64_t extents_done, uint64_t extents_to_do) override {
    EXPECT_LE(extents_done, extents_to_do);
    last_done = extents_done;
    if (store != nullptr) {
      second = store->CompactContent(/*force=*/true).status();
      store->CancelCompaction();
    }
    return extents_done < stop_at;
  }

  uint64_t stop_at = UINT64_MAX;
  uint64_t last_done = 0;
  MemoryStore* store = nullptr;
  absl::Status second;
};

TEST_F(CompactionTest, StopsWhenToldTo) {
  Stopper stopper;
  options_.listener = &stopper;
  Open();
  StoreFromTo(0, 2000);
  RemoveFromTo(0, 2000, 2);
  stopper.stop_at = 2;
  absl::StatusOr<CompactionStats> told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_TRUE(told->was_cancelled);
  EXPECT_EQ(told->extents_done, 2u);
  EXPECT_GT(told->extents_left, 0u);
  stopper.stop_at = UINT64_MAX;
  stopper.store = store_.get();  // this call is the exception to "never call the store"
  told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_TRUE(told->was_cancelled);
  EXPECT_EQ(told->extents_done, 1u);
  EXPECT_TRUE(absl::IsAborted(stopper.second)) << stopper.second;
  stopper.store = nullptr;
  told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_FALSE(told->was_cancelled);
  EXPECT_EQ(told->extents_left, 0u);
  EXPECT_EQ(stopper.last_done, told->extents_done);
  for (int i = 1; i < 2000; i += 2) ExpectHolds(i);
  ExpectSound();
  ASSERT_TRUE(store_->Close().ok());
}

TEST_F(CompactionTest, HappensByItselfUnlessSwitchedOff) {
  for (const bool by_itself : {false, true}) {
    files_.Remove(path_).IgnoreError();
    options_.compacts_by_itself = by_itself;
    options_.compaction_content_bytes_min = 100'000;
    options_.checkpoint_entries_min = 500;
    Open();
    for (int round = 0; round < 20; ++round) {
      StoreFromTo(0, 400);
      StoreFromTo(round * 400 + 1000, round * 400 + 1100);
    }
    EXPECT_EQ(store_->Stats().compactions > 0, by_itself);
    ExpectSound();
    ASSERT_TRUE(store_->Close().ok());
  }
}

TEST_F(CompactionTest, OpeningWarnsOfMuchDeadRoom) {
  Open();
  EXPECT_FALSE(store_->recovery().is_fragmented);
  StoreFromTo(0, 1000);
  // Of every ten seven, so that each extent has something to keep it.
  for (int i = 0; i < 7; ++i) RemoveFromTo(i, 1000, 10);
  Open();
  EXPECT_EQ(store_->recovery().fragmentation, 0.7);
  EXPECT_FALSE(store_->recovery().is_fragmented);
  RemoveFromTo(7, 8);
  Open();
  EXPECT_TRUE(store_->recovery().is_fragmented);
}

// A record whose bytes are not what was written is not moved, and not forgotten either.
TEST_F(CompactionTest, WhatIsDamagedStaysWhereItIs) {
  Open();
  StoreFromTo(0, 1000);
  RemoveFromTo(0, 1000, 2);
  ASSERT_TRUE(store_->Close().ok());
  {
    auto file = *files_.Open(path_, io::OpenMode::kReadWrite);
    std::vector<std::byte> bytes(*file->Size());
    ASSERT_TRUE(io::ReadFully(*file, FileOffset{0}, bytes).ok());
    const std::string id = MemoryAt(501).id;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const size_t at = text.find(id);
    ASSERT_NE(at, std::string_view::npos);
    ASSERT_TRUE(
        io::WriteFully(*file, FileOffset{at + id.size()}, std::span(bytes).subspan(0, 1)).ok());
  }
  Open();
  const absl::StatusOr<CompactionStats> told = store_->CompactContent(/*force=*/true);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->extents_damaged, 1u);
  EXPECT_TRUE(absl::IsDataLoss(store_->Get(MemoryAt(501).id).status()));
  for (int i = 1; i < 1000; i += 2) {
    if (i != 501) ExpectHolds(i);
  }
  EXPECT_TRUE(store_->Store(MemoryAt(501)).ok());
  ExpectHolds(501);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY
