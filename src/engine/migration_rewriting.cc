// Which runs of cold memories are worth rewriting, and gathering what is live in them.

#include <algorithm>
#include <optional>
#include <vector>

#include "base/status_macros.h"
#include "cold/run_reader.h"
#include "engine/migration.h"
#include "engine/store_calls.h"
#include "format/cold_run.h"

namespace engram::inline ENGRAM_BODY::engine {

std::vector<ColdRunUse> TieredStore::Migration::WastefulRuns() const {
  const uint64_t extent_bytes = space_.geometry().extent_bytes;
  std::vector<ColdRunUse> mostly_dead;
  std::vector<ColdRunUse> sparse;
  uint64_t live_bytes = 0;  // about
  uint64_t extents = 0;
  for (const ColdRunUse& use : space_.ColdRuns()) {
    if (use.live_rows == 0) {
      mostly_dead.push_back(use);  // the next checkpoint lets go of it
      continue;
    }
    const std::optional<cold::MappedRun> run =
        space_.ColdRunAt(space_.geometry().Begin(use.run.first));
    const auto directory =
        run ? cold::ReadDirectory(*run) : absl::StatusOr<format::ColdDirectory>();
    if (!directory.ok()) continue;  // damaged: it stays
    const uint64_t used = format::ColdLayout(*directory, space_.geometry()).end();
    const uint64_t live = used / directory->rows * use.live_rows;
    const bool is_mostly_dead = use.live_rows * uint64_t{2} < use.total_rows;
    if (!is_mostly_dead && live * 2 >= use.run.extents * extent_bytes) continue;
    (is_mostly_dead ? mostly_dead : sparse).push_back(use);
    live_bytes += live;
    extents += use.run.extents;
  }
  const bool gains = live_bytes + extent_bytes <= extents * extent_bytes;
  if (mostly_dead.size() + sparse.size() > 1 && gains) {
    mostly_dead.insert(mostly_dead.end(), sparse.begin(), sparse.end());
  }
  return mostly_dead;
}

absl::Status TieredStore::Migration::Rewrite(std::span<const ColdRunUse> runs, size_t& next,
                                             uint32_t& row) {
  for (; next < runs.size(); ++next, row = 0) {
    // What lives cannot be released as long as no checkpoint is cut; what does not may be anything.
    // An account may say anything, too: more rows than fit would take hours.
    const uint64_t rows_max = space_.geometry().extent_bytes * runs[next].run.extents /
                              (format::kColdRowBytes + format::kSlotBytes);
    const uint64_t rows = space_.LiveRowsOf(runs[next]) == 0
                              ? 0
                              : std::min<uint64_t>(runs[next].total_rows, rows_max);
    for (; row < rows; ++row) {
      ENGRAM_ASSIGN_OR_RETURN(const Found found, GatherRow(runs[next], row));
      if (found == Found::kFull) return WriteRun();
    }
  }
  return WriteRun();
}

absl::StatusOr<TieredStore::Migration::Found> TieredStore::Migration::GatherRow(
    const ColdRunUse& use, uint32_t number) {
  const Call inside(store_);
  const FileOffset place = space_.geometry().Begin(use.run.first);
  const std::optional<cold::MappedRun> run = space_.ColdRunAt(place);
  if (!run || run->generation != use.generation) return Found::kNotTaken;
  const absl::StatusOr<cold::RowReader> reader = cold::RowReader::Open(*run, number);
  if (!reader.ok()) return Found::kNotTaken;  // damaged: it stays
  const format::ColdRow& row = reader->row();
  Delta home;
  home.hash = row.hash;
  home.sequence = row.sequence;
  home.place = place;
  home.slot = {number};
  if (!IsCurrent(home)) return Found::kNotTaken;
  const auto embedding = reader->Embedding();
  const auto stored = reader->StoredContent();
  if (!embedding.ok() || !stored.ok()) return Found::kNotTaken;  // likewise
  Gathered memory{home, std::string(row.id), std::nullopt};
  MakeRoomForOne();
  if (!builder_.AddStored(row, *embedding, *stored)) return Found::kFull;
  gathered_.push_back(std::move(memory));
  return Found::kTaken;
}

}  // namespace engram::inline ENGRAM_BODY::engine
