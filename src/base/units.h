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

// A position in the store's log: entries are numbered without gaps, from 1.
struct LogNumber {
  uint64_t value = 0;
  friend constexpr auto operator<=>(LogNumber, LogNumber) = default;
};

// Tells one use of an extent from every other use of it and of all others: never used twice. 0 is
// none.
struct Generation {
  uint64_t value = 0;
  friend constexpr auto operator<=>(Generation, Generation) = default;
};

// One of the equal pieces that a store's file consists of behind its superblocks.
struct ExtentId {
  uint32_t value = 0;
  friend constexpr auto operator<=>(ExtentId, ExtentId) = default;
};

// A place for one embedding: extent * (slots of an extent) + index within it.
struct SlotIndex {
  uint32_t value = 0;
  friend constexpr auto operator<=>(SlotIndex, SlotIndex) = default;
};

// A distance in bytes from the beginning of a file.
struct FileOffset {
  uint64_t value = 0;
  friend constexpr auto operator<=>(FileOffset, FileOffset) = default;
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_BASE_UNITS_H_
