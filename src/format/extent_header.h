// The header at the beginning of each extent, or run of extents, that is in use.

#ifndef ENGRAM_FORMAT_EXTENT_HEADER_H_
#define ENGRAM_FORMAT_EXTENT_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::format {

// What an extent is used for. Values are part of the format.
enum class ExtentType : uint8_t {
  kFree = 0,
  kSlots = 1,
  kLog = 2,
  kBlob = 3,
  kCheckpoint = 4,
  kCold = 5,       // reserved for columnar runs
  kContinued = 6,  // belongs to the run that begins before it; has no header
};

// One word, for messages.
const char* ExtentTypeName(ExtentType type);

struct ExtentHeader {
  ExtentType type = ExtentType::kFree;  // one that has a header
  ExtentId extent;                      // the one it begins; says where this header belongs
  uint32_t run_extents = 1;             // how many extents are used as one; kSlots, kLog: 1
  Generation generation;                // not 0
  // Log only, else 0: the number of the first entry, and the extent in which the log goes on when
  // this one is full, with the generation it will have then. The link at the extent's end says it
  // again.
  LogNumber first_log_number;
  ExtentId next_extent;
  Generation next_generation;

  friend bool operator==(const ExtentHeader&, const ExtentHeader&) = default;
};

using ExtentHeaderBytes = std::array<std::byte, kExtentHeaderBytes>;

// REQUIRES: the values are as ExtentHeader says.
ExtentHeaderBytes Encode(const ExtentHeader& header, uint64_t store_id);

// DATA_LOSS: these are not the bytes of an intact header of `extent` in the store `store_id`. The
// header of an earlier use of the extent is intact, too: compare the generation with the expected.
absl::StatusOr<ExtentHeader> DecodeExtentHeader(
    std::span<const std::byte, kExtentHeaderBytes> bytes, uint64_t store_id, ExtentId extent);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_EXTENT_HEADER_H_
