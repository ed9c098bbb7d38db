// Merging in the order of hashes; filling buckets; streaming them out.

#include "engine/checkpoint_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

constexpr size_t kBufferBytes = 256 * kKiB;

format::IndexEntry ToEntry(const Delta& delta) {
  return {.hash = delta.hash,
          .sequence = delta.sequence,
          .place = delta.place,
          .slot = delta.slot,
          .room_bytes = delta.room_bytes};
}

// What a damaged bucket may have held: `last` is the last hash known to stand before it.
format::Loss LossOfBucket(const CheckpointPlace& place, uint64_t number, uint64_t last) {
  format::Loss loss;
  loss.last_hash = LastHashOfBucket(place, number);
  loss.first_hash = std::min(last, loss.last_hash);
  // Of ids without an entry alone: what another bucket has is the newest of its id.
  loss.before = {1};
  return loss;
}

}  // namespace

absl::StatusOr<WrittenCheckpoint> CheckpointWriter::Write(const Checkpoint& old,
                                                          CheckpointCut cut) {
  CheckpointPlace& place = written_.place;
  place.generation = space_.NewGeneration();
  // No more than there can be, should a file have contradicted itself: room is made for them.
  cut.memories = std::min(
      cut.memories, old.place().buckets * format::kBucketEntriesMax + uint64_t{cut.changes.size()});
  place.memories = cut.memories;
  place.sequence = cut.sequence;
  written_.losses = old.losses();
  place.home_buckets =
      std::max<uint64_t>(1, (cut.memories + kEntriesPerHome - 1) / kEntriesPerHome);
  const auto give_back = [&] {
    for (const format::ExtentRun& run : place.runs) space_.GiveBackRun(run);
  };
  try {
    absl::Status status = Merge(old, cut.changes);
    if (status.ok()) status = WriteMeta(cut);
    if (status.ok()) return std::move(written_);
    give_back();
    return status;
  } catch (...) {
    give_back();
    throw;
  }
}

absl::Status CheckpointWriter::Merge(const Checkpoint& old, std::span<const Delta> changes) {
  ENGRAM_RETURN_IF_ERROR(ExtendTo(written_.place.home_buckets * format::kBucketBytes));
  ENGRAM_RETURN_IF_ERROR(TakeOld(old, changes));
  ENGRAM_RETURN_IF_ERROR(AddChangesUpTo(UINT64_MAX, changes));
  // Homes behind the last entry are empty buckets.
  do {
    ENGRAM_RETURN_IF_ERROR(FinishBucket());
  } while (written_.place.buckets < written_.place.home_buckets);
  return absl::OkStatus();
}

