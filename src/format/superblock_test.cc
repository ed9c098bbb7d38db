// Superblocks: what is encoded comes back, its bytes are those of version 2 for ever, and nothing
// else is accepted.

#include "format/superblock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "api/options.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/damage_fixture.h"
#include "format/zeros.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

using testing::HasSubstr;

Bytes Encoded(const Superblock& superblock) {
  const SuperblockBytes bytes = Encode(superblock);
  return {bytes.begin(), bytes.end()};
}

absl::StatusOr<Superblock> Decoded(const Bytes& bytes) {
  return DecodeSuperblock(std::span<const std::byte, kSuperblockBytes>(bytes));
}

absl::Status StatusOf(const Bytes& bytes) { return Decoded(bytes).status(); }

// Gives `bytes` the checksum that belongs to them, by the page and not by the code.
Bytes WithChecksum(Bytes bytes) {
  const auto version = LoadLittleEndian<uint32_t>(bytes.data() + 8);
  const uint64_t front = Checksum(std::span(bytes).first(120), version);
  StoreLittleEndian(bytes.data() + 120, Checksum(std::span(bytes).subspan(128), front));
  return bytes;
}

template <typename T>
Bytes With(Bytes bytes, size_t offset, T value) {
  StoreLittleEndian(bytes.data() + offset, value);
  return WithChecksum(std::move(bytes));
}

void ExpectRoundTrip(const Superblock& superblock) {
  const absl::StatusOr<Superblock> decoded = Decoded(Encoded(superblock));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, superblock);
}

TEST(Superblock, ComesBack) {
  ExpectRoundTrip(SampleSuperblock());
  ExpectRoundTrip(NewSuperblock());
}

TEST(Superblock, ComesBackWithExtremes) {
  Superblock superblock = SampleSuperblock();
  const uint64_t highest = std::numeric_limits<uint64_t>::max();
  superblock.store_id = highest;
  superblock.number = highest;
  superblock.incarnation = kIncarnationMax;
  superblock.extent_bytes = kExtentBytesMax;
  superblock.checkpoint_generation = {highest};
  superblock.meta_checksum = highest;
  superblock.checkpoint_sequence = {highest};
  const auto extents_max = static_cast<uint32_t>(Geometry{kExtentBytesMax}.ExtentsMax());
  superblock.runs.assign(Superblock::kRunsMax, {{extents_max - 2}, 2});
  superblock.runs.front() = {{0}, extents_max - 2 * (Superblock::kRunsMax - 1)};
  superblock.meta_bytes = kExtentBytesMax;
  // All the room that the runs have, to the last sector.
  superblock.buckets = (extents_max * kExtentBytesMax - Superblock::kRunsMax * kExtentHeaderBytes -
                        superblock.meta_bytes) /
                       kBucketBytes;
  superblock.home_buckets = superblock.buckets;
  superblock.memories = superblock.buckets * kBucketEntriesMax;
  superblock.segments.assign(
      Superblock::kSegmentsMax,
      {{highest}, {highest}, {highest}, {extents_max - 1}, static_cast<uint32_t>(kExtentBytesMax)});
  ExpectRoundTrip(superblock);
  ++superblock.buckets;
  EXPECT_DEATH(Encode(superblock), "no room in its runs");
}

TEST(Superblock, HasTheBytesOfVersion2) {
  EXPECT_EQ(HexLines(Encoded(NewSuperblock())),
            R"(0000 454e4752414d73740200000001000000efcdab89674523010100000000000000
0020 0000000000000000000040000000000000000000000000000000000000000000
0060 00000000000000000000000001000000000000000000000048c3ed7e42b266c9
0080 0100000000000000000000000000000001000000000000000000000000020000
0fe0 0000000000000000000000000000000000000000000000000000000000000000
)");
  EXPECT_EQ(HexLines(Encoded(SampleSuperblock())),
            R"(0000 454e4752414d73740200000000000000efcdab89674523010900000000000000
0020 030000000000000000200000000000000100000000020000bc02000000000000
0040 1032547698badcfe11000000000000001500000000000000fa00000000000000
0060 6300000000020000020000000200000000000000000000000baefd4780364868
0080 e803000000000000020000000002000084030000000000000600000000100000
00a0 b0040000000000000300000000020000b0040000000000000700000000020000
0200 0500000001000000080000000200000000000000000000000000000000000000
0fe0 0000000000000000000000000000000000000000000000000000000000000000
)");
}

