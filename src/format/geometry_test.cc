// Where things stand, and the hashes and seeds that are part of the format.

#include "format/geometry.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "api/options.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

TEST(IdHash, IsXxh3WithSeedZero) {
  EXPECT_EQ(IdHash("a"), 0xE6C632B61E964E1Fu);
  EXPECT_EQ(IdHash("abc"), 0x78AF5F94892F3950u);
}

// The pairs of model/colliding_ids.h, on which tests of collisions in the store rest.
TEST(IdHash, OfTheModelsCollidingIdsIsEqual) {
  for (const std::string_view id : {"trVRFFyu_WE", "CPECtFyy2ND"}) {
    EXPECT_EQ(IdHash(id), 0x5EFBBE177683D48Bu) << id;
  }
  for (const std::string_view id : {"OvmBozkRSYL", "Ho6pmXZmPsA"}) {
    EXPECT_EQ(IdHash(id), 0xD1629858551B98D2u) << id;
  }
  for (const std::string_view id : {"1P2CxKoX6DI", "cj5KogLUA0H"}) {
    EXPECT_EQ(IdHash(id), 0xC04E9C7A7ECB24F5u) << id;
  }
}

TEST(EmbeddingHash, IsXxh3WithTheVersionAsSeed) {
  const std::array<std::byte, kSlotBytes> zeros{};
  EXPECT_EQ(EmbeddingHash(zeros), Checksum(zeros, 2));
  EXPECT_NE(EmbeddingHash(zeros), Checksum(zeros, 0));
}

TEST(PlaceSeed, IsThatOfVersion2AndDependsOnEachPart) {
  const uint64_t seed = PlaceSeed(1, {2}, 3);
  EXPECT_EQ(seed, 0x6FF4EBFB63B4B53Au);
  EXPECT_NE(PlaceSeed(2, {2}, 3), seed);
  EXPECT_NE(PlaceSeed(1, {3}, 3), seed);
  EXPECT_NE(PlaceSeed(1, {2}, 4), seed);
  EXPECT_NE(PlaceSeed(1, {3}, 2), seed);
}

constexpr uint64_t kExtentSizes[] = {kExtentBytesMin, 12 * kKiB, kExtentBytesDefault,
                                     kExtentBytesMax};

TEST(Geometry, ExtentsTileTheFile) {
  for (const uint64_t bytes : kExtentSizes) {
    const Geometry geometry{bytes};
    EXPECT_EQ(geometry.Begin({0}).value, kExtentsBegin);
    const auto last = static_cast<uint32_t>(geometry.ExtentsMax() - 1);
    for (const uint32_t extent : {0u, 1u, 1000u, last - 1, last}) {
      const uint64_t begin = geometry.Begin({extent}).value;
      EXPECT_EQ(begin, geometry.FileBytes(extent));
      EXPECT_EQ(begin + bytes, geometry.FileBytes(extent + uint64_t{1}));
      EXPECT_EQ(geometry.ExtentOf(FileOffset{begin}), ExtentId{extent});
      EXPECT_EQ(geometry.ExtentOf(FileOffset{begin + bytes - 1}), ExtentId{extent});
      EXPECT_EQ(geometry.Payload({extent}).value, begin + kExtentHeaderBytes);
    }
  }
}

// Slots of an extent do not overlap, lie inside it, are aligned, and no two have one number.
TEST(Geometry, SlotsLieInTheirExtents) {
  for (const uint64_t bytes : kExtentSizes) {
    const Geometry geometry{bytes};
    const uint32_t slots = geometry.SlotsPerExtent();
    EXPECT_LE(slots * kSlotBytes, geometry.PayloadBytes(1));
    EXPECT_GT((slots + uint64_t{1}) * kSlotBytes, geometry.PayloadBytes(1));
    const auto last = static_cast<uint32_t>(geometry.ExtentsMax() - 1);
    for (const uint32_t extent : {0u, 1u, 1000u, last}) {
      for (const uint32_t index : {0u, 1u, slots - 1}) {
        const SlotIndex slot = geometry.SlotAt({extent}, index);
        EXPECT_EQ(uint64_t{slot.value}, uint64_t{extent} * slots + index) << "wrapped around";
        EXPECT_EQ(geometry.ExtentOf(slot), ExtentId{extent});
        EXPECT_EQ(geometry.IndexInExtent(slot), index);
        const uint64_t offset = geometry.OffsetOf(slot).value;
        EXPECT_EQ(offset, geometry.Payload({extent}).value + index * kSlotBytes);
        EXPECT_EQ(offset % 64, 0u);
        EXPECT_LE(offset + kSlotBytes, geometry.FileBytes(extent + uint64_t{1}));
      }
    }
    EXPECT_GT((geometry.ExtentsMax() + 1) * slots, uint64_t{1} << 32) << "one more would fit";
  }
}

TEST(Geometry, ARunIsAsShortAsItsPayloadAllows) {
  for (const uint64_t bytes : kExtentSizes) {
    const Geometry geometry{bytes};
    for (const uint64_t extents : {uint64_t{1}, uint64_t{2}, uint64_t{1000}}) {
      EXPECT_EQ(geometry.RunFor(geometry.PayloadBytes(extents)), extents);
      EXPECT_EQ(geometry.RunFor(geometry.PayloadBytes(extents) + 1), extents + 1);
    }
    EXPECT_EQ(geometry.RunFor(0), 1u);
    EXPECT_EQ(geometry.RunFor(kContentBytesHardMax),
              (kContentBytesHardMax + kExtentHeaderBytes + bytes - 1) / bytes);
  }
}

TEST(Geometry, IncarnationsDoNotShareNumbers) {
  EXPECT_EQ(kIncarnationMax, (uint64_t{1} << 24) - 1);
  EXPECT_EQ(kIncarnationMax * kNumbersPerIncarnation + (kNumbersPerIncarnation - 1), UINT64_MAX);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
