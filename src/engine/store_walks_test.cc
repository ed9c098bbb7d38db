// Iteration, pages and recall of a store with many buckets, one or more of which are damaged: they
// agree with Get on each id, and say of each damage that it is there. Long because each of its
// stores is looked at in the same ways.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "api/memory_store.h"
#include "engine/checkpoint.h"
#include "engine/recovery.h"
#include "format/geometry.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

constexpr char kPath[] = "store";
constexpr int kIds = 900;  // of which a part is stored

std::string IdOf(int which) { return "memory " + std::to_string(which); }

Memory MakeMemory(int which, uint64_t version) {
  Memory memory;
  memory.id = IdOf(which);
  memory.embedding.assign(kEmbeddingDimension, 0.5F);
  memory.embedding[static_cast<size_t>(which) % kEmbeddingDimension] = 1.0F;
  memory.access_count = version;
  return memory;
}

class StoreWalksTest : public testing::Test {
 protected:
  StoreWalksTest() : files_(16 * kMiB) {
    options_.create_if_missing = true;
    options_.extent_bytes = 64 * kKiB;
    options_.file_bytes_max = 16 * kMiB;
    options_.concurrency = 4;
    store_ = OpenOrDie();
    for (int i = 0; i < 700; ++i) StoreOne(i, 1);
    EXPECT_TRUE(store_->Checkpoint().ok());
    for (int i = 0; i < 700; i += 7) StoreOne(i, 2);
    for (int i = 0; i < 700; i += 11) EXPECT_TRUE(store_->Remove(IdOf(i)).ok());
    EXPECT_TRUE(store_->Close().ok());
    store_.reset();
  }

