// Quarantine over sample stores, each damaged bit by bit: what was intact is unchanged, what was
// damaged is with the keeper, and the store is sound, but for what nobody can tell. And what fails
// leaves all as it was.
//
// Long because each failure is told from the same images and by the same keeper.

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "engine/sample_stores_fixture.h"
#include "format/log_entry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Flips one bit of every so many bytes: odd, so that every field is hit somewhere.
constexpr size_t kStride = 7;

class RamKeeper final : public RemainsKeeper {
 public:
  struct Kept {
    Damage damage;
    bool is_memory = false;
    uint64_t id_hash = 0;
    std::optional<Memory> intact;
    std::map<std::string, std::string> bytes;  // by structure
  };

  absl::Status Keep(const Remains& remains) override {
    EXPECT_FALSE(is_durable);
    Kept one{remains.damage, remains.is_memory, remains.id_hash, remains.intact, {}};
    for (const RemainingBytes& left : remains.bytes) {
      one.bytes.emplace(
          left.structure,
          std::string(reinterpret_cast<const char*>(left.bytes.data()), left.bytes.size()));
    }
    kept.push_back(std::move(one));
    return absl::OkStatus();
  }
  absl::Status MakeDurable() override {
    EXPECT_FALSE(is_durable);
    is_durable = true;
    return when_durable ? when_durable() : absl::OkStatus();
  }
  bool HasMemory(std::string_view id) const {
    return std::any_of(kept.begin(), kept.end(), [&](const Kept& one) {
      return one.is_memory && one.id_hash == format::IdHash(id);
    });
  }

  std::vector<Kept> kept;
  bool is_durable = false;
  std::function<absl::Status()> when_durable;
};

// What each id answers: a memory, nothing, or damage.
using Answers = std::map<std::string, absl::StatusOr<GetResult>>;
Answers AnswersOf(MemoryStore& store, const std::set<std::string>& ids) {
  Answers answers;
  for (const std::string& id : ids) answers.emplace(id, store.Get(id));
  return answers;
}

bool SameAnswer(const absl::StatusOr<GetResult>& a, const absl::StatusOr<GetResult>& b) {
  if (!a.ok() || !b.ok()) return a.status().code() == b.status().code();
  if (!a->memory || !b->memory) return a->memory.has_value() == b->memory.has_value();
  return SameBits(*a->memory, *b->memory);
}

// What stays damaged is what is lost of the index or of the log.
void ExpectOnlyLossesLeft(MemoryStore& store) {
  const auto left = store.Verify();
  ASSERT_TRUE(left.ok()) << left.status();
  for (const Damage& damage : left->damages) {
    EXPECT_EQ(damage.structure, "index") << damage.explanation;
  }
  EXPECT_THAT(left->miscounts, testing::IsEmpty());
}

bool IsKept(const RamKeeper& keeper, std::string_view bytes) {
  return std::any_of(keeper.kept.begin(), keeper.kept.end(), [&](const RamKeeper::Kept& one) {
    if (one.intact && one.intact->id == bytes) return true;
    return std::any_of(one.bytes.begin(), one.bytes.end(), [&](const auto& piece) {
      return piece.second.find(bytes) != std::string::npos;
    });
  });
}

// One bit was flipped: of the parts of a memory at most one is not kept as it was.
void ExpectPartsKept(const Memory& memory, bool content_is_raw, const RamKeeper& keeper) {
  int missing = 0;
  const std::string_view embedding(reinterpret_cast<const char*>(memory.embedding.data()),
                                   kEmbeddingDimension * sizeof(float));
  if (!IsKept(keeper, embedding)) ++missing;
  if (!IsKept(keeper, memory.id)) ++missing;
  if (content_is_raw && memory.content && !IsKept(keeper, *memory.content)) ++missing;
  EXPECT_LE(missing, 1) << memory.id;
}

// Everything as before, but what was damaged: that is gone and kept, or nobody can tell.
void ExpectAfter(MemoryStore& store, const Answers& before, const RamKeeper& keeper) {
  const auto verified = store.Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  for (const auto& [id, answer] : before) {
    const auto after = store.Get(id);
    if (answer.ok() && !answer->memory && !after.ok()) {
      // A checkpoint forgets removals, but not that something may be lost.
      EXPECT_FALSE(verified->sound()) << id << ": " << after.status();
    } else if (answer.ok()) {
      EXPECT_TRUE(SameAnswer(answer, after)) << id << ": " << after.status();
    } else if (after.ok()) {
      EXPECT_FALSE(after->memory) << id << " is back";
      EXPECT_TRUE(keeper.HasMemory(id)) << id << " is gone, and nobody has kept it";
    } else {
      EXPECT_FALSE(verified->sound()) << id << ": " << after.status();
    }
  }
}

