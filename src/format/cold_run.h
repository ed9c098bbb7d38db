// A run of cold memories: rows of columns in a run of extents, written once and never changed.
//
// Behind the extent header stands the directory, which says how long the columns are, then one
// column for each field of fixed size, then the ids, the embeddings, and the content, compressed
// row by row. The run ends with its directory once more, so that damage to one copy hides nothing.
//
// A row's checksum covers its scalars, its id, the hash of its embedding, and the place, the
// lengths and the hash of its stored content. So a row is verified without its content, and by it
// whatever it leads to. It is seeded with the run's generation and the row's number: no other row,
// and none of an earlier use of the extents, verifies in its place.
//
// Not here: which rows are still alive, which the index alone knows, and compressing, see
// format/cold_content.h.

#ifndef ENGRAM_FORMAT_COLD_RUN_H_
#define ENGRAM_FORMAT_COLD_RUN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::format {

inline constexpr uint64_t kColdDirectoryBytes = 64;
// Rows are numbered in 32 bits, where an index names slots otherwise; the last number is none.
inline constexpr uint32_t kColdRowsMax = UINT32_MAX - 1;

// How long the columns of a run are.
struct ColdDirectory {
  Generation generation;       // as in the run's header
  uint32_t run_extents = 1;    // likewise
  uint32_t rows = 0;           // at least 1
  uint64_t id_bytes = 0;       // of all ids
  uint64_t content_bytes = 0;  // of all content, as it is stored

  friend bool operator==(const ColdDirectory&, const ColdDirectory&) = default;
};

// The fields of fixed size of a row, in the order of their columns.
enum class ColdColumn : uint8_t {
  kHash,
  kSequence,
  kCreatedAt,
  kLastAccess,
  kAccessCount,
  kEmbeddingHash,
  kContentPlace,
  kContentHash,
  kChecksum,
  kConfidence,
  kActivation,
  kDecayRate,
  kContentBytes,
  kStoredBytes,
  kIdPlace,
  kIdBytes,
  kCodec,
};
inline constexpr std::array<uint8_t, 17> kColdColumnBytes = {8, 8, 8, 8, 8, 8, 8, 8, 8,
                                                             4, 4, 4, 4, 4, 4, 2, 1};
// Of a row, in all these columns.
inline constexpr uint64_t kColdRowBytes = 99;

// Where the parts of a run stand, from its beginning, header included. Arithmetic only.
class ColdLayout {
 public:
  // REQUIRES: Fits(directory, geometry).
  ColdLayout(const ColdDirectory& directory, const Geometry& geometry);

  // Whether a run can have this directory; if so, no sum below overflows.
  static bool Fits(const ColdDirectory& directory, const Geometry& geometry);
  // Bytes of a run with such columns, all of them, before they are rounded up to extents. REQUIRES:
  // they are not longer than 2^62 bytes.
  static uint64_t BytesFor(uint64_t rows, uint64_t id_bytes, uint64_t content_bytes);

  uint64_t directory() const { return kExtentHeaderBytes; }
  uint64_t second_directory() const { return run_bytes_ - kColdDirectoryBytes; }
  // REQUIRES: row < rows.
  uint64_t FieldOf(ColdColumn column, uint32_t row) const;
  uint64_t ids() const { return ids_; }
  uint64_t EmbeddingOf(uint32_t row) const { return embeddings_ + row * kSlotBytes; }
  uint64_t content() const { return content_; }
  // Behind the content; what follows up to the second directory is not used.
  uint64_t end() const { return content_ + directory_.content_bytes; }
  uint64_t run_bytes() const { return run_bytes_; }
  const ColdDirectory& columns() const { return directory_; }

 private:
  ColdDirectory directory_;
  uint64_t run_bytes_ = 0;
  uint64_t ids_ = 0;
  uint64_t embeddings_ = 0;
  uint64_t content_ = 0;
};

// How content is stored. Values are part of the format.
enum class ColdCodec : uint8_t {
  kRaw = 0,
  kZstd = 1,  // shorter than the content itself
};

// What a row says; `id` points into the run.
struct ColdRow {
  uint64_t hash = 0;  // of the id
  Sequence sequence;
  int64_t created_at = 0;
  int64_t last_access = 0;
  uint64_t access_count = 0;
  uint64_t embedding_hash = 0;
  uint64_t content_place = 0;  // within the column of content; 0 without content
  uint64_t content_hash = 0;   // of the content as it is stored; 0 without content
  float confidence = 0;
  float activation = 0;
  float decay_rate = 0;
  std::optional<uint32_t> content_bytes;  // absent: the memory has none
  uint32_t stored_bytes = 0;              // of its content, as it is stored
  uint32_t id_place = 0;                  // within the column of ids
  std::string_view id;
  ColdCodec codec = ColdCodec::kRaw;
};

using ColdDirectoryBytes = std::array<std::byte, kColdDirectoryBytes>;

// REQUIRES: ColdLayout::Fits.
ColdDirectoryBytes Encode(const ColdDirectory& directory, const Geometry& geometry,
                          uint64_t store_id);
// DATA_LOSS: these are not the bytes of an intact directory. That of an earlier use of the extents
// is intact, too: compare the generation with the expected.
absl::StatusOr<ColdDirectory> DecodeColdDirectory(
    std::span<const std::byte, kColdDirectoryBytes> bytes, const Geometry& geometry,
    uint64_t store_id);

// Writes the fields of fixed size, checksum included, into the run, whose columns of ids has the
// id. REQUIRES: `run` has the layout's bytes, row < rows, and the row is as its type says.
void EncodeColdRow(std::span<std::byte> run, const ColdLayout& layout, uint64_t store_id,
                   uint32_t number, const ColdRow& row);
// The checksum that row `number` has if its fields are right. REQUIRES: `run` has the layout's
// bytes, number < rows; `id` is what its place and length lead to.
uint64_t ColdRowChecksum(std::span<const std::byte> run, const ColdLayout& layout,
                         uint64_t store_id, uint32_t number, std::span<const std::byte> id);
// The row `number` of a run. DATA_LOSS: it is not intact, or there is none. REQUIRES: `run` has the
// layout's bytes.
absl::StatusOr<ColdRow> DecodeColdRow(std::span<const std::byte> run, const ColdLayout& layout,
                                      uint64_t store_id, uint32_t number);

// The stored content of a decoded row of the same run. Not verified.
std::span<const std::byte> StoredContentOf(std::span<const std::byte> run, const ColdLayout& layout,
                                           const ColdRow& row);
// What a row's content_hash is of its stored content.
uint64_t ColdContentHash(std::span<const std::byte> stored);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_COLD_RUN_H_
