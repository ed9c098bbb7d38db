// Migrating on request: batch after batch.

#include <algorithm>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "engine/migration.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "engine/validation.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

constexpr uint64_t kNsPerMs = 1'000'000;

uint64_t MillisecondsSince(int64_t began_ns) {
  return static_cast<uint64_t>(sync::MonotonicNs() - began_ns) / kNsPerMs;
}

// Unlocks what was locked in one of two ways.
class Unlocks {
 public:
  explicit Unlocks(sync::Mutex& mutex) : mutex_(mutex) {}
  ~Unlocks() ENGRAM_NO_THREAD_SAFETY_ANALYSIS { mutex_.Unlock(); }
  Unlocks(const Unlocks&) = delete;
  Unlocks& operator=(const Unlocks&) = delete;

 private:
  sync::Mutex& mutex_;
};

void AddTo(MigrationStats& stats, const MigrationStats& more) {
  stats.moved += more.moved;
  stats.bytes += more.bytes;
  stats.absent += more.absent;
  stats.unchanged += more.unchanged;
  stats.damaged += more.damaged;
  stats.superseded += more.superseded;
  stats.left += more.left;
  stats.was_stopped |= more.was_stopped;
  stats.longest_pause_us = std::max(stats.longest_pause_us, more.longest_pause_us);
}

}  // namespace

absl::StatusOr<MigrationStats> TieredStore::Migrate(std::span<const std::string> ids, Tier to) {
  return Traced(Operation::kMigrate, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<MigrationStats> {
      for (const std::string& id : ids) ENGRAM_RETURN_IF_ERROR(CheckId(id));
      const StoppableCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      return MigrateNow(ids, to, Wait::kYes);
    });
  });
}

absl::StatusOr<MigrationStats> TieredStore::MigrateNow(std::span<const std::string> ids, Tier to,
                                                       Wait wait) {
  const int64_t began_ns = sync::MonotonicNs();
  MigrationStats stats;
  size_t next = 0;
  bool was_full = false;
  while (next < ids.size() && !stats.was_stopped && !IsStopping()) {
    const size_t began = next;
    const uint64_t moved_before = stats.moved;
    absl::Status moved = MigrateBatch(ids, to, wait, next, stats);
    const bool can_begin_again = next > began || stats.moved == moved_before;
    if (absl::IsResourceExhausted(moved) && can_begin_again && !was_full) {
      // Room that waits for a sync or a checkpoint may be what is missing.
      was_full = true;
      ENGRAM_ASSIGN_OR_RETURN(const bool has_more, FreeRoomNow());
      if (has_more) continue;
    }
    ENGRAM_RETURN_IF_ERROR(moved);
    was_full = was_full && next == began;
  }
  stats.left += ids.size() - next;
  stats.was_stopped = stats.left > 0;
  stats.duration_ms = MillisecondsSince(began_ns);
  return stats;
}

// The analysis cannot tell that the migration's store is this one.
absl::Status TieredStore::MigrateBatch(std::span<const std::string> ids, Tier to, Wait wait,
                                       size_t& next,
                                       MigrationStats& stats) ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  if (wait == Wait::kYes) {
    checkpoint_mutex_.Lock();
  } else if (!checkpoint_mutex_.TryLock()) {
    return absl::AbortedError("something else is at work");
  }
  const Unlocks lock(checkpoint_mutex_);
  ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
  Migration migration(*this);
  const bool to_cold = to == Tier::kCold;
  absl::Status moved = to_cold ? migration.MakeCold(ids, next) : migration.MakeWarm(ids, to, next);
  (to_cold ? made_cold_ : made_warm_).FetchAdd(migration.stats().moved, std::memory_order_relaxed);
  if (!moved.ok() && to_cold) {
    // Where it began it may begin again; what it found is counted then.
    stats.moved += migration.stats().moved;
    return moved;
  }
  AddTo(stats, migration.stats());
  stats.was_stopped |= migration.is_stopped();
  ENGRAM_RETURN_IF_ERROR(moved);
  return migration.KeepHouse(/*wants_checkpoint=*/false);
}

bool TieredStore::HasWastefulRuns() const ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  sync::MutexLock lock(checkpoint_mutex_);  // no run goes meanwhile
  return !Migration(const_cast<TieredStore&>(*this)).WastefulRuns().empty();
}

absl::StatusOr<ColdCompactionStats> TieredStore::CompactCold() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  return Traced(Operation::kCompactCold, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<ColdCompactionStats> {
      const StoppableCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      return RewriteColdRuns();
    });
  });
}

absl::StatusOr<ColdCompactionStats> TieredStore::RewriteColdRuns()
    ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  const int64_t began_ns = sync::MonotonicNs();
  ColdCompactionStats stats;
  std::vector<ColdRunUse> runs;
  size_t next = 0;
  uint32_t row = 0;
  bool is_stopped = false;
  do {
    sync::MutexLock lock(checkpoint_mutex_);
    ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
    Migration migration(*this);
    if (next == 0 && row == 0) runs = migration.WastefulRuns();
    const absl::Status moved = migration.Rewrite(runs, next, row);
    is_stopped = migration.is_stopped();
    rows_rewritten_.FetchAdd(migration.stats().moved, std::memory_order_relaxed);
    stats.rows_moved += migration.stats().moved;
    stats.bytes += migration.stats().bytes;
    stats.longest_pause_us = std::max(stats.longest_pause_us, migration.stats().longest_pause_us);
    ENGRAM_RETURN_IF_ERROR(moved);
    // The checkpoint lets go of the runs that are empty now.
    ENGRAM_RETURN_IF_ERROR(migration.KeepHouse(/*wants_checkpoint=*/!runs.empty()));
  } while (next < runs.size() && !is_stopped);
  parts_->space.Collect(parts_->commit->durable());
  for (const ColdRunUse& use : runs) {
    if (parts_->space.LiveRowsOf(use) > 0) continue;
    ++stats.runs_done;
    stats.rows_reclaimed += use.total_rows - use.live_rows;
  }
  stats.duration_ms = MillisecondsSince(began_ns);
  return stats;
}

}  // namespace engram::inline ENGRAM_BODY::engine
