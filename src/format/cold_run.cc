// Encoding and decoding runs of cold memories. Offsets as in src/format/README.md.

#include "format/cold_run.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "api/memory.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/cold_content.h"
#include "format/zeros.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// ---- The directory.
constexpr size_t kGenerationAt = 8;
constexpr size_t kRunExtentsAt = 16;
constexpr size_t kRowsAt = 20;
constexpr size_t kIdBytesAt = 24;
constexpr size_t kContentBytesAt = 32;
constexpr size_t kReservedAt = 40;

// ---- Rows.
constexpr uint64_t kColumnsBegin = kExtentHeaderBytes + kColdDirectoryBytes;
constexpr uint64_t kEmbeddingAlignment = 64;
constexpr uint32_t kNoContent = UINT32_MAX;
static_assert(std::accumulate(kColdColumnBytes.begin(), kColdColumnBytes.end(), uint64_t{0}) ==
              kColdRowBytes);
static_assert(kColumnsBegin % 8 == 0, "columns of eight bytes come first, and are aligned");

constexpr uint64_t WidthOf(ColdColumn column) {
  return kColdColumnBytes[static_cast<size_t>(column)];
}

// Bytes of a row in the columns before `column`.
constexpr uint64_t BytesBefore(ColdColumn column) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < static_cast<size_t>(column); ++i) bytes += kColdColumnBytes[i];
  return bytes;
}

uint64_t DirectoryChecksum(std::span<const std::byte> bytes, uint64_t store_id,
                           Generation generation) {
  return Checksum(bytes.subspan(8), PlaceSeed(store_id, generation, UINT64_MAX));
}

// The fields of a row as its checksum sees them: in the order of the columns, without the checksum,
// and the id behind them.
class RowBytes {
 public:
  void Take(std::span<const std::byte> bytes) {
    std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  uint64_t ChecksumFor(uint64_t store_id, Generation generation, uint32_t row) const {
    return Checksum(std::span(bytes_).first(size_), PlaceSeed(store_id, generation, row));
  }

 private:
  std::array<std::byte, kColdRowBytes + kIdBytesMax> bytes_;
  size_t size_ = 0;
};

// Whether a row can say this of its content.
bool ContentCanBe(const ColdRow& row, const ColdDirectory& columns) {
  if (row.content_place > columns.content_bytes ||
      row.stored_bytes > columns.content_bytes - row.content_place) {
    return false;
  }
  if (!row.content_bytes) {
    return row.codec == ColdCodec::kRaw && row.stored_bytes == 0 && row.content_place == 0 &&
           row.content_hash == 0;
  }
  if (row.codec == ColdCodec::kRaw) return row.stored_bytes == *row.content_bytes;
  return row.codec == ColdCodec::kZstd && row.stored_bytes < *row.content_bytes &&
         CanDecompressTo(row.stored_bytes, *row.content_bytes);
}

}  // namespace

// ---- The layout.

uint64_t ColdLayout::BytesFor(uint64_t rows, uint64_t id_bytes, uint64_t content_bytes) {
  return RoundUp(kColumnsBegin + rows * kColdRowBytes + id_bytes, kEmbeddingAlignment) +
         rows * kSlotBytes + content_bytes + kColdDirectoryBytes;
}

bool ColdLayout::Fits(const ColdDirectory& directory, const Geometry& geometry) {
  const uint64_t run_bytes = uint64_t{directory.run_extents} * geometry.extent_bytes;
  return directory.generation != Generation{} && directory.run_extents > 0 && directory.rows > 0 &&
         directory.rows <= kColdRowsMax && directory.id_bytes >= directory.rows &&
         directory.id_bytes <= uint64_t{directory.rows} * kIdBytesMax &&
         directory.content_bytes <= run_bytes &&
         BytesFor(directory.rows, directory.id_bytes, directory.content_bytes) <= run_bytes;
}

ColdLayout::ColdLayout(const ColdDirectory& directory, const Geometry& geometry)
    : directory_(directory), run_bytes_(uint64_t{directory.run_extents} * geometry.extent_bytes) {
  ENGRAM_CHECK(Fits(directory, geometry), "no run has such columns");
  ids_ = kColumnsBegin + directory.rows * kColdRowBytes;
  embeddings_ = RoundUp(ids_ + directory.id_bytes, kEmbeddingAlignment);
  content_ = embeddings_ + directory.rows * kSlotBytes;
}

