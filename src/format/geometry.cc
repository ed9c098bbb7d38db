// Seeds of checksums. Part of the format: see src/format/README.md.

#include "format/geometry.h"

#include <array>

#include "base/coding.h"

namespace engram::inline ENGRAM_BODY::format {

uint64_t PlaceSeed(uint64_t store_id, Generation generation, uint64_t position) {
  std::array<std::byte, 24> place;
  StoreLittleEndian<uint64_t>(place.data(), store_id);
  StoreLittleEndian<uint64_t>(place.data() + 8, generation.value);
  StoreLittleEndian<uint64_t>(place.data() + 16, position);
  return Checksum(place, kVersion);
}

}  // namespace engram::inline ENGRAM_BODY::format
