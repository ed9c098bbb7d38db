// Which byte of a log entry means what, and what no entry says: for the encoders and the decoders
// of log_entry.h alone. As in src/format/README.md.

#ifndef ENGRAM_FORMAT_LOG_ENTRY_LAYOUT_H_
#define ENGRAM_FORMAT_LOG_ENTRY_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/body.h"
#include "base/units.h"
#include "format/log_entry.h"

namespace engram::inline ENGRAM_BODY::format::layout {

// ---- The header of every entry.
inline constexpr size_t kBytesAt = 8;
inline constexpr size_t kNumberAt = 12;  // less the extent's first log number
inline constexpr size_t kKindAt = 16;
inline constexpr size_t kFlagsAt = 17;
inline constexpr size_t kIdBytesAt = 18;
inline constexpr size_t kCountAt = 20;  // bytes of content, or hashes of a frame
inline constexpr size_t kSequenceAt = 24;
static_assert(kSequenceAt == kEntryHeaderBytes);

// ---- Records.
inline constexpr size_t kSlotAt = 32;
inline constexpr size_t kConfidenceAt = 36;
inline constexpr size_t kActivationAt = 40;
inline constexpr size_t kDecayRateAt = 44;
inline constexpr size_t kCreatedAtAt = 48;
inline constexpr size_t kLastAccessAt = 56;
inline constexpr size_t kAccessCountAt = 64;
inline constexpr size_t kEmbeddingHashAt = 72;
inline constexpr size_t kPredecessorAt = 80;

// ---- Removals.
inline constexpr size_t kRemovedAt = 32;  // the predecessor

// ---- Moves.
inline constexpr size_t kMovePlaceAt = 32;
inline constexpr size_t kMoveRowAt = 40;
inline constexpr size_t kMoveTierAt = 48;

// ---- Frames and links.
inline constexpr size_t kDurableAt = 24;
inline constexpr size_t kFirstHashedAt = 32;
inline constexpr size_t kNextExtentAt = 24;
inline constexpr size_t kNextGenerationAt = 32;

inline constexpr uint32_t kNoContent = UINT32_MAX;
inline constexpr uint8_t kBlobFlag = 1;
inline constexpr uint8_t kReleasesBlobFlag = 2;
inline constexpr uint8_t kFollowsFrameFlag = 4;

// ---- Places of blobs, from their own beginning.
inline constexpr size_t kBlobOffsetAt = 0;
inline constexpr size_t kBlobChecksumAt = 8;
inline constexpr size_t kReleasedOffsetAt = 0;
inline constexpr size_t kReleasedBytesAt = 8;

// Bytes in front of the id, for each kind; 0: there is no such kind.
inline uint64_t FixedBytes(uint8_t kind) {
  switch (static_cast<EntryKind>(kind)) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
      return kRecordBytes;
    case EntryKind::kRemove:
      return kRemoveBytes;
    case EntryKind::kMove:
      return kMoveBytes;
    case EntryKind::kFrame:
      return kFrameBytes;
    case EntryKind::kLink:
      return kLinkBytes;
  }
  return 0;
}

// ---- What no entry says, whoever wrote it.

// A mutation comes after the one that it replaces.
inline bool CanReplace(Sequence sequence, Sequence predecessor) { return predecessor < sequence; }

inline bool CanBeReleased(const std::optional<ReleasedBlob>& blob) {
  return !blob || blob->bytes != 0;
}

// All that a frame says is durable, and all whose hashes it has, came before it.
inline bool CanBeFrame(LogNumber number, LogNumber durable, LogNumber first_hashed,
                       uint64_t hash_count) {
  return durable <= number && first_hashed <= number &&
         hash_count <= number.value - first_hashed.value;
}

}  // namespace engram::inline ENGRAM_BODY::format::layout

#endif  // ENGRAM_FORMAT_LOG_ENTRY_LAYOUT_H_
