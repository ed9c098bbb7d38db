// A checkpoint's pages: what is encoded comes back, its bytes are those of version 2 for ever, and
// nothing else is accepted.

#include "format/checkpoint_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/options.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/damage_fixture.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

using BucketSpan = std::span<const std::byte, kBucketBytes>;

absl::Status BucketStatus(const Bytes& bytes) {
  return BucketIsIntact(BucketSpan(bytes), kSampleStore, kSampleCheckpoint, kSampleBucketNumber)
             ? absl::OkStatus()
             : absl::DataLossError("not intact");
}

std::vector<IndexEntry> EntriesOf(const Bytes& bytes) {
  std::vector<IndexEntry> entries;
  for (uint32_t i = 0; i < BucketCount(BucketSpan(bytes)); ++i) {
    entries.push_back(BucketEntryAt(BucketSpan(bytes), i));
    EXPECT_EQ(BucketHashAt(BucketSpan(bytes), i), entries.back().hash);
  }
  return entries;
}

template <typename T>
Bytes BucketWith(Bytes bytes, size_t offset, T value) {
  StoreLittleEndian(bytes.data() + offset, value);
  StoreLittleEndian(bytes.data(),
                    Checksum(std::span(bytes).subspan(8),
                             PlaceSeed(kSampleStore, kSampleCheckpoint, kSampleBucketNumber)));
  return bytes;
}

TEST(Bucket, ComesBackWithAnyNumberOfEntries) {
  std::vector<IndexEntry> entries;
  for (uint32_t count = 0; count <= kBucketEntriesMax; ++count) {
    const Bytes bytes = EncodedBucket(entries);
    EXPECT_TRUE(BucketStatus(bytes).ok());
    EXPECT_EQ(EntriesOf(bytes), entries);
    entries.push_back({.hash = uint64_t{count} << 60,
                       .sequence = {UINT64_MAX - count},
                       .place = {UINT64_MAX - count},
                       .slot = {UINT32_MAX - count},
                       .room_bytes = UINT32_MAX - count});
  }
  EXPECT_DEATH(EncodedBucket(entries), "too many entries");
}

TEST(Bucket, HasTheBytesOfVersion2) {
  EXPECT_EQ(HexLines(EncodedBucket(SampleIndexEntries())),
            R"(0000 c295883b48891883140000000000000003000000000000000000000000000000
0020 1111111111111111610000000002000048230100000000000300000068000000
0040 11111111111111116200000000020000b0230100000000000400000070000000
0060 ffffffffffffffff630000000002000020240100000000000500000078000000
01e0 0000000000000000000000000000000000000000000000000000000000000000
)");
}

TEST(Bucket, EveryBitFlipAndEveryTearIsSeen) {
  const Bytes bytes = EncodedBucket(SampleIndexEntries());
  ExpectEveryBitFlipIsDataLoss(bytes, BucketStatus, "bucket");
  ExpectEveryTearIsDataLoss(bytes, BucketStatus, "bucket");
  ExpectDataLoss(BucketStatus(Bytes(kBucketBytes)), "zeros");
}

TEST(Bucket, OfAnotherPlaceIsSeen) {
  const Bytes bytes = EncodedBucket(SampleIndexEntries());
  const BucketSpan span(bytes);
  const uint64_t number = kSampleBucketNumber;
  const Generation next{kSampleCheckpoint.value + 1};
  EXPECT_FALSE(BucketIsIntact(span, kSampleStore + 1, kSampleCheckpoint, number));
  EXPECT_FALSE(BucketIsIntact(span, kSampleStore, next, number));
  for (const uint64_t other : {uint64_t{0}, number - 1, number + 1, number + (uint64_t{1} << 32)}) {
    EXPECT_FALSE(BucketIsIntact(span, kSampleStore, kSampleCheckpoint, other)) << other;
  }
}

// Intact bytes that no program writes.
TEST(Bucket, OfAnotherFormIsRefused) {
  const Bytes intact = EncodedBucket(SampleIndexEntries());
  ExpectDataLoss(BucketStatus(BucketWith(intact, 8, uint64_t{19})), "another number");
  for (const uint32_t count : {16u, 0x80000000u, UINT32_MAX}) {
    ExpectDataLoss(BucketStatus(BucketWith(intact, 16, count)), "count");
  }
  ExpectDataLoss(BucketStatus(BucketWith(intact, 16, 2u)), "an entry behind the last");
  for (const size_t offset : {20u, 31u, 128u, 511u}) {
    ExpectDataLoss(BucketStatus(BucketWith(intact, offset, uint8_t{1})), std::to_string(offset));
  }
  ExpectDataLoss(BucketStatus(BucketWith(intact, 32, uint64_t{0x1111111111111112})), "order");
  ExpectDataLoss(BucketStatus(BucketWith(intact, 96, uint64_t{0x1111111111111110})), "order");
  EXPECT_TRUE(BucketStatus(BucketWith(intact, 96, uint64_t{0x1111111111111111})).ok());
  std::vector<IndexEntry> unordered = SampleIndexEntries();
  std::swap(unordered.front(), unordered.back());
  EXPECT_DEATH(EncodedBucket(unordered), "out of order");
}

