// Entries of the log: records of memories, removals, moves, frames and links.
//
// What an entry has besides its fixed fields follows in this order: the blob's place, the released
// blob, the id, the content. Entries follow each other without gaps from an extent's payload on,
// each a multiple of kAlignment long, numbered without gaps. Each begins with a checksum over the
// rest of it, seeded by its place, so that stale, swapped or duplicated bytes never verify.

#ifndef ENGRAM_FORMAT_LOG_ENTRY_H_
#define ENGRAM_FORMAT_LOG_ENTRY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/fragmentation.h"
#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::format {

// Values are part of the format.
enum class EntryKind : uint8_t {
  kRecord = 1,     // a memory was stored, or its scalars changed
  kRelocated = 2,  // a copy of a record; counts only while the memory's sequence is still this one
  kRemove = 3,     // a memory was removed
  kMove = 4,       // a memory has a new place outside of the log; counts as kRelocated does
  kFrame = 5,      // what came since the last frame, and up to where the log is durable
  kLink = 6,       // the last entry of a full extent: where the log goes on
};

inline constexpr uint64_t kEntryHeaderBytes = 24;
// Before the id: what every record has.
inline constexpr uint64_t kRecordBytes = 88;
inline constexpr uint64_t kBlobPlaceBytes = 16;
static_assert(kRecordBytes == kRecordFixedBytes && kBlobPlaceBytes == kBlobReferenceBytes &&
                  kAlignment == kContentRoundingBytes,
              "the public formula of fragmentation is that of the format");
inline constexpr uint64_t kReleasedBlobBytes = 16;
inline constexpr uint64_t kRemoveBytes = 40;
inline constexpr uint64_t kMoveBytes = 56;
inline constexpr uint64_t kFrameBytes = 40;
inline constexpr uint64_t kLinkBytes = 40;
// Hashes that one frame can hold.
inline constexpr uint32_t kFrameHashesMax = 128;
inline constexpr uint64_t kFrameBytesMax = kFrameBytes + kFrameHashesMax * sizeof(uint64_t);

// Content that stands outside of its record; never empty.
struct BlobPlace {
  FileOffset offset;
  uint64_t checksum = 0;  // of the content, seeded by its place
};

// The blob of the value that an entry replaces or removes: replay cannot ask the old record, whose
// room may have been used again.
struct ReleasedBlob {
  FileOffset offset;
  uint32_t bytes = 0;  // of content; never 0
};

// What a record says besides the id.
struct Record {
  Sequence sequence;
  // Of the id's mutation before this one, which it replaces in the index; 0: the index has none.
  // Always before `sequence`.
  Sequence predecessor;
  SlotIndex slot;
  uint64_t embedding_hash = 0;
  float confidence = 0;
  float activation = 0;
  float decay_rate = 0;
  int64_t created_at = 0;
  int64_t last_access = 0;
  uint64_t access_count = 0;
  // Absent: the memory has none.
  std::optional<uint32_t> content_bytes;
  // Set if the content is a blob; `content` is then empty.
  std::optional<BlobPlace> blob;
  std::string_view content;
  std::optional<ReleasedBlob> released_blob;
};

// What a removal says besides the id.
struct Removal {
  Sequence sequence;
  Sequence predecessor;  // as in a record; never 0
  std::optional<ReleasedBlob> released_blob;
};

// Where a kMove says a memory is now.
struct MoveTarget {
  uint8_t tier = 0;  // the value of a Tier
  FileOffset place;  // of a run of cold memories: where its first extent begins
  uint64_t row = 0;
  // The blob that is not needed any more: the content is at the new place.
  std::optional<ReleasedBlob> released_blob;
};

// A decoded entry; views point into the decoded bytes.
struct LogEntry {
  EntryKind kind = EntryKind::kRecord;
  uint32_t bytes = 0;  // of the whole entry
  LogNumber number;
  std::string_view id;                        // kRecord, kRelocated, kRemove, kMove
  Sequence sequence;                          // of the mutation; not kFrame, kLink
  Sequence predecessor;                       // kRecord, kRelocated, kRemove
  std::optional<ReleasedBlob> released_blob;  // likewise, and kMove
  Record record;                              // kRecord, kRelocated
  MoveTarget move;                            // kMove

  // kFrame: every entry before `durable` is; `hash_count` hashes of ids, of the entries from
  // `first_hashed` on, all of them before this frame; 0 for entries that are about no memory.
  LogNumber durable;
  LogNumber first_hashed;
  uint32_t hash_count = 0;
  bool follows_frame = false;             // the entry before `first_hashed` is a frame
  uint64_t HashAt(uint32_t index) const;  // REQUIRES: index < hash_count

  ExtentId next_extent;  // kLink
  Generation next_generation;

  // What of it counts as room of content: all but the blob that it releases.
  uint32_t RoomBytes() const {
    return bytes - static_cast<uint32_t>(released_blob ? kReleasedBlobBytes : 0);
  }

  bool is_about_memory() const { return kind != EntryKind::kFrame && kind != EntryKind::kLink; }

  const std::byte* hashes = nullptr;
};

// Where an entry stands, and what its checksum and number depend on.
struct EntryPlace {
  uint64_t store_id = 0;
  Generation generation;       // of its extent
  FileOffset offset;           // in the file
  LogNumber first_log_number;  // of its extent
};

// ---- Sizes: what the encoders below will write.

uint64_t RecordEntryBytes(size_t id_bytes, const Record& record);
uint64_t RemoveEntryBytes(size_t id_bytes, const Removal& removal);
uint64_t MoveEntryBytes(size_t id_bytes, const MoveTarget& move);
uint64_t FrameEntryBytes(size_t hashes);

// ---- Encoders. Each fills `target`, which has exactly the entry's size.
//
// REQUIRES, of all: `number` is at least the place's first one and less than 2^32 above it, an id
// has 1..kIdBytesMax bytes, the entry fewer than 2^32, and the values are as their types say.

// REQUIRES: kRecord or kRelocated; content_bytes agrees with `content`, or there is a blob, which
// is not empty, and no `content`.
void EncodeRecord(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  EntryKind kind, std::string_view id, const Record& record);
void EncodeRemove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  std::string_view id, const Removal& removal);
void EncodeMove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                std::string_view id, Sequence sequence, const MoveTarget& move);
// REQUIRES: durable <= number; at most kFrameHashesMax hashes, all of entries before `number`.
void EncodeFrame(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                 LogNumber durable, LogNumber first_hashed, bool follows_frame,
                 std::span<const uint64_t> hashes);
void EncodeLink(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                ExtentId next_extent, Generation next_generation);

// The entry at the beginning of `bytes`, which end where its extent ends. DATA_LOSS: there is no
// intact entry that was written for `place`. Reads no byte outside of `bytes`.
absl::StatusOr<LogEntry> DecodeEntry(std::span<const std::byte> bytes, const EntryPlace& place);

// As DecodeEntry, without words for what is wrong: for searching. False: DecodeEntry would fail;
// `entry` is then anything.
bool TryDecodeEntry(std::span<const std::byte> bytes, const EntryPlace& place, LogEntry& entry);

// The checksum that a BlobPlace holds.
uint64_t BlobChecksum(uint64_t store_id, FileOffset offset, std::span<const std::byte> content);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_LOG_ENTRY_H_
