// The three tiers, one of which each memory is in.

#ifndef ENGRAM_API_TIER_H_
#define ENGRAM_API_TIER_H_

#include <cstdint>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// Where a memory is: it has one durable home, and at most one copy besides.
enum class Tier : uint8_t {
  kHot,   // at home as a warm one, and a decoded copy is held in RAM; after Open none is
  kWarm,  // in a slot and the content log, memory-mapped
  kCold,  // in an immutable columnar run, its content compressed
};
inline constexpr int kTiers = 3;

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_TIER_H_
