// A store that this version of the format wrote, kept in the repository: it must be read for ever,
// and as long as nothing changes the format, the same operations must write the same bytes. And
// files of format 1, in both layouts, which must be imported for ever: store_v1.hex and
// store_v1_second.hex, from the old program's structs, compiled by its compiler.
//
// src/format/golden/store_v2.hex, and store_v2_cold.hex likewise, has a line of 32 bytes for each
// that are not zero, behind their offset, and the size of the file first. How to renew it stands in
// src/format/README.md.

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/import_v1.h"
#include "engine/sample_stores_fixture.h"
#include "format/samples_fixture.h"
#include "gtest/gtest.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

constexpr size_t kLineBytes = 32;
constexpr std::string_view kGoldenText =
#include "format/golden_store.inc"
    ;
constexpr std::string_view kGoldenColdText =
#include "format/golden_store_cold.inc"
    ;
constexpr std::string_view kGoldenV1Text =
#include "format/golden_v1.inc"
    ;
constexpr std::string_view kGoldenV1SecondText =
#include "format/golden_v1_second.inc"
    ;

struct Golden {
  std::string_view text;
  SampleStore expected;
  std::string name;  // of the file that is written if today's bytes are others
};

std::vector<Golden> Goldens() {
  return {{kGoldenText, GoldenStore(), "golden_store.hex"},
          {kGoldenColdText, GoldenColdStore(), "golden_store_cold.hex"}};
}

std::string TextOf(std::span<const std::byte> image) {
  std::string text = absl::StrCat(image.size(), "\n");
  for (size_t offset = 0; offset < image.size(); offset += kLineBytes) {
    const auto line = image.subspan(offset, std::min(kLineBytes, image.size() - offset));
    if (format::AreZeros(line)) continue;
    absl::StrAppend(&text, offset, " ", format::Hex(line), "\n");
  }
  return text;
}

uint64_t TakeNumber(std::string_view& text, int base) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  EXPECT_EQ(error, std::errc{});
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::vector<std::byte> ImageOf(std::string_view text) {
  std::vector<std::byte> image(TakeNumber(text, 10));
  text.remove_prefix(1);
  while (!text.empty()) {
    size_t offset = TakeNumber(text, 10);
    text.remove_prefix(1);
    for (; text.front() != '\n'; text.remove_prefix(2)) {
      std::string_view digits = text.substr(0, 2);
      image.at(offset++) = static_cast<std::byte>(TakeNumber(digits, 16));
    }
    text.remove_prefix(1);
  }
  return image;
}

void WriteFile(const std::string& path, std::string_view text) {
  io::PosixFileSystem files;
  files.Remove(path).IgnoreError();
  auto file = files.Open(path, io::OpenMode::kCreateNew);
  ASSERT_TRUE(file.ok()) << file.status();
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  ASSERT_TRUE(io::WriteFully(**file, FileOffset{0}, bytes).ok());
}

void ExpectHolds(MemoryStore& store, const SampleStore& expected) {
  EXPECT_EQ(store.Count(), expected.newest().size());
  for (const std::string& id : expected.ids) {
    const absl::StatusOr<GetResult> got = store.Get(id);
    ASSERT_TRUE(got.ok()) << got.status();
    const auto memory = expected.newest().find(id);
    ASSERT_EQ(got->memory.has_value(), memory != expected.newest().end()) << id;
    if (got->memory) {
      EXPECT_TRUE(SameBits(*got->memory, memory->second)) << id;
    }
  }
  const absl::StatusOr<VerifyReport> verified = store.Verify();
  ASSERT_TRUE(verified.ok()) << verified.status();
  EXPECT_TRUE(verified->sound());
}

