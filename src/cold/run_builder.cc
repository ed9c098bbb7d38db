// Bounds, sorting, copying into columns.

#include "cold/run_builder.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/check.h"
#include "format/extent_header.h"

namespace engram::inline ENGRAM_BODY::cold {

using format::ColdCodec;
using format::ColdLayout;
using format::ColdRow;

// ---- Adding.

bool RunBuilder::HasRoom(uint64_t id_bytes, uint64_t content_bytes) const {
  return rows_.empty() || ColdLayout::BytesFor(rows_.size() + 1, id_bytes, content_bytes) <=
                              uint64_t{extents_max_} * geometry_.extent_bytes;
}

bool RunBuilder::Add(const ColdRow& row, std::span<const std::byte, format::kSlotBytes> embedding,
                     std::string_view content) {
  if (!HasRoom(ids_.size() + row.id.size(), content_.size())) return false;
  const size_t begin = content_.size();
  try {
    const std::span<const std::byte> raw = std::as_bytes(std::span(content.data(), content.size()));
    ColdRow added = row;
    added.codec = compressor_.Compress(raw, content_) ? ColdCodec::kZstd : ColdCodec::kRaw;
    if (added.codec == ColdCodec::kRaw) content_.insert(content_.end(), raw.begin(), raw.end());
    if (!HasRoom(ids_.size() + row.id.size(), content_.size())) {
      content_.resize(begin);
      return false;
    }
    Append(added, embedding, content_.size() - begin);
  } catch (...) {
    content_.resize(begin);
    throw;
  }
  return true;
}

bool RunBuilder::AddStored(const ColdRow& row,
                           std::span<const std::byte, format::kSlotBytes> embedding,
                           std::span<const std::byte> stored) {
  const size_t begin = content_.size();
  if (!HasRoom(ids_.size() + row.id.size(), begin + stored.size())) return false;
  try {
    content_.insert(content_.end(), stored.begin(), stored.end());
    Append(row, embedding, stored.size());
  } catch (...) {
    content_.resize(begin);
    throw;
  }
  return true;
}

void RunBuilder::Append(const ColdRow& row, std::span<const std::byte> embedding,
                        uint64_t stored_bytes) {
  // All that can fail first; what is reserved and not used harms nothing.
  if (rows_.size() == rows_.capacity()) rows_.reserve(2 * rows_.size() + 1);
  if (ids_.size() + row.id.size() > ids_.capacity()) {
    ids_.reserve(2 * ids_.size() + row.id.size());
  }
  embeddings_.insert(embeddings_.end(), embedding.begin(), embedding.end());
  ColdRow added = row;
  added.stored_bytes = static_cast<uint32_t>(stored_bytes);
  const uint64_t begin = content_.size() - stored_bytes;
  added.content_place = row.content_bytes ? begin : 0;
  added.content_hash =
      row.content_bytes ? format::ColdContentHash(std::span(content_).subspan(begin)) : 0;
  added.id_place = static_cast<uint32_t>(ids_.size());
  added.id = row.id;  // for its length alone
  ids_.append(row.id);
  rows_.push_back(added);
}

uint32_t RunBuilder::extents() const {
  const uint64_t bytes = ColdLayout::BytesFor(rows_.size(), ids_.size(), content_.size());
  return static_cast<uint32_t>((bytes + geometry_.extent_bytes - 1) / geometry_.extent_bytes);
}

void RunBuilder::Clear() {
  rows_.clear();
  ids_.clear();
  embeddings_.clear();
  content_.clear();
}

// ---- Laying out.

BuiltRun RunBuilder::Finish(const RunPlace& place) const {
  ENGRAM_CHECK(!rows_.empty(), "a run has at least one row");
  std::vector<uint32_t> order(rows_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const ColdRow& left = rows_[a];
    const ColdRow& right = rows_[b];
    return left.hash != right.hash ? left.hash < right.hash : left.sequence < right.sequence;
  });
  const format::ColdDirectory directory = {.generation = place.generation,
                                           .run_extents = extents(),
                                           .rows = rows(),
                                           .id_bytes = ids_.size(),
                                           .content_bytes = content_.size()};
  const ColdLayout layout(directory, geometry_);
  BuiltRun run;
  run.bytes.resize(layout.run_bytes());
  run.numbers.resize(rows_.size());
  run.used_bytes = layout.end();
  const auto put = [&](uint64_t at, const auto& bytes) {
    if (!bytes.empty()) std::memcpy(run.bytes.data() + at, bytes.data(), bytes.size());
  };
  put(0, format::Encode({.type = format::ExtentType::kCold,
                         .extent = place.first,
                         .run_extents = directory.run_extents,
                         .generation = place.generation,
                         .first_log_number = {},
                         .next_extent = {},
                         .next_generation = {}},
                        place.store_id));
  const format::ColdDirectoryBytes encoded = format::Encode(directory, geometry_, place.store_id);
  put(layout.directory(), encoded);
  put(layout.second_directory(), encoded);
  uint64_t ids_end = 0;
  uint64_t content_end = 0;
  for (uint32_t number = 0; number < order.size(); ++number) {
    ColdRow row = rows_[order[number]];
    run.numbers[order[number]] = number;
    row.id = std::string_view(ids_).substr(row.id_place, row.id.size());
    put(layout.ids() + ids_end, row.id);
    put(layout.EmbeddingOf(number), std::span(embeddings_)
                                        .subspan(order[number] * format::kSlotBytes)
                                        .first(format::kSlotBytes));
    row.id_place = static_cast<uint32_t>(ids_end);
    ids_end += row.id.size();
    if (row.content_bytes) {
      put(layout.content() + content_end,
          std::span(content_).subspan(row.content_place).first(row.stored_bytes));
      row.content_place = content_end;
      content_end += row.stored_bytes;
    }
    format::EncodeColdRow(run.bytes, layout, place.store_id, number, row);
  }
  return run;
}

}  // namespace engram::inline ENGRAM_BODY::cold
