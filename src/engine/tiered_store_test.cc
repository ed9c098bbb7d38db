// The store on real files, one thread: what each call promises. Histories, crashes and damage are
// explored in stress/store.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/event_listener.h"
#include "api/memory_store.h"
#include "format/geometry.h"
#include "gtest/gtest.h"
#include "io/posix_file_system.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY {
namespace {

class TieredStoreTest : public testing::Test {
 protected:
  TieredStoreTest() {
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = testing::TempDir() + "tiered_store_" + test->name() + ".engram";
    RemoveFile(path_);
    options_.create_if_missing = true;
    options_.extent_bytes = 64 * kKiB;
  }
  ~TieredStoreTest() override { RemoveFile(path_); }

  void RemoveFile(const std::string& path) { files_.Remove(path).IgnoreError(); }
  void CopyFile(const std::string& from, const std::string& to) {
    RemoveFile(to);
    auto source = *files_.Open(from, io::OpenMode::kReadOnly);
    auto target = *files_.Open(to, io::OpenMode::kCreateNew);
    std::vector<std::byte> bytes(*source->Size());
    ASSERT_TRUE(io::ReadFully(*source, FileOffset{0}, bytes).ok());
    ASSERT_TRUE(io::WriteFully(*target, FileOffset{0}, bytes).ok());
  }

