// Encoding and decoding log entries. Offsets as in src/format/README.md.

#include "format/log_entry.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// ---- The header of every entry.
constexpr size_t kBytesAt = 8;
constexpr size_t kNumberAt = 12;  // less the extent's first log number
constexpr size_t kKindAt = 16;
constexpr size_t kFlagsAt = 17;
constexpr size_t kIdBytesAt = 18;
constexpr size_t kCountAt = 20;  // bytes of content, or hashes of a frame
constexpr size_t kSequenceAt = 24;
static_assert(kSequenceAt == kEntryHeaderBytes);

// ---- Records.
constexpr size_t kSlotAt = 32;
constexpr size_t kConfidenceAt = 36;
constexpr size_t kActivationAt = 40;
constexpr size_t kDecayRateAt = 44;
constexpr size_t kCreatedAtAt = 48;
constexpr size_t kLastAccessAt = 56;
constexpr size_t kAccessCountAt = 64;
constexpr size_t kEmbeddingHashAt = 72;
constexpr size_t kPredecessorAt = 80;

// ---- Removals.
constexpr size_t kRemovedAt = 32;  // the predecessor

// ---- Moves.
constexpr size_t kMovePlaceAt = 32;
constexpr size_t kMoveRowAt = 40;
constexpr size_t kMoveTierAt = 48;

// ---- Frames and links.
constexpr size_t kDurableAt = 24;
constexpr size_t kFirstHashedAt = 32;
constexpr size_t kNextExtentAt = 24;
constexpr size_t kNextGenerationAt = 32;

constexpr uint32_t kNoContent = UINT32_MAX;
constexpr uint8_t kBlobFlag = 1;
constexpr uint8_t kReleasesBlobFlag = 2;
constexpr uint8_t kFollowsFrameFlag = 4;

// What differs between the headers of two entries, besides what the place says.
struct Header {
  EntryKind kind;
  uint8_t flags = 0;
  size_t id_bytes = 0;
  uint32_t count = 0;
};

void EncodeHeader(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  const Header& header) {
  std::byte* const at = target.data();
  StoreLittleEndian(at + kBytesAt, static_cast<uint32_t>(target.size()));
  StoreLittleEndian(at + kNumberAt,
                    static_cast<uint32_t>(number.value - place.first_log_number.value));
  StoreLittleEndian(at + kKindAt, static_cast<uint8_t>(header.kind));
  StoreLittleEndian(at + kFlagsAt, header.flags);
  StoreLittleEndian(at + kIdBytesAt, static_cast<uint16_t>(header.id_bytes));
  StoreLittleEndian(at + kCountAt, header.count);
}

// Copies `text` to `position` and returns the position behind it.
size_t Put(std::span<std::byte> target, size_t position, std::string_view text) {
  if (!text.empty()) std::memcpy(target.data() + position, text.data(), text.size());
  return position + text.size();
}

size_t PutBlob(std::span<std::byte> target, size_t position, const BlobPlace& blob) {
  StoreLittleEndian(target.data() + position, blob.offset.value);
  StoreLittleEndian(target.data() + position + 8, blob.checksum);
  return position + kBlobPlaceBytes;
}

size_t PutReleased(std::span<std::byte> target, size_t position, const ReleasedBlob& released) {
  StoreLittleEndian(target.data() + position, released.offset.value);
  StoreLittleEndian(target.data() + position + 8, uint64_t{released.bytes});
  return position + kReleasedBlobBytes;
}

// Zeros what follows `position`, and puts the checksum in front.
void Finish(std::span<std::byte> target, const EntryPlace& place, size_t position) {
  ENGRAM_CHECK(position <= target.size() && target.size() - position < kAlignment,
               "an entry does not have its size");
  std::memset(target.data() + position, 0, target.size() - position);
  const uint64_t seed = PlaceSeed(place.store_id, place.generation, place.offset.value);
  StoreLittleEndian(target.data(), Checksum(target.subspan(8), seed));
}

