// How full the tiers are that have a capacity: the levels that maintenance goes by.

#ifndef ENGRAM_API_PRESSURE_H_
#define ENGRAM_API_PRESSURE_H_

#include <algorithm>
#include <cstdint>

#include "api/tier.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

enum class Pressure : uint8_t {
  kNone,      // at most HotEasedBytes of each capacity: 70 %
  kModerate,  // at most HotFullBytes: 80 %
  kHigh,      // within the capacity. Maintenance makes nothing hot any more
  kCritical,  // above it
};

constexpr Pressure PressureOf(uint64_t bytes, uint64_t capacity_bytes) {
  if (bytes > capacity_bytes) return Pressure::kCritical;
  if (bytes > HotFullBytes(capacity_bytes)) return Pressure::kHigh;
  return bytes > HotEasedBytes(capacity_bytes) ? Pressure::kModerate : Pressure::kNone;
}

// That of a store is the higher one of its hot and its warm tier: of Statistics::hot_bytes in
// Options::hot_capacity_bytes, and of warm_bytes in warm_capacity_bytes.
constexpr Pressure HigherOf(Pressure a, Pressure b) { return std::max(a, b); }

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_PRESSURE_H_