  std::unique_ptr<MemoryStore> OpenOrDie() {
    auto store = MemoryStore::Open(files_, kPath, options_);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  void StoreOne(int which, uint64_t version) {
    EXPECT_TRUE(store_->Store(MakeMemory(which, version)).ok());
  }

  // How many buckets the checkpoint of the closed store has; damages those that are named.
  uint64_t DamageBuckets(const std::vector<uint64_t>& numbers) {
    auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
    std::vector<Damage> damages;
    const format::Superblock superblock = *ReadSuperblock(*file, damages);
    CheckpointPlace place;
    place.runs = superblock.runs;
    for (const uint64_t number : numbers) {
      const FileOffset offset = place.OffsetOf((number % superblock.buckets) * format::kBucketBytes,
                                               {superblock.extent_bytes});
      EXPECT_TRUE(io::WriteFully(*file, {offset.value + 40}, std::vector(1, std::byte{0xEE})).ok());
    }
    return superblock.buckets;
  }

  struct Seen {
    std::map<std::string, uint64_t> memories;  // id, access count; of recall: 0
    std::vector<std::pair<uint64_t, uint64_t>> holes;
  };
  Seen Iterated() {
    Seen seen;
    EXPECT_TRUE(
        store_
            ->Iterate(std::nullopt,
                      [&](const IterationItem& item) {
                        if (item.status.ok()) {
                          EXPECT_TRUE(
                              seen.memories.emplace(item.id, item.view->access_count).second);
                        } else {
                          EXPECT_TRUE(absl::IsDataLoss(item.status));
                          seen.holes.emplace_back(item.id_hash, item.id_hash_last);
                        }
                        return true;
                      })
            .ok());
    return seen;
  }
  Seen Listed(size_t limit) {
    Seen seen;
    std::string cursor;
    do {
      const absl::StatusOr<Page> page = store_->List(cursor, limit, std::nullopt);
      EXPECT_TRUE(page.ok()) << page.status();
      for (const PageItem& item : page->items) {
        if (item.status.ok()) {
          EXPECT_TRUE(seen.memories.emplace(item.memory.id, item.memory.access_count).second);
        } else {
          seen.holes.emplace_back(item.id_hash, item.id_hash_last);
        }
      }
      cursor = page->cursor;
    } while (!cursor.empty());
    return seen;
  }
  Seen Recalled() {
    Seen seen;
    const auto result = store_->Recall(MakeMemory(3, 0).embedding, {.limit = kRecallLimitMax});
    EXPECT_TRUE(result.ok());
    for (const RecallMatch& match : result->matches) seen.memories.emplace(match.id, 0);
    for (const DamagedMemory& damaged : result->damaged) {
      seen.holes.emplace_back(damaged.id_hash, damaged.id_hash_last);
    }
    EXPECT_EQ(result->examined, result->matches.size());
    return seen;
  }

  // Returns how many ids answer DATA_LOSS.
  int ExpectAgreesWithGet(const Seen& seen, bool has_values) {
    int damaged = 0;
    for (int i = 0; i < kIds; ++i) {
      const absl::StatusOr<GetResult> got = store_->Get(IdOf(i));
      const auto found = seen.memories.find(IdOf(i));
      const bool is_seen = found != seen.memories.end();
      const uint64_t hash = format::IdHash(IdOf(i));
      bool is_covered = false;
      for (const auto& [first, last] : seen.holes) is_covered |= first <= hash && hash <= last;
      if (!got.ok()) {
        ++damaged;
        EXPECT_TRUE(is_covered && !is_seen) << i;
        continue;
      }
      EXPECT_EQ(is_seen, got->memory.has_value()) << i;
      if (is_seen && has_values) {
        EXPECT_EQ(found->second, got->memory->access_count) << i;
      }
    }
    return damaged;
  }
  int ExpectAllAgree(size_t holes_max) {
    const Seen iterated = Iterated();
    EXPECT_LE(iterated.holes.size(), holes_max);
    const int damaged = ExpectAgreesWithGet(iterated, true);
    for (const size_t limit : {size_t{1}, size_t{7}, kPageLimitMax}) {
      const Seen listed = Listed(limit);
      ExpectAgreesWithGet(listed, true);
      EXPECT_EQ(listed.holes.size(), iterated.holes.size());
    }
    ExpectAgreesWithGet(Recalled(), false);
    return damaged;
  }

  io::RamFileSystem files_;
  Options options_;
  std::unique_ptr<MemoryStore> store_;
};

TEST_F(StoreWalksTest, WithoutDamageAllIsMet) {
  store_ = OpenOrDie();
  for (int i = 600; i < 800; ++i) StoreOne(i, 3);
  EXPECT_EQ(ExpectAllAgree(0), 0);
  EXPECT_EQ(Iterated().memories.size(), store_->Count());
}

// Of so many homes a stretch ends at the last one, behind it and before it.
TEST_F(StoreWalksTest, HoweverManyBucketsThereAreAllIsMet) {
  ASSERT_TRUE(files_.Remove(kPath).ok());
  store_ = OpenOrDie();
  for (int i = 0; i < kIds; ++i) {
    StoreOne(i, 1);
    if (i % static_cast<int>(kEntriesPerHome) == 0) {
      ASSERT_TRUE(store_->Checkpoint().ok());
      EXPECT_EQ(Iterated().memories.size(), store_->Count());
    }
  }
}

// Also of an id whose last two changes followed each other.
TEST_F(StoreWalksTest, WhatTheLogHasLostStaysLostInACheckpoint) {
  store_ = OpenOrDie();
  Memory lost = MakeMemory(800, 6);
  lost.id = "the one that is lost";
  ASSERT_TRUE(store_->Store(lost).ok());
  ASSERT_TRUE(store_->Checkpoint().ok());
  ASSERT_TRUE(store_->Store(lost).ok());
  ASSERT_TRUE(store_->Sync().ok());
  StoreOne(801, 1);
  ASSERT_TRUE(store_->Sync().ok());
  std::vector<std::byte> image = files_.Contents(kPath);
  store_.reset();
  const auto id = std::as_bytes(std::span(lost.id));
  const auto at = std::find_end(image.begin(), image.end(), id.begin(), id.end());
  ASSERT_NE(at, image.end());
  *at = std::byte{'T'};
  files_.Install(kPath, image);
  for (int life = 0; life < 2; ++life) {
    store_ = OpenOrDie();
    EXPECT_TRUE(absl::IsDataLoss(store_->Get(lost.id).status()));
    EXPECT_TRUE(store_->Checkpoint().ok());
    EXPECT_TRUE(absl::IsDataLoss(store_->Get(lost.id).status()));
    EXPECT_TRUE(store_->Close().ok());
  }
  store_ = OpenOrDie();
  EXPECT_TRUE(store_->Store(lost).ok());
  EXPECT_TRUE(store_->Get(lost.id).ok());
}

// So many are sorted otherwise.
TEST_F(StoreWalksTest, ARecallOfThousandsExaminesEach) {
  store_ = OpenOrDie();
  for (int i = 1000; i < 2500; ++i) StoreOne(i, 1);
  const auto result = store_->Recall(MakeMemory(3, 0).embedding, {.limit = 3});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->examined, store_->Count());
  std::set<std::string> ids;
  for (const RecallMatch& match : result->matches) ids.insert(match.id);
  // Those whose embedding is the same.
  EXPECT_EQ(ids, (std::set<std::string>{IdOf(3), IdOf(3 + 2 * 768), IdOf(3 + 3 * 768)}));
}

