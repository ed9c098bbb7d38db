// Encoding and decoding a checkpoint's pages. Offsets as in src/format/README.md.

#include "format/checkpoint_pages.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// ---- Buckets.
constexpr size_t kNumberAt = 8;
constexpr size_t kCountAt = 16;
constexpr size_t kEntriesAt = 32;
constexpr size_t kEntryBytes = 32;
static_assert(kEntriesAt + kBucketEntriesMax * kEntryBytes == kBucketBytes);
constexpr size_t kHashAt = 0;
constexpr size_t kSequenceAt = 8;
constexpr size_t kPlaceAt = 16;
constexpr size_t kSlotAt = 24;
constexpr size_t kRecordBytesAt = 28;

uint64_t BucketChecksum(std::span<const std::byte> bytes, uint64_t store_id, Generation generation,
                        uint64_t number) {
  return Checksum(bytes.subspan(8), PlaceSeed(store_id, generation, number));
}

// ---- Meta data: two counts, then rows, then losses.
constexpr size_t kMetaHeaderBytes = 8;
constexpr size_t kRowBytes = 40;
constexpr size_t kLossBytes = 24;

size_t SlotMapBytes(const Geometry& geometry) { return RoundUp(geometry.SlotsPerExtent(), 64) / 8; }

void AppendRow(std::vector<std::byte>& bytes, const ExtentRow& row, const Geometry& geometry) {
  const size_t begin = bytes.size();
  const size_t map = row.type == ExtentType::kSlots ? SlotMapBytes(geometry) : 0;
  bytes.resize(begin + kRowBytes + map);
  std::byte* const at = bytes.data() + begin;
  StoreLittleEndian(at, static_cast<uint8_t>(row.type));
  StoreLittleEndian(at + 4, row.run_extents);
  StoreLittleEndian(at + 8, row.generation.value);
  StoreLittleEndian(at + 16, row.first_log_number.value);
  StoreLittleEndian(at + 24, row.live_bytes);
  StoreLittleEndian(at + 32, row.total_bytes);
  if (map == 0) return;
  ENGRAM_CHECK(row.used_slots.size() == geometry.SlotsPerExtent(), "a row lacks its slots");
  for (size_t i = 0; i < row.used_slots.size(); ++i) {
    if (row.used_slots[i]) at[kRowBytes + i / 8] |= std::byte{1} << (i % 8);
  }
}

}  // namespace

void EncodeBucket(std::span<std::byte, kBucketBytes> target, uint64_t store_id,
                  Generation generation, uint64_t number, std::span<const IndexEntry> entries) {
  ENGRAM_CHECK(entries.size() <= kBucketEntriesMax, "too many entries for a bucket");
  std::byte* const at = target.data();
  std::fill(target.begin(), target.end(), std::byte{0});
  StoreLittleEndian(at + kNumberAt, number);
  StoreLittleEndian(at + kCountAt, static_cast<uint32_t>(entries.size()));
  for (size_t i = 0; i < entries.size(); ++i) {
    std::byte* const entry = at + kEntriesAt + i * kEntryBytes;
    StoreLittleEndian(entry + kHashAt, entries[i].hash);
    StoreLittleEndian(entry + kSequenceAt, entries[i].sequence.value);
    StoreLittleEndian(entry + kPlaceAt, entries[i].place.value);
    StoreLittleEndian(entry + kSlotAt, entries[i].slot.value);
    StoreLittleEndian(entry + kRecordBytesAt, entries[i].room_bytes);
  }
  StoreLittleEndian(at, BucketChecksum(target, store_id, generation, number));
}

bool BucketIsIntact(std::span<const std::byte, kBucketBytes> bytes, uint64_t store_id,
                    Generation generation, uint64_t number) {
  return LoadLittleEndian<uint64_t>(bytes.data()) ==
             BucketChecksum(bytes, store_id, generation, number) &&
         BucketCount(bytes) <= kBucketEntriesMax;
}

uint32_t BucketCount(std::span<const std::byte, kBucketBytes> bytes) {
  return LoadLittleEndian<uint32_t>(bytes.data() + kCountAt);
}

uint64_t BucketHashAt(std::span<const std::byte, kBucketBytes> bytes, uint32_t index) {
  return LoadLittleEndian<uint64_t>(bytes.data() + kEntriesAt + index * kEntryBytes);
}