// Else creating a store could be torn.
TEST(Superblock, OfANewStoreStandsInItsFirstSector) {
  const Bytes bytes = Encoded(NewSuperblock());
  EXPECT_TRUE(AreZeros(std::span(bytes).subspan(512)));
}

TEST(Superblock, EveryBitFlipIsDataLoss) {
  ExpectEveryBitFlipIsDataLoss(Encoded(SampleSuperblock()), StatusOf, "superblock");
}

TEST(Superblock, EveryTearIsDataLoss) {
  ExpectEveryTearIsDataLoss(Encoded(SampleSuperblock()), StatusOf, "superblock");
  ExpectDataLoss(StatusOf(Bytes(kSuperblockBytes)), "zeros");
}

TEST(Superblock, OfAnotherVersionIsUnimplementedAndNamed) {
  for (const uint32_t version : {0u, 1u, 3u, 0xFFFFFFFFu}) {
    const absl::Status status = StatusOf(With(Encoded(SampleSuperblock()), 8, version));
    EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("version " + std::to_string(version)));
  }
}

// A later version may use what is zero here; all that it keeps is magic, version and checksum.
TEST(Superblock, OfAnotherVersionMayHaveAnythingElse) {
  Bytes bytes(kSuperblockBytes, std::byte{0xEE});
  std::copy_n(Encoded(NewSuperblock()).begin(), 8, bytes.begin());
  EXPECT_TRUE(absl::IsUnimplemented(StatusOf(With(bytes, 8, uint32_t{3}))));
}

// Damage must not be taken for a store that another program understands.
TEST(Superblock, WithADamagedVersionIsDataLoss) {
  for (uint32_t version = 0; version < 0x10000; ++version) {
    if (version == kVersion) continue;
    Bytes bytes = Encoded(SampleSuperblock());
    StoreLittleEndian(bytes.data() + 8, version);
    ASSERT_TRUE(absl::IsDataLoss(StatusOf(bytes))) << version << ": " << StatusOf(bytes);
  }
}

TEST(Superblock, OfFormat1IsUnimplementedAndNamed) {
  Bytes bytes(kSuperblockBytes);
  const uint64_t magic = 0x454E4752414D4D41;  // as its programs had it
  StoreLittleEndian(bytes.data(), magic);
  const absl::Status status = StatusOf(bytes);
  EXPECT_TRUE(absl::IsUnimplemented(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("format version 1"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("engram migrate"));
}

// ---- Intact bytes that no program writes.

TEST(Superblock, ReservedBytesMustBeZero) {
  const Bytes intact = Encoded(SampleSuperblock());
  // Behind the fields, behind the last segment and behind the last run.
  for (const size_t offset : {size_t{112}, size_t{119}, size_t{128 + 2 * 32}, size_t{511},
                              size_t{512 + 2 * 8}, size_t{1023}, size_t{1024}, size_t{4095}}) {
    ExpectDataLoss(StatusOf(With(intact, offset, uint8_t{1})), std::to_string(offset));
  }
  ExpectDataLoss(StatusOf(With(intact, 12, uint32_t{2})), "clean is neither 0 nor 1");
}

TEST(Superblock, BoundsOfCountsAreKept) {
  const Bytes intact = Encoded(SampleSuperblock());
  for (const uint32_t count : {65u, 0x80000000u, 0xFFFFFFFFu}) {
    ExpectDataLoss(StatusOf(With(intact, 104, count)), "runs");
  }
  for (const uint32_t count : {13u, 0x80000000u, 0xFFFFFFFFu}) {
    ExpectDataLoss(StatusOf(With(intact, 108, count)), "segments");
  }
}

TEST(Superblock, ExtentsHaveASizeThatCanBe) {
  const Bytes intact = Encoded(NewSuperblock());
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{4096}, 4 * kMiB + 1, 4 * kMiB + 512,
                               kExtentBytesMax + 4096, UINT64_MAX}) {
    ExpectDataLoss(StatusOf(With(intact, 40, bytes)), std::to_string(bytes));
  }
  for (const uint64_t bytes : {kExtentBytesMin, kExtentBytesMin + 4096, kExtentBytesMax}) {
    EXPECT_TRUE(StatusOf(With(intact, 40, bytes)).ok()) << bytes;
  }
}