TEST_F(StoreWalksTest, WhatIsDamagedIsNotChanged) {
  DamageBuckets({5});
  store_ = OpenOrDie();
  int damaged = 0;
  for (int i = 0; i < kIds; ++i) {
    const absl::Status got = store_->Get(IdOf(i)).status();
    if (got.ok()) continue;
    ++damaged;
    EXPECT_TRUE(absl::IsDataLoss(store_->UpdateActivation(IdOf(i), 0.5F).status())) << i;
    EXPECT_TRUE(absl::IsDataLoss(store_->Contains(IdOf(i)).status())) << i;
  }
  EXPECT_GT(damaged, 5);
}

// Around as many homes as the first extent of a checkpoint holds.
TEST_F(StoreWalksTest, ACheckpointOfSeveralRunsIsRead) {
  store_ = OpenOrDie();
  for (int i = 700; i < 1700; ++i) {
    StoreOne(i, 1);
    if (i < 1440 || i % 7 != 0) continue;
    ASSERT_TRUE(store_->Checkpoint().ok());
    ASSERT_EQ(Iterated().memories.size(), store_->Count());
  }
  EXPECT_TRUE(store_->Close().ok());
  store_ = OpenOrDie();
  EXPECT_TRUE(store_->recovery().damages.empty());
  EXPECT_TRUE(store_->Verify()->sound());
}

// All can be told from the index, cold memories too.
TEST_F(StoreWalksTest, ACheckpointWithoutItsMetaDataIsReadAllTheSame) {
  store_ = OpenOrDie();
  std::vector<std::string> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(IdOf(i));
  ASSERT_TRUE(store_->Migrate(ids, Tier::kCold).ok());
  const Statistics before = store_->Stats();
  const Seen iterated = Iterated();
  ASSERT_TRUE(store_->Close().ok());
  const uint64_t buckets = DamageBuckets({});
  {
    auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
    std::vector<Damage> damages;
    CheckpointPlace place;
    const format::Superblock superblock = *ReadSuperblock(*file, damages);
    place.runs = superblock.runs;
    const FileOffset meta =
        place.OffsetOf(buckets * format::kBucketBytes, {superblock.extent_bytes});
    ASSERT_TRUE(io::WriteFully(*file, {meta.value + 3}, std::vector(1, std::byte{0xEE})).ok());
  }
  store_ = OpenOrDie();
  EXPECT_EQ(store_->recovery().damages.size(), 1u);
  EXPECT_EQ(Iterated().memories, iterated.memories);
  EXPECT_EQ(ExpectAllAgree(0), 0);
  const Statistics after = store_->Stats();
  EXPECT_EQ(after.memories_cold, before.memories_cold);
  EXPECT_EQ(after.cold_rows_live, before.cold_rows_live);
  EXPECT_EQ(after.slots_used, after.memories - after.memories_cold);
}