IndexEntry BucketEntryAt(std::span<const std::byte, kBucketBytes> bytes, uint32_t index) {
  const std::byte* const at = bytes.data() + kEntriesAt + index * kEntryBytes;
  return {.hash = LoadLittleEndian<uint64_t>(at + kHashAt),
          .sequence = {LoadLittleEndian<uint64_t>(at + kSequenceAt)},
          .place = {LoadLittleEndian<uint64_t>(at + kPlaceAt)},
          .slot = {LoadLittleEndian<uint32_t>(at + kSlotAt)},
          .room_bytes = LoadLittleEndian<uint32_t>(at + kRecordBytesAt)};
}

std::vector<std::byte> Encode(const CheckpointMeta& meta, const Geometry& geometry) {
  std::vector<std::byte> bytes(kMetaHeaderBytes);
  StoreLittleEndian(bytes.data(), static_cast<uint32_t>(meta.extents.size()));
  StoreLittleEndian(bytes.data() + 4, static_cast<uint32_t>(meta.losses.size()));
  for (const ExtentRow& row : meta.extents) AppendRow(bytes, row, geometry);
  for (const Loss& loss : meta.losses) {
    const size_t begin = bytes.size();
    bytes.resize(begin + kLossBytes);
    StoreLittleEndian(bytes.data() + begin, loss.first_hash);
    StoreLittleEndian(bytes.data() + begin + 8, loss.last_hash);
    StoreLittleEndian(bytes.data() + begin + 16, loss.before.value);
  }
  return bytes;
}

absl::StatusOr<CheckpointMeta> DecodeCheckpointMeta(std::span<const std::byte> bytes,
                                                    const Geometry& geometry) {
  const auto too_short = [&] {
    return absl::DataLossError(
        absl::StrCat("checkpoint meta data: ", bytes.size(), " bytes end within a row"));
  };
  if (bytes.size() < kMetaHeaderBytes) return too_short();
  const auto rows = LoadLittleEndian<uint32_t>(bytes.data());
  const auto losses = LoadLittleEndian<uint32_t>(bytes.data() + 4);
  bytes = bytes.subspan(kMetaHeaderBytes);
  if (bytes.size() / kRowBytes < rows) return too_short();
  CheckpointMeta meta;
  meta.extents.resize(rows);
  for (ExtentRow& row : meta.extents) {
    if (bytes.size() < kRowBytes) return too_short();
    const auto type = LoadLittleEndian<uint8_t>(bytes.data());
    if (type > static_cast<uint8_t>(ExtentType::kContinued)) {
      return absl::DataLossError(absl::StrCat("checkpoint meta data: no extent has type ", type));
    }
    row.type = static_cast<ExtentType>(type);
    row.run_extents = LoadLittleEndian<uint32_t>(bytes.data() + 4);
    row.generation = {LoadLittleEndian<uint64_t>(bytes.data() + 8)};
    row.first_log_number = {LoadLittleEndian<uint64_t>(bytes.data() + 16)};
    row.live_bytes = LoadLittleEndian<uint64_t>(bytes.data() + 24);
    row.total_bytes = LoadLittleEndian<uint64_t>(bytes.data() + 32);
    bytes = bytes.subspan(kRowBytes);
    if (row.type != ExtentType::kSlots) continue;
    if (bytes.size() < SlotMapBytes(geometry)) return too_short();
    row.used_slots.resize(geometry.SlotsPerExtent());
    for (size_t i = 0; i < row.used_slots.size(); ++i) {
      row.used_slots[i] = (bytes[i / 8] & std::byte{1} << (i % 8)) != std::byte{0};
    }
    bytes = bytes.subspan(SlotMapBytes(geometry));
  }
  if (bytes.size() / kLossBytes < losses) return too_short();
  for (uint32_t i = 0; i < losses; ++i) {
    meta.losses.push_back({LoadLittleEndian<uint64_t>(bytes.data()),
                           LoadLittleEndian<uint64_t>(bytes.data() + 8),
                           {LoadLittleEndian<uint64_t>(bytes.data() + 16)}});
    bytes = bytes.subspan(kLossBytes);
  }
  return meta;
}

uint64_t MetaChecksum(std::span<const std::byte> bytes, uint64_t store_id, Generation generation) {
  return Checksum(bytes, PlaceSeed(store_id, generation, UINT64_MAX));
}

}  // namespace engram::inline ENGRAM_BODY::format
