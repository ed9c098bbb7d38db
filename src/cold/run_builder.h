// Gathering memories for a run of cold ones, in RAM: compresses their content, sorts them by hash,
// lays out the columns.
//
// Bounded: a run is as long as the builder was told, or holds a single memory. Nothing here is on
// the disk; what a builder has gathered and not finished can be dropped.

#ifndef ENGRAM_COLD_RUN_BUILDER_H_
#define ENGRAM_COLD_RUN_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/body.h"
#include "base/units.h"
#include "format/cold_content.h"
#include "format/cold_run.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::cold {

// Where a run is going to stand.
struct RunPlace {
  uint64_t store_id = 0;
  ExtentId first;
  Generation generation;
};

// A complete run.
struct BuiltRun {
  std::vector<std::byte> bytes;  // of all its extents, header included
  // What has to be written: the first so many bytes, and the second directory at the very end.
  uint64_t used_bytes = 0;
  std::vector<uint32_t> numbers;  // of the rows, in the order in which they were added

  std::span<const std::byte> front() const { return std::span(bytes).first(used_bytes); }
  std::span<const std::byte> second_directory() const {
    return std::span(bytes).last(format::kColdDirectoryBytes);
  }
};

// Thread safety: confined to one thread. Everything that adds may throw std::bad_alloc; then
// nothing was added.
class RunBuilder {
 public:
  // For a run of at most `extents_max` extents.
  RunBuilder(const format::Geometry& geometry, uint32_t extents_max)
      : geometry_(geometry), extents_max_(extents_max) {}

  // Adds a memory: of `row` all but what the builder decides, which is places, codec, and what is
  // said of stored content. `content` agrees with row.content_bytes. False: the run is full.
  bool Add(const format::ColdRow& row, std::span<const std::byte, format::kSlotBytes> embedding,
           std::string_view content);
  // Adds the row of another run: its content is taken as it is stored.
  bool AddStored(const format::ColdRow& row,
                 std::span<const std::byte, format::kSlotBytes> embedding,
                 std::span<const std::byte> stored);

  uint32_t rows() const { return static_cast<uint32_t>(rows_.size()); }
  // How many extents the run takes. REQUIRES: rows() > 0.
  uint32_t extents() const;
  // REQUIRES: rows() > 0.
  BuiltRun Finish(const RunPlace& place) const;
  // Begins anew.
  void Clear();

 private:
  // Whether there is room for one more row, with ids and content of so many bytes in all.
  bool HasRoom(uint64_t id_bytes, uint64_t content_bytes) const;
  // Adds a row whose content ends the column.
  void Append(const format::ColdRow& row, std::span<const std::byte> embedding,
              uint64_t stored_bytes);

  const format::Geometry geometry_;
  const uint32_t extents_max_;
  format::ContentCompressor compressor_;
  // By the order of adding. Places are within the columns below; of an id only the length counts.
  std::vector<format::ColdRow> rows_;
  std::string ids_;
  std::vector<std::byte> embeddings_;
  std::vector<std::byte> content_;
};

}  // namespace engram::inline ENGRAM_BODY::cold

#endif  // ENGRAM_COLD_RUN_BUILDER_H_