TEST(Superblock, LengthsThatOverflowAreRefused) {
  const Bytes intact = Encoded(SampleSuperblock());
  for (const uint64_t value : {uint64_t{1} << 63, UINT64_MAX - 511, UINT64_MAX}) {
    for (const size_t offset : {size_t{32}, size_t{56}, size_t{72}, size_t{80}, size_t{88}}) {
      ExpectDataLoss(StatusOf(With(intact, offset, value)), std::to_string(offset));
    }
  }
  // A run whose end, and whose bytes, wrap around.
  ExpectDataLoss(StatusOf(With(intact, 516, UINT32_MAX)), "extents of a run");
  ExpectDataLoss(StatusOf(With(intact, 512, UINT32_MAX)), "first extent of a run");
  ExpectDataLoss(StatusOf(With(intact, 128 + 24, UINT32_MAX)), "extent of a segment");
  ExpectDataLoss(StatusOf(With(intact, 128 + 28, UINT32_MAX)), "offset of a segment");
}

// Each of these superblocks contradicts itself in one point. None is written, none is read.
TEST(Superblock, ContradictionsAreRefused) {
  struct Contradiction {
    const char* what;
    void (*make)(Superblock&);
    // The same in the bytes of the sample: where, and what.
    size_t offset;
    uint64_t value;
  };
  const Contradiction contradictions[] = {
      {"a clean store with a log", [](Superblock& s) { s.clean = true; }, 8, 0x100000002},
      {"an incarnation too high", [](Superblock& s) { s.incarnation = kIncarnationMax + 1; }, 32,
       kIncarnationMax + 1},
      {"parts of no checkpoint", [](Superblock& s) { s.checkpoint_generation = {}; }, 48, 0},
      {"meta data without room", [](Superblock& s) { s.meta_bytes = 24 * kKiB; }, 56, 24 * kKiB},
      {"buckets at home nowhere", [](Superblock& s) { s.home_buckets = 22; }, 72, 22},
      {"memories without buckets", [](Superblock& s) { s.home_buckets = 0; }, 72, 0},
      {"buckets without room", [](Superblock& s) { s.buckets = 45; }, 80, 45},
      {"memories without room", [](Superblock& s) { s.memories = 316; }, 88, 316},
      {"segments out of order", [](Superblock& s) { s.segments[0].first = {1201}; }, 128, 1201},
      {"no first entry",
       [](Superblock& s) { s.segments[0].first = s.segments[0].extent_first = {}; }, 128, 0},
      {"a segment before its extent", [](Superblock& s) { s.segments[1].first = {1199}; }, 160,
       1199},
      {"a segment without a generation", [](Superblock& s) { s.segments[0].generation = {}; }, 136,
       0},
      {"a segment between entries", [](Superblock& s) { s.segments[0].offset = 516; }, 152,
       uint64_t{516} << 32 | 6},
      {"a segment in a header", [](Superblock& s) { s.segments[0].offset = 504; }, 152,
       uint64_t{504} << 32 | 6},
      {"no segment", [](Superblock& s) { s.segments.clear(); }, 104, 2},
      {"a run without extents", [](Superblock& s) { s.runs[0].extents = 0; }, 512, 5},
  };
  const Bytes intact = Encoded(SampleSuperblock());
  for (const Contradiction& contradiction : contradictions) {
    ExpectDataLoss(StatusOf(With(intact, contradiction.offset, contradiction.value)),
                   contradiction.what);
    Superblock superblock = SampleSuperblock();
    contradiction.make(superblock);
    EXPECT_DEATH(Encode(superblock), "wrong.empty") << contradiction.what;
  }
  // The neighbours of the bounds above can be.
  EXPECT_TRUE(StatusOf(With(intact, 80, uint64_t{44})).ok());
  EXPECT_TRUE(StatusOf(With(intact, 88, uint64_t{315})).ok());
  EXPECT_TRUE(StatusOf(With(intact, 32, kIncarnationMax)).ok());
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