absl::Status CheckpointWriter::TakeOld(const Checkpoint& old, std::span<const Delta> changes) {
  uint64_t last = 0;
  for (uint64_t number = 0; number < old.place().buckets; ++number) {
    const auto bucket = old.BucketAt(number);
    // One that begins before the last one ends is not to be believed, either.
    const bool is_believed = bucket.ok() && (format::BucketCount(*bucket) == 0 ||
                                             format::BucketHashAt(*bucket, 0) >= last);
    if (!is_believed) {
      written_.losses.push_back(LossOfBucket(old.place(), number, last));
      continue;
    }
    const uint32_t count = format::BucketCount(*bucket);
    for (uint32_t i = 0; i < count; ++i) {
      const format::IndexEntry entry = format::BucketEntryAt(*bucket, i);
      last = entry.hash;
      ENGRAM_RETURN_IF_ERROR(AddChangesUpTo(entry.hash, changes));
      bool is_superseded = false;
      for (size_t k = next_change_; k > 0 && changes[k - 1].hash == entry.hash; --k) {
        is_superseded |= changes[k - 1].supersedes == entry.sequence;
      }
      if (!is_superseded) ENGRAM_RETURN_IF_ERROR(Add(entry));
    }
    if (count < format::kBucketEntriesMax && number + 1 < old.place().home_buckets) {
      last = format::FirstHashAtHome(number + 1, old.place().home_buckets);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckpointWriter::AddChangesUpTo(uint64_t hash, std::span<const Delta> changes) {
  for (; next_change_ < changes.size() && changes[next_change_].hash <= hash; ++next_change_) {
    const Delta& change = changes[next_change_];
    if (change.is_lost()) {
      written_.losses.push_back({change.hash, change.hash, {change.sequence.value + 1}});
    } else if (!change.is_removal()) {
      ENGRAM_RETURN_IF_ERROR(Add(ToEntry(change)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckpointWriter::Add(const format::IndexEntry& entry) {
  const uint64_t home = format::HomeBucket(entry.hash, written_.place.home_buckets);
  while (written_.place.buckets < home || bucket_.size() == format::kBucketEntriesMax) {
    ENGRAM_RETURN_IF_ERROR(FinishBucket());
  }
  ENGRAM_CHECK(bucket_.empty() || bucket_.back().hash <= entry.hash, "entries come in order");
  bucket_.push_back(entry);
  return absl::OkStatus();
}

absl::Status CheckpointWriter::FinishBucket() {
  std::array<std::byte, format::kBucketBytes> bytes;
  format::EncodeBucket(bytes, space_.store_id(), written_.place.generation, written_.place.buckets,
                       bucket_);
  ++written_.place.buckets;
  bucket_.clear();
  return Append(bytes);
}

absl::Status CheckpointWriter::WriteMeta(CheckpointCut& cut) {
  format::CheckpointMeta meta{std::move(cut.extents), written_.losses};
  const std::vector<std::byte> bytes = format::Encode(meta, space_.geometry());
  written_.place.meta_bytes = bytes.size();
  written_.place.meta_checksum =
      format::MetaChecksum(bytes, space_.store_id(), written_.place.generation);
  ENGRAM_RETURN_IF_ERROR(Append(bytes));
  return FlushBuffer();
}

absl::Status CheckpointWriter::Append(std::span<const std::byte> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return buffer_.size() >= kBufferBytes ? FlushBuffer() : absl::OkStatus();
}

absl::Status CheckpointWriter::FlushBuffer() {
  ENGRAM_RETURN_IF_ERROR(ExtendTo(flushed_ + buffer_.size()));
  std::span<const std::byte> rest(buffer_);
  while (!rest.empty()) {
    // Up to the end of the run that the stream is in.
    uint64_t run_end = 0;
    for (const format::ExtentRun& run : written_.place.runs) {
      run_end += space_.geometry().PayloadBytes(run.extents);
      if (flushed_ < run_end) break;
    }
    const auto piece = rest.first(std::min<uint64_t>(rest.size(), run_end - flushed_));
    const FileOffset offset = written_.place.OffsetOf(flushed_, space_.geometry());
    ENGRAM_RETURN_IF_ERROR(io::WriteFully(file_, offset, piece));
    flushed_ += piece.size();
    rest = rest.subspan(piece.size());
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status CheckpointWriter::ExtendTo(uint64_t stream_bytes) {
  CheckpointPlace& place = written_.place;
  const format::Geometry& geometry = space_.geometry();
  for (uint64_t have = place.StreamBytes(geometry); have < stream_bytes;
       have = place.StreamBytes(geometry)) {
    if (place.runs.size() == format::Superblock::kRunsMax) {
      return absl::ResourceExhaustedError(
          absl::StrCat("a checkpoint of ", stream_bytes, " bytes does not fit into ",
                       format::Superblock::kRunsMax, " runs of extents"));
    }
    place.runs.reserve(place.runs.size() + 1);
    const uint64_t extents = geometry.RunFor(stream_bytes - have);
    absl::StatusOr<format::ExtentRun> run = space_.TakeCheckpointRun(extents, place.generation);
    // Scattered free extents do as well, one by one.
    if (!run.ok() && extents > 1) run = space_.TakeCheckpointRun(1, place.generation);
    if (!run.ok()) return run.status();
    place.runs.push_back(*run);
  }
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::engine
