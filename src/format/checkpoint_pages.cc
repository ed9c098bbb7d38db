// Encoding and decoding a checkpoint's pages. Offsets as in src/format/README.md.

#include "format/checkpoint_pages.h"

#include <algorithm>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/zeros.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// ---- Buckets.
constexpr size_t kNumberAt = 8;
constexpr size_t kCountAt = 16;
constexpr size_t kReservedAt = 20;
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
constexpr size_t kRowCountAt = 0;
constexpr size_t kLossCountAt = 4;
constexpr size_t kMetaHeaderBytes = 8;

constexpr size_t kTypeAt = 0;
constexpr size_t kRunExtentsAt = 4;
constexpr size_t kGenerationAt = 8;
constexpr size_t kFirstLogNumberAt = 16;
constexpr size_t kLiveBytesAt = 24;
constexpr size_t kTotalBytesAt = 32;
constexpr size_t kRowBytes = 40;

constexpr size_t kFirstHashAt = 0;
constexpr size_t kLastHashAt = 8;
constexpr size_t kBeforeAt = 16;
constexpr size_t kLossBytes = 24;

size_t SlotMapBytes(const Geometry& geometry) { return RoundUp(geometry.SlotsPerExtent(), 64) / 8; }

void AppendRow(std::vector<std::byte>& bytes, const ExtentRow& row, const Geometry& geometry) {
  const size_t begin = bytes.size();
  const size_t map = row.type == ExtentType::kSlots ? SlotMapBytes(geometry) : 0;
  bytes.resize(begin + kRowBytes + map);
  std::byte* const at = bytes.data() + begin;
  StoreLittleEndian(at + kTypeAt, static_cast<uint8_t>(row.type));
  StoreLittleEndian(at + kRunExtentsAt, row.run_extents);
  StoreLittleEndian(at + kGenerationAt, row.generation.value);
  StoreLittleEndian(at + kFirstLogNumberAt, row.first_log_number.value);
  StoreLittleEndian(at + kLiveBytesAt, row.live_bytes);
  StoreLittleEndian(at + kTotalBytesAt, row.total_bytes);
  ENGRAM_CHECK(row.used_slots.size() == (map == 0 ? 0 : geometry.SlotsPerExtent()),
               "a row does not have its slots");
  for (size_t i = 0; i < row.used_slots.size(); ++i) {
    if (row.used_slots[i]) at[kRowBytes + i / 8] |= std::byte{1} << (i % 8);
  }
}

// Takes a row from the front of `bytes`. Empty: done; else what is wrong.
std::string_view TakeRow(std::span<const std::byte>& bytes, const Geometry& geometry,
                         ExtentRow& row) {
  constexpr std::string_view kTooShort = "they end within a row";
  if (bytes.size() < kRowBytes) return kTooShort;
  const std::byte* const at = bytes.data();
  const auto type = LoadLittleEndian<uint8_t>(at + kTypeAt);
  if (type > static_cast<uint8_t>(ExtentType::kContinued)) return "no extent has such a type";
  if (!AreZeros(bytes.first(kRunExtentsAt).subspan(kTypeAt + sizeof(type)))) {
    return "reserved bytes are not zero";
  }
  row.type = static_cast<ExtentType>(type);
  row.run_extents = LoadLittleEndian<uint32_t>(at + kRunExtentsAt);
  row.generation = {LoadLittleEndian<uint64_t>(at + kGenerationAt)};
  row.first_log_number = {LoadLittleEndian<uint64_t>(at + kFirstLogNumberAt)};
  row.live_bytes = LoadLittleEndian<uint64_t>(at + kLiveBytesAt);
  row.total_bytes = LoadLittleEndian<uint64_t>(at + kTotalBytesAt);
  bytes = bytes.subspan(kRowBytes);
  if (row.type != ExtentType::kSlots) return {};
  const std::span<const std::byte> map =
      bytes.first(std::min(bytes.size(), SlotMapBytes(geometry)));
  if (map.size() < SlotMapBytes(geometry)) return kTooShort;
  const auto is_set = [&map](size_t i) {
    return (map[i / 8] & std::byte{1} << (i % 8)) != std::byte{0};
  };
  row.used_slots.resize(geometry.SlotsPerExtent());
  for (size_t i = 0; i < row.used_slots.size(); ++i) row.used_slots[i] = is_set(i);
  for (size_t i = row.used_slots.size(); i < map.size() * 8; ++i) {
    if (is_set(i)) return "slots are used that an extent does not have";
  }
  bytes = bytes.subspan(map.size());
  return {};
}

// Whether each run has its continued extents behind it, and no other extent is continued.
bool RunsAreWhole(const std::vector<ExtentRow>& rows) {
  size_t i = 0;
  while (i < rows.size()) {
    const ExtentRow& first = rows[i];
    if (first.type == ExtentType::kContinued || first.run_extents == 0) return false;
    const size_t end = i + (first.type == ExtentType::kFree ? 1 : first.run_extents);
    if (end > rows.size()) return false;
    for (++i; i < end; ++i) {
      if (rows[i].type != ExtentType::kContinued) return false;
    }
  }
  return true;
}

