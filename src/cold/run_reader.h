// Reading a row of a run of cold memories in mapped bytes: one row, and nothing of the others.

#ifndef ENGRAM_COLD_RUN_READER_H_
#define ENGRAM_COLD_RUN_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "cold/decompressors.h"
#include "format/cold_run.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::cold {

// The bytes of a run, all of its extents, and what its checksums depend on.
struct MappedRun {
  std::span<const std::byte> bytes;
  uint64_t store_id = 0;
  Generation generation;
  uint32_t run_extents = 0;
  format::Geometry geometry;
};

// The directory, from whichever copy is intact. DATA_LOSS: neither is.
absl::StatusOr<format::ColdDirectory> ReadDirectory(const MappedRun& run);

// Content in memory of its own, if it had to be decompressed.
using ContentBuffer = std::unique_ptr<char[]>;

// A row, verified but for its embedding and content, each of which is verified when it is asked
// for. Thread safety: immutable. Ownership: the run's bytes must outlive it.
class RowReader {
 public:
  // DATA_LOSS: the row is damaged, or both directories are.
  static absl::StatusOr<RowReader> Open(const MappedRun& run, uint32_t number);

  const format::ColdRow& row() const { return row_; }
  // Of the run, where it stands.
  uint64_t embedding_offset() const { return layout_.EmbeddingOf(number_); }
  uint64_t content_offset() const { return layout_.content() + row_.content_place; }

  // DATA_LOSS: its bytes are not what was stored.
  absl::StatusOr<std::span<const std::byte, format::kSlotBytes>> Embedding() const;
  // As it is stored, likewise.
  absl::StatusOr<std::span<const std::byte>> StoredContent() const;
  // The content, in the run if it is stored as it is, else in `buffer`. RESOURCE_EXHAUSTED: there
  // is no memory. May throw std::bad_alloc.
  absl::StatusOr<std::optional<std::string_view>> Content(Decompressors& decompressors,
                                                          ContentBuffer& buffer) const;

 private:
  RowReader(const MappedRun& run, const format::ColdLayout& layout, uint32_t number,
            const format::ColdRow& row)
      : bytes_(run.bytes), layout_(layout), number_(number), row_(row) {}

  std::span<const std::byte> bytes_;
  format::ColdLayout layout_;
  uint32_t number_ = 0;
  format::ColdRow row_;
};

}  // namespace engram::inline ENGRAM_BODY::cold

#endif  // ENGRAM_COLD_RUN_READER_H_