TEST_F(StoreWalksTest, VerifyFindsAHeaderOfAnOlderUseAndEitherSuperblock) {
  store_ = OpenOrDie();
  std::vector<std::byte> before = files_.Contents(kPath);
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 700; ++i) StoreOne(i, 5);
    ASSERT_TRUE(store_->CompactContent(/*force=*/true).ok());
  }
  ASSERT_TRUE(store_->Verify()->damages.empty());
  auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
  const format::Geometry geometry{options_.extent_bytes};
  size_t told = 0;
  for (uint32_t i = 0; geometry.FileBytes(i + 1) <= before.size(); ++i) {
    const FileOffset offset = geometry.Begin({i});
    const std::vector<std::byte> now = files_.Contents(kPath);
    const auto header = [&](const std::vector<std::byte>& bytes) {
      return std::span(bytes).subspan(offset.value, format::kExtentHeaderBytes);
    };
    if (std::ranges::equal(header(now), header(before))) continue;
    ASSERT_TRUE(io::WriteFully(*file, offset, header(before)).ok());
    const absl::StatusOr<VerifyReport> report = store_->Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    for (const Damage& damage : report->damages) {
      told += damage.explanation.find("instead of") != std::string::npos ? 1 : 0;
    }
    ASSERT_TRUE(io::WriteFully(*file, offset, header(now)).ok());
  }
  EXPECT_GT(told, 0u);
  ASSERT_TRUE(store_->Verify()->damages.empty());
  for (const uint64_t offset : {uint64_t{200}, format::kSuperblockBytes + 200}) {
    ASSERT_TRUE(io::WriteFully(*file, {offset}, std::vector(1, std::byte{0xEE})).ok());
    const absl::StatusOr<VerifyReport> report = store_->Verify();
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_FALSE(report->damages.empty()) << offset;
  }
}

// The checkpoint's own extents are there, others that it knows of are not.
TEST_F(StoreWalksTest, AFileThatIsTooShortForItsCheckpointIsOpened) {
  auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
  ASSERT_TRUE(file->Truncate(*file->Size() - options_.extent_bytes).ok());
  file = nullptr;
  store_ = OpenOrDie();
  const std::vector<Damage>& damages = store_->recovery().damages;
  EXPECT_TRUE(std::any_of(damages.begin(), damages.end(), [](const Damage& damage) {
    return damage.explanation.find("more extents than the file has") != std::string::npos;
  }));
  EXPECT_LT(ExpectAllAgree(kIds), kIds / 2);
}

TEST_F(StoreWalksTest, ADamagedBucketIsOneItem) {
  const uint64_t buckets = DamageBuckets({});
  const std::vector<std::byte> image = files_.Contents(kPath);
  ASSERT_GT(buckets, 40u);
  int damaged = 0;
  for (uint64_t number = 0; number < buckets; ++number) {
    files_.Install(kPath, image);
    DamageBuckets({number});
    store_ = OpenOrDie();
    for (int i = 650; i < 750; ++i) StoreOne(i, 3);
    damaged += ExpectAllAgree(1);
    store_.reset();
  }
  EXPECT_GT(damaged, kIds / 2);
}

TEST_F(StoreWalksTest, NeighboursMayBeDamagedTogether) {
  DamageBuckets({5, 6, 7, 20, 22, UINT64_MAX});
  store_ = OpenOrDie();
  EXPECT_GT(ExpectAllAgree(6), 6 * 5);
}

TEST_F(StoreWalksTest, WhatIsLostStaysToldInTheNextCheckpoint) {
  DamageBuckets({5, 6, 20});
  store_ = OpenOrDie();
  const int damaged = ExpectAllAgree(3);
  EXPECT_TRUE(store_->Checkpoint().ok());
  EXPECT_GE(ExpectAllAgree(3), 1);
  EXPECT_LE(ExpectAllAgree(3), damaged);
  for (int i = 0; i < 700; ++i) StoreOne(i, 4);
  EXPECT_LE(Iterated().holes.size(), 3u);
  EXPECT_EQ(Iterated().memories.size(), 700u);
}

// What is hot is read from its copy where Get does so.
TEST_F(StoreWalksTest, AHotCopyStandsInForADamagedHome) {
  store_ = OpenOrDie();
  Memory hot = MakeMemory(800, 6);
  hot.id = "the one that is hot";
  hot.activation = 0.9F;
  ASSERT_TRUE(store_->Store(hot).ok());
  // So much that its record is in the file.
  for (int i = 0; i < 700; ++i) StoreOne(i, 7);
  ASSERT_TRUE(store_->Sync().ok());
  ASSERT_EQ(store_->Get(hot.id)->tier, Tier::kHot);
  auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
  const std::vector<std::byte> bytes = files_.Contents(kPath);
  const auto id = std::as_bytes(std::span(hot.id));
  for (auto at = bytes.begin();;) {
    at = std::search(at, bytes.end(), id.begin(), id.end());
    if (at == bytes.end()) break;
    const FileOffset offset{static_cast<uint64_t>(at - bytes.begin())};
    ASSERT_TRUE(io::WriteFully(*file, offset, std::vector(1, std::byte{'T'})).ok());
    ++at;
  }
  ASSERT_TRUE(store_->Get(hot.id)->memory.has_value());
  EXPECT_FALSE(store_->Verify()->damages.empty());
  for (const Seen& seen : {Iterated(), Listed(7), Recalled()}) {
    EXPECT_TRUE(seen.memories.contains(hot.id));
    EXPECT_TRUE(seen.holes.empty());
  }
}

// The copy of a hot memory may be all that is left of it: no call drops it and says OK.
TEST_F(StoreWalksTest, TheLastIntactCopyIsKept) {
  store_ = OpenOrDie();
  Memory hot = MakeMemory(800, 6);
  hot.activation = 0.9F;
  for (size_t i = 0; i < 100; ++i) hot.embedding[i] = 1000.5F + static_cast<float>(i);
  ASSERT_TRUE(store_->Store(hot).ok());
  ASSERT_TRUE(store_->Sync().ok());
  const std::vector<std::byte> bytes = files_.Contents(kPath);
  const auto embedding = std::as_bytes(std::span(hot.embedding));
  const auto at = std::search(bytes.begin(), bytes.end(), embedding.begin(), embedding.end());
  ASSERT_NE(at, bytes.end());
  auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
  const FileOffset offset{static_cast<uint64_t>(at - bytes.begin())};
  ASSERT_TRUE(io::WriteFully(*file, offset, std::vector(1, ~*at)).ok());

  ASSERT_EQ(store_->Get(hot.id)->tier, Tier::kHot);
  EXPECT_TRUE(absl::IsDataLoss(store_->UpdateActivation(hot.id, 0.1F).status()));
  EXPECT_TRUE(absl::IsDataLoss(store_->UpdateActivation(hot.id, 1).status()));
  for (const Tier to : {Tier::kWarm, Tier::kCold}) {
    const absl::StatusOr<MigrationStats> stats = store_->Migrate({&hot.id, 1}, to);
    ASSERT_TRUE(stats.ok()) << stats.status();
    EXPECT_EQ(stats->damaged, 1u);
  }
  EXPECT_EQ(store_->Get(hot.id)->memory->embedding, hot.embedding);
  // Storing it again heals it.
  ASSERT_TRUE(store_->Store(hot).ok());
  EXPECT_TRUE(store_->UpdateActivation(hot.id, 0.1F).ok());
  EXPECT_EQ(store_->Get(hot.id)->tier, Tier::kWarm);
}

