// Superblocks, the checkpoint's meta data, and what to do when they are damaged. The log is
// replayed in recovery_replay.cc.

#include "engine/recovery.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "format/checkpoint_pages.h"
#include "format/extent_header.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

using format::ExtentType;

// Reads what there is of `target` from `offset`; what lies beyond the end of the file is zero.
absl::Status ReadUpTo(io::File& file, FileOffset offset, uint64_t file_bytes,
                      std::span<std::byte> target) {
  std::fill(target.begin(), target.end(), std::byte{0});
  if (offset.value >= file_bytes) return absl::OkStatus();
  return io::ReadFully(file, offset,
                       target.first(std::min<uint64_t>(target.size(), file_bytes - offset.value)));
}

bool AllZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// Whether all of the file, from behind the superblocks on, is zero.
absl::StatusOr<bool> RestIsZero(io::File& file, uint64_t file_bytes) {
  constexpr uint64_t kPieceBytes = kMiB;
  std::vector<std::byte> piece(std::min<uint64_t>(kPieceBytes, file_bytes));
  for (uint64_t offset = format::kExtentsBegin; offset < file_bytes; offset += kPieceBytes) {
    ENGRAM_RETURN_IF_ERROR(ReadUpTo(file, {offset}, file_bytes, piece));
    if (!AllZero(piece)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<format::Superblock> ReadSuperblock(io::File& file, std::vector<Damage>& damages) {
  ENGRAM_ASSIGN_OR_RETURN(const uint64_t file_bytes, file.Size());
  std::optional<format::Superblock> newest;
  absl::Status wrong;
  bool all_zero = true;
  for (int copy = 0; copy < format::kSuperblocks; ++copy) {
    const FileOffset offset{static_cast<uint64_t>(copy) * format::kSuperblockBytes};
    format::SuperblockBytes bytes;
    ENGRAM_RETURN_IF_ERROR(ReadUpTo(file, offset, file_bytes, bytes));
    all_zero = all_zero && AllZero(bytes);
    absl::StatusOr<format::Superblock> read = format::DecodeSuperblock(bytes);
    if (absl::IsUnimplemented(read.status())) {
      return absl::UnimplementedError(absl::StrCat(std::string(file.path()), ", at byte ",
                                                   offset.value, ": ", read.status().message()));
    }
    if (read.ok()) {
      if (!newest || read->number > newest->number) newest = *std::move(read);
      continue;
    }
    if (wrong.ok()) wrong = read.status();
    // The second copy of a store whose creation was interrupted has never been written.
    damages.push_back(
        {offset, format::kSuperblockBytes, "superblock", "", std::string(read.status().message())});
  }
  if (newest) return *std::move(newest);
  if (all_zero) {
    ENGRAM_ASSIGN_OR_RETURN(const bool rest_is_zero, RestIsZero(file, file_bytes));
    if (rest_is_zero)
      return absl::NotFoundError(absl::StrCat(std::string(file.path()), " holds no store yet"));
  }
  return absl::DataLossError(absl::StrCat(std::string(file.path()),
                                          " is not a store, or both of its superblocks"
                                          " are damaged: ",
                                          wrong.message()));
}

absl::Status CheckSuperblock(const format::Superblock& superblock, uint32_t extents) {
  const format::Geometry geometry{superblock.extent_bytes};
  const auto wrong = [](absl::string_view what) {
    return absl::DataLossError(absl::StrCat("superblock: ", what));
  };
  for (const format::ExtentRun& run : superblock.runs) {
    if (run.extents == 0 || run.first.value >= extents || run.extents > extents - run.first.value) {
      return wrong("the checkpoint lies outside of the file");
    }
  }
  for (size_t i = 0; i < superblock.runs.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const format::ExtentRun& a = superblock.runs[i];
      const format::ExtentRun& b = superblock.runs[k];
      if (a.first.value < b.first.value + b.extents && b.first.value < a.first.value + a.extents) {
        return wrong("runs of the checkpoint overlap");
      }
    }
  }
  if (superblock.checkpoint_sequence.value >=
      (superblock.incarnation + 1) * format::kNumbersPerIncarnation) {
    return wrong("the checkpoint is newer than the store");
  }
  if (superblock.checkpoint_generation.value != 0 && superblock.meta_bytes == 0) {
    return wrong("the checkpoint has no meta data");
  }
  const uint64_t stream_bytes = PlaceOf(superblock).StreamBytes(geometry);
  if (superblock.buckets > stream_bytes / format::kBucketBytes ||
      superblock.meta_bytes > stream_bytes - superblock.buckets * format::kBucketBytes ||
      superblock.home_buckets > superblock.buckets) {
    return wrong("the checkpoint is larger than its extents");
  }
  if (superblock.segments.empty()) return wrong("it does not say where the log begins");
  for (size_t i = 0; i < superblock.segments.size(); ++i) {
    const format::LogSegment& segment = superblock.segments[i];
    if (segment.first.value == 0 || segment.first < segment.extent_first ||
        (i > 0 && segment.first < superblock.segments[i - 1].first)) {
      return wrong("the segments of the log are not in order");
    }
    if (segment.first.value > format::kLogNumberMax) return wrong("no log is so long");
  }
  return absl::OkStatus();
}

CheckpointPlace PlaceOf(const format::Superblock& superblock) {
  return {.generation = superblock.checkpoint_generation,
          .meta_bytes = superblock.meta_bytes,
          .meta_checksum = superblock.meta_checksum,
          .home_buckets = superblock.home_buckets,
          .buckets = superblock.buckets,
          .memories = superblock.memories,
          .sequence = superblock.checkpoint_sequence,
          .runs = superblock.runs};
}

absl::StatusOr<std::unique_ptr<Checkpoint>> Recovery::LoadCheckpoint(uint32_t extents) {
  const CheckpointPlace place = PlaceOf(superblock_);
  memories_ = superblock_.memories;
  // First: where the log stands is what a recount needs.
  if (superblock_.clean) {
    scan_.proven = scan_.end = scan_.first_unframed = superblock_.segments.back().first;
  } else {
    ENGRAM_ASSIGN_OR_RETURN(scan_, ScanLog(file_, superblock_, extents));
  }
  std::vector<format::Loss> losses;
  ENGRAM_RETURN_IF_ERROR(LoadMeta(place, extents, losses));
  losses.insert(losses.end(), scan_.losses.begin(), scan_.losses.end());
  if (!losses.empty()) space_.TolerateMiscounts();
  report_.clean = superblock_.clean;
  report_.damages.insert(report_.damages.end(), scan_.damages.begin(), scan_.damages.end());
  return std::make_unique<Checkpoint>(space_, place, std::move(losses));
}

absl::Status Recovery::LoadMeta(const CheckpointPlace& place, uint32_t extents,
                                std::vector<format::Loss>& losses) {
  const format::Geometry& geometry = space_.geometry();
  if (place.generation.value == 0) {
    space_.Load({}, extents);
    return absl::OkStatus();
  }
  std::vector<std::byte> bytes(place.meta_bytes);
  ENGRAM_RETURN_IF_ERROR(place.ReadMeta(file_, geometry, bytes));
  absl::Status status = absl::DataLossError("its checksum does not match its bytes");
  if (format::MetaChecksum(bytes, superblock_.store_id, place.generation) == place.meta_checksum) {
    absl::StatusOr<format::CheckpointMeta> meta = format::DecodeCheckpointMeta(bytes, geometry);
    status = meta.status();
    if (meta.ok() && meta->extents.size() <= extents) {
      // Those of an older checkpoint are free.
      for (format::ExtentRow& row : meta->extents) {
        if (row.type == ExtentType::kCheckpoint) row = {};
      }
      space_.Load(meta->extents, extents);
      losses = std::move(meta->losses);
    } else if (meta.ok()) {
      status = absl::DataLossError("it knows more extents than the file has");
    }
  }
  if (!status.ok()) {
    // All of it can be told from the index, but for what was known to be lost.
    const FileOffset offset = place.OffsetOf(place.buckets * format::kBucketBytes, geometry);
    report_.damages.push_back(
        {offset, place.meta_bytes, "checkpoint meta data", "", std::string(status.message())});
    space_.Load({}, extents);
  }
  for (const format::ExtentRun& run : place.runs) {
    if (!space_.AdoptRun(run, ExtentType::kCheckpoint, place.generation, {})) {
      return absl::DataLossError("superblock: the checkpoint's extents are in use otherwise");
    }
  }
  return status.ok() ? status : Recount(Checkpoint(space_, place, {}));
}

absl::Status Recovery::Recount(const Checkpoint& checkpoint) {
  space_.TolerateMiscounts();
  for (uint64_t number = 0; number < checkpoint.place().buckets; ++number) {
    const auto bucket = checkpoint.BucketAt(number);
    if (!bucket.ok()) continue;  // found again by every search
    for (uint32_t i = 0; i < format::BucketCount(*bucket); ++i) {
      const format::IndexEntry entry = format::BucketEntryAt(*bucket, i);
      if (entry.room_bytes == 0) {
        ENGRAM_ASSIGN_OR_RETURN(const bool is_there, AdoptColdRow(entry.place, entry.slot.value));
        if (is_there) space_.AddColdRow(entry.place);
        if (!is_there) missing_.push_back(entry);
        continue;
      }
      if (!space_.Contains(entry.place, entry.room_bytes) || !space_.AdoptSlot(entry.slot)) {
        missing_.push_back(entry);
        continue;
      }
      ENGRAM_RETURN_IF_ERROR(AdoptLogExtentOf(entry));
      RecountEntry(entry);
    }
  }
  return absl::OkStatus();
}

void Recovery::RecountEntry(const format::IndexEntry& entry) {
  const ExtentId extent = space_.geometry().ExtentOf(entry.place);
  space_.AddContent({entry.place, entry.room_bytes});
  format::LogEntry record;
  const format::EntryPlace place{superblock_.store_id, space_.GenerationOf(extent), entry.place,
                                 space_.FirstLogNumberOf(extent)};
  if (!format::TryDecodeEntry(space_.EntryBytes(entry.place, entry.room_bytes), place, record) ||
      !record.record.blob) {
    return;
  }
  const uint64_t blob_bytes = *record.record.content_bytes;
  if (space_.AdoptBlob(record.record.blob->offset, blob_bytes)) {
    space_.AddContent(
        {record.record.blob->offset, format::RoundUp(blob_bytes, format::kAlignment)});
  }
}

// The extent of a record. What its header says is not enough: if it is damaged, the extent would be
// taken for free, and so would the blobs of all its records, which may be intact.
absl::Status Recovery::AdoptLogExtentOf(const format::IndexEntry& entry) {
  const ExtentId extent = space_.geometry().ExtentOf(entry.place);
  std::vector<std::pair<Generation, LogNumber>> uses;
  format::ExtentHeaderBytes bytes;
  ENGRAM_RETURN_IF_ERROR(io::ReadFully(file_, space_.geometry().Begin(extent), bytes));
  const absl::StatusOr<format::ExtentHeader> header =
      format::DecodeExtentHeader(bytes, superblock_.store_id, extent);
  if (header.ok() && header->type == ExtentType::kLog) {
    uses.push_back({header->generation, header->first_log_number});
  }
  for (const format::LogSegment& segment : superblock_.segments) {
    if (segment.extent == extent) uses.push_back({segment.generation, segment.extent_first});
  }
  for (const ScannedExtent& scanned : scan_.extents) {
    if (scanned.extent == extent) uses.push_back({scanned.generation, scanned.first});
  }
  auto use = std::ranges::find_if(uses, [&](const auto& tried) {
    format::LogEntry record;
    return format::TryDecodeEntry(space_.EntryBytes(entry.place, entry.room_bytes),
                                  {superblock_.store_id, tried.first, entry.place, tried.second},
                                  record);
  });
  // A damaged record tells nothing.
  if (use == uses.end()) use = uses.begin();
  if (use != uses.end()) {
    space_.AdoptRun({extent, 1}, ExtentType::kLog, use->first, use->second);
  }
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::engine
