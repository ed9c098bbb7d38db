// Runs of cold memories that the log or the index leads to, and no row of the checkpoint names.

#include <optional>
#include <vector>

#include "base/status_macros.h"
#include "cold/run_reader.h"
#include "engine/recovery.h"
#include "format/cold_run.h"
#include "format/extent_header.h"

namespace engram::inline ENGRAM_BODY::engine {

absl::StatusOr<bool> Recovery::AdoptColdRow(FileOffset place, uint64_t row) {
  const format::Geometry& geometry = space_.geometry();
  if (row > format::kColdRowsMax || !space_.Contains(place, geometry.extent_bytes) ||
      place != geometry.Begin(geometry.ExtentOf(place))) {
    return false;
  }
  std::optional<cold::MappedRun> run = space_.ColdRunAt(place);
  if (!run) {
    ENGRAM_ASSIGN_OR_RETURN(const std::optional<ColdRunUse> found, ReadColdRun(place));
    if (!found || !space_.AdoptColdRun(*found)) return false;
    run = space_.ColdRunAt(place);
  }
  const absl::StatusOr<format::ColdDirectory> directory = cold::ReadDirectory(*run);
  // A run that is known stays in use even if neither directory is intact.
  return !directory.ok() || row < directory->rows;
}

// The run as its header says, or, if that is damaged, its first directory.
absl::StatusOr<std::optional<ColdRunUse>> Recovery::ReadColdRun(FileOffset place) {
  const format::Geometry& geometry = space_.geometry();
  const ExtentId first = geometry.ExtentOf(place);
  std::array<std::byte, format::kExtentHeaderBytes + format::kColdDirectoryBytes> bytes;
  ENGRAM_RETURN_IF_ERROR(io::ReadFully(file_, place, bytes));
  const std::span<const std::byte> all(bytes);
  const absl::StatusOr<format::ExtentHeader> header = format::DecodeExtentHeader(
      all.first<format::kExtentHeaderBytes>(), superblock_.store_id, first);
  absl::StatusOr<format::ColdDirectory> directory = format::DecodeColdDirectory(
      all.last<format::kColdDirectoryBytes>(), geometry, superblock_.store_id);
  const bool has_header = header.ok() && header->type == format::ExtentType::kCold;
  if (has_header && (!directory.ok() || directory->generation != header->generation)) {
    const uint64_t run_bytes = header->run_extents * geometry.extent_bytes;
    if (!space_.Contains(place, run_bytes)) return std::nullopt;
    format::ColdDirectoryBytes second;
    ENGRAM_RETURN_IF_ERROR(
        io::ReadFully(file_, {place.value + run_bytes - format::kColdDirectoryBytes}, second));
    directory = format::DecodeColdDirectory(second, geometry, superblock_.store_id);
    if (directory.ok() && directory->generation != header->generation) return std::nullopt;
  }
  if (!directory.ok()) return std::nullopt;
  return ColdRunUse{{first, directory->run_extents}, directory->generation, 0, directory->rows};
}

}  // namespace engram::inline ENGRAM_BODY::engine