// Bytes in front of the id, for each kind; 0: there is no such kind.
uint64_t FixedBytes(uint8_t kind) {
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

std::string_view TextAt(const std::byte* at, size_t bytes) {
  return {reinterpret_cast<const char*>(at), bytes};
}

// How long an entry with this header must be; 0: no entry has such a header.
uint64_t BytesByHeader(const std::byte* at) {
  const auto kind = LoadLittleEndian<uint8_t>(at + kKindAt);
  const auto flags = LoadLittleEndian<uint8_t>(at + kFlagsAt);
  const auto id_bytes = LoadLittleEndian<uint16_t>(at + kIdBytesAt);
  const auto count = LoadLittleEndian<uint32_t>(at + kCountAt);
  const auto entry_kind = static_cast<EntryKind>(kind);
  const uint64_t fixed = FixedBytes(kind);
  if (fixed == 0) return 0;
  const bool is_record = entry_kind == EntryKind::kRecord || entry_kind == EntryKind::kRelocated;
  const bool is_frame = entry_kind == EntryKind::kFrame;
  const bool about_memory = !is_frame && entry_kind != EntryKind::kLink;
  if (about_memory != (id_bytes >= 1 && id_bytes <= kIdBytesMax)) return 0;
  if (!about_memory && id_bytes != 0) return 0;
  uint8_t flags_known = 0;
  if (is_record) flags_known = kBlobFlag | kReleasesBlobFlag;
  if (entry_kind == EntryKind::kRemove) flags_known = kReleasesBlobFlag;
  if (is_frame) flags_known = kFollowsFrameFlag;
  if ((flags & ~flags_known) != 0) return 0;
  const bool has_blob = (flags & kBlobFlag) != 0;
  if (has_blob && count == kNoContent) return 0;
  if (is_frame && count > kFrameHashesMax) return 0;
  if (!is_record && !is_frame && count != 0) return 0;
  uint64_t behind = id_bytes;
  if (has_blob) behind += kBlobPlaceBytes;
  if ((flags & kReleasesBlobFlag) != 0) behind += kReleasedBlobBytes;
  if (is_record && !has_blob && count != kNoContent) behind += count;
  if (is_frame) behind = count * sizeof(uint64_t);
  return RoundUp(fixed + behind, kAlignment);
}

Record LoadRecord(const std::byte* at) {
  Record record;
  record.sequence = {LoadLittleEndian<uint64_t>(at + kSequenceAt)};
  record.predecessor = {LoadLittleEndian<uint64_t>(at + kPredecessorAt)};
  record.slot = {LoadLittleEndian<uint32_t>(at + kSlotAt)};
  record.confidence = LoadLittleEndian<float>(at + kConfidenceAt);
  record.activation = LoadLittleEndian<float>(at + kActivationAt);
  record.decay_rate = LoadLittleEndian<float>(at + kDecayRateAt);
  record.created_at = LoadLittleEndian<int64_t>(at + kCreatedAtAt);
  record.last_access = LoadLittleEndian<int64_t>(at + kLastAccessAt);
  record.access_count = LoadLittleEndian<uint64_t>(at + kAccessCountAt);
  record.embedding_hash = LoadLittleEndian<uint64_t>(at + kEmbeddingHashAt);
  const auto count = LoadLittleEndian<uint32_t>(at + kCountAt);
  if (count != kNoContent) record.content_bytes = count;
  return record;
}

// What stands between the fixed fields and the id.
void LoadBlobs(const std::byte* at, const std::byte*& behind, LogEntry& entry) {
  const auto flags = LoadLittleEndian<uint8_t>(at + kFlagsAt);
  if ((flags & kBlobFlag) != 0) {
    entry.record.blob =
        BlobPlace{{LoadLittleEndian<uint64_t>(behind)}, LoadLittleEndian<uint64_t>(behind + 8)};
    behind += kBlobPlaceBytes;
  }
  if ((flags & kReleasesBlobFlag) != 0) {
    entry.released_blob =
        ReleasedBlob{{LoadLittleEndian<uint64_t>(behind)}, LoadLittleEndian<uint32_t>(behind + 8)};
    behind += kReleasedBlobBytes;
  }
}

// Why there is no intact entry at the beginning of `bytes`; empty: there is one.
std::string_view WhatIsWrong(std::span<const std::byte> bytes, const EntryPlace& place) {
  if (bytes.size() < kEntryHeaderBytes) return "the extent ends within its header";
  const auto size = LoadLittleEndian<uint32_t>(bytes.data() + kBytesAt);
  if (size > bytes.size()) return "its length leads beyond the extent";
  if (size == 0 || size != BytesByHeader(bytes.data())) {
    return "its length does not agree with its header";
  }
  const uint64_t seed = PlaceSeed(place.store_id, place.generation, place.offset.value);
  if (LoadLittleEndian<uint64_t>(bytes.data()) != Checksum(bytes.first(size).subspan(8), seed)) {
    return "its checksum does not match its bytes";
  }
  return {};
}

void LoadMemoryEntry(const std::byte* at, LogEntry& entry) {
  const bool is_record = entry.kind == EntryKind::kRecord || entry.kind == EntryKind::kRelocated;
  entry.sequence = {LoadLittleEndian<uint64_t>(at + kSequenceAt)};
  if (entry.kind == EntryKind::kMove) {
    entry.move = {LoadLittleEndian<uint8_t>(at + kMoveTierAt),
                  {LoadLittleEndian<uint64_t>(at + kMovePlaceAt)},
                  LoadLittleEndian<uint64_t>(at + kMoveRowAt)};
  } else {
    entry.predecessor = {
        LoadLittleEndian<uint64_t>(at + (is_record ? kPredecessorAt : kRemovedAt))};
  }
  if (is_record) entry.record = LoadRecord(at);
  const std::byte* behind = at + FixedBytes(static_cast<uint8_t>(entry.kind));
  LoadBlobs(at, behind, entry);
  const size_t id_bytes = LoadLittleEndian<uint16_t>(at + kIdBytesAt);
  entry.id = TextAt(behind, id_bytes);
  if (!is_record) return;
  entry.record.released_blob = entry.released_blob;
  if (entry.record.content_bytes && !entry.record.blob) {
    entry.record.content = TextAt(behind + id_bytes, *entry.record.content_bytes);
  }
}

// REQUIRES: nothing is wrong.
void Load(std::span<const std::byte> bytes, const EntryPlace& place, LogEntry& entry) {
  const std::byte* const at = bytes.data();
  entry = LogEntry{};
  entry.kind = static_cast<EntryKind>(LoadLittleEndian<uint8_t>(at + kKindAt));
  entry.bytes = LoadLittleEndian<uint32_t>(at + kBytesAt);
  entry.number = {place.first_log_number.value + LoadLittleEndian<uint32_t>(at + kNumberAt)};
  switch (entry.kind) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
    case EntryKind::kRemove:
    case EntryKind::kMove:
      LoadMemoryEntry(at, entry);
      return;
    case EntryKind::kFrame:
      entry.durable = {LoadLittleEndian<uint64_t>(at + kDurableAt)};
      entry.first_hashed = {LoadLittleEndian<uint64_t>(at + kFirstHashedAt)};
      entry.hash_count = LoadLittleEndian<uint32_t>(at + kCountAt);
      entry.follows_frame = (LoadLittleEndian<uint8_t>(at + kFlagsAt) & kFollowsFrameFlag) != 0;
      entry.hashes = at + kFrameBytes;
      return;
    case EntryKind::kLink:
      entry.next_extent = {LoadLittleEndian<uint32_t>(at + kNextExtentAt)};
      entry.next_generation = {LoadLittleEndian<uint64_t>(at + kNextGenerationAt)};
      return;
  }
}

}  // namespace