TEST(HomeBucket, IsAFairShareOfTheHashes) {
  EXPECT_EQ(HomeBucket(0, 1), 0u);
  EXPECT_EQ(HomeBucket(UINT64_MAX, 1), 0u);
  EXPECT_EQ(HomeBucket(UINT64_MAX, UINT64_MAX), UINT64_MAX - 1);
  EXPECT_EQ(HomeBucket(uint64_t{1} << 63, 10), 5u);
  EXPECT_EQ(HomeBucket((uint64_t{1} << 63) - 1, 10), 4u);
  uint64_t last = 0;
  for (uint64_t hash = 0; hash < UINT64_MAX - (uint64_t{1} << 57); hash += uint64_t{1} << 57) {
    const uint64_t home = HomeBucket(hash, 37);
    EXPECT_TRUE(home == last || home == last + 1) << hash;
    last = home;
  }
  EXPECT_EQ(last, 36u);
}

// ---- Meta data.

absl::StatusOr<CheckpointMeta> Decoded(const Bytes& bytes) {
  return DecodeCheckpointMeta(bytes, kSampleGeometry);
}

absl::Status MetaStatus(const Bytes& bytes) { return Decoded(bytes).status(); }

template <typename T>
Bytes With(Bytes bytes, size_t offset, T value) {
  StoreLittleEndian(bytes.data() + offset, value);
  return bytes;
}

TEST(CheckpointMeta, ComesBack) {
  for (const CheckpointMeta& meta : {CheckpointMeta{}, SampleMeta()}) {
    const absl::StatusOr<CheckpointMeta> decoded = Decoded(Encode(meta, kSampleGeometry));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, meta);
  }
}

TEST(CheckpointMeta, ComesBackWithExtremes) {
  CheckpointMeta meta = SampleMeta();
  for (ExtentRow& row : meta.extents) {
    row.generation = {UINT64_MAX};
    row.first_log_number = {UINT64_MAX};
    row.live_bytes = UINT64_MAX;
    row.total_bytes = UINT64_MAX;
  }
  meta.losses.assign(100, {.first_hash = 0, .last_hash = UINT64_MAX, .before = {UINT64_MAX}});
  meta.losses.push_back({.first_hash = UINT64_MAX, .last_hash = UINT64_MAX, .before = {}});
  const absl::StatusOr<CheckpointMeta> decoded = Decoded(Encode(meta, kSampleGeometry));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, meta);
}

// Maps that end at a byte, at eight bytes, and between.
TEST(CheckpointMeta, ComesBackWithSlotsOfAnySizeOfExtents) {
  for (const uint64_t extent_bytes :
       {kExtentBytesMin, 24 * kKiB, 196 * kKiB, 200 * kKiB, kExtentBytesDefault}) {
    const Geometry geometry{extent_bytes};
    CheckpointMeta meta;
    meta.extents.resize(3);
    for (ExtentRow& row : meta.extents) {
      row.type = ExtentType::kSlots;
      row.used_slots.resize(geometry.SlotsPerExtent());
    }
    for (size_t i = 0; i < geometry.SlotsPerExtent(); ++i) {
      meta.extents[0].used_slots[i] = true;
      meta.extents[1].used_slots[i] = i % 3 == 1;
    }
    const absl::StatusOr<CheckpointMeta> decoded =
        DecodeCheckpointMeta(Encode(meta, geometry), geometry);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, meta);
  }
}

TEST(CheckpointMeta, HasTheBytesOfVersion2) {
  const Bytes bytes = Encode(SampleMeta(), kSampleGeometry);
  EXPECT_EQ(HexLines(bytes),
            R"(0000 0600000001000000000000000100000000000000000000000000000000000000
0020 0000000000000000000000000000000001000000010000000400000000020000
0040 0000000000000000000000000000000000000000000000000200000000000000
0060 0200000001000000050000000002000044040000000000005505000000000000
0080 6606000000000000030000000300000006000000000200000000000000000000
00a0 204e000000000000085200000000000006000000010000000000000000000000
00c0 0000000000000000000000000000000000000000000000000600000001000000
0100 000100000000000000020000000000000700000000020000
)");
  EXPECT_EQ(MetaChecksum(bytes, kSampleStore, kSampleCheckpoint), 0x515A260D3BA9F336u);
}