TEST(GoldenStore, HoldsExactlyWhatWasStored) {
  for (const Golden& golden : Goldens()) {
    SCOPED_TRACE(golden.name);
    io::RamFileSystem files(kSampleFileBytesMax);
    auto store = OpenImage(files, ImageOf(golden.text));
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_FALSE((*store)->recovery().clean);
    EXPECT_FALSE((*store)->recovery().tail_was_cut);
    EXPECT_TRUE((*store)->recovery().damages.empty());
    EXPECT_GT((*store)->recovery().entries_replayed, 0u);
    ExpectHolds(**store, golden.expected);
    ASSERT_TRUE((*store)->Close().ok());
    store = MemoryStore::Open(files, std::string(kSamplePath), SampleOptions());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->recovery().clean);
    ExpectHolds(**store, golden.expected);
  }
}

TEST(GoldenStore, TheColdOneHasColdMemories) {
  io::RamFileSystem files(kSampleFileBytesMax);
  auto store = OpenImage(files, ImageOf(kGoldenColdText));
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Stats().memories_cold, 4u);
  EXPECT_EQ((*store)->Contains("back")->tier, Tier::kWarm);
  EXPECT_EQ((*store)->Contains("late")->tier, Tier::kCold);
}

TEST(GoldenStore, IsWhatTheSameOperationsWriteToday) {
  for (const Golden& golden : Goldens()) {
    const std::string today = TextOf(golden.expected.image);
    const std::string path = testing::TempDir() + golden.name;
    if (today != golden.text) WriteFile(path, today);
    EXPECT_TRUE(today == golden.text)
        << "what is written today stands in " << path
        << "; src/format/README.md says when it may be the golden file";
  }
}

// Of the old program's test memories, told apart by a number.
Memory GoldenV1Memory(std::string id, float number) {
  Memory memory;
  memory.id = std::move(id);
  memory.embedding.assign(kEmbeddingDimension, 0);
  memory.embedding[0] = number;
  memory.embedding[5] = -0.0F;
  memory.embedding[767] = 1 / number;
  memory.confidence = 0.75F;
  memory.activation = number / 16;
  memory.decay_rate = 0.2F;
  memory.last_access = 1'700'000'000'000'000'000 + static_cast<int64_t>(number);
  memory.created_at = 1'600'000'000'000'000'000;
  memory.access_count = static_cast<uint64_t>(number);
  return memory;
}

TEST(GoldenStore, OfFormat1IsImportedAndNotOpened) {
  for (const std::string_view text : {kGoldenV1Text, kGoldenV1SecondText}) {
    io::RamFileSystem files(kSampleFileBytesMax);
    const std::vector<std::byte> image = ImageOf(text);
    EXPECT_TRUE(absl::IsUnimplemented(OpenImage(files, image).status()));
    files.Install("v1", image);
    ImportV1Options options;
    options.store = SampleOptions();
    options.ids = {"first", "second"};
    const auto report = ImportV1(files, "v1", "imported", options);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->whole());
    EXPECT_EQ(report->second_layout, text == kGoldenV1SecondText);
    EXPECT_EQ(report->superseded, 1u);
    EXPECT_EQ(report->unwritten, 1u);
    auto store = MemoryStore::Open(files, "imported", SampleOptions());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->Count(), 2u);
    EXPECT_TRUE(SameBits(*(*store)->Get("first")->memory, GoldenV1Memory("first", 3)));
    EXPECT_TRUE(SameBits(*(*store)->Get("second")->memory, GoldenV1Memory("second", 2)));
  }
}

TEST(SampleStores, ShowTheirNewestStateWhenOpened) {
  for (const SampleStore& sample : SampleStores()) {
    io::RamFileSystem files(kSampleFileBytesMax);
    auto store = OpenImage(files, sample.image);
    ASSERT_TRUE(store.ok()) << sample.name << store.status();
    EXPECT_EQ((*store)->recovery().clean, sample.closed) << sample.name;
    EXPECT_TRUE((*store)->recovery().damages.empty()) << sample.name;
    ExpectHolds(**store, sample);
  }
}

TEST(SampleStores, HaveTheSameBytesEveryTime) {
  const std::vector<SampleStore> once = SampleStores();
  const std::vector<SampleStore> again = SampleStores();
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_TRUE(once[i].image == again[i].image) << once[i].name;
    EXPECT_LE(once[i].image.size(), 256 * kKiB) << once[i].name;
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
