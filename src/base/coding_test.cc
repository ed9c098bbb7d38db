// Little-endian coding: the bytes are those of the format, and nothing but them is touched.

#include "base/coding.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace engram {
namespace {

constexpr std::byte kGuard{0xEE};

// Stores `value` in the middle of guard bytes, expects exactly `bytes` there, and loads it back.
template <typename T>
void ExpectCoding(T value, std::array<uint8_t, sizeof(T)> bytes) {
  std::array<std::byte, sizeof(T) + 2> buffer;
  buffer.fill(kGuard);
  StoreLittleEndian(buffer.data() + 1, value);
  EXPECT_EQ(buffer.front(), kGuard);
  EXPECT_EQ(buffer.back(), kGuard);
  for (size_t i = 0; i < sizeof(T); ++i) {
    EXPECT_EQ(std::to_integer<uint8_t>(buffer[i + 1]), bytes[i]) << "byte " << i;
  }
  const T loaded = LoadLittleEndian<T>(buffer.data() + 1);
  // Bit by bit: -0.0 and NaN must come back as they were.
  std::array<std::byte, sizeof(T) + 2> again;
  again.fill(kGuard);
  StoreLittleEndian(again.data() + 1, loaded);
  EXPECT_EQ(buffer, again);
}

TEST(Coding, IntegersHaveTheirLowestByteFirst) {
  ExpectCoding<uint8_t>(0x01, {0x01});
  ExpectCoding<uint16_t>(0x0102, {0x02, 0x01});
  ExpectCoding<uint32_t>(0x01020304, {0x04, 0x03, 0x02, 0x01});
  ExpectCoding<uint64_t>(0x0102030405060708, {0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01});
}

TEST(Coding, NegativeIntegersAreTwosComplement) {
  ExpectCoding<int8_t>(-2, {0xFE});
  ExpectCoding<int16_t>(-2, {0xFE, 0xFF});
  ExpectCoding<int32_t>(-2, {0xFE, 0xFF, 0xFF, 0xFF});
  ExpectCoding<int64_t>(std::numeric_limits<int64_t>::min(), {0, 0, 0, 0, 0, 0, 0, 0x80});
  std::array<std::byte, 8> buffer{};
  StoreLittleEndian(buffer.data(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(LoadLittleEndian<int64_t>(buffer.data()), std::numeric_limits<int64_t>::min());
}

TEST(Coding, FloatsAreTheirIeeeBits) {
  ExpectCoding<float>(1.0F, {0, 0, 0x80, 0x3F});
  ExpectCoding<float>(-0.0F, {0, 0, 0, 0x80});
  ExpectCoding<double>(1.0, {0, 0, 0, 0, 0, 0, 0xF0, 0x3F});
  ExpectCoding<double>(std::numeric_limits<double>::denorm_min(), {1, 0, 0, 0, 0, 0, 0, 0});
}

TEST(Coding, NanPayloadsSurvive) {
  const auto quiet = std::bit_cast<float>(uint32_t{0x7FC12345});
  std::array<std::byte, 4> buffer{};
  StoreLittleEndian(buffer.data(), quiet);
  EXPECT_EQ(std::bit_cast<uint32_t>(LoadLittleEndian<float>(buffer.data())), 0x7FC12345u);
}

TEST(Coding, EveryBitOfEveryWidthComesBack) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const uint64_t value = uint64_t{1} << bit;
    std::array<std::byte, 8> buffer{};
    StoreLittleEndian(buffer.data(), value);
    EXPECT_EQ(std::to_integer<unsigned>(buffer[bit / 8]), 1u << (bit % 8));
    EXPECT_EQ(LoadLittleEndian<uint64_t>(buffer.data()), value);
    EXPECT_EQ(LoadLittleEndian<int64_t>(buffer.data()), static_cast<int64_t>(value));
    EXPECT_EQ(LoadLittleEndian<uint32_t>(buffer.data()), static_cast<uint32_t>(value));
    EXPECT_EQ(LoadLittleEndian<uint16_t>(buffer.data()), static_cast<uint16_t>(value));
  }
}

TEST(Coding, WorksInConstantExpressions) {
  constexpr uint32_t kDecoded = [] {
    std::array<std::byte, 4> buffer{};
    StoreLittleEndian(buffer.data(), uint32_t{0xCAFEF00D});
    return LoadLittleEndian<uint32_t>(buffer.data());
  }();
  EXPECT_EQ(kDecoded, 0xCAFEF00D);
}

}  // namespace
}  // namespace engram