bool LossesCanBe(const std::vector<Loss>& losses) {
  return std::ranges::all_of(losses,
                             [](const Loss& loss) { return loss.first_hash <= loss.last_hash; });
}

absl::Status DamagedFor(std::string_view reason) {
  return absl::DataLossError(
      absl::StrCat("checkpoint meta data: ", absl::string_view(reason.data(), reason.size())));
}

}  // namespace

void EncodeBucket(std::span<std::byte, kBucketBytes> target, uint64_t store_id,
                  Generation generation, uint64_t number, std::span<const IndexEntry> entries) {
  ENGRAM_CHECK(entries.size() <= kBucketEntriesMax, "too many entries for a bucket");
  ENGRAM_CHECK(std::ranges::is_sorted(entries, {}, &IndexEntry::hash),
               "entries of a bucket are out of order");
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
  if (LoadLittleEndian<uint64_t>(bytes.data()) !=
      BucketChecksum(bytes, store_id, generation, number)) {
    return false;
  }
  const uint32_t count = BucketCount(bytes);
  if (count > kBucketEntriesMax || LoadLittleEndian<uint64_t>(bytes.data() + kNumberAt) != number) {
    return false;
  }
  for (uint32_t i = 1; i < count; ++i) {
    if (BucketHashAt(bytes, i - 1) > BucketHashAt(bytes, i)) return false;
  }
  return AreZeros(bytes.first(kEntriesAt).subspan(kReservedAt)) &&
         AreZeros(bytes.subspan(kEntriesAt + count * kEntryBytes));
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
  ENGRAM_CHECK(meta.extents.size() <= geometry.ExtentsMax() && meta.losses.size() <= UINT32_MAX,
               "there are more extents or losses than can be");
  ENGRAM_CHECK(RunsAreWhole(meta.extents), "a run lacks an extent");
  ENGRAM_CHECK(LossesCanBe(meta.losses), "a range of hashes ends before it begins");
  std::vector<std::byte> bytes(kMetaHeaderBytes);
  StoreLittleEndian(bytes.data() + kRowCountAt, static_cast<uint32_t>(meta.extents.size()));
  StoreLittleEndian(bytes.data() + kLossCountAt, static_cast<uint32_t>(meta.losses.size()));
  for (const ExtentRow& row : meta.extents) AppendRow(bytes, row, geometry);
  for (const Loss& loss : meta.losses) {
    const size_t begin = bytes.size();
    bytes.resize(begin + kLossBytes);
    StoreLittleEndian(bytes.data() + begin + kFirstHashAt, loss.first_hash);
    StoreLittleEndian(bytes.data() + begin + kLastHashAt, loss.last_hash);
    StoreLittleEndian(bytes.data() + begin + kBeforeAt, loss.before.value);
  }
  return bytes;
}

absl::StatusOr<CheckpointMeta> DecodeCheckpointMeta(std::span<const std::byte> bytes,
                                                    const Geometry& geometry) {
  if (bytes.size() < kMetaHeaderBytes) return DamagedFor("they end within their counts");
  const auto rows = LoadLittleEndian<uint32_t>(bytes.data() + kRowCountAt);
  const auto losses = LoadLittleEndian<uint32_t>(bytes.data() + kLossCountAt);
  bytes = bytes.subspan(kMetaHeaderBytes);
  // Before anything is allocated for them.
  if (bytes.size() / kRowBytes < rows) return DamagedFor("they end within a row");
  if (rows > geometry.ExtentsMax()) return DamagedFor("no file has so many extents");
  CheckpointMeta meta;
  meta.extents.resize(rows);
  for (ExtentRow& row : meta.extents) {
    const std::string_view wrong = TakeRow(bytes, geometry, row);
    if (!wrong.empty()) return DamagedFor(wrong);
  }
  if (!RunsAreWhole(meta.extents)) return DamagedFor("a run lacks an extent");
  if (bytes.size() != losses * kLossBytes) return DamagedFor("they do not end with their losses");
  meta.losses.reserve(losses);
  for (; !bytes.empty(); bytes = bytes.subspan(kLossBytes)) {
    meta.losses.push_back({LoadLittleEndian<uint64_t>(bytes.data() + kFirstHashAt),
                           LoadLittleEndian<uint64_t>(bytes.data() + kLastHashAt),
                           {LoadLittleEndian<uint64_t>(bytes.data() + kBeforeAt)}});
  }
  if (!LossesCanBe(meta.losses)) return DamagedFor("a range of hashes ends before it begins");
  return meta;
}

uint64_t MetaChecksum(std::span<const std::byte> bytes, uint64_t store_id, Generation generation) {
  return Checksum(bytes, PlaceSeed(store_id, generation, UINT64_MAX));
}

}  // namespace engram::inline ENGRAM_BODY::format
