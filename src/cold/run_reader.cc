// Directories, rows, and what rows lead to.

#include "cold/run_reader.h"

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "format/cold_content.h"

namespace engram::inline ENGRAM_BODY::cold {

absl::StatusOr<format::ColdDirectory> ReadDirectory(const MappedRun& run) {
  const uint64_t run_bytes = uint64_t{run.run_extents} * run.geometry.extent_bytes;
  if (run.run_extents == 0 || run.bytes.size() != run_bytes) {
    return absl::DataLossError("no run of cold memories has this length");
  }
  absl::StatusOr<format::ColdDirectory> read;
  for (const uint64_t at : {format::kExtentHeaderBytes, run_bytes - format::kColdDirectoryBytes}) {
    read = format::DecodeColdDirectory(std::span<const std::byte, format::kColdDirectoryBytes>(
                                           run.bytes.subspan(at, format::kColdDirectoryBytes)),
                                       run.geometry, run.store_id);
    if (!read.ok()) continue;
    if (read->generation == run.generation && read->run_extents == run.run_extents) return read;
    read = absl::DataLossError("directory of a cold run: it is that of another run");
  }
  return read;
}

absl::StatusOr<RowReader> RowReader::Open(const MappedRun& run, uint32_t number) {
  ENGRAM_ASSIGN_OR_RETURN(const format::ColdDirectory directory, ReadDirectory(run));
  const format::ColdLayout layout(directory, run.geometry);
  ENGRAM_ASSIGN_OR_RETURN(const format::ColdRow row,
                          format::DecodeColdRow(run.bytes, layout, run.store_id, number));
  return RowReader(run, layout, number, row);
}

absl::StatusOr<std::span<const std::byte, format::kSlotBytes>> RowReader::Embedding() const {
  const std::span<const std::byte, format::kSlotBytes> embedding(
      bytes_.subspan(embedding_offset(), format::kSlotBytes));
  if (format::EmbeddingHash(embedding) != row_.embedding_hash) {
    return absl::DataLossError("its checksum does not match its bytes");
  }
  return embedding;
}

absl::StatusOr<std::span<const std::byte>> RowReader::StoredContent() const {
  const std::span<const std::byte> stored = format::StoredContentOf(bytes_, layout_, row_);
  if (row_.content_bytes && format::ColdContentHash(stored) != row_.content_hash) {
    return absl::DataLossError("its checksum does not match its bytes");
  }
  return stored;
}

absl::StatusOr<std::optional<std::string_view>> RowReader::Content(Decompressors& decompressors,
                                                                   ContentBuffer& buffer) const {
  ENGRAM_ASSIGN_OR_RETURN(const std::span<const std::byte> stored, StoredContent());
  if (!row_.content_bytes) return std::nullopt;
  if (row_.codec == format::ColdCodec::kRaw) {
    return std::string_view(reinterpret_cast<const char*>(stored.data()), stored.size());
  }
  buffer = std::make_unique_for_overwrite<char[]>(*row_.content_bytes);
  const Decompressors::Borrowed decompressor(decompressors);
  ENGRAM_RETURN_IF_ERROR(
      decompressor->Decompress(stored, std::span(buffer.get(), *row_.content_bytes)));
  return std::string_view(buffer.get(), *row_.content_bytes);
}

}  // namespace engram::inline ENGRAM_BODY::cold
