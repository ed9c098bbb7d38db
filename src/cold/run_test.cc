// Runs as they are built and read: every memory comes back bit by bit, and damage harms the rows
// that it hits and no other.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "api/memory.h"
#include "cold/run_builder.h"
#include "cold/run_reader.h"
#include "format/extent_header.h"

namespace engram::inline ENGRAM_BODY::cold {
namespace {

constexpr format::Geometry kGeometry{16 * kKiB};
constexpr RunPlace kPlace = {.store_id = 0xABCDEF, .first = {3}, .generation = {0x20000000007}};

struct Sample {
  std::string id;
  std::vector<float> embedding;
  std::optional<std::string> content;
  uint64_t number = 0;
};

std::span<const std::byte, format::kSlotBytes> BytesOf(const Sample& sample) {
  return std::span<const std::byte, format::kSlotBytes>(std::as_bytes(std::span(sample.embedding)));
}

format::ColdRow RowOf(const Sample& sample) {
  format::ColdRow row;
  row.hash = format::IdHash(sample.id);
  row.sequence = {1000 + sample.number};
  row.created_at = std::numeric_limits<int64_t>::min() + static_cast<int64_t>(sample.number);
  row.last_access = std::numeric_limits<int64_t>::max() - static_cast<int64_t>(sample.number);
  row.access_count = UINT64_MAX - sample.number;
  row.embedding_hash = format::EmbeddingHash(BytesOf(sample));
  row.confidence = -0.0F;
  row.activation = std::numeric_limits<float>::denorm_min();
  row.decay_rate = 1;
  if (sample.content) row.content_bytes = static_cast<uint32_t>(sample.content->size());
  row.id = sample.id;
  return row;
}

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  const std::vector<std::optional<std::string>> contents = {
      std::nullopt, "", "x", "naïve", std::string(3000, 'a'), std::string(200'000, 'b') + "end"};
  for (size_t i = 0; i < contents.size(); ++i) {
    Sample sample;
    sample.id = i == 2 ? std::string(kIdBytesMax, 'i') : "id" + std::to_string(i);
    sample.embedding.assign(kEmbeddingDimension, static_cast<float>(i) + 0.5F);
    sample.embedding[7] = -0.0F;
    sample.content = contents[i];
    sample.number = i;
    samples.push_back(std::move(sample));
  }
  return samples;
}

bool AddTo(RunBuilder& builder, const Sample& sample) {
  return builder.Add(RowOf(sample), BytesOf(sample), sample.content.value_or(""));
}

BuiltRun Built(const std::vector<Sample>& samples) {
  RunBuilder builder(kGeometry, 8);
  for (const Sample& sample : samples) EXPECT_TRUE(AddTo(builder, sample));
  return builder.Finish(kPlace);
}

MappedRun Mapped(const std::vector<std::byte>& bytes) {
  return {bytes, kPlace.store_id, kPlace.generation,
          static_cast<uint32_t>(bytes.size() / kGeometry.extent_bytes), kGeometry};
}

// Whether the row is the sample, bit by bit; an error if it is damaged.
absl::StatusOr<bool> Holds(const std::vector<std::byte>& bytes, uint32_t number,
                           const Sample& sample) {
  const absl::StatusOr<RowReader> reader = RowReader::Open(Mapped(bytes), number);
  if (!reader.ok()) return reader.status();
  const auto embedding = reader->Embedding();
  if (!embedding.ok()) return embedding.status();
  ContentBuffer buffer;
  Decompressors decompressors;
  const auto content = reader->Content(decompressors, buffer);
  if (!content.ok()) return content.status();
  const format::ColdRow expected = RowOf(sample);
  const format::ColdRow& row = reader->row();
  return row.hash == expected.hash && row.sequence == expected.sequence &&
         row.created_at == expected.created_at && row.last_access == expected.last_access &&
         row.access_count == expected.access_count && std::signbit(row.confidence) &&
         row.activation == expected.activation && row.decay_rate == expected.decay_rate &&
         row.id == sample.id && *content == sample.content &&
         std::memcmp(embedding->data(), sample.embedding.data(), format::kSlotBytes) == 0;
}

TEST(ColdRun, EachMemoryComesBack) {
  const std::vector<Sample> samples = Samples();
  const BuiltRun run = Built(samples);
  ASSERT_EQ(run.numbers.size(), samples.size());
  uint64_t last = 0;
  std::vector<uint64_t> hashes(samples.size());
  for (const Sample& sample : samples) {
    const uint32_t number = run.numbers[sample.number];
    hashes[number] = format::IdHash(sample.id);
    const absl::StatusOr<bool> holds = Holds(run.bytes, number, sample);
    ASSERT_TRUE(holds.ok()) << holds.status();
    EXPECT_TRUE(*holds) << sample.id.substr(0, 8);
  }
  for (const uint64_t hash : hashes) {
    EXPECT_GT(hash, last) << "rows are sorted by hash";
    last = hash;
  }
  const auto behind = RowReader::Open(Mapped(run.bytes), static_cast<uint32_t>(samples.size()));
  EXPECT_THAT(behind.status().message(), testing::HasSubstr("does not have so many"));
}

TEST(ColdRun, ItsHeaderAndBothDirectoriesAgree) {
  const BuiltRun run = Built(Samples());
  const auto header =
      format::DecodeExtentHeader(std::span<const std::byte, format::kExtentHeaderBytes>(
                                     std::span(run.bytes).first(format::kExtentHeaderBytes)),
                                 kPlace.store_id, kPlace.first);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->type, format::ExtentType::kCold);
  EXPECT_EQ(header->run_extents, run.bytes.size() / kGeometry.extent_bytes);
  EXPECT_EQ(header->generation, kPlace.generation);
  EXPECT_EQ(std::memcmp(run.bytes.data() + format::kExtentHeaderBytes,
                        run.second_directory().data(), format::kColdDirectoryBytes),
            0);
}

// Each bit that a read may look at, and of the long content some.
TEST(ColdRun, AFlippedBitIsDataLossOfTheRowThatItHitsAlone) {
  std::vector<Sample> samples = Samples();
  samples.pop_back();
  const BuiltRun run = Built(samples);
  for (size_t bit = 0; bit < run.used_bytes * 8; bit += bit < 20'000 ? 1 : 61) {
    std::vector<std::byte> bytes = run.bytes;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    uint32_t damaged = 0;
    for (const Sample& sample : samples) {
      const absl::StatusOr<bool> holds = Holds(bytes, run.numbers[sample.number], sample);
      if (holds.ok()) {
        EXPECT_TRUE(*holds) << "bit " << bit;
      } else {
        EXPECT_TRUE(absl::IsDataLoss(holds.status())) << holds.status();
        ++damaged;
      }
    }
    EXPECT_LE(damaged, 1u) << "bit " << bit;
    const bool in_directory = bit / 8 < format::kExtentHeaderBytes + format::kColdDirectoryBytes;
    if (in_directory) {
      EXPECT_EQ(damaged, 0u) << "bit " << bit;
    }
  }
}

TEST(ColdRun, RowsOfAnotherUseOrAnotherPlaceDoNotVerify) {
  const std::vector<Sample> samples = Samples();
  const BuiltRun run = Built(samples);
  MappedRun older = Mapped(run.bytes);
  older.generation = {kPlace.generation.value - 1};
  EXPECT_TRUE(absl::IsDataLoss(RowReader::Open(older, 0).status()));
  // All fields of one row in the place of another.
  std::vector<std::byte> bytes = run.bytes;
  const format::ColdLayout layout(*ReadDirectory(Mapped(bytes)), kGeometry);
  for (size_t i = 0; i < format::kColdColumnBytes.size(); ++i) {
    const auto column = static_cast<format::ColdColumn>(i);
    std::memcpy(bytes.data() + layout.FieldOf(column, 0),
                run.bytes.data() + layout.FieldOf(column, 1), format::kColdColumnBytes[i]);
  }
  EXPECT_TRUE(absl::IsDataLoss(RowReader::Open(Mapped(bytes), 0).status()));
  EXPECT_TRUE(RowReader::Open(Mapped(bytes), 1).ok());
}

TEST(ColdRun, ABuilderIsFullBeforeItsRunIsTooLong) {
  RunBuilder builder(kGeometry, 2);
  std::vector<Sample> samples = Samples();
  samples.resize(5);
  uint32_t added = 0;
  for (;;) {
    Sample sample = samples[1 + added % 4];
    sample.id = "many" + std::to_string(added);
    sample.number = added;
    if (!AddTo(builder, sample)) break;
    ++added;
    ASSERT_LE(builder.extents(), 2u);
  }
  EXPECT_EQ(builder.rows(), added);
  EXPECT_GE(added, 8u);
  EXPECT_EQ(builder.Finish(kPlace).bytes.size(), 2 * kGeometry.extent_bytes);
}

// Wherever the content before it ends.
TEST(ColdRun, ALongIdCountsBeforeARunIsTooLong) {
  Sample sample = Samples()[0];
  for (uint32_t state = 1; state < 400; ++state) {
    RunBuilder builder(kGeometry, 1);
    std::string noise(7'000 + 16 * state, '\0');
    uint32_t drawn = state;
    for (char& c : noise) {
      c = static_cast<char>('!' + (drawn = drawn * 1'664'525 + 1) / 65'536 % 90);
    }
    sample.id = std::string(kIdBytesMax, 'f');
    sample.content = noise;
    ASSERT_TRUE(AddTo(builder, sample));
    sample.id = std::string(kIdBytesMax, 'i');
    sample.content = noise.substr(0, 600);
    AddTo(builder, sample);
    if (builder.rows() == 2) {
      ASSERT_EQ(builder.extents(), 1u) << state;
    }
  }
}

TEST(ColdRun, AMemoryThatIsLongerThanAnyRunHasItsOwn) {
  RunBuilder builder(kGeometry, 1);
  Sample sample = Samples()[0];
  std::string noise(100'000, '\0');
  uint32_t state = 1;
  for (char& c : noise) c = static_cast<char>('!' + (state = state * 1'664'525 + 1) / 65'536 % 90);
  sample.content = noise;
  ASSERT_TRUE(AddTo(builder, sample));
  EXPECT_GT(builder.extents(), 1u);
  EXPECT_FALSE(AddTo(builder, Samples()[1]));
  const BuiltRun run = builder.Finish(kPlace);
  EXPECT_TRUE(Holds(run.bytes, 0, sample).value());
}

TEST(ColdRun, StoredContentIsTakenAsItIs) {
  const std::vector<Sample> samples = Samples();
  const BuiltRun run = Built(samples);
  RunBuilder builder(kGeometry, 8);
  for (size_t i = samples.size(); i-- > 0;) {
    const absl::StatusOr<RowReader> row = RowReader::Open(Mapped(run.bytes), run.numbers[i]);
    ASSERT_TRUE(row.ok());
    ASSERT_TRUE(builder.AddStored(row->row(), *row->Embedding(), *row->StoredContent()));
  }
  const BuiltRun again = builder.Finish(kPlace);
  EXPECT_EQ(again.bytes, run.bytes);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cold
