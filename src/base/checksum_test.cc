// The checksum: its values are those of the published algorithm for ever, and no single-bit change
// escapes.

#include "base/checksum.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <span>
#include <vector>

namespace engram {
namespace {

// The input and the values of xxHash's own self-test (cli/xsum_sanity_check.c, XXH3_64bits): bytes
// of a multiplicative generator; both are constants of that file.
constexpr uint64_t kPrime32 = 2654435761u;
constexpr uint64_t kPrime64 = 11400714785074694797u;

std::vector<std::byte> PublishedInput(size_t size) {
  std::vector<std::byte> bytes(size);
  uint64_t state = kPrime32;
  for (std::byte& byte : bytes) {
    byte = static_cast<std::byte>(state >> 56);
    state *= kPrime64;
  }
  return bytes;
}

TEST(Checksum, IsXxh3AsPublished) {
  struct Published {
    size_t bytes;
    uint64_t seed;
    uint64_t checksum;
  };
  // One row for each of the algorithm's paths by length: 0, 1-3, 4-8, 9-16, 17-128, 129-240, more,
  // blocks.
  const Published rows[] = {
      {.bytes = 0, .seed = 0, .checksum = 0x2D06800538D394C2},
      {.bytes = 1, .seed = 0, .checksum = 0xC44BDFF4074EECDB},
      {.bytes = 1, .seed = kPrime64, .checksum = 0x032BE332DD766EF8},
      {.bytes = 6, .seed = 0, .checksum = 0x27B56A84CD2D7325},
      {.bytes = 6, .seed = kPrime64, .checksum = 0x84589C116AB59AB9},
      {.bytes = 12, .seed = 0, .checksum = 0xA713DAF0DFBB77E7},
      {.bytes = 12, .seed = kPrime64, .checksum = 0xE7303E1B2336DE0E},
      {.bytes = 24, .seed = 0, .checksum = 0xA3FE70BF9D3510EB},
      {.bytes = 24, .seed = kPrime64, .checksum = 0x850E80FC35BDD690},
      {.bytes = 80, .seed = kPrime64, .checksum = 0xC6DD0CB699532E73},
      {.bytes = 195, .seed = kPrime64, .checksum = 0xBA68003D370CB3D9},
      {.bytes = 403, .seed = kPrime64, .checksum = 0x6259F6ECFD6443FD},
      {.bytes = 2048, .seed = 0, .checksum = 0xDD59E2C3A5F038E0},
      {.bytes = 2048, .seed = kPrime64, .checksum = 0x66F81670669ABABC},
  };
  for (const Published& row : rows) {
    EXPECT_EQ(Checksum(PublishedInput(row.bytes), row.seed), row.checksum)
        << row.bytes << " bytes, seed " << row.seed;
  }
}

TEST(Checksum, EverySingleBitFlipOfAnEmbeddingIsSeen) {
  std::vector<std::byte> bytes = PublishedInput(3072);
  const uint64_t intact = Checksum(bytes, 7);
  for (std::byte& byte : bytes) {
    for (int bit = 0; bit < 8; ++bit) {
      const std::byte flip{static_cast<uint8_t>(1 << bit)};
      byte ^= flip;
      ASSERT_NE(Checksum(bytes, 7), intact) << "bit " << bit << " of byte " << &byte - bytes.data();
      byte ^= flip;
    }
  }
}

TEST(Checksum, DependsOnSeedAndLengthAlone) {
  const std::vector<std::byte> zeros(64);
  std::set<uint64_t> seen;
  for (size_t size = 0; size <= zeros.size(); ++size) {
    for (uint64_t seed : {uint64_t{0}, uint64_t{1}, UINT64_MAX}) {
      const uint64_t checksum = Checksum(std::span(zeros).first(size), seed);
      EXPECT_TRUE(seen.insert(checksum).second) << size << " zeros, seed " << seed;
      EXPECT_EQ(Checksum(std::vector<std::byte>(size), seed), checksum);
    }
  }
}

}  // namespace
}  // namespace engram
