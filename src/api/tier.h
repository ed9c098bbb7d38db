// The three tiers, one of which each memory is in, and what of their capacities a memory takes.

#ifndef ENGRAM_API_TIER_H_
#define ENGRAM_API_TIER_H_

#include <cstdint>

#include "api/fragmentation.h"
#include "api/memory.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// Where a memory is: it has one durable home, and at most one copy besides.
enum class Tier : uint8_t {
  kHot,   // at home as a warm one, and a decoded copy is held in RAM; after Open none is
  kWarm,  // in a slot and the content log, memory-mapped
  kCold,  // in an immutable columnar run, its content compressed
};
inline constexpr int kTiers = 3;

// Bytes of Options::warm_capacity_bytes that a warm memory counts for: its embedding, and its room
// of content.
inline uint64_t WarmBytesOf(const Memory& memory, uint64_t content_inline_bytes_max) {
  return memory.embedding.size() * sizeof(float) +
         ContentRoomBytes(memory.id.size(), memory.content ? memory.content->size() : 0,
                          content_inline_bytes_max);
}

// Bytes of Options::hot_capacity_bytes that the copy of a memory counts for.
inline constexpr uint64_t kHotCopyFixedBytes = 256;
inline uint64_t HotCopyBytes(const Memory& memory) {
  return kHotCopyFixedBytes + memory.embedding.size() * sizeof(float) + memory.id.size() +
         (memory.content ? memory.content->size() : 0);
}
// With more bytes than this the hot tier evicts the least recently used copies...
constexpr uint64_t HotFullBytes(uint64_t capacity_bytes) {
  return capacity_bytes / 5 * 4 + capacity_bytes % 5 * 4 / 5;  // 80 %, without an overflow
}
// ... until it has at most this. A memory that is larger than HotFullBytes never becomes hot.
constexpr uint64_t HotEasedBytes(uint64_t capacity_bytes) {
  return capacity_bytes / 10 * 7 + capacity_bytes % 10 * 7 / 10;  // 70 %
}

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_TIER_H_
