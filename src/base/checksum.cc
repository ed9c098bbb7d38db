// XXH3-64, as libxxhash computes it.

#include "base/checksum.h"

#include <xxhash.h>

namespace engram::inline ENGRAM_BODY {

uint64_t Checksum(std::span<const std::byte> bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace engram::inline ENGRAM_BODY
