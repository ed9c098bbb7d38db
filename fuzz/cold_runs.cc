// Each row beside the same row of the file as it was.

#include "fuzz/cold_runs.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/units.h"
#include "cold/run_reader.h"
#include "format/cold_run.h"
#include "fuzz/bounded_allocation.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

using cold::MappedRun;
using cold::RowReader;
using format::ColdRow;

// What content may become is bounded by what its bytes can: a block of 128 KiB of four bytes.
// Contexts of the library and messages come on top.
constexpr uint64_t kBlockBytes = 128 * kKiB;
constexpr uint64_t kBlockStoredMin = 4;
constexpr uint64_t kAllocatedBesides = 512 * kKiB;
// More than a few of that size would take their time and show nothing.
constexpr uint64_t kContentTriedMax = 16 * kMiB;

// What a row shows; strings of its own.
struct Shown {
  std::string row;  // all its fields
  std::optional<std::string> embedding;
  std::optional<std::string> content;  // "-" followed by it, or "" if the memory has none
};

void RefusedWithReason(const absl::Status& status) {
  ENGRAM_CHECK(absl::IsDataLoss(status), status.ToString());
  ENGRAM_CHECK(!status.message().empty(), "refused without a reason");
}

std::string TextOf(const ColdRow& row) {
  const auto bits = [](float value) {
    uint32_t number = 0;
    std::memcpy(&number, &value, sizeof(number));
    return number;
  };
  return absl::StrCat(
      absl::StrCat(row.hash, " ", row.sequence.value, " ", row.created_at, " ", row.last_access,
                   " ", row.access_count, " ", row.embedding_hash),
      absl::StrCat(" ", row.content_place, " ", row.content_hash, " ", bits(row.confidence), " ",
                   bits(row.activation), " ", bits(row.decay_rate), " ", row.stored_bytes),
      absl::StrCat(" ", row.content_bytes ? absl::StrCat(*row.content_bytes) : "none", " ",
                   row.id_place, " ", static_cast<int>(row.codec), " ", std::string(row.id)));
}

std::optional<std::string> ContentOf(const RowReader& row) {
  if (row.row().content_bytes.value_or(0) > kContentTriedMax) return std::nullopt;
  static cold::Decompressors& decompressors = *new cold::Decompressors;
  cold::ContentBuffer buffer;
  const AllocationCount count;
  const absl::StatusOr<std::optional<std::string_view>> content =
      row.Content(decompressors, buffer);
  ENGRAM_CHECK(count.bytes() <=
                   (row.row().stored_bytes / kBlockStoredMin + 1) * kBlockBytes + kAllocatedBesides,
               absl::StrCat("content of ", row.row().stored_bytes, " stored bytes allocated ",
                            count.bytes()));
  if (!content.ok()) {
    RefusedWithReason(content.status());
    return std::nullopt;
  }
  return content->has_value() ? absl::StrCat("-", std::string(**content)) : "";
}

// Nothing: the row is refused.
std::optional<Shown> Read(const MappedRun& run, uint32_t number) {
  const absl::StatusOr<RowReader> row = RowReader::Open(run, number);
  if (!row.ok()) {
    RefusedWithReason(row.status());
    return std::nullopt;
  }
  Shown shown;
  shown.row = TextOf(row->row());
  const auto embedding = row->Embedding();
  if (embedding.ok()) {
    shown.embedding.emplace(reinterpret_cast<const char*>(embedding->data()), embedding->size());
  } else {
    RefusedWithReason(embedding.status());
  }
  shown.content = ContentOf(*row);
  return shown;
}

MappedRun RunIn(const ImageMap& map, const ColdPlace& place, const Image& image) {
  const uint64_t bytes = uint64_t{place.run_extents} * map.geometry().extent_bytes;
  return {std::span(image).subspan(place.offset, bytes), map.store_id(), place.generation,
          place.run_extents, map.geometry()};
}

}  // namespace

void TryColdRuns(const ImageMap& map, const Image& changed, bool is_raw) {
  for (const ColdPlace& place : map.cold_runs()) {
    const uint64_t bytes = uint64_t{place.run_extents} * map.geometry().extent_bytes;
    if (place.offset + bytes > changed.size()) continue;
    // A copy of exactly the size, so that every read outside of it is seen.
    const Image run(changed.begin() + static_cast<ptrdiff_t>(place.offset),
                    changed.begin() + static_cast<ptrdiff_t>(place.offset + bytes));
    const MappedRun now{run, map.store_id(), place.generation, place.run_extents, map.geometry()};
    const MappedRun before = RunIn(map, place, map.image());
    for (uint32_t number = 0; number <= place.rows; ++number) {
      const std::optional<Shown> shown = Read(now, number);
      if (!is_raw || !shown) continue;
      ENGRAM_CHECK(number < place.rows, "a row that the run does not have");
      const std::optional<Shown> right = Read(before, number);
      ENGRAM_CHECK(right && shown->row == right->row, "a damaged row shows another");
      ENGRAM_CHECK(!shown->embedding || shown->embedding == right->embedding,
                   "a damaged row shows another embedding");
      ENGRAM_CHECK(!shown->content || shown->content == right->content,
                   "a damaged row shows other content");
    }
  }
}

}  // namespace engram::inline ENGRAM_BODY::fuzz