TEST(CheckpointMeta, EveryBitFlipChangesItsChecksum) {
  const Bytes intact = Encode(SampleMeta(), kSampleGeometry);
  const uint64_t checksum = MetaChecksum(intact, kSampleStore, kSampleCheckpoint);
  const Decoding verify = [checksum](const Bytes& bytes) {
    const absl::StatusOr<CheckpointMeta> decoded = Decoded(bytes);
    if (decoded.ok()) {
      EXPECT_EQ(Encode(*decoded, kSampleGeometry), bytes);
    }
    return MetaChecksum(bytes, kSampleStore, kSampleCheckpoint) == checksum
               ? absl::OkStatus()
               : absl::DataLossError("another checksum");
  };
  ExpectEveryBitFlipIsDataLoss(intact, verify, "meta data");
}

TEST(CheckpointMeta, ChecksumDependsOnItsPlace) {
  const Bytes bytes = Encode(SampleMeta(), kSampleGeometry);
  const uint64_t checksum = MetaChecksum(bytes, kSampleStore, kSampleCheckpoint);
  EXPECT_NE(MetaChecksum(bytes, kSampleStore + 1, kSampleCheckpoint), checksum);
  EXPECT_NE(MetaChecksum(bytes, kSampleStore, {kSampleCheckpoint.value + 1}), checksum);
}

// Even if the checksum were right.
TEST(CheckpointMeta, EveryTruncationIsDataLossAndSoIsAByteMore) {
  Bytes bytes = Encode(SampleMeta(), kSampleGeometry);
  ExpectEveryTruncationIsDataLoss(bytes, MetaStatus, "meta data");
  bytes.push_back(std::byte{0});
  ExpectDataLoss(MetaStatus(bytes), "a byte more");
}

TEST(CheckpointMeta, CountsThatOverflowAreRefused) {
  const Bytes intact = Encode(SampleMeta(), kSampleGeometry);
  for (const uint32_t count : {7u, 0x06666667u, 0x80000000u, UINT32_MAX}) {
    ExpectDataLoss(MetaStatus(With(intact, 0, count)), "rows");
    ExpectDataLoss(MetaStatus(With(intact, 4, count)), "losses");
  }
  ExpectDataLoss(MetaStatus(With(intact, 4, 0u)), "losses that are not counted");
  ExpectDataLoss(MetaStatus(With(intact, 0, 5u)), "rows that are not counted");
}

// Bytes that no program writes. Rows begin at 8, 48, 96, 136, 176 and 216, the loss at 256.
TEST(CheckpointMeta, OfAnotherFormIsRefused) {
  const Bytes intact = Encode(SampleMeta(), kSampleGeometry);
  for (unsigned type = 7; type < 256; ++type) {
    ExpectDataLoss(MetaStatus(With(intact, 8, static_cast<uint8_t>(type))), "type");
  }
  for (const size_t row : {8u, 48u, 96u, 136u, 176u, 216u}) {
    for (const size_t reserved : {1u, 2u, 3u}) {
      ExpectDataLoss(MetaStatus(With(intact, row + reserved, uint8_t{1})), "reserved");
    }
  }
  for (unsigned bit = 2; bit < 64; ++bit) {
    ExpectDataLoss(MetaStatus(With(intact, 88, uint64_t{1} << bit)), "slots that are not there");
  }
  ExpectDataLoss(MetaStatus(With(intact, 256, uint64_t{0x201})),
                 "a loss that ends before it begins");
}

// A walk over runs must come to an end, and not behind the last extent.
TEST(CheckpointMeta, RunsThatAreNotWholeAreRefused) {
  const Bytes intact = Encode(SampleMeta(), kSampleGeometry);
  for (const uint32_t run : {0u, 1u, 2u, 4u, UINT32_MAX}) {
    ExpectDataLoss(MetaStatus(With(intact, 136 + 4, run)), "a run of " + std::to_string(run));
  }
  ExpectDataLoss(MetaStatus(With(intact, 8, uint8_t{6})), "continues nothing");
  ExpectDataLoss(MetaStatus(With(intact, 176, uint8_t{0})), "a run with a gap");
  ExpectDataLoss(MetaStatus(With(intact, 8 + 4, 0u)), "a run of nothing");
}

TEST(CheckpointMetaDeathTest, WhatWouldNotBeReadIsNotWritten) {
  CheckpointMeta meta = SampleMeta();
  meta.extents[3].run_extents = 2;
  EXPECT_DEATH(Encode(meta, kSampleGeometry), "a run lacks an extent");
  meta = SampleMeta();
  meta.losses[0].last_hash = 0xFF;
  EXPECT_DEATH(Encode(meta, kSampleGeometry), "ends before it begins");
  meta = SampleMeta();
  meta.extents[1].used_slots.pop_back();
  EXPECT_DEATH(Encode(meta, kSampleGeometry), "does not have its slots");
  meta = SampleMeta();
  meta.extents[2].used_slots.push_back(false);
  EXPECT_DEATH(Encode(meta, kSampleGeometry), "does not have its slots");
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