uint64_t LogEntry::HashAt(uint32_t index) const {
  return LoadLittleEndian<uint64_t>(hashes + index * sizeof(uint64_t));
}

uint64_t RecordEntryBytes(size_t id_bytes, const Record& record) {
  const uint64_t behind = (record.blob ? kBlobPlaceBytes : record.content.size()) +
                          (record.released_blob ? kReleasedBlobBytes : 0);
  return RoundUp(kRecordBytes + id_bytes + behind, kAlignment);
}
uint64_t RemoveEntryBytes(size_t id_bytes, const Removal& removal) {
  return RoundUp(kRemoveBytes + id_bytes + (removal.released_blob ? kReleasedBlobBytes : 0),
                 kAlignment);
}
uint64_t MoveEntryBytes(size_t id_bytes) { return RoundUp(kMoveBytes + id_bytes, kAlignment); }
uint64_t FrameEntryBytes(size_t hashes) { return kFrameBytes + hashes * sizeof(uint64_t); }

void EncodeRecord(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  EntryKind kind, std::string_view id, const Record& record) {
  const auto flags = static_cast<uint8_t>((record.blob ? kBlobFlag : 0) |
                                          (record.released_blob ? kReleasesBlobFlag : 0));
  EncodeHeader(target, place, number,
               {kind, flags, id.size(), record.content_bytes.value_or(kNoContent)});
  std::byte* const at = target.data();
  StoreLittleEndian(at + kSequenceAt, record.sequence.value);
  StoreLittleEndian(at + kSlotAt, record.slot.value);
  StoreLittleEndian(at + kConfidenceAt, record.confidence);
  StoreLittleEndian(at + kActivationAt, record.activation);
  StoreLittleEndian(at + kDecayRateAt, record.decay_rate);
  StoreLittleEndian(at + kCreatedAtAt, record.created_at);
  StoreLittleEndian(at + kLastAccessAt, record.last_access);
  StoreLittleEndian(at + kAccessCountAt, record.access_count);
  StoreLittleEndian(at + kEmbeddingHashAt, record.embedding_hash);
  StoreLittleEndian(at + kPredecessorAt, record.predecessor.value);
  size_t position = kRecordBytes;
  if (record.blob) position = PutBlob(target, position, *record.blob);
  if (record.released_blob) position = PutReleased(target, position, *record.released_blob);
  position = Put(target, position, id);
  Finish(target, place, Put(target, position, record.content));
}

