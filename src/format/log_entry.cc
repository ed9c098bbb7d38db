// Encoding log entries; decoding them is log_entry_decoding.cc.

#include "format/log_entry.h"

#include <cstring>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/log_entry_layout.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// What differs between the headers of two entries, besides what the place says.
struct Header {
  EntryKind kind;
  uint8_t flags = 0;
  size_t id_bytes = 0;
  uint32_t count = 0;
};

void EncodeHeader(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  const Header& header) {
  ENGRAM_CHECK(target.size() <= UINT32_MAX, "an entry is too long");
  ENGRAM_CHECK(
      number >= place.first_log_number && number.value - place.first_log_number.value <= UINT32_MAX,
      "an entry's number is none of its extent");
  std::byte* const at = target.data();
  StoreLittleEndian(at + layout::kBytesAt, static_cast<uint32_t>(target.size()));
  StoreLittleEndian(at + layout::kNumberAt,
                    static_cast<uint32_t>(number.value - place.first_log_number.value));
  StoreLittleEndian(at + layout::kKindAt, static_cast<uint8_t>(header.kind));
  StoreLittleEndian(at + layout::kFlagsAt, header.flags);
  StoreLittleEndian(at + layout::kIdBytesAt, static_cast<uint16_t>(header.id_bytes));
  StoreLittleEndian(at + layout::kCountAt, header.count);
}

// Copies `text` to `position` and returns the position behind it.
size_t Put(std::span<std::byte> target, size_t position, std::string_view text) {
  if (!text.empty()) std::memcpy(target.data() + position, text.data(), text.size());
  return position + text.size();
}

size_t PutBlob(std::span<std::byte> target, size_t position, const BlobPlace& blob) {
  StoreLittleEndian(target.data() + position + layout::kBlobOffsetAt, blob.offset.value);
  StoreLittleEndian(target.data() + position + layout::kBlobChecksumAt, blob.checksum);
  return position + kBlobPlaceBytes;
}

size_t PutReleased(std::span<std::byte> target, size_t position, const ReleasedBlob& released) {
  StoreLittleEndian(target.data() + position + layout::kReleasedOffsetAt, released.offset.value);
  StoreLittleEndian(target.data() + position + layout::kReleasedBytesAt, uint64_t{released.bytes});
  return position + kReleasedBlobBytes;
}

// A mistake must be seen before anything is written.
void CheckTarget(std::span<const std::byte> target, uint64_t bytes) {
  ENGRAM_CHECK(target.size() == bytes, "an entry does not have its size");
}

void CheckId(std::string_view id) {
  ENGRAM_CHECK(!id.empty() && id.size() <= kIdBytesMax, "no id has this length");
}

// Zeros what follows `position`, and puts the checksum in front.
void Finish(std::span<std::byte> target, const EntryPlace& place, size_t position) {
  ENGRAM_CHECK(position <= target.size() && target.size() - position < kAlignment,
               "an entry does not have its size");
  std::memset(target.data() + position, 0, target.size() - position);
  const uint64_t seed = PlaceSeed(place.store_id, place.generation, place.offset.value);
  StoreLittleEndian(target.data(), Checksum(target.subspan(8), seed));
}

}  // namespace

uint64_t RecordEntryBytes(size_t id_bytes, const Record& record) {
  const uint64_t behind = (record.blob ? kBlobPlaceBytes : record.content.size()) +
                          (record.released_blob ? kReleasedBlobBytes : 0);
  return RoundUp(kRecordBytes + id_bytes + behind, kAlignment);
}
uint64_t RemoveEntryBytes(size_t id_bytes, const Removal& removal) {
  return RoundUp(kRemoveBytes + id_bytes + (removal.released_blob ? kReleasedBlobBytes : 0),
                 kAlignment);
}
uint64_t MoveEntryBytes(size_t id_bytes, const MoveTarget& move) {
  return RoundUp(kMoveBytes + id_bytes + (move.released_blob ? kReleasedBlobBytes : 0), kAlignment);
}
uint64_t FrameEntryBytes(size_t hashes) { return kFrameBytes + hashes * sizeof(uint64_t); }

