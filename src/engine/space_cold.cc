// Runs of cold memories: taking and finding them, and accounts of their rows.

#include "base/check.h"
#include "base/status_macros.h"
#include "engine/space.h"

namespace engram::inline ENGRAM_BODY::engine {

using format::ExtentType;

// ---- Accounts of an extent that begins to count, or ceases to.

void Space::CountIn(const Row& row) {
  if (row.type == ExtentType::kCold) {
    cold_rows_live_ += row.live_bytes;
    cold_rows_total_ += row.total_bytes;
  } else {
    content_live_ += row.live_bytes;
    content_total_ += row.total_bytes;
  }
}

void Space::CountOut(const Row& row) {
  if (row.type == ExtentType::kCold) {
    cold_rows_live_ -= row.live_bytes;
    cold_rows_total_ -= row.total_bytes;
  } else {
    content_live_ -= row.live_bytes;
    content_total_ -= row.total_bytes;
    content_freed_ += row.total_bytes;
  }
}

// ---- Runs.

absl::StatusOr<ColdRunUse> Space::TakeColdRun(uint32_t extents, uint32_t rows) {
  sync::MutexLock lock(mutex_);
  ENGRAM_ASSIGN_OR_RETURN(const ExtentId first,
                          TakeRun(extents, ExtentType::kCold, warm::Need::kUsual));
  Row& row = RowOf(first);
  row.total_bytes = rows;
  CountIn(row);
  return ColdRunUse{{first, extents}, row.generation, 0, rows};
}

bool Space::AdoptColdRun(const ColdRunUse& use) {
  if (!AdoptRun(use.run, ExtentType::kCold, use.generation, {})) return false;
  sync::MutexLock lock(mutex_);
  Row& row = RowOf(use.run.first);
  if (row.total_bytes != 0) return true;  // it is here already
  row.total_bytes = use.total_rows;
  CountIn(row);
  return true;
}

std::optional<cold::MappedRun> Space::ColdRunAt(FileOffset place) {
  if (!Contains(place, geometry_.extent_bytes)) return std::nullopt;
  const ExtentId first = geometry_.ExtentOf(place);
  const Row& row = RowOf(first);
  const uint64_t bytes = row.run_extents * geometry_.extent_bytes;
  if (row.type != ExtentType::kCold || place != geometry_.Begin(first) || !Contains(place, bytes)) {
    return std::nullopt;
  }
  return cold::MappedRun{
      {Bytes(place, bytes), bytes}, store_id_, row.generation, row.run_extents, geometry_};
}

// ---- Accounts of rows.

// The run that begins there, or null.
Space::Row* Space::ColdRowAt(FileOffset place) {
  if (!Contains(place, geometry_.extent_bytes)) return nullptr;
  Row& row = RowOf(geometry_.ExtentOf(place));
  return row.type == ExtentType::kCold ? &row : nullptr;
}

void Space::AddColdRow(FileOffset place) {
  sync::MutexLock lock(mutex_);
  Row* const row = ColdRowAt(place);
  ENGRAM_CHECK(row != nullptr, "a memory moves to what is no run");
  ++row->live_bytes;
  ++cold_rows_live_;
}

void Space::DropColdRow(FileOffset place) {
  sync::MutexLock lock(mutex_);
  Row* const row = ColdRowAt(place);
  if (row == nullptr || row->live_bytes == 0) return Contradicted();
  --cold_rows_live_;
  if (--row->live_bytes == 0) {
    emptied_extents_.FetchAdd(row->run_extents, std::memory_order_relaxed);
  }
}

uint64_t Space::cold_rows() const {
  sync::MutexLock lock(mutex_);
  return cold_rows_live_;
}

uint32_t Space::LiveRowsOf(const ColdRunUse& use) const {
  sync::MutexLock lock(mutex_);
  const Row& row = RowOf(use.run.first);
  const bool is_same = row.type == ExtentType::kCold && row.generation == use.generation;
  return is_same ? static_cast<uint32_t>(row.live_bytes) : 0;
}

std::vector<ColdRunUse> Space::ColdRuns() const {
  std::vector<ColdRunUse> runs;
  sync::MutexLock lock(mutex_);
  for (uint32_t i = 0; i < extents(); ++i) {
    const Row& row = RowOf({i});
    if (row.type != ExtentType::kCold || row.releasing) continue;
    runs.push_back({{{i}, row.run_extents},
                    row.generation,
                    static_cast<uint32_t>(row.live_bytes),
                    static_cast<uint32_t>(row.total_bytes)});
  }
  return runs;
}

}  // namespace engram::inline ENGRAM_BODY::engine
