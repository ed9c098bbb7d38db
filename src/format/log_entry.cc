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

// Puts `parts` behind each other from `position` on, zeros behind them, and the checksum in front.
void Finish(std::span<std::byte> target, const EntryPlace& place, size_t position,
            std::string_view first, std::string_view second = {}) {
  for (const std::string_view part : {first, second}) {
    if (!part.empty()) std::memcpy(target.data() + position, part.data(), part.size());
    position += part.size();
  }
  ENGRAM_CHECK(position <= target.size() && target.size() - position < kAlignment,
               "an entry does not have its size");
  std::memset(target.data() + position, 0, target.size() - position);
  StoreLittleEndian(
      target.data(),
      Checksum(target.subspan(8), PlaceSeed(place.store_id, place.generation, place.offset.value)));
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
  const uint64_t fixed = FixedBytes(kind);
  if (fixed == 0) return 0;
  const auto entry_kind = static_cast<EntryKind>(kind);
  const bool about_memory = entry_kind != EntryKind::kFrame && entry_kind != EntryKind::kLink;
  if (about_memory != (id_bytes >= 1 && id_bytes <= kIdBytesMax)) return 0;
  uint64_t behind = id_bytes;
  switch (static_cast<EntryKind>(kind)) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
      if ((flags & kBlobFlag) != 0) {
        if (count == kNoContent) return 0;
        behind += kBlobPlaceBytes;
      } else if (count != kNoContent) {
        behind += count;
      }
      break;
    case EntryKind::kFrame:
      if (count > kFrameHashesMax) return 0;
      behind = count * sizeof(uint64_t);
      break;
    default:
      if (count != 0) return 0;
  }
  return RoundUp(fixed + behind, kAlignment);
}

Record LoadRecord(const std::byte* at, size_t id_bytes) {
  Record record;
  record.sequence = {LoadLittleEndian<uint64_t>(at + kSequenceAt)};
  record.slot = {LoadLittleEndian<uint32_t>(at + kSlotAt)};
  record.confidence = LoadLittleEndian<float>(at + kConfidenceAt);
  record.activation = LoadLittleEndian<float>(at + kActivationAt);
  record.decay_rate = LoadLittleEndian<float>(at + kDecayRateAt);
  record.created_at = LoadLittleEndian<int64_t>(at + kCreatedAtAt);
  record.last_access = LoadLittleEndian<int64_t>(at + kLastAccessAt);
  record.access_count = LoadLittleEndian<uint64_t>(at + kAccessCountAt);
  record.embedding_hash = LoadLittleEndian<uint64_t>(at + kEmbeddingHashAt);
  const auto count = LoadLittleEndian<uint32_t>(at + kCountAt);
  if (count == kNoContent) return record;
  record.content_bytes = count;
  const std::byte* const behind = at + kRecordBytes + id_bytes;
  if ((LoadLittleEndian<uint8_t>(at + kFlagsAt) & kBlobFlag) != 0) {
    record.blob =
        BlobPlace{{LoadLittleEndian<uint64_t>(behind)}, LoadLittleEndian<uint64_t>(behind + 8)};
  } else {
    record.content = TextAt(behind, count);
  }
  return record;
}

// Why there is no intact entry at the beginning of `bytes`; empty: there is one.
std::string_view WhatIsWrong(std::span<const std::byte> bytes, const EntryPlace& place) {
  if (bytes.size() < kEntryHeaderBytes) return "the extent ends within its header";
  const auto size = LoadLittleEndian<uint32_t>(bytes.data() + kBytesAt);
  if (size > bytes.size()) return "its length leads beyond the extent";
  if (size < kRemoveBytes || size != BytesByHeader(bytes.data())) {
    return "its length does not agree with its header";
  }
  const uint64_t seed = PlaceSeed(place.store_id, place.generation, place.offset.value);
  if (LoadLittleEndian<uint64_t>(bytes.data()) != Checksum(bytes.first(size).subspan(8), seed)) {
    return "its checksum does not match its bytes";
  }
  return {};
}