void EncodeRemove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  std::string_view id, const Removal& removal) {
  EncodeHeader(
      target, place, number,
      {EntryKind::kRemove, removal.released_blob ? kReleasesBlobFlag : uint8_t{0}, id.size(), 0});
  StoreLittleEndian(target.data() + kSequenceAt, removal.sequence.value);
  StoreLittleEndian(target.data() + kRemovedAt, removal.predecessor.value);
  size_t position = kRemoveBytes;
  if (removal.released_blob) position = PutReleased(target, position, *removal.released_blob);
  Finish(target, place, Put(target, position, id));
}

void EncodeMove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                std::string_view id, Sequence sequence, const MoveTarget& move) {
  EncodeHeader(target, place, number, {EntryKind::kMove, 0, id.size(), 0});
  std::byte* const at = target.data();
  StoreLittleEndian(at + kSequenceAt, sequence.value);
  StoreLittleEndian(at + kMovePlaceAt, move.place.value);
  StoreLittleEndian(at + kMoveRowAt, move.row);
  StoreLittleEndian(at + kMoveTierAt, uint64_t{move.tier});
  Finish(target, place, Put(target, kMoveBytes, id));
}

void EncodeFrame(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                 LogNumber durable, LogNumber first_hashed, bool follows_frame,
                 std::span<const uint64_t> hashes) {
  ENGRAM_CHECK(hashes.size() <= kFrameHashesMax, "too many hashes for a frame");
  EncodeHeader(target, place, number,
               {EntryKind::kFrame, follows_frame ? kFollowsFrameFlag : uint8_t{0}, 0,
                static_cast<uint32_t>(hashes.size())});
  std::byte* const at = target.data();
  StoreLittleEndian(at + kDurableAt, durable.value);
  StoreLittleEndian(at + kFirstHashedAt, first_hashed.value);
  for (size_t i = 0; i < hashes.size(); ++i) {
    StoreLittleEndian(at + kFrameBytes + i * sizeof(uint64_t), hashes[i]);
  }
  Finish(target, place, target.size());
}

void EncodeLink(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                ExtentId next_extent, Generation next_generation) {
  EncodeHeader(target, place, number, {EntryKind::kLink, 0, 0, 0});
  StoreLittleEndian(target.data() + kNextExtentAt, uint64_t{next_extent.value});
  StoreLittleEndian(target.data() + kNextGenerationAt, next_generation.value);
  Finish(target, place, kLinkBytes);
}

absl::StatusOr<LogEntry> DecodeEntry(std::span<const std::byte> bytes, const EntryPlace& place) {
  const std::string_view wrong = WhatIsWrong(bytes, place);
  if (!wrong.empty()) {
    return absl::DataLossError(absl::StrCat("log entry at offset ", place.offset.value, ": ",
                                            absl::string_view(wrong.data(), wrong.size())));
  }
  LogEntry entry;
  Load(bytes, place, entry);
  return entry;
}

bool TryDecodeEntry(std::span<const std::byte> bytes, const EntryPlace& place, LogEntry& entry) {
  if (!WhatIsWrong(bytes, place).empty()) return false;
  Load(bytes, place, entry);
  return true;
}

uint64_t BlobChecksum(uint64_t store_id, FileOffset offset, std::span<const std::byte> content) {
  return Checksum(content, PlaceSeed(store_id, Generation{}, offset.value));
}

}  // namespace engram::inline ENGRAM_BODY::format