uint64_t ColdLayout::FieldOf(ColdColumn column, uint32_t row) const {
  return kColumnsBegin + directory_.rows * BytesBefore(column) + row * WidthOf(column);
}

// ---- The directory.

ColdDirectoryBytes Encode(const ColdDirectory& directory, const Geometry& geometry,
                          uint64_t store_id) {
  ENGRAM_CHECK(ColdLayout::Fits(directory, geometry), "no run has such a directory");
  ColdDirectoryBytes bytes{};
  std::byte* const at = bytes.data();
  StoreLittleEndian(at + kGenerationAt, directory.generation.value);
  StoreLittleEndian(at + kRunExtentsAt, directory.run_extents);
  StoreLittleEndian(at + kRowsAt, directory.rows);
  StoreLittleEndian(at + kIdBytesAt, directory.id_bytes);
  StoreLittleEndian(at + kContentBytesAt, directory.content_bytes);
  StoreLittleEndian(at, DirectoryChecksum(bytes, store_id, directory.generation));
  return bytes;
}

absl::StatusOr<ColdDirectory> DecodeColdDirectory(
    std::span<const std::byte, kColdDirectoryBytes> bytes, const Geometry& geometry,
    uint64_t store_id) {
  const std::byte* const at = bytes.data();
  ColdDirectory directory;
  directory.generation = {LoadLittleEndian<uint64_t>(at + kGenerationAt)};
  directory.run_extents = LoadLittleEndian<uint32_t>(at + kRunExtentsAt);
  directory.rows = LoadLittleEndian<uint32_t>(at + kRowsAt);
  directory.id_bytes = LoadLittleEndian<uint64_t>(at + kIdBytesAt);
  directory.content_bytes = LoadLittleEndian<uint64_t>(at + kContentBytesAt);
  if (LoadLittleEndian<uint64_t>(at) != DirectoryChecksum(bytes, store_id, directory.generation)) {
    return absl::DataLossError("directory of a cold run: its checksum does not match its bytes");
  }
  if (!ColdLayout::Fits(directory, geometry) || !AreZeros(bytes.subspan(kReservedAt))) {
    return absl::DataLossError(
        absl::StrCat("directory of a cold run: its checksum is right, but ", directory.rows,
                     " rows, ", directory.id_bytes, " bytes of ids and ", directory.content_bytes,
                     " of content in ", directory.run_extents, " extents cannot be"));
  }
  return directory;
}

// ---- Rows.

uint64_t ColdRowChecksum(std::span<const std::byte> run, const ColdLayout& layout,
                         uint64_t store_id, uint32_t number, std::span<const std::byte> id) {
  RowBytes bytes;
  for (size_t i = 0; i < kColdColumnBytes.size(); ++i) {
    const auto column = static_cast<ColdColumn>(i);
    if (column == ColdColumn::kChecksum) continue;
    bytes.Take(run.subspan(layout.FieldOf(column, number), WidthOf(column)));
  }
  bytes.Take(id);
  return bytes.ChecksumFor(store_id, layout.columns().generation, number);
}