// REQUIRES: nothing is wrong.
void Load(std::span<const std::byte> bytes, const EntryPlace& place, LogEntry& entry) {
  const std::byte* const at = bytes.data();
  entry = LogEntry{};
  entry.kind = static_cast<EntryKind>(LoadLittleEndian<uint8_t>(at + kKindAt));
  entry.bytes = LoadLittleEndian<uint32_t>(at + kBytesAt);
  entry.number = {place.first_log_number.value + LoadLittleEndian<uint32_t>(at + kNumberAt)};
  const size_t id_bytes = LoadLittleEndian<uint16_t>(at + kIdBytesAt);
  switch (entry.kind) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
      entry.record = LoadRecord(at, id_bytes);
      break;
    case EntryKind::kMove:
      entry.move = {LoadLittleEndian<uint8_t>(at + kMoveTierAt),
                    {LoadLittleEndian<uint64_t>(at + kMovePlaceAt)},
                    LoadLittleEndian<uint64_t>(at + kMoveRowAt)};
      break;
    case EntryKind::kRemove:
      break;
    case EntryKind::kFrame:
      entry.durable = {LoadLittleEndian<uint64_t>(at + kDurableAt)};
      entry.first_hashed = {LoadLittleEndian<uint64_t>(at + kFirstHashedAt)};
      entry.hash_count = LoadLittleEndian<uint32_t>(at + kCountAt);
      entry.hashes = at + kFrameBytes;
      return;
    case EntryKind::kLink:
      entry.next_extent = {LoadLittleEndian<uint32_t>(at + kNextExtentAt)};
      entry.next_generation = {LoadLittleEndian<uint64_t>(at + kNextGenerationAt)};
      return;
  }
  entry.id = TextAt(at + FixedBytes(static_cast<uint8_t>(entry.kind)), id_bytes);
  entry.sequence = {LoadLittleEndian<uint64_t>(at + kSequenceAt)};
}

}  // namespace

uint64_t LogEntry::HashAt(uint32_t index) const {
  return LoadLittleEndian<uint64_t>(hashes + index * sizeof(uint64_t));
}

uint64_t RecordEntryBytes(size_t id_bytes, const Record& record) {
  const uint64_t behind = record.blob ? kBlobPlaceBytes : record.content.size();
  return RoundUp(kRecordBytes + id_bytes + behind, kAlignment);
}
uint64_t RemoveEntryBytes(size_t id_bytes) { return RoundUp(kRemoveBytes + id_bytes, kAlignment); }
uint64_t MoveEntryBytes(size_t id_bytes) { return RoundUp(kMoveBytes + id_bytes, kAlignment); }
uint64_t FrameEntryBytes(size_t hashes) { return kFrameBytes + hashes * sizeof(uint64_t); }

void EncodeRecord(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  EntryKind kind, std::string_view id, const Record& record) {
  EncodeHeader(target, place, number,
               {kind, record.blob ? kBlobFlag : uint8_t{0}, id.size(),
                record.content_bytes.value_or(kNoContent)});
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
  if (!record.blob) {
    Finish(target, place, kRecordBytes, id, record.content);
    return;
  }
  std::byte blob[kBlobPlaceBytes];
  StoreLittleEndian(blob, record.blob->offset.value);
  StoreLittleEndian(blob + 8, record.blob->checksum);
  Finish(target, place, kRecordBytes, id, TextAt(blob, kBlobPlaceBytes));
}

void EncodeRemove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                  std::string_view id, Sequence sequence) {
  EncodeHeader(target, place, number, {EntryKind::kRemove, 0, id.size(), 0});
  StoreLittleEndian(target.data() + kSequenceAt, sequence.value);
  Finish(target, place, kRemoveBytes, id);
}

void EncodeMove(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                std::string_view id, Sequence sequence, const MoveTarget& move) {
  EncodeHeader(target, place, number, {EntryKind::kMove, 0, id.size(), 0});
  std::byte* const at = target.data();
  StoreLittleEndian(at + kSequenceAt, sequence.value);
  StoreLittleEndian(at + kMovePlaceAt, move.place.value);
  StoreLittleEndian(at + kMoveRowAt, move.row);
  StoreLittleEndian(at + kMoveTierAt, uint64_t{move.tier});
  Finish(target, place, kMoveBytes, id);
}

void EncodeFrame(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                 LogNumber durable, LogNumber first_hashed, std::span<const uint64_t> hashes) {
  ENGRAM_CHECK(hashes.size() <= kFrameHashesMax, "too many hashes for a frame");
  EncodeHeader(target, place, number,
               {EntryKind::kFrame, 0, 0, static_cast<uint32_t>(hashes.size())});
  std::byte* const at = target.data();
  StoreLittleEndian(at + kDurableAt, durable.value);
  StoreLittleEndian(at + kFirstHashedAt, first_hashed.value);
  for (size_t i = 0; i < hashes.size(); ++i) {
    StoreLittleEndian(at + kFrameBytes + i * sizeof(uint64_t), hashes[i]);
  }
  Finish(target, place, target.size(), {});
}

void EncodeLink(std::span<std::byte> target, const EntryPlace& place, LogNumber number,
                ExtentId next_extent, Generation next_generation) {
  EncodeHeader(target, place, number, {EntryKind::kLink, 0, 0, 0});
  StoreLittleEndian(target.data() + kNextExtentAt, uint64_t{next_extent.value});
  StoreLittleEndian(target.data() + kNextGenerationAt, next_generation.value);
  Finish(target, place, kLinkBytes, {});
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
