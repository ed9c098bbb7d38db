// How much of the room of content is dead: the byte-exact formula behind the statistics.
//
// The room of a memory that is not cold is what its record takes in the content log, and for
// content longer than Options::content_inline_bytes_max what its blob takes. `total` counts the
// room of all records and blobs that were written and whose extent has not been given back, `live`
// that of the memories which exist and are not cold: what becomes cold leaves dead room behind.
// Removals and other entries of the log count in neither, and neither do runs of cold memories.

#ifndef ENGRAM_API_FRAGMENTATION_H_
#define ENGRAM_API_FRAGMENTATION_H_

#include <cstddef>
#include <cstdint>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// A record: so many bytes, its id, and its content or a reference of kBlobReferenceBytes, rounded
// up.
inline constexpr uint64_t kRecordFixedBytes = 88;
inline constexpr uint64_t kBlobReferenceBytes = 16;
inline constexpr uint64_t kContentRoundingBytes = 8;

constexpr uint64_t RoundUpContent(uint64_t bytes) {
  return (bytes + kContentRoundingBytes - 1) / kContentRoundingBytes * kContentRoundingBytes;
}

// Bytes that a memory takes besides its slot. `content_bytes` is 0 if there is no content;
// `content_inline_bytes_max` is the option, or a quarter of an extent if that is less.
constexpr uint64_t ContentRoomBytes(size_t id_bytes, uint64_t content_bytes,
                                    uint64_t content_inline_bytes_max) {
  if (content_bytes <= content_inline_bytes_max) {
    return RoundUpContent(kRecordFixedBytes + id_bytes + content_bytes);
  }
  return RoundUpContent(kRecordFixedBytes + id_bytes + kBlobReferenceBytes) +
         RoundUpContent(content_bytes);
}

// The dead part of `total_bytes`, in [0, 1]; 0 if there is nothing.
constexpr double Fragmentation(uint64_t live_bytes, uint64_t total_bytes) {
  if (total_bytes == 0) return 0;
  return static_cast<double>(total_bytes - live_bytes) / static_cast<double>(total_bytes);
}

// Above this, opening a store says that it should be compacted: RecoveryReport::is_fragmented.
inline constexpr double kFragmentationWarning = 0.7;

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_FRAGMENTATION_H_
