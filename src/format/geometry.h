// Where things stand in a store's file: two superblocks, then extents of one size. Arithmetic only.
//
// Each extent, or run of extents that is used as one, begins with a header of kExtentHeaderBytes;
// what follows is its payload.

#ifndef ENGRAM_FORMAT_GEOMETRY_H_
#define ENGRAM_FORMAT_GEOMETRY_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "api/memory.h"
#include "base/body.h"
#include "base/checksum.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY::format {

inline constexpr uint32_t kVersion = 2;
inline constexpr uint64_t kSuperblockBytes = 4 * kKiB;
inline constexpr int kSuperblocks = 2;
inline constexpr uint64_t kExtentsBegin = kSuperblocks * kSuperblockBytes;
// One sector, so that a header is never torn, and a multiple of a cache line, so that slots are
// aligned.
inline constexpr uint64_t kExtentHeaderBytes = 512;
inline constexpr uint64_t kSlotBytes = kEmbeddingDimension * sizeof(float);
static_assert(kSlotBytes % 64 == 0 && kExtentHeaderBytes % 64 == 0, "slots are 64-byte aligned");
// Entries of the log and blobs begin at multiples of this.
inline constexpr uint64_t kAlignment = 8;
// Incarnation k hands out sequences and generations from k * this on.
inline constexpr uint64_t kNumbersPerIncarnation = uint64_t{1} << 40;
// The last incarnation whose numbers fit into 64 bits.
inline constexpr uint64_t kIncarnationMax = UINT64_MAX / kNumbersPerIncarnation;
// No log comes so far; a file that says so is damaged.
inline constexpr uint64_t kLogNumberMax = uint64_t{1} << 62;

// REQUIRES: the result fits into 64 bits.
constexpr uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// What depends on the size of extents, which is within the bounds of api/options.h. Immutable.
// Extents and slots are those of a file, that is, below ExtentsMax().
struct Geometry {
  uint64_t extent_bytes = 0;

  constexpr FileOffset Begin(ExtentId extent) const {
    return {kExtentsBegin + extent.value * extent_bytes};
  }
  constexpr FileOffset Payload(ExtentId extent) const {
    return {Begin(extent).value + kExtentHeaderBytes};
  }
  // REQUIRES: offset >= kExtentsBegin.
  constexpr ExtentId ExtentOf(FileOffset offset) const {
    return {static_cast<uint32_t>((offset.value - kExtentsBegin) / extent_bytes)};
  }
  // Payload of a run of `extents` extents.
  constexpr uint64_t PayloadBytes(uint64_t extents) const {
    return extents * extent_bytes - kExtentHeaderBytes;
  }
  // The shortest run with a payload of `bytes`. REQUIRES: bytes < 2^63.
  constexpr uint64_t RunFor(uint64_t bytes) const {
    return (bytes + kExtentHeaderBytes + extent_bytes - 1) / extent_bytes;
  }
  constexpr uint32_t SlotsPerExtent() const {
    return static_cast<uint32_t>(PayloadBytes(1) / kSlotBytes);
  }
  // More extents than this a file cannot have: their slots could not be numbered in 32 bits.
  constexpr uint64_t ExtentsMax() const { return (uint64_t{1} << 32) / SlotsPerExtent(); }
  constexpr ExtentId ExtentOf(SlotIndex slot) const { return {slot.value / SlotsPerExtent()}; }
  constexpr uint32_t IndexInExtent(SlotIndex slot) const { return slot.value % SlotsPerExtent(); }
  constexpr SlotIndex SlotAt(ExtentId extent, uint32_t index) const {
    return {extent.value * SlotsPerExtent() + index};
  }
  constexpr FileOffset OffsetOf(SlotIndex slot) const {
    return {Payload(ExtentOf(slot)).value + IndexInExtent(slot) * kSlotBytes};
  }
  constexpr uint64_t FileBytes(uint64_t extents) const {
    return kExtentsBegin + extents * extent_bytes;
  }
};

// The hash by which ids are found; never 0. Part of the format.
inline uint64_t IdHash(std::string_view id) {
  const uint64_t hash = Checksum(std::as_bytes(std::span(id.data(), id.size())), 0);
  return hash == 0 ? 1 : hash;
}

// The hash of an embedding that its record holds.
inline uint64_t EmbeddingHash(std::span<const std::byte> embedding) {
  return Checksum(embedding, kVersion);
}

// The seed of a checksum of what stands at `position` in an extent of this use: bytes of another
// store, another use or another place do not verify.
uint64_t PlaceSeed(uint64_t store_id, Generation generation, uint64_t position);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_GEOMETRY_H_
