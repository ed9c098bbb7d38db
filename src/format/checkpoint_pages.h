// The pages of a checkpoint: buckets of its index, and its meta data.
//
// The index is a table of entries in the order of their hashes, cut into buckets. Hash h is at home
// in bucket h * home_buckets / 2^64; an entry that finds its home full stands in the next bucket
// that is not. So a search begins at home and goes on while buckets are full and end below h.

#ifndef ENGRAM_FORMAT_CHECKPOINT_PAGES_H_
#define ENGRAM_FORMAT_CHECKPOINT_PAGES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "format/extent_header.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::format {

// ---- Buckets. One sector each, so that they are never torn.

inline constexpr uint64_t kBucketBytes = 512;
inline constexpr uint32_t kBucketEntriesMax = 15;

// Where a memory is: what the index knows of it.
struct IndexEntry {
  uint64_t hash = 0;  // of its id
  Sequence sequence;
  FileOffset place;  // of its record
  SlotIndex slot;
  uint32_t room_bytes = 0;  // of its record, see LogEntry::RoomBytes

  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};

struct Bucket {
  uint32_t count = 0;
  std::array<IndexEntry, kBucketEntriesMax> entries;  // ascending by hash
};

// In which bucket the search for `hash` begins. REQUIRES: home_buckets > 0.
constexpr uint64_t HomeBucket(uint64_t hash, uint64_t home_buckets) {
  return static_cast<uint64_t>((static_cast<unsigned __int128>(hash) * home_buckets) >> 64);
}

// The lowest hash at home in bucket `number`. REQUIRES: number < home_buckets.
constexpr uint64_t FirstHashAtHome(uint64_t number, uint64_t home_buckets) {
  const auto scaled = static_cast<unsigned __int128>(number) << 64;
  return static_cast<uint64_t>((scaled + home_buckets - 1) / home_buckets);
}
// The highest one. REQUIRES: likewise.
constexpr uint64_t LastHashAtHome(uint64_t number, uint64_t home_buckets) {
  return number + 1 < home_buckets ? FirstHashAtHome(number + 1, home_buckets) - 1 : UINT64_MAX;
}

// `number` is the bucket's position in the table. REQUIRES: at most kBucketEntriesMax entries,
// ascending by hash.
void EncodeBucket(std::span<std::byte, kBucketBytes> target, uint64_t store_id,
                  Generation generation, uint64_t number, std::span<const IndexEntry> entries);

// Whether these are the bytes of the intact bucket `number`.
bool BucketIsIntact(std::span<const std::byte, kBucketBytes> bytes, uint64_t store_id,
                    Generation generation, uint64_t number);

// Of an intact bucket. REQUIRES: index < BucketCount(bytes).
uint32_t BucketCount(std::span<const std::byte, kBucketBytes> bytes);
uint64_t BucketHashAt(std::span<const std::byte, kBucketBytes> bytes, uint32_t index);
IndexEntry BucketEntryAt(std::span<const std::byte, kBucketBytes> bytes, uint32_t index);

// ---- Meta data: what is known of each extent, and what is known to be lost.

// Of the extent with the row's number.
struct ExtentRow {
  ExtentType type = ExtentType::kFree;
  uint32_t run_extents = 1;  // of the run it begins; the others of the run are kContinued
  Generation generation;
  LogNumber first_log_number;  // kLog
  // kLog, kBlob: bytes of content, see api/fragmentation.h.
  uint64_t live_bytes = 0;
  uint64_t total_bytes = 0;
  std::vector<bool> used_slots;  // kSlots: one for each

  friend bool operator==(const ExtentRow&, const ExtentRow&) = default;
};

// Memories whose hashes lie in a range, both ends included, may be lost: one whose newest known
// sequence is older than `before` may have been changed or removed by what is no longer readable.
struct Loss {
  uint64_t first_hash = 0;
  uint64_t last_hash = 0;
  Sequence before;

  friend bool operator==(const Loss&, const Loss&) = default;
};

struct CheckpointMeta {
  std::vector<ExtentRow> extents;
  std::vector<Loss> losses;

  friend bool operator==(const CheckpointMeta&, const CheckpointMeta&) = default;
};

// REQUIRES: runs end within the rows, rows of slots have all their slots and others none, and no
// range of a loss ends before it begins.
std::vector<std::byte> Encode(const CheckpointMeta& meta, const Geometry& geometry);

// REQUIRES: the checksum of `bytes`, which the superblock holds, has been verified. DATA_LOSS: they
// are no meta data all the same, to the last byte. Memory is bounded by a multiple of the size of
// `bytes`.
absl::StatusOr<CheckpointMeta> DecodeCheckpointMeta(std::span<const std::byte> bytes,
                                                    const Geometry& geometry);

uint64_t MetaChecksum(std::span<const std::byte> bytes, uint64_t store_id, Generation generation);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_CHECKPOINT_PAGES_H_