void UseRoom(MemoryStore& store) {
  for (uint32_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(store.Store(SampleMemory(absl::StrCat("new ", i), i, SampleText(90, 'n'))).ok());
  }
  ASSERT_TRUE(store.Sync().ok());
}

// One damaged image, from opening to reopening. Returns how many memories were taken out.
uint64_t TryImage(const SampleStore& sample, std::span<const std::byte> image, bool flips_a_bit) {
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, image);
  if (!store.ok()) return 0;
  const Answers before = AnswersOf(**store, sample.ids);
  RamKeeper keeper;
  const auto report = (*store)->Quarantine(keeper);
  EXPECT_TRUE(report.ok()) << report.status();
  if (!report.ok()) return 0;
  EXPECT_EQ(keeper.is_durable, !report->found.damages.empty());
  EXPECT_GE(keeper.kept.size(), report->found.damages.size());
  ExpectOnlyLossesLeft(**store);
  ExpectAfter(**store, before, keeper);
  const bool content_is_raw = !sample.name.starts_with("cold");
  for (const auto& [id, memory] : sample.newest()) {
    const bool is_gone = !before.at(id).ok() && (*store)->Get(id).ok();
    if (is_gone && flips_a_bit) ExpectPartsKept(memory, content_is_raw, keeper);
  }
  UseRoom(**store);
  ExpectAfter(**store, before, keeper);
  EXPECT_TRUE((*store)->Close().ok());
  store->reset();

  auto again = MemoryStore::Open(files, std::string(kSamplePath), SampleOptions());
  EXPECT_TRUE(again.ok()) << again.status();
  if (!again.ok()) return 0;
  ExpectOnlyLossesLeft(**again);
  ExpectAfter(**again, before, keeper);
  return report->memories_taken_out;
}

TEST(Quarantine, OfEveryFlippedBitLeavesASoundStoreAndLosesNothing) {
  for (const SampleStore& sample : SampleStores()) {
    uint64_t taken_out = 0;
    for (size_t at = 0; at < sample.image.size(); at += kStride) {
      const size_t block = at / 64 * 64;
      const auto begin = sample.image.begin() + static_cast<ptrdiff_t>(block);
      const auto end =
          begin + static_cast<ptrdiff_t>(std::min<size_t>(64, sample.image.size() - block));
      if (std::all_of(begin, end, [](std::byte b) { return b == std::byte{0}; })) continue;
      std::vector<std::byte> image = sample.image;
      image[at] ^= std::byte{1} << (at % 8);
      taken_out += TryImage(sample, image, /*flips_a_bit=*/true);
      ASSERT_FALSE(testing::Test::HasFailure()) << sample.name << ", byte " << at;
    }
    // Each store but the empty one has memories to lose.
    EXPECT_EQ(taken_out > 0, sample.name != "new") << sample.name;
  }
}

TEST(Quarantine, OfEverySectorOfZerosLeavesOnlyWhatNobodyCanTell) {
  for (const SampleStore& sample : SampleStores()) {
    for (size_t at = 0; at < sample.image.size(); at += io::kSectorBytes) {
      std::vector<std::byte> image = sample.image;
      const size_t bytes = std::min<size_t>(io::kSectorBytes, image.size() - at);
      std::fill_n(image.begin() + static_cast<ptrdiff_t>(at), bytes, std::byte{0});
      if (image == sample.image) continue;
      TryImage(sample, image, /*flips_a_bit=*/false);
      ASSERT_FALSE(testing::Test::HasFailure()) << sample.name << ", byte " << at;
    }
  }
}

// A store of three memories, of which the embedding of "b" is damaged; and where that stands.
SampleStore WithDamagedEmbedding() {
  SampleStore sample = SampleMaker("embedding")
                           .Store(SampleMemory("a", 1, "first"))
                           .Store(SampleMemory("b", 2, SampleText(100, 'b')))
                           .Store(SampleMemory("c", 3, ""))
                           .Closed();
  const Memory b = SampleMemory("b", 2, std::nullopt);
  const auto* const embedding = reinterpret_cast<const std::byte*>(b.embedding.data());
  const auto at = std::search(sample.image.begin(), sample.image.end(), embedding,
                              embedding + kEmbeddingDimension * sizeof(float));
  *at ^= std::byte{1};
  return sample;
}

