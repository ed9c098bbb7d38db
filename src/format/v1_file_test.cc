// Headers and blocks of format 1: what was written is read bit by bit, and what no writer wrote is
// named where it stands.

#include "format/v1_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "api/format_1_fixture.h"
#include "base/coding.h"
#include "format/v1_id_hash.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Image = std::vector<std::byte>;

V1Header HeaderOf(const Image& image) { return V1Header(std::span(image).first<96>()); }

V1Block BlockOf(const Image& image, uint64_t slot = 0) {
  return V1Block(std::span(image).subspan(V1BlockOffset(slot).value).first<3136>());
}

Image OneSlot(const V1Slot& slot = {.id = "a", .variant = 1}) { return V1Image({slot}); }

template <typename T>
Image With(Image image, size_t offset_in_block, T value) {
  StoreLittleEndian(image.data() + 96 + offset_in_block, value);
  return image;
}

TEST(V1File, WhatWasWrittenIsRead) {
  for (const V1Slots& slots : {V1SamplesOfFirstLayout(), V1SamplesOfSecondLayout()}) {
    const Image image = V1Image(slots);
    EXPECT_TRUE(CheckV1Header(HeaderOf(image)).ok());
    EXPECT_THAT(FindV1HeaderDamages(HeaderOf(image), slots.size()), IsEmpty());
    for (uint64_t i = 0; i < slots.size(); ++i) {
      const V1Block block = BlockOf(image, i);
      EXPECT_EQ(IsUnwritten(block), !slots[i].has_value());
      if (!slots[i]) continue;
      ASSERT_FALSE(FindV1Damage(block)) << FindV1Damage(block)->explanation;
      EXPECT_EQ(V1IdHashOf(block), V1IdHash(slots[i]->id));
      const Memory expected = V1MemoryOf(*slots[i]);
      const Memory found = DecodeV1Block(block).memory;
      EXPECT_EQ(std::memcmp(found.embedding.data(), expected.embedding.data(), 3072), 0);
      EXPECT_EQ(std::bit_cast<uint32_t>(found.confidence),
                std::bit_cast<uint32_t>(expected.confidence));
      EXPECT_EQ(std::bit_cast<uint32_t>(found.activation),
                std::bit_cast<uint32_t>(expected.activation));
      EXPECT_EQ(found.decay_rate, 0.2F);
      EXPECT_EQ(found.created_at, expected.created_at);
      EXPECT_EQ(found.last_access, expected.last_access);
      EXPECT_EQ(found.access_count, expected.access_count);
      EXPECT_FALSE(found.content);
    }
  }
}

TEST(V1File, ContentIsToldByLayout) {
  const auto content_of = [](uint32_t length, uint64_t offset) {
    const Image image = OneSlot({.id = "a", .content_length = length, .content_offset = offset});
    return DecodeV1Block(BlockOf(image)).content;
  };
  EXPECT_EQ(content_of(0, 0), V1Content::kUntold);
  EXPECT_EQ(content_of(0, kV1NoContent), V1Content::kNone);
  EXPECT_EQ(content_of(0, 12), V1Content::kEmpty);
  EXPECT_EQ(content_of(5, 0), V1Content::kText);
  EXPECT_EQ(content_of(UINT32_MAX, 12), V1Content::kText);
}

// Anywhere but in the times, whose writer could write anything: there the checksum alone tells.
TEST(V1File, EveryFlippedBitOfTheHeaderIsFound) {
  const V1Slots slots = V1SamplesOfFirstLayout();
  const Image intact = V1Image(slots);
  for (size_t bit = 0; bit < 96 * 8; ++bit) {
    Image image = intact;
    image[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const absl::Status status = CheckV1Header(HeaderOf(image));
    const size_t byte = bit / 8;
    if (byte < 8) {
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << bit << status;
    } else if (byte < 12 || (byte >= 16 && byte < 24)) {
      EXPECT_TRUE(absl::IsDataLoss(status)) << bit << status;
      EXPECT_THAT(status.message(), HasSubstr("expected"));
    } else {
      EXPECT_TRUE(status.ok()) << bit << status;
      EXPECT_FALSE(FindV1HeaderDamages(HeaderOf(image), slots.size()).empty()) << bit;
    }
  }
}

TEST(V1File, TheChecksumTellsHowManySlotsThereWere) {
  for (const size_t slots : {0u, 1u, 2u, 3u, 100u, 1000u}) {
    const Image image = V1Image(V1Slots(slots));
    EXPECT_THAT(FindV1HeaderDamages(HeaderOf(image), slots), IsEmpty()) << slots;
    EXPECT_THAT(FindV1HeaderDamages(HeaderOf(image), slots + 1),
                ElementsAre(HasSubstr("at byte 40: the header's checksum is ")));
  }
}

TEST(V1File, WhatNoWriterWroteIsDamage) {
  const auto found_in = [](const Image& image) {
    const auto damage = FindV1Damage(BlockOf(image));
    return damage ? std::to_string(damage->offset) + ": " + damage->explanation : "";
  };
  const Image image = OneSlot();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(found_in(image), "");
  EXPECT_THAT(found_in(With(image, 0, nan)), HasSubstr("0: number 0 of the embedding is nan"));
  EXPECT_THAT(found_in(With(image, 3068, -infinity)), HasSubstr("3068: number 767"));
  EXPECT_THAT(found_in(With(image, 3072, 1.0000001F)), HasSubstr("3072: confidence"));
  EXPECT_THAT(found_in(With(image, 3072, nan)), HasSubstr("3072: confidence"));
  EXPECT_THAT(found_in(With(image, 3076, -0.1F)), HasSubstr("3076: activation"));
  EXPECT_THAT(found_in(With(image, 3080, uint64_t{1} << 63)), HasSubstr("3080: last access"));
  EXPECT_THAT(found_in(With(image, 3088, 0.25F)), HasSubstr("3088: decay rate is 0.25"));
  EXPECT_THAT(found_in(With(image, 3092, uint32_t{1})), HasSubstr("3092: flags are 1"));
  EXPECT_THAT(found_in(With(image, 3096, uint64_t{0})), HasSubstr("3096: the hash"));
  EXPECT_THAT(found_in(With(image, 3104, UINT64_MAX)), HasSubstr("3104: creation time"));
  EXPECT_THAT(found_in(With(With(image, 3116, uint32_t{1}), 3120, UINT64_MAX)),
              HasSubstr("3116: there is no content"));
  EXPECT_THAT(found_in(With(With(image, 3116, uint32_t{2}), 3120, (uint64_t{1} << 63) - 2)),
              HasSubstr("3120: content of 2 bytes"));
  EXPECT_EQ(found_in(With(With(image, 3116, uint32_t{1}), 3120, (uint64_t{1} << 63) - 2)), "");
  EXPECT_EQ(found_in(With(image, 3128, UINT64_MAX)), "");
  EXPECT_EQ(found_in(With(image, 3112, UINT32_MAX)), "");
}

TEST(V1File, TheHashOfACutBlockIsReadIfItIsThere) {
  const Image image = OneSlot();
  const V1Block block = BlockOf(image);
  EXPECT_EQ(V1IdHashOf(block.first(3104)), V1IdHash("a"));
  EXPECT_EQ(V1IdHashOf(block.first(3103)), std::nullopt);
  EXPECT_EQ(V1IdHashOf({}), std::nullopt);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
