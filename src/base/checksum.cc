// XXH3-64, as libxxhash computes it, by the best instructions that this machine has: they differ in
// speed alone.

#include "base/checksum.h"

#include <xxhash.h>
#if defined(__x86_64__)
#include <xxh_x86dispatch.h>
#endif

namespace engram::inline ENGRAM_BODY {
namespace {

// libxxhash looks for instructions when the first long input comes, without a lock: here, before
// there are threads.
[[maybe_unused]] const uint64_t kLooked = [] {
  const std::byte long_input[1024] = {};
  return Checksum(long_input, 0);
}();

}  // namespace

uint64_t Checksum(std::span<const std::byte> bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace engram::inline ENGRAM_BODY