void EncodeRecord(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  EntryKind kind, std::string_view id, const Record& record) {
  ENGRAM_CHECK(kind == EntryKind::kRecord || kind == EntryKind::kRelocated, "this is no record");
  ENGRAM_CHECK(record.content_bytes != layout::kNoContent, "content is too long");
  ENGRAM_CHECK(record.blob ? record.content_bytes.value_or(0) != 0 && record.content.empty()
                           : record.content_bytes.value_or(0) == record.content.size(),
               "a record does not agree with its content");
  ENGRAM_CHECK(layout::CanReplace(record.sequence, record.predecessor),
               "a record replaces a later one");
  ENGRAM_CHECK(layout::CanBeReleased(record.released_blob), "an empty blob is released");
  CheckId(id);
  CheckTarget(target, RecordEntryBytes(id.size(), record));
  const auto flags = static_cast<uint8_t>((record.blob ? layout::kBlobFlag : 0) |
                                          (record.released_blob ? layout::kReleasesBlobFlag : 0));
  EncodeHeader(target, place, number,
               {kind, flags, id.size(), record.content_bytes.value_or(layout::kNoContent)});
  std::byte* const at = target.data();
  StoreLittleEndian(at + layout::kSequenceAt, record.sequence.value);
  StoreLittleEndian(at + layout::kSlotAt, record.slot.value);
  StoreLittleEndian(at + layout::kConfidenceAt, record.confidence);
  StoreLittleEndian(at + layout::kActivationAt, record.activation);
  StoreLittleEndian(at + layout::kDecayRateAt, record.decay_rate);
  StoreLittleEndian(at + layout::kCreatedAtAt, record.created_at);
  StoreLittleEndian(at + layout::kLastAccessAt, record.last_access);
  StoreLittleEndian(at + layout::kAccessCountAt, record.access_count);
  StoreLittleEndian(at + layout::kEmbeddingHashAt, record.embedding_hash);
  StoreLittleEndian(at + layout::kPredecessorAt, record.predecessor.value);
  size_t position = kRecordBytes;
  if (record.blob) position = PutBlob(target, position, *record.blob);
  if (record.released_blob) position = PutReleased(target, position, *record.released_blob);
  position = Put(target, position, id);
  Finish(target, place, Put(target, position, record.content));
}

void EncodeRemove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  std::string_view id, const Removal& removal) {
  ENGRAM_CHECK(removal.predecessor != Sequence{} &&
                   layout::CanReplace(removal.sequence, removal.predecessor),
               "a removal does not come after what it removes");
  ENGRAM_CHECK(layout::CanBeReleased(removal.released_blob), "an empty blob is released");
  CheckId(id);
  CheckTarget(target, RemoveEntryBytes(id.size(), removal));
  EncodeHeader(target, place, number,
               {EntryKind::kRemove, removal.released_blob ? layout::kReleasesBlobFlag : uint8_t{0},
                id.size(), 0});
  StoreLittleEndian(target.data() + layout::kSequenceAt, removal.sequence.value);
  StoreLittleEndian(target.data() + layout::kRemovedAt, removal.predecessor.value);
  size_t position = kRemoveBytes;
  if (removal.released_blob) position = PutReleased(target, position, *removal.released_blob);
  Finish(target, place, Put(target, position, id));
}

void EncodeMove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                std::string_view id, Sequence sequence, const MoveTarget& move) {
  CheckId(id);
  ENGRAM_CHECK(layout::CanBeReleased(move.released_blob), "an empty blob is released");
  CheckTarget(target, MoveEntryBytes(id.size(), move));
  EncodeHeader(target, place, number,
               {EntryKind::kMove, move.released_blob ? layout::kReleasesBlobFlag : uint8_t{0},
                id.size(), 0});
  std::byte* const at = target.data();
  StoreLittleEndian(at + layout::kSequenceAt, sequence.value);
  StoreLittleEndian(at + layout::kMovePlaceAt, move.place.value);
  StoreLittleEndian(at + layout::kMoveRowAt, move.row);
  StoreLittleEndian(at + layout::kMoveTierAt, uint64_t{move.tier});
  size_t position = kMoveBytes;
  if (move.released_blob) position = PutReleased(target, position, *move.released_blob);
  Finish(target, place, Put(target, position, id));
}

void EncodeFrame(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                 LogNumber durable, LogNumber first_hashed, bool follows_frame,
                 std::span<const uint64_t> hashes) {
  ENGRAM_CHECK(hashes.size() <= kFrameHashesMax, "too many hashes for a frame");
  ENGRAM_CHECK(layout::CanBeFrame(number, durable, first_hashed, hashes.size()),
               "a frame's numbers contradict each other");
  CheckTarget(target, FrameEntryBytes(hashes.size()));
  EncodeHeader(target, place, number,
               {EntryKind::kFrame, follows_frame ? layout::kFollowsFrameFlag : uint8_t{0}, 0,
                static_cast<uint32_t>(hashes.size())});
  std::byte* const at = target.data();
  StoreLittleEndian(at + layout::kDurableAt, durable.value);
  StoreLittleEndian(at + layout::kFirstHashedAt, first_hashed.value);
  for (size_t i = 0; i < hashes.size(); ++i) {
    StoreLittleEndian(at + kFrameBytes + i * sizeof(uint64_t), hashes[i]);
  }
  Finish(target, place, target.size());
}

void EncodeLink(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                ExtentId next_extent, Generation next_generation) {
  CheckTarget(target, kLinkBytes);
  EncodeHeader(target, place, number, {EntryKind::kLink, 0, 0, 0});
  StoreLittleEndian(target.data() + layout::kNextExtentAt, uint64_t{next_extent.value});
  StoreLittleEndian(target.data() + layout::kNextGenerationAt, next_generation.value);
  Finish(target, place, kLinkBytes);
}

uint64_t BlobChecksum(uint64_t store_id, FileOffset offset, std::span<const std::byte> content) {
  return Checksum(content, PlaceSeed(store_id, Generation{}, offset.value));
}

}  // namespace engram::inline ENGRAM_BODY::format
