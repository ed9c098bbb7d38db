// Searching buckets in place.

#include "engine/checkpoint.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace engram::inline ENGRAM_BODY::engine {

FileOffset CheckpointPlace::OffsetOf(uint64_t stream_position,
                                     const format::Geometry& geometry) const {
  for (const format::ExtentRun& run : runs) {
    const uint64_t bytes = geometry.PayloadBytes(run.extents);
    if (stream_position < bytes) return {geometry.Payload(run.first).value + stream_position};
    stream_position -= bytes;
  }
  ENGRAM_CHECK(false, "a checkpoint does not have so many bytes");
  return {};
}

absl::Status CheckpointPlace::ReadMeta(io::File& file, const format::Geometry& geometry,
                                       std::span<std::byte> target) const {
  uint64_t position = buckets * format::kBucketBytes;
  while (!target.empty()) {
    uint64_t run_end = 0;
    for (const format::ExtentRun& run : runs) {
      run_end += geometry.PayloadBytes(run.extents);
      if (position < run_end) break;
    }
    const auto piece = target.first(std::min<uint64_t>(target.size(), run_end - position));
    ENGRAM_RETURN_IF_ERROR(io::ReadFully(file, OffsetOf(position, geometry), piece));
    position += piece.size();
    target = target.subspan(piece.size());
  }
  return absl::OkStatus();
}

uint64_t CheckpointPlace::StreamBytes(const format::Geometry& geometry) const {
  uint64_t bytes = 0;
  for (const format::ExtentRun& run : runs) bytes += geometry.PayloadBytes(run.extents);
  return bytes;
}

absl::StatusOr<std::span<const std::byte, format::kBucketBytes>> Checkpoint::BucketAt(
    uint64_t number) const {
  const FileOffset offset = place_.OffsetOf(number * format::kBucketBytes, space_.geometry());
  const std::span<const std::byte, format::kBucketBytes> bytes(
      space_.Bytes(offset, format::kBucketBytes), format::kBucketBytes);
  const auto damaged = [&](absl::string_view why) {
    return absl::DataLossError(absl::StrCat("checkpoint bucket ", number, " at offset ",
                                            offset.value, " of the file: ", why));
  };
  if (!format::BucketIsIntact(bytes, space_.store_id(), place_.generation, number)) {
    return damaged("its checksum does not match its bytes");
  }
  for (uint32_t i = 0; i < format::BucketCount(bytes); ++i) {
    if (format::BucketEntryAt(bytes, i).sequence > place_.sequence) {
      return damaged("it knows a memory that is newer than the checkpoint");
    }
  }
  return bytes;
}

absl::Status Checkpoint::Search(uint64_t hash, IndexEntries& found) const {
  if (place_.home_buckets == 0) return absl::OkStatus();
  for (uint64_t number = format::HomeBucket(hash, place_.home_buckets); number < place_.buckets;
       ++number) {
    ENGRAM_ASSIGN_OR_RETURN(const auto bucket, BucketAt(number));
    const uint32_t count = format::BucketCount(bucket);
    uint64_t last = 0;
    for (uint32_t i = 0; i < count; ++i) {
      last = format::BucketHashAt(bucket, i);
      if (last == hash) found.push_back(format::BucketEntryAt(bucket, i));
    }
    // What does not fit into a full bucket stands in the next one.
    if (count < format::kBucketEntriesMax || last > hash) break;
  }
  return absl::OkStatus();
}

uint64_t Checkpoint::LastHashFrom(uint64_t from, uint64_t entries) const {
  if (place_.home_buckets == 0) return UINT64_MAX;
  const uint64_t homes = std::max<uint64_t>(1, entries / kEntriesPerHome);
  const uint64_t last = format::HomeBucket(from, place_.home_buckets) + homes - 1;
  return last < place_.home_buckets ? format::LastHashAtHome(last, place_.home_buckets)
                                    : UINT64_MAX;
}

bool Checkpoint::MayBeLost(uint64_t hash, Sequence sequence) const {
  return std::any_of(losses_.begin(), losses_.end(), [&](const format::Loss& loss) {
    return loss.first_hash <= hash && hash <= loss.last_hash && sequence < loss.before;
  });
}

}  // namespace engram::inline ENGRAM_BODY::engine