void EncodeColdRow(std::span<std::byte> run, const ColdLayout& layout, uint64_t store_id,
                   uint32_t number, const ColdRow& row) {
  ENGRAM_CHECK(run.size() == layout.run_bytes() && number < layout.columns().rows,
               "a run does not have this row");
  ENGRAM_CHECK(!row.id.empty() && row.id.size() <= kIdBytesMax, "no id has this length");
  ENGRAM_CHECK(ContentCanBe(row, layout.columns()), "no content is stored like this");
  const auto put = [&](ColdColumn column, auto value) {
    ENGRAM_CHECK(sizeof(value) == WidthOf(column), "a field does not have its size");
    StoreLittleEndian(run.data() + layout.FieldOf(column, number), value);
  };
  put(ColdColumn::kHash, row.hash);
  put(ColdColumn::kSequence, row.sequence.value);
  put(ColdColumn::kCreatedAt, row.created_at);
  put(ColdColumn::kLastAccess, row.last_access);
  put(ColdColumn::kAccessCount, row.access_count);
  put(ColdColumn::kEmbeddingHash, row.embedding_hash);
  put(ColdColumn::kContentPlace, row.content_place);
  put(ColdColumn::kContentHash, row.content_hash);
  put(ColdColumn::kConfidence, row.confidence);
  put(ColdColumn::kActivation, row.activation);
  put(ColdColumn::kDecayRate, row.decay_rate);
  put(ColdColumn::kContentBytes, row.content_bytes.value_or(kNoContent));
  put(ColdColumn::kStoredBytes, row.stored_bytes);
  put(ColdColumn::kIdPlace, row.id_place);
  put(ColdColumn::kIdBytes, static_cast<uint16_t>(row.id.size()));
  put(ColdColumn::kCodec, static_cast<uint8_t>(row.codec));
  put(ColdColumn::kChecksum,
      ColdRowChecksum(run, layout, store_id, number,
                      std::as_bytes(std::span(row.id.data(), row.id.size()))));
}

absl::StatusOr<ColdRow> DecodeColdRow(std::span<const std::byte> run, const ColdLayout& layout,
                                      uint64_t store_id, uint32_t number) {
  const auto damaged = [&](absl::string_view why) {
    return absl::DataLossError(absl::StrCat("row ", number, " of a cold run: ", why));
  };
  const ColdDirectory& columns = layout.columns();
  if (number >= columns.rows) return damaged("the run does not have so many");
  const auto field = [&]<typename T>(ColdColumn column, T) {
    return LoadLittleEndian<T>(run.data() + layout.FieldOf(column, number));
  };
  ColdRow row;
  row.id_place = field(ColdColumn::kIdPlace, uint32_t{});
  const auto id_bytes = field(ColdColumn::kIdBytes, uint16_t{});
  if (id_bytes == 0 || id_bytes > kIdBytesMax || row.id_place > columns.id_bytes ||
      id_bytes > columns.id_bytes - row.id_place) {
    return damaged("its id lies outside of the ids");
  }
  const std::span<const std::byte> id = run.subspan(layout.ids() + row.id_place, id_bytes);
  if (field(ColdColumn::kChecksum, uint64_t{}) !=
      ColdRowChecksum(run, layout, store_id, number, id)) {
    return damaged("its checksum does not match its bytes");
  }
  row.id = {reinterpret_cast<const char*>(id.data()), id.size()};
  row.hash = field(ColdColumn::kHash, uint64_t{});
  row.sequence = {field(ColdColumn::kSequence, uint64_t{})};
  row.created_at = field(ColdColumn::kCreatedAt, int64_t{});
  row.last_access = field(ColdColumn::kLastAccess, int64_t{});
  row.access_count = field(ColdColumn::kAccessCount, uint64_t{});
  row.embedding_hash = field(ColdColumn::kEmbeddingHash, uint64_t{});
  row.content_place = field(ColdColumn::kContentPlace, uint64_t{});
  row.content_hash = field(ColdColumn::kContentHash, uint64_t{});
  row.confidence = field(ColdColumn::kConfidence, float{});
  row.activation = field(ColdColumn::kActivation, float{});
  row.decay_rate = field(ColdColumn::kDecayRate, float{});
  const auto content_bytes = field(ColdColumn::kContentBytes, uint32_t{});
  if (content_bytes != kNoContent) row.content_bytes = content_bytes;
  row.stored_bytes = field(ColdColumn::kStoredBytes, uint32_t{});
  row.codec = static_cast<ColdCodec>(field(ColdColumn::kCodec, uint8_t{}));
  if (!ContentCanBe(row, columns)) return damaged("no content is stored like this");
  if (row.hash != IdHash(row.id)) return damaged("its hash is not that of its id");
  return row;
}

std::span<const std::byte> StoredContentOf(std::span<const std::byte> run, const ColdLayout& layout,
                                           const ColdRow& row) {
  return run.subspan(layout.content() + row.content_place, row.stored_bytes);
}

uint64_t ColdContentHash(std::span<const std::byte> stored) { return Checksum(stored, kVersion); }

}  // namespace engram::inline ENGRAM_BODY::format
