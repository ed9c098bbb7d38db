// Numbers of fixed width as little-endian bytes, on every host: how everything on disk is written.
//
// Not a reader with a position: bounds are the caller's. Each function touches exactly sizeof(T)
// bytes, at any alignment, and cannot fail.

#ifndef ENGRAM_BASE_CODING_H_
#define ENGRAM_BASE_CODING_H_

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// What has one width on every host. Not `bool`, `char` or `long`: a format names its widths.
template <typename T>
concept FixedWidth =
    std::same_as<T, uint8_t> || std::same_as<T, uint16_t> || std::same_as<T, uint32_t> ||
    std::same_as<T, uint64_t> || std::same_as<T, int8_t> || std::same_as<T, int16_t> ||
    std::same_as<T, int32_t> || std::same_as<T, int64_t> || std::same_as<T, float> ||
    std::same_as<T, double>;
static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559,
              "floats are stored as their IEEE 754 bits");

// Returns the number in the sizeof(T) bytes from `source`. Floats keep every bit, NaN payloads
// included.
template <FixedWidth T>
constexpr T LoadLittleEndian(const std::byte* source) {
  std::array<std::byte, sizeof(T)> bytes;
  std::copy_n(source, sizeof(T), bytes.begin());
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  return std::bit_cast<T>(bytes);
}

// Writes `value` to the sizeof(T) bytes from `target`.
template <FixedWidth T>
constexpr void StoreLittleEndian(std::byte* target, T value) {
  auto bytes = std::bit_cast<std::array<std::byte, sizeof(T)>>(value);
  if constexpr (std::endian::native == std::endian::big) std::reverse(bytes.begin(), bytes.end());
  std::copy_n(bytes.begin(), sizeof(T), target);
}

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_BASE_CODING_H_
