// Headers of extents: what is encoded comes back, its bytes are those of version 2 for ever, and
// nothing else is accepted.

#include "format/extent_header.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "base/checksum.h"
#include "base/coding.h"
#include "format/damage_fixture.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

Bytes Encoded(const ExtentHeader& header, uint64_t store_id = kSampleStore) {
  const ExtentHeaderBytes bytes = Encode(header, store_id);
  return {bytes.begin(), bytes.end()};
}

absl::StatusOr<ExtentHeader> Decoded(const Bytes& bytes, ExtentId extent,
                                     uint64_t store_id = kSampleStore) {
  return DecodeExtentHeader(std::span<const std::byte, kExtentHeaderBytes>(bytes), store_id,
                            extent);
}

Decoding DecodingOf(ExtentId extent) {
  return [extent](const Bytes& bytes) { return Decoded(bytes, extent).status(); };
}

template <typename T>
Bytes With(Bytes bytes, ExtentId extent, size_t offset, T value) {
  StoreLittleEndian(bytes.data() + offset, value);
  StoreLittleEndian(bytes.data(), Checksum(std::span(bytes).subspan(8),
                                           PlaceSeed(kSampleStore, {}, extent.value)));
  return bytes;
}

TEST(ExtentHeader, ComesBack) {
  ExtentHeader extreme = SampleHeader();
  extreme.extent = {std::numeric_limits<uint32_t>::max()};
  extreme.generation = {UINT64_MAX};
  extreme.first_log_number = {UINT64_MAX};
  extreme.next_extent = {UINT32_MAX};
  extreme.next_generation = {UINT64_MAX};
  ExtentHeader first = SampleRunHeader();
  first.extent = {0};
  first.run_extents = UINT32_MAX;
  for (const ExtentHeader& header : {SampleHeader(), SampleRunHeader(), extreme, first}) {
    const absl::StatusOr<ExtentHeader> decoded = Decoded(Encoded(header), header.extent);
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, header);
  }
}

TEST(ExtentHeader, EachTypeInUseComesBack) {
  for (const ExtentType type : {ExtentType::kSlots, ExtentType::kLog, ExtentType::kBlob,
                                ExtentType::kCheckpoint, ExtentType::kCold}) {
    ExtentHeader header = SampleHeader();
    header.type = type;
    if (type != ExtentType::kLog) {
      header.first_log_number = {};
      header.next_extent = {};
      header.next_generation = {};
    }
    const absl::StatusOr<ExtentHeader> decoded = Decoded(Encoded(header), header.extent);
    ASSERT_TRUE(decoded.ok()) << ExtentTypeName(type) << ": " << decoded.status();
    EXPECT_EQ(*decoded, header);
  }
}

TEST(ExtentHeader, HasTheBytesOfVersion2) {
  EXPECT_EQ(HexLines(Encoded(SampleHeader())),
            R"(0000 54050799c3207631020000000600000001000000070000000200000000020000
0020 3333000000000000030000000002000000000000000000000000000000000000
01e0 0000000000000000000000000000000000000000000000000000000000000000
)");
  EXPECT_EQ(HexLines(Encoded(SampleRunHeader())),
            R"(0000 8ee9298a735bca8c030000002800000003000000000000000900000000020000
01e0 0000000000000000000000000000000000000000000000000000000000000000
)");
}

TEST(ExtentHeader, EveryBitFlipAndEveryTearIsDataLoss) {
  for (const ExtentHeader& header : {SampleHeader(), SampleRunHeader()}) {
    const Decoding decode = DecodingOf(header.extent);
    ExpectEveryBitFlipIsDataLoss(Encoded(header), decode, ExtentTypeName(header.type));
    ExpectEveryTearIsDataLoss(Encoded(header), decode, ExtentTypeName(header.type));
    ExpectDataLoss(decode(Bytes(kExtentHeaderBytes)), "zeros");
  }
}

TEST(ExtentHeader, OfAnotherExtentOrStoreIsDataLoss) {
  const Bytes bytes = Encoded(SampleHeader());
  for (const uint32_t extent : {0u, 5u, 7u, 6u + 256u, UINT32_MAX}) {
    ExpectDataLoss(Decoded(bytes, {extent}).status(), std::to_string(extent));
  }
  for (const uint64_t store : {uint64_t{0}, kSampleStore + 1, kSampleStore ^ uint64_t{1} << 63}) {
    ExpectDataLoss(Decoded(bytes, {6}, store).status(), std::to_string(store));
  }
}

TEST(ExtentHeader, ReservedBytesMustBeZero) {
  const Bytes intact = Encoded(SampleHeader());
  for (const size_t offset : {size_t{9}, size_t{10}, size_t{11}, size_t{48}, size_t{511}}) {
    ExpectDataLoss(Decoded(With(intact, {6}, offset, uint8_t{1}), {6}).status(),
                   std::to_string(offset));
  }
}

// Each of these headers contradicts itself in one point. None is written, none is read.
TEST(ExtentHeader, ContradictionsAreRefused) {
  struct Contradiction {
    const char* what;
    ExtentHeader sample;
    void (*make)(ExtentHeader&);
    // The same in the bytes of the sample: where, and what.
    size_t offset;
    uint64_t value;
  };
  const Contradiction contradictions[] = {
      {"no type", SampleRunHeader(), [](ExtentHeader& h) { h.type = ExtentType::kFree; }, 8,
       uint64_t{40} << 32 | 0},
      {"a type without header", SampleRunHeader(),
       [](ExtentHeader& h) { h.type = ExtentType::kContinued; }, 8, uint64_t{40} << 32 | 6},
      {"an unknown type", SampleRunHeader(),
       [](ExtentHeader& h) { h.type = static_cast<ExtentType>(7); }, 8, uint64_t{40} << 32 | 7},
      {"no extents", SampleRunHeader(), [](ExtentHeader& h) { h.run_extents = 0; }, 16, 0},
      {"extents without end", SampleRunHeader(),
       [](ExtentHeader& h) { h.run_extents = UINT32_MAX; }, 16, UINT32_MAX},
      {"a run of log", SampleHeader(), [](ExtentHeader& h) { h.run_extents = 2; }, 16,
       uint64_t{7} << 32 | 2},
      {"no generation", SampleHeader(), [](ExtentHeader& h) { h.generation = {}; }, 24, 0},
      {"log numbers of a blob", SampleRunHeader(),
       [](ExtentHeader& h) { h.first_log_number = {1}; }, 32, 1},
      {"a blob that goes on", SampleRunHeader(), [](ExtentHeader& h) { h.next_extent = {1}; }, 16,
       uint64_t{1} << 32 | 3},
      {"a blob whose next has a generation", SampleRunHeader(),
       [](ExtentHeader& h) { h.next_generation = {1}; }, 40, 1},
  };
  for (const Contradiction& contradiction : contradictions) {
    const ExtentId extent = contradiction.sample.extent;
    const Bytes bytes =
        With(Encoded(contradiction.sample), extent, contradiction.offset, contradiction.value);
    ExpectDataLoss(Decoded(bytes, extent).status(), contradiction.what);
    ExtentHeader header = contradiction.sample;
    contradiction.make(header);
    EXPECT_DEATH(Encode(header, kSampleStore), "no extent has such a header") << contradiction.what;
  }
  // A header that says it belongs elsewhere.
  const Bytes moved = With(Encoded(SampleHeader()), {6}, 12, uint32_t{7});
  ExpectDataLoss(Decoded(moved, {6}).status(), "another extent");
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