TEST(Quarantine, KeepsWhatIsIntactAndTheBytesOfAll) {
  const SampleStore sample = WithDamagedEmbedding();
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, sample.image);
  ASSERT_TRUE(store.ok()) << store.status();
  RamKeeper keeper;
  const auto report = (*store)->Quarantine(keeper);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->memories_taken_out, 1u);
  ASSERT_EQ(keeper.kept.size(), 1u);
  const RamKeeper::Kept& kept = keeper.kept.front();
  EXPECT_EQ(kept.damage.structure, "embedding");
  EXPECT_EQ(kept.damage.id, "b");
  Memory expected = SampleMemory("b", 2, SampleText(100, 'b'));
  expected.embedding.clear();
  ASSERT_TRUE(kept.intact);
  EXPECT_TRUE(SameBits(*kept.intact, expected));
  EXPECT_EQ(kept.bytes.at("embedding").size(), kEmbeddingDimension * sizeof(float));
  EXPECT_EQ(kept.bytes.at("blob"), SampleText(100, 'b'));
  EXPECT_THAT(kept.bytes.at("log entry"), testing::HasSubstr("b"));
  EXPECT_EQ((*store)->Count(), 2u);
  EXPECT_TRUE((*store)->Verify()->sound());
}

TEST(Quarantine, OfASoundStoreDoesNothing) {
  for (const SampleStore& sample : SampleStores()) {
    io::RamFileSystem files(kSampleFileBytesMax);
    auto store = OpenImage(files, sample.image);
    ASSERT_TRUE(store.ok()) << store.status();
    const std::vector<std::byte> before = files.Contents(kSamplePath);
    RamKeeper keeper;
    const auto report = (*store)->Quarantine(keeper);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->found.sound());
    EXPECT_FALSE(keeper.is_durable);
    EXPECT_EQ(files.Contents(kSamplePath), before) << sample.name;
  }
}

TEST(Quarantine, ChangesNothingBeforeTheKeeperHasMadeItDurable) {
  const SampleStore sample = WithDamagedEmbedding();
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, sample.image);
  ASSERT_TRUE(store.ok()) << store.status();
  const std::vector<std::byte> before = files.Contents(kSamplePath);
  RamKeeper keeper;
  keeper.when_durable = [&] {
    EXPECT_EQ(files.Contents(kSamplePath), before);
    return absl::UnavailableError("the disk of the side file is full");
  };
  EXPECT_TRUE(absl::IsUnavailable((*store)->Quarantine(keeper).status()));
  EXPECT_EQ(files.Contents(kSamplePath), before);
  EXPECT_TRUE(absl::IsDataLoss((*store)->Get("b").status()));
  EXPECT_EQ((*store)->Verify()->damages.size(), 1u);
  EXPECT_TRUE((*store)->Store(SampleMemory("d", 4, "")).ok());
}

// Two memories are damaged, so that one is superseded already when anything fails.
SampleStore WithTwoDamagedEmbeddings() {
  SampleStore sample = WithDamagedEmbedding();
  const Memory c = SampleMemory("c", 3, std::nullopt);
  const auto* const embedding = reinterpret_cast<const std::byte*>(c.embedding.data());
  const auto at = std::search(sample.image.begin(), sample.image.end(), embedding,
                              embedding + kEmbeddingDimension * sizeof(float));
  *at ^= std::byte{1};
  return sample;
}

// Where the damaged embedding of "b" stands.
uint64_t EmbeddingOfB(MemoryStore& store) { return store.Verify()->damages.at(0).offset.value; }

TEST(Quarantine, OfWhatTheDeviceCannotDeliverChangesNothing) {
  const SampleStore sample = WithDamagedEmbedding();
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, sample.image);
  ASSERT_TRUE(store.ok()) << store.status();
  const uint64_t at = EmbeddingOfB(**store);
  const std::vector<std::byte> before = files.Contents(kSamplePath);
  files.Bytes(kSamplePath).on_read = [&](FileOffset offset, std::span<std::byte> read) {
    const bool is_there = offset.value <= at && at < offset.value + read.size();
    return is_there ? absl::UnavailableError("Input/output error") : absl::OkStatus();
  };
  RamKeeper keeper;
  const absl::Status status = (*store)->Quarantine(keeper).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr(absl::StrCat("the device cannot deliver offset ", at)));
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("copy the file first"));
  EXPECT_FALSE(keeper.is_durable);
  EXPECT_TRUE(absl::IsDataLoss((*store)->Get("b").status()));
  EXPECT_EQ(files.Contents(kSamplePath), before);
  EXPECT_TRUE((*store)->Store(SampleMemory("d", 4, "")).ok());
}