  std::unique_ptr<MemoryStore> OpenOrFail() {
    auto store = MemoryStore::Open(path_, options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  static Memory MakeMemory(const std::string& id, float first, std::optional<std::string> content) {
    Memory memory;
    memory.id = id;
    memory.embedding.assign(kEmbeddingDimension, 0.25F);
    memory.embedding[0] = first;
    memory.confidence = 0.5F;
    memory.activation = 1;
    memory.decay_rate = -0.0F;
    memory.created_at = INT64_MIN;
    memory.last_access = INT64_MAX;
    memory.access_count = UINT64_MAX;
    memory.content = std::move(content);
    return memory;
  }

  static void ExpectHolds(MemoryStore& store, const Memory& memory) {
    const absl::StatusOr<GetResult> got = store.Get(memory.id);
    ASSERT_TRUE(got.ok()) << got.status();
    ASSERT_TRUE(got->memory.has_value()) << memory.id;
    EXPECT_EQ(got->memory->id, memory.id);
    EXPECT_EQ(got->memory->embedding, memory.embedding);
    EXPECT_EQ(got->memory->content, memory.content);
    EXPECT_EQ(got->memory->access_count, memory.access_count);
    EXPECT_EQ(got->memory->created_at, memory.created_at);
    EXPECT_EQ(got->memory->activation, memory.activation);
  }

  static void ExpectSound(MemoryStore& store) {
    const absl::StatusOr<VerifyReport> report = store.Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    for (const Damage& damage : report->damages) ADD_FAILURE() << damage.explanation;
    for (const std::string& miscount : report->miscounts) ADD_FAILURE() << miscount;
  }

  io::PosixFileSystem files_;
  std::string path_;
  Options options_;
};

TEST_F(TieredStoreTest, HoldsWhatWasStoredAcrossReopening) {
  std::vector<Memory> memories;
  for (int i = 0; i < 300; ++i) {
    std::optional<std::string> content;
    if (i % 3 != 0)
      content = std::string(static_cast<size_t>(i * i) % 90'000, static_cast<char>('a' + i % 26));
    memories.push_back(MakeMemory("id" + std::to_string(i), static_cast<float>(i), content));
  }
  {
    auto store = OpenOrFail();
    EXPECT_TRUE(store->recovery().created);
    for (const Memory& memory : memories) {
      ASSERT_TRUE(store->Store(memory).ok());
    }
    EXPECT_EQ(store->Count(), 300u);
    for (const Memory& memory : memories) ExpectHolds(*store, memory);
    ExpectSound(*store);
    ASSERT_TRUE(store->Checkpoint().ok());
    for (const Memory& memory : memories) ExpectHolds(*store, memory);
    ExpectSound(*store);
    for (int i = 0; i < 100; ++i) {
      ASSERT_GT(store->Remove(memories[static_cast<size_t>(i)].id)->value, 0u);
    }
    EXPECT_EQ(store->Remove("id0")->value, 0u);
    EXPECT_EQ(store->Count(), 200u);
    ASSERT_TRUE(store->UpdateActivation("id200", 0.125F).ok());
    memories[200].activation = 0.125F;
    EXPECT_TRUE(absl::IsNotFound(store->UpdateActivation("id0", 0.5F).status()));
    ExpectSound(*store);
    const absl::Status closed = store->Close();
    ASSERT_TRUE(closed.ok()) << closed;
  }
  for (int round = 0; round < 3; ++round) {
    auto store = OpenOrFail();
    EXPECT_TRUE(store->recovery().clean);
    EXPECT_EQ(store->Count(), 200u);
    EXPECT_FALSE(store->Contains("id99")->present);
    for (size_t i = 100; i < memories.size(); ++i) ExpectHolds(*store, memories[i]);
    ExpectSound(*store);
  }
}

TEST_F(TieredStoreTest, RoomIsUsedAgain) {
  options_.pending_releases_max = 8;
  options_.checkpoint_entries_min = 64;
  auto store = OpenOrFail();
  uint64_t bytes_after_some = 0;
  for (int i = 0; i < 1500; ++i) {
    const std::string content(static_cast<size_t>(i % 7) * 3000, 'x');
    ASSERT_TRUE(store->Store(MakeMemory("id" + std::to_string(i % 5), 1.0F, content)).ok());
    if (i == 500) bytes_after_some = store->Stats().file_bytes;
  }
  EXPECT_LE(store->Stats().file_bytes, bytes_after_some * 2);
  ExpectSound(*store);
}

TEST_F(TieredStoreTest, ReplacedBlobsDoNotWaitForManyEntries) {
  options_.pending_releases_max = 4;
  auto store = OpenOrFail();
  for (int i = 0; i < 400; ++i) {
    ASSERT_TRUE(store->Store(MakeMemory("a", 1.0F, std::string(200'000, 'x'))).ok());
  }
  EXPECT_GT(store->Stats().checkpoints, 0u);
  EXPECT_LT(store->Stats().file_bytes, 60u * options_.extent_bytes)
      << "400 blobs of 4 extents each";
  ExpectSound(*store);
}

TEST_F(TieredStoreTest, AFullStoreGivesBackWhatBlobsHeld) {
  options_.file_bytes_max = 40 * options_.extent_bytes;
  auto store = OpenOrFail();
  for (int i = 0; i < 100; ++i) {
    const auto stored = store->Store(MakeMemory("a", 1.0F, std::string(500'000, 'x')));
    ASSERT_TRUE(stored.ok()) << i << ": " << stored.status();
  }
  ExpectSound(*store);
}

TEST_F(TieredStoreTest, BlobsThatFillAnExtentExactlyHarmNoOther) {
  constexpr int kBlobsPerExtent = 8;
  const uint64_t payload = format::Geometry{options_.extent_bytes}.PayloadBytes(1);
  ASSERT_EQ(payload % (kBlobsPerExtent * format::kAlignment), 0u);
  auto store = OpenOrFail();
  std::vector<Memory> memories;
  for (int i = 0; i < 3 * kBlobsPerExtent; ++i) {
    memories.push_back(
        MakeMemory("id" + std::to_string(i), static_cast<float>(i),
                   std::string(payload / kBlobsPerExtent, static_cast<char>('a' + i % 26))));
    ASSERT_TRUE(store->Store(memories.back()).ok());
    for (const Memory& memory : memories) ExpectHolds(*store, memory);
  }
  ExpectSound(*store);
}

TEST_F(TieredStoreTest, AFullStoreGivesBackWhatTheLogHeld) {
  options_.file_bytes_max = 40 * options_.extent_bytes;
  auto store = OpenOrFail();
  for (int i = 0; i < 2000; ++i) {
    const auto stored = store->Store(MakeMemory("a", 1.0F, std::string(4000, 'x')));
    ASSERT_TRUE(stored.ok()) << i << ": " << stored.status();
  }
  ExpectSound(*store);
}

TEST_F(TieredStoreTest, AFullStoreIsAsLargeAsItMayBe) {
  options_.file_bytes_max = format::Geometry{options_.extent_bytes}.FileBytes(20);
  auto store = OpenOrFail();
  absl::Status stored;
  for (int i = 0; stored.ok(); ++i) {
    stored = store->Store(MakeMemory(std::to_string(i), 1.0F, std::nullopt)).status();
  }
  EXPECT_TRUE(absl::IsResourceExhausted(stored)) << stored;
  EXPECT_EQ(store->Stats().file_bytes, options_.file_bytes_max);
  ExpectSound(*store);
}

TEST_F(TieredStoreTest, OfManyThatCloseAtOnceOneDoes) {
  auto store = OpenOrFail();
  ASSERT_TRUE(store->Store(MakeMemory("a", 1.0F, "text")).ok());
  std::vector<absl::StatusCode> codes(8);
  {
    std::vector<sync::Thread> threads;
    for (absl::StatusCode& code : codes) {
      threads.emplace_back("closer", [&] { code = store->Close().code(); });
    }
  }
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Get("a").status()));
  for (const absl::StatusCode code : codes) {
    EXPECT_TRUE(code == absl::StatusCode::kOk || code == absl::StatusCode::kFailedPrecondition);
  }
  EXPECT_EQ(store->Stats().memories, 1u);
  store = OpenOrFail();
  EXPECT_TRUE(store->recovery().clean);
  ExpectHolds(*store, MakeMemory("a", 1.0F, "text"));
}

TEST_F(TieredStoreTest, ASecondOpenIsRefusedAndBackupsOpen) {
  auto store = OpenOrFail();
  ASSERT_TRUE(store->Store(MakeMemory("a", 1.0F, "text")).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(MemoryStore::Open(path_, options_).status()));
  const std::string copy = path_ + ".backup";
  RemoveFile(copy);
  const absl::Status backed_up = store->Backup(copy);
  ASSERT_TRUE(backed_up.ok()) << backed_up;
  ASSERT_TRUE(store->Store(MakeMemory("b", 2.0F, std::nullopt)).ok());
  auto opened = MemoryStore::Open(copy, options_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  ExpectHolds(**opened, MakeMemory("a", 1.0F, "text"));
  EXPECT_EQ((*opened)->Count(), 1u);
  ExpectSound(**opened);
  RemoveFile(copy);
}

// What a kill would leave of a backup before its first extent is copied.
TEST_F(TieredStoreTest, AnIncompleteBackupIsNoPlaceForANewStore) {
  const std::string copy = path_ + ".backup";
  const std::string left = path_ + ".left";
  RemoveFile(copy);
  RemoveFile(left);
  class CopiesWhatIsThere : public EventListener {
   public:
    std::function<void()> at_first;
    void OnBackupProgress(uint64_t bytes_done, uint64_t) override {
      if (bytes_done == 0) at_first();
    }
  } listener;
  listener.at_first = [&] { CopyFile(copy, left); };
  options_.listener = &listener;
  auto store = OpenOrFail();
  ASSERT_TRUE(store->Store(MakeMemory("a", 1.0F, "text")).ok());
  ASSERT_TRUE(store->Backup(copy).ok());
  ASSERT_TRUE(options_.create_if_missing);
  EXPECT_TRUE(absl::IsDataLoss(MemoryStore::Open(left, options_).status()));
  RemoveFile(copy);
  RemoveFile(left);
}

TEST_F(TieredStoreTest, AFileCopiedWhileItIsOpenIsRecovered) {
  auto store = OpenOrFail();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(store->Store(MakeMemory("id" + std::to_string(i), 1.0F, "text")).ok());
  }
  ASSERT_TRUE(store->Sync().ok());
  ASSERT_TRUE(store->Store(MakeMemory("late", 1.0F, "not synced")).ok());
  const std::string copy = path_ + ".copy";
  CopyFile(path_, copy);
  auto opened = MemoryStore::Open(copy, options_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_FALSE((*opened)->recovery().clean);
  EXPECT_TRUE((*opened)->recovery().damages.empty());
  EXPECT_EQ((*opened)->Count(), 50u);
  ExpectSound(**opened);
  RemoveFile(copy);
}

// Zeros behind a log that has only begun are no torn entry.
TEST_F(TieredStoreTest, OfALogWithoutEntriesNothingIsCutOff) {
  const std::string copy = path_ + ".copy";
  for (int life = 0; life < 3; ++life) {
    auto store = OpenOrFail();
    CopyFile(path_, copy);
    auto opened = MemoryStore::Open(copy, options_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_FALSE((*opened)->recovery().clean);
    EXPECT_FALSE((*opened)->recovery().tail_was_cut);
    EXPECT_TRUE((*opened)->recovery().damages.empty());
    EXPECT_EQ((*opened)->Count(), static_cast<uint64_t>(life));
    ASSERT_TRUE(store->Store(MakeMemory(std::to_string(life), 1.0F, "text")).ok());
    ASSERT_TRUE(store->Close().ok());
  }
  RemoveFile(copy);
}

TEST_F(TieredStoreTest, CloseFromACallbackIsRefused) {
  auto store = OpenOrFail();
  ASSERT_TRUE(store->Store(MakeMemory("a", 1.0F, "text")).ok());
  absl::Status closed;
  ASSERT_TRUE(store->View("a", [&](const MemoryView&) { closed = store->Close(); }).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(closed)) << closed;
  EXPECT_TRUE(store->Get("a").ok());
  ASSERT_TRUE(store->Close().ok());
  EXPECT_TRUE(store->Close().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(store->Get("a").status()));
  EXPECT_EQ(store->Stats().memories, 1u);
}

// What a reader sees in the buffer of a log extent stays there, though the log goes on in others.
TEST_F(TieredStoreTest, AViewKeepsTheBufferThatItLooksAt) {
  auto store = OpenOrFail();
  const std::string content(2000, 'v');
  Memory viewed = MakeMemory("viewed", 1.0F, content);
  viewed.activation = 0.1F;  // a hot one has a copy
  ASSERT_TRUE(store->Store(viewed).ok());
  const auto look = [&](const MemoryView& view) {
    ASSERT_EQ(view.content, content);
    for (int i = 0; i < 200; ++i) {
      const std::string id = "other " + std::to_string(i);
      ASSERT_TRUE(store->Store(MakeMemory(id, 1.0F, std::string(2000, 'o'))).ok());
    }
    EXPECT_GT(store->Stats().extents_of_log, 4u);
    EXPECT_EQ(view.content, content);
  };
  ASSERT_TRUE(store->View("viewed", look).ok());
}

// Rooms that a reader still looks at are released, but not yet free: a checkpoint cut then must
// not know half of the run of an older one.
TEST_F(TieredStoreTest, CheckpointsAreCutWhileLongRunsOfOlderOnesWaitForAReader) {
  options_.extent_bytes = 8 * kKiB;
  std::unique_ptr<MemoryStore> store = OpenOrFail();
  constexpr int kMemories = 500;
  for (int i = 0; i < kMemories; ++i) {
    ASSERT_TRUE(store->Store(MakeMemory("id" + std::to_string(i), 0.5F, "text")).ok());
  }
  ASSERT_TRUE(store->Checkpoint().ok());
  ASSERT_TRUE(
      store
          ->View("id0",
                 [&](const MemoryView&) {
                   for (int i = 0; i < 3; ++i) {
                     EXPECT_TRUE(
                         store->Store(MakeMemory("id1", static_cast<float>(i), "text")).ok());
                     const absl::Status status = store->Checkpoint();
                     EXPECT_TRUE(status.ok()) << status;
                   }
                 })
          .ok());
  ASSERT_TRUE(store->Close().ok());
  store = OpenOrFail();
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->Count(), uint64_t{kMemories});
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY
