// Decoding log entries. What is accepted is exactly what the encoders of log_entry.cc write: of the
// bytes of an entry none is without meaning, so that decoded values encode to the same bytes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/log_entry.h"
#include "format/log_entry_layout.h"
#include "format/zeros.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

std::string_view TextAt(const std::byte* at, size_t bytes) {
  return {reinterpret_cast<const char*>(at), bytes};
}

// How long an entry with this header is without its padding; 0: no entry has such a header.
uint64_t UnpaddedBytes(const std::byte* at) {
  const auto kind = LoadLittleEndian<uint8_t>(at + layout::kKindAt);
  const auto flags = LoadLittleEndian<uint8_t>(at + layout::kFlagsAt);
  const auto id_bytes = LoadLittleEndian<uint16_t>(at + layout::kIdBytesAt);
  const auto count = LoadLittleEndian<uint32_t>(at + layout::kCountAt);
  const auto entry_kind = static_cast<EntryKind>(kind);
  const uint64_t fixed = layout::FixedBytes(kind);
  if (fixed == 0) return 0;
  const bool is_record = entry_kind == EntryKind::kRecord || entry_kind == EntryKind::kRelocated;
  const bool is_frame = entry_kind == EntryKind::kFrame;
  const bool about_memory = !is_frame && entry_kind != EntryKind::kLink;
  if (about_memory ? id_bytes == 0 || id_bytes > kIdBytesMax : id_bytes != 0) return 0;
  uint8_t flags_known = 0;
  if (is_record) flags_known = layout::kBlobFlag | layout::kReleasesBlobFlag;
  if (entry_kind == EntryKind::kRemove || entry_kind == EntryKind::kMove) {
    flags_known = layout::kReleasesBlobFlag;
  }
  if (is_frame) flags_known = layout::kFollowsFrameFlag;
  if ((flags & ~flags_known) != 0) return 0;
  const bool has_blob = (flags & layout::kBlobFlag) != 0;
  if (has_blob && (count == 0 || count == layout::kNoContent)) return 0;
  if (is_frame && count > kFrameHashesMax) return 0;
  if (!is_record && !is_frame && count != 0) return 0;
  uint64_t behind = id_bytes;
  if (has_blob) behind += kBlobPlaceBytes;
  if ((flags & layout::kReleasesBlobFlag) != 0) behind += kReleasedBlobBytes;
  if (is_record && !has_blob && count != layout::kNoContent) behind += count;
  if (is_frame) behind = count * sizeof(uint64_t);
  return fixed + behind;
}

LogNumber NumberOf(const std::byte* at, const EntryPlace& place) {
  return {place.first_log_number.value + LoadLittleEndian<uint32_t>(at + layout::kNumberAt)};
}

Record LoadRecord(const std::byte* at) {
  Record record;
  record.sequence = {LoadLittleEndian<uint64_t>(at + layout::kSequenceAt)};
  record.predecessor = {LoadLittleEndian<uint64_t>(at + layout::kPredecessorAt)};
  record.slot = {LoadLittleEndian<uint32_t>(at + layout::kSlotAt)};
  record.confidence = LoadLittleEndian<float>(at + layout::kConfidenceAt);
  record.activation = LoadLittleEndian<float>(at + layout::kActivationAt);
  record.decay_rate = LoadLittleEndian<float>(at + layout::kDecayRateAt);
  record.created_at = LoadLittleEndian<int64_t>(at + layout::kCreatedAtAt);
  record.last_access = LoadLittleEndian<int64_t>(at + layout::kLastAccessAt);
  record.access_count = LoadLittleEndian<uint64_t>(at + layout::kAccessCountAt);
  record.embedding_hash = LoadLittleEndian<uint64_t>(at + layout::kEmbeddingHashAt);
  const auto count = LoadLittleEndian<uint32_t>(at + layout::kCountAt);
  if (count != layout::kNoContent) record.content_bytes = count;
  return record;
}

// What stands between the fixed fields and the id.
void LoadBlobs(const std::byte* at, const std::byte*& behind, LogEntry& entry) {
  const auto flags = LoadLittleEndian<uint8_t>(at + layout::kFlagsAt);
  if ((flags & layout::kBlobFlag) != 0) {
    entry.record.blob = BlobPlace{{LoadLittleEndian<uint64_t>(behind + layout::kBlobOffsetAt)},
                                  LoadLittleEndian<uint64_t>(behind + layout::kBlobChecksumAt)};
    behind += kBlobPlaceBytes;
  }
  if ((flags & layout::kReleasesBlobFlag) != 0) {
    entry.released_blob =
        ReleasedBlob{{LoadLittleEndian<uint64_t>(behind + layout::kReleasedOffsetAt)},
                     LoadLittleEndian<uint32_t>(behind + layout::kReleasedBytesAt)};
    behind += kReleasedBlobBytes;
  }
}

void LoadMemoryEntry(const std::byte* at, LogEntry& entry) {
  const bool is_record = entry.kind == EntryKind::kRecord || entry.kind == EntryKind::kRelocated;
  entry.sequence = {LoadLittleEndian<uint64_t>(at + layout::kSequenceAt)};
  if (entry.kind == EntryKind::kMove) {
    entry.move = {LoadLittleEndian<uint8_t>(at + layout::kMoveTierAt),
                  {LoadLittleEndian<uint64_t>(at + layout::kMovePlaceAt)},
                  LoadLittleEndian<uint64_t>(at + layout::kMoveRowAt),
                  {}};
  } else {
    entry.predecessor = {
        LoadLittleEndian<uint64_t>(at + (is_record ? layout::kPredecessorAt : layout::kRemovedAt))};
  }
  if (is_record) entry.record = LoadRecord(at);
  const std::byte* behind = at + layout::FixedBytes(static_cast<uint8_t>(entry.kind));
  LoadBlobs(at, behind, entry);
  const size_t id_bytes = LoadLittleEndian<uint16_t>(at + layout::kIdBytesAt);
  entry.id = TextAt(behind, id_bytes);
  entry.move.released_blob = entry.released_blob;
  if (!is_record) return;
  entry.record.released_blob = entry.released_blob;
  if (entry.record.content_bytes && !entry.record.blob) {
    entry.record.content = TextAt(behind + id_bytes, *entry.record.content_bytes);
  }
}

// REQUIRES: `bytes` are an entry by their header.
void Load(std::span<const std::byte> bytes, const EntryPlace& place, LogEntry& entry) {
  const std::byte* const at = bytes.data();
  entry = LogEntry{};
  entry.kind = static_cast<EntryKind>(LoadLittleEndian<uint8_t>(at + layout::kKindAt));
  entry.bytes = LoadLittleEndian<uint32_t>(at + layout::kBytesAt);
  entry.number = NumberOf(at, place);
  switch (entry.kind) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
    case EntryKind::kRemove:
    case EntryKind::kMove:
      LoadMemoryEntry(at, entry);
      return;
    case EntryKind::kFrame:
      entry.durable = {LoadLittleEndian<uint64_t>(at + layout::kDurableAt)};
      entry.first_hashed = {LoadLittleEndian<uint64_t>(at + layout::kFirstHashedAt)};
      entry.hash_count = LoadLittleEndian<uint32_t>(at + layout::kCountAt);
      entry.follows_frame =
          (LoadLittleEndian<uint8_t>(at + layout::kFlagsAt) & layout::kFollowsFrameFlag) != 0;
      entry.hashes = at + kFrameBytes;
      return;
    case EntryKind::kLink:
      entry.next_extent = {LoadLittleEndian<uint32_t>(at + layout::kNextExtentAt)};
      entry.next_generation = {LoadLittleEndian<uint64_t>(at + layout::kNextGenerationAt)};
      return;
  }
}

bool CanBe(const LogEntry& entry) {
  switch (entry.kind) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
      return layout::CanReplace(entry.sequence, entry.predecessor) &&
             layout::CanBeReleased(entry.released_blob);
    case EntryKind::kRemove:
      return entry.predecessor != Sequence{} &&
             layout::CanReplace(entry.sequence, entry.predecessor) &&
             layout::CanBeReleased(entry.released_blob);
    case EntryKind::kMove:
      return layout::CanBeReleased(entry.released_blob);
    case EntryKind::kFrame:
      return layout::CanBeFrame(entry.number, entry.durable, entry.first_hashed, entry.hash_count);
    case EntryKind::kLink:
      return true;
  }
  return false;
}

// Whether what no field takes is zero. `unpadded` is the entry's length without its padding.
bool ReservedIsZero(std::span<const std::byte> bytes, size_t unpadded, const LogEntry& entry) {
  const auto is_zero = [&](size_t begin, size_t end) {
    return AreZeros(bytes.subspan(begin, end - begin));
  };
  bool reserved = is_zero(unpadded, bytes.size());
  if (entry.kind == EntryKind::kMove) {
    reserved = reserved && is_zero(layout::kMoveTierAt + sizeof(uint8_t), kMoveBytes);
  }
  if (entry.kind == EntryKind::kLink) {
    reserved =
        reserved && is_zero(layout::kNextExtentAt + sizeof(uint32_t), layout::kNextGenerationAt);
  }
  if (entry.released_blob) {
    const uint64_t released = layout::FixedBytes(static_cast<uint8_t>(entry.kind)) +
                              (entry.record.blob ? kBlobPlaceBytes : 0);
    reserved = reserved && is_zero(released + layout::kReleasedBytesAt + sizeof(uint32_t),
                                   released + kReleasedBlobBytes);
  }
  return reserved;
}

// Decodes the entry at the beginning of `bytes` and returns an empty text, or says why there is
// none.
std::string_view Decode(std::span<const std::byte> bytes, const EntryPlace& place,
                        LogEntry& entry) {
  if (bytes.size() < kEntryHeaderBytes) return "the extent ends within its header";
  const auto size = LoadLittleEndian<uint32_t>(bytes.data() + layout::kBytesAt);
  if (size > bytes.size()) return "its length leads beyond the extent";
  const uint64_t unpadded = UnpaddedBytes(bytes.data());
  if (unpadded == 0 || size != RoundUp(unpadded, kAlignment)) {
    return "its length does not agree with its header";
  }
  bytes = bytes.first(size);
  const uint64_t seed = PlaceSeed(place.store_id, place.generation, place.offset.value);
  if (LoadLittleEndian<uint64_t>(bytes.data()) != Checksum(bytes.subspan(8), seed)) {
    return "its checksum does not match its bytes";
  }
  Load(bytes, place, entry);
  if (!ReservedIsZero(bytes, unpadded, entry)) return "its reserved bytes are not zero";
  if (!CanBe(entry)) return "its fields contradict each other";
  return {};
}

}  // namespace

uint64_t LogEntry::HashAt(uint32_t index) const {
  ENGRAM_AUDIT(index < hash_count, "a frame does not have so many hashes");
  return LoadLittleEndian<uint64_t>(hashes + index * sizeof(uint64_t));
}

absl::StatusOr<LogEntry> DecodeEntry(std::span<const std::byte> bytes, const EntryPlace& place) {
  LogEntry entry;
  const std::string_view wrong = Decode(bytes, place, entry);
  if (wrong.empty()) return entry;
  return absl::DataLossError(absl::StrCat("log entry at offset ", place.offset.value, ": ",
                                          absl::string_view(wrong.data(), wrong.size())));
}

bool TryDecodeEntry(std::span<const std::byte> bytes, const EntryPlace& place, LogEntry& entry) {
  return Decode(bytes, place, entry).empty();
}

}  // namespace engram::inline ENGRAM_BODY::format