// A page that could not be read stays one of zeros in the mapping.
TEST(Quarantine, OfWhatTheDeviceDeliversOnlyNowChangesNothing) {
  const SampleStore sample = WithDamagedEmbedding();
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, sample.image);
  ASSERT_TRUE(store.ok()) << store.status();
  const uint64_t at = EmbeddingOfB(**store);
  files.Bytes(kSamplePath).on_read = [&](FileOffset offset, std::span<std::byte> read) {
    if (offset.value <= at && at < offset.value + read.size()) {
      read[at - offset.value] ^= std::byte{1};  // as it was stored
    }
    return absl::OkStatus();
  };
  RamKeeper keeper;
  const absl::Status status = (*store)->Quarantine(keeper).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_FALSE(keeper.is_durable);
  EXPECT_TRUE(absl::IsDataLoss((*store)->Get("b").status()));
}

TEST(Quarantine, OfAPlaceThatTheDeviceCannotDeliverChangesNothing) {
  SampleStore sample = WithDamagedEmbedding();
  // A flipped byte in the header of the first extent, which is read once more to be kept.
  const uint64_t at = 2 * 4096;
  sample.image[at] ^= std::byte{1};
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, sample.image);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto found = (*store)->Verify();
  ASSERT_TRUE(std::any_of(found->damages.begin(), found->damages.end(), [&](const Damage& damage) {
    return damage.structure == "extent header" && damage.offset.value == at;
  }));
  int reads = 0;
  files.Bytes(kSamplePath).on_read = [&](FileOffset offset, std::span<std::byte>) {
    if (offset.value != at || ++reads < 2) return absl::OkStatus();
    return absl::UnavailableError("Input/output error");
  };
  RamKeeper keeper;
  EXPECT_TRUE(absl::IsUnavailable((*store)->Quarantine(keeper).status()));
  EXPECT_EQ(reads, 2);
  EXPECT_FALSE(keeper.is_durable);
}

// What a log entry is read from is in RAM until the log is written out.
TEST(Quarantine, KeepsWhatTheFileDoesNotHaveYet) {
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, SampleMaker("new").Closed().image);
  ASSERT_TRUE(store.ok()) << store.status();
  const Memory memory = SampleMemory("unwritten", 1, "in the log's buffer");
  ASSERT_TRUE((*store)->Store(memory).ok());
  io::RamBytes& file = files.Bytes(kSamplePath);
  const auto* const embedding = reinterpret_cast<const std::byte*>(memory.embedding.data());
  std::byte* const at = std::search(file.data(), file.data() + file.size(), embedding,
                                    embedding + kEmbeddingDimension * sizeof(float));
  ASSERT_NE(at, file.data() + file.size());
  *at ^= std::byte{1};
  RamKeeper keeper;
  const auto report = (*store)->Quarantine(keeper);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_EQ(keeper.kept.size(), 1u);
  EXPECT_THAT(keeper.kept[0].bytes.at("log entry"), testing::HasSubstr("in the log's buffer"));
}

TEST(Quarantine, WhoseCheckpointFailsAnswersAsBefore) {
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, WithTwoDamagedEmbeddings().image);
  ASSERT_TRUE(store.ok()) << store.status();
  const uint64_t count = (*store)->Count();
  RamKeeper keeper;
  keeper.when_durable = [&] {
    files.Bytes(kSamplePath).on_sync = [] { return absl::UnavailableError(""); };
    return absl::OkStatus();
  };
  const absl::Status status = (*store)->Quarantine(keeper).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("was not taken out"));
  EXPECT_TRUE((*store)->Stats().read_only);
  EXPECT_TRUE((*store)->Get("a")->memory);
  EXPECT_TRUE(absl::IsDataLoss((*store)->Get("b").status()));
  EXPECT_TRUE(absl::IsDataLoss((*store)->Get("c").status()));
  EXPECT_EQ((*store)->Count(), count);
  EXPECT_EQ((*store)->Verify()->damages.size(), 2u);
}

TEST(Quarantine, WhoseKeeperThrowsChangesNothing) {
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, WithDamagedEmbedding().image);
  ASSERT_TRUE(store.ok()) << store.status();
  RamKeeper keeper;
  keeper.when_durable = []() -> absl::Status { throw 7; };
  EXPECT_TRUE(absl::IsInternal((*store)->Quarantine(keeper).status()));
  keeper = RamKeeper();
  keeper.when_durable = []() -> absl::Status { throw std::bad_alloc(); };
  EXPECT_TRUE(absl::IsResourceExhausted((*store)->Quarantine(keeper).status()));
  EXPECT_TRUE(absl::IsDataLoss((*store)->Get("b").status()));
  EXPECT_TRUE((*store)->Store(SampleMemory("d", 4, "")).ok());
}

TEST(Quarantine, AClosedStoreRefuses) {
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, WithDamagedEmbedding().image);
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Close().ok());
  RamKeeper keeper;
  EXPECT_TRUE(absl::IsFailedPrecondition((*store)->Quarantine(keeper).status()));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
