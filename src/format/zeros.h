// Reserved bytes and padding: written as zeros, and refused if they are anything else, so that
// each value has one encoding and a later version can give them a meaning.

#ifndef ENGRAM_FORMAT_ZEROS_H_
#define ENGRAM_FORMAT_ZEROS_H_

#include <algorithm>
#include <cstddef>
#include <span>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::format {

inline bool AreZeros(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_ZEROS_H_
