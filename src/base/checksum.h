// The checksum of everything on disk: XXH3-64 with a seed. It detects damage, not malice.
//
// Its values are part of the format: they must never change, whatever computes them.

#ifndef ENGRAM_BASE_CHECKSUM_H_
#define ENGRAM_BASE_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// XXH3-64 of `bytes`, which may be empty. Equal bytes under different seeds have unrelated
// checksums: the seed says where the bytes belong, so that bytes in a wrong place do not verify.
uint64_t Checksum(std::span<const std::byte> bytes, uint64_t seed);

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_BASE_CHECKSUM_H_