// A page is no larger than its limit in contents and one more, however many were asked for.
TEST_F(StoreWalksTest, APageOfLongContentsIsShort) {
  io::RamFileSystem files(64 * kMiB);
  options_.file_bytes_max = 64 * kMiB;
  const auto store = MemoryStore::Open(files, kPath, options_);
  ASSERT_TRUE(store.ok()) << store.status();
  for (int i = 0; i < 20; ++i) {
    Memory memory = MakeMemory(i, 1);
    memory.content = std::string(1 * kMiB, 'c');
    ASSERT_TRUE((*store)->Store(memory).ok());
  }
  const absl::StatusOr<Page> first = (*store)->List("", kPageLimitMax, std::nullopt);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->items.size(), 16u);
  const absl::StatusOr<Page> second = (*store)->List(first->cursor, kPageLimitMax, std::nullopt);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->items.size(), 4u);
}

// Nobody has a hash within a quarter of all: buckets between those of others are empty.
TEST_F(StoreWalksTest, AnEmptyBucketHidesNothing) {
  ASSERT_TRUE(files_.Remove(kPath).ok());
  store_ = OpenOrDie();
  std::map<std::string, uint64_t> stored;
  for (int i = 0; i < kIds; ++i) {
    const uint64_t quarter = format::IdHash(IdOf(i)) >> 62;
    if (quarter == 1) continue;
    StoreOne(i, 1);
    stored.emplace(IdOf(i), 1);
  }
  ASSERT_TRUE(store_->Close().ok());
  store_ = OpenOrDie();
  EXPECT_EQ(Iterated().memories, stored);
  EXPECT_EQ(ExpectAllAgree(0), 0);
}

// A row that is damaged stays in its run, and neither ends the rewriting nor the process.
TEST_F(StoreWalksTest, ADamagedRowIsNotRewritten) {
  store_ = OpenOrDie();
  std::vector<std::string> ids;
  for (int i = 1; i <= 9; ++i) ids.push_back(IdOf(i));
  Memory damaged = MakeMemory(800, 6);
  for (size_t i = 0; i < 100; ++i) damaged.embedding[i] = 1000.5F + static_cast<float>(i);
  ASSERT_TRUE(store_->Store(damaged).ok());
  ids.push_back(damaged.id);
  ASSERT_TRUE(store_->Migrate(ids, Tier::kCold).ok());
  const std::vector<std::byte> bytes = files_.Contents(kPath);
  const auto embedding = std::as_bytes(std::span(damaged.embedding));
  auto file = *files_.Open(kPath, io::OpenMode::kReadWrite);
  for (auto at = bytes.begin();;) {
    at = std::search(at, bytes.end(), embedding.begin(), embedding.end());
    if (at == bytes.end()) break;
    const FileOffset offset{static_cast<uint64_t>(at - bytes.begin())};
    ASSERT_TRUE(io::WriteFully(*file, offset, std::vector(1, ~*at)).ok());
    ++at;
  }
  ASSERT_TRUE(absl::IsDataLoss(store_->Get(damaged.id).status()));
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(store_->Remove(IdOf(i)).ok());
  const absl::StatusOr<ColdCompactionStats> stats = store_->CompactCold();
  ASSERT_TRUE(stats.ok()) << stats.status();
  EXPECT_EQ(stats->rows_moved, 3u);
  EXPECT_TRUE(absl::IsDataLoss(store_->Get(damaged.id).status()));
  for (int i = 7; i <= 9; ++i) EXPECT_EQ(store_->Get(IdOf(i))->tier, Tier::kCold);
}

// A cursor from before the damage was known leads on all the same.
TEST_F(StoreWalksTest, ACursorLivesOnOverAnotherCheckpoint) {
  store_ = OpenOrDie();
  std::set<std::string> met;
  std::string cursor;
  do {
    const absl::StatusOr<Page> page = store_->List(cursor, 50, std::nullopt);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const PageItem& item : page->items) EXPECT_TRUE(met.insert(item.memory.id).second);
    cursor = page->cursor;
    StoreOne(static_cast<int>(met.size()), 5);
    EXPECT_TRUE(store_->Close().ok());
    store_ = OpenOrDie();
  } while (!cursor.empty());
  for (int i = 0; i < 700; ++i) {
    if (i % 11 != 0) {
      EXPECT_TRUE(met.contains(IdOf(i))) << i;
    }
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
