// Quantities that must not be mixed up, as types; and the sizes they are measured in.

#ifndef ENGRAM_BASE_UNITS_H_
#define ENGRAM_BASE_UNITS_H_

#include <compare>
#include <cstdint>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;

// A position in the store-wide order of mutations. 0 means "never": no mutation has it.
struct Sequence {
  uint64_t value = 0;
  friend constexpr auto operator<=>(Sequence, Sequence) = default;
};

// A distance in bytes from the beginning of a file.
struct FileOffset {
  uint64_t value = 0;
  friend constexpr auto operator<=>(FileOffset, FileOffset) = default;
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_BASE_UNITS_H_
