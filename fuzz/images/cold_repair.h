// Giving a run of cold memories whose bytes were changed the hashes and checksums that a reader
// expects, so that what lies behind them is tried.

#ifndef ENGRAM_FUZZ_IMAGES_COLD_REPAIR_H_
#define ENGRAM_FUZZ_IMAGES_COLD_REPAIR_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/body.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::fuzz {

// The checksum of a directory that stands in `bytes`, the run's generation being the one it names.
void RepairColdDirectory(std::span<std::byte> bytes, uint64_t store_id);

// Of every row: the hashes of its embedding and of its stored content where these bytes are not
// those of `before`, which has the run's bytes or none; and its checksum. Leaves a run alone that
// has no directory of its length.
void RepairColdRows(std::span<std::byte> run, std::span<const std::byte> before,
                    const format::Geometry& geometry, uint64_t store_id);

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_IMAGES_COLD_REPAIR_H_
