// What keeps the tiers as Options want them, on request and on the store's own thread.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/pressure.h"
#include "api/tier.h"
#include "base/status_macros.h"
#include "engine/index_walk.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "format/geometry.h"
#include "io/clock.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Memories that are made cold together.
constexpr size_t kMadeColdMax = 4096;
// Entries of the index that are looked at in one epoch.
constexpr size_t kStretchEntries = 256;

// One of the things that a maintenance does: what goes wrong with it leaves the others to be done.
template <typename Do>
void Step(const char* name, MaintenanceReport& report, const Do& step) {
  const absl::Status status = WithoutExceptions(step);
  if (!status.ok()) report.errors.push_back(absl::StrCat(name, ": ", status.ToString()));
}

}  // namespace

// ---- The store's own thread.

void TieredStore::StartChores() {
  std::vector<Chore> chores;
  if (options_.maintenance_interval.count() > 0) {
    chores.push_back({options_.maintenance_interval,
                      [this] { RunMaintenance().status().IgnoreError(); }});  // in Statistics
  }
  if (options_.sync_mode == SyncMode::kInterval) {
    chores.push_back({options_.sync_interval, [this] {
                        WithoutExceptions([this] {
                          const StoppableCall call(*this);
                          return call.status().ok() ? SyncNow() : absl::OkStatus();
                        }).IgnoreError();  // a failure makes the store read-only, which shows
                      }});
  }
  for (Chore& chore : chores) {
    std::vector<Chore> one;
    one.push_back(std::move(chore));
    chores_.push_back(std::make_unique<Chores>(std::move(one)));
  }
}

// ---- Maintenance.

absl::StatusOr<MaintenanceReport> TieredStore::RunMaintenance() {
  return Traced(Operation::kRunMaintenance, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<MaintenanceReport> {
      const StoppableCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
      const Turn turn(is_maintaining_);
      if (!turn.is_mine()) return absl::AbortedError("another maintenance is under way");
      MaintenanceReport report;
      report.pressure_before = PressureNow();
      Step("making memories hot", report, [&] { return FollowHints(report); });
      Step("making old memories cold", report, [&] { return MakeOldCold(report); });
      Step("keeping to the warm capacity", report,
           [&] { return MakeTooManyCold(Wait::kYes, report); });
      Step("compaction of cold runs", report, [&] { return CompactColdIfDue(report); });
      Step("compaction", report, [&] { return CompactIfDue(report); });
      report.pressure_after = PressureNow();
      report.was_stopped = report.was_stopped || IsStopping();
      maintenances_.FetchAdd(1, std::memory_order_relaxed);  // a count, no partner
      return report;
    });
  });
}

Pressure TieredStore::PressureNow() const {
  return HigherOf(PressureOf(hot_.bytes(), options_.hot_capacity_bytes),
                  PressureOf(WarmBytes(), options_.warm_capacity_bytes));
}

// Of about now while something goes on: its parts are not counted at the same moment.
uint64_t TieredStore::WarmBytes() const {
  const Space::Counts counts = parts_->space.counts();
  const uint64_t memories = Count();
  const uint64_t homes = memories - std::min(memories, counts.cold_rows_live);
  const uint64_t bytes = homes * format::kSlotBytes + counts.content_live;
  return bytes - std::min(bytes, hot_.home_bytes());
}

// ---- To hot.

absl::Status TieredStore::FollowHints(MaintenanceReport& report) {
  const std::vector<PromotionHint> hints = hints_.Take();
  const uint64_t evictions = hot_.evictions();
  absl::Status status;
  for (const PromotionHint& hint : hints) {
    const Pressure pressure = PressureOf(hot_.bytes(), options_.hot_capacity_bytes);
    if (IsStopping() || pressure >= Pressure::kHigh) break;
    const absl::StatusOr<std::optional<Tier>> from = MakeHot(hint);
    hot_.Evict();
    if (!from.ok()) {
      status = from.status();
      break;
    }
    if (!*from) continue;
    report.maintenance_triggered = true;
    ++report.migrated(**from, Tier::kHot);
  }
  report.migrated(Tier::kHot, Tier::kWarm) += hot_.evictions() - evictions;
  return status;
}

absl::StatusOr<std::optional<Tier>> TieredStore::MakeHot(const PromotionHint& hint) {
  std::string id;  // of a cold one
  {
    const Call inside(*this);
    sync::MutexLock stripe(stripes_[hint.hash % options_.concurrency]);
    Candidates candidates;
    parts_->index->FindInDelta(hint.hash, candidates);
    parts_->index->FindInCheckpoint(hint.hash, candidates);
    for (const Delta& entry : candidates.entries) {
      if (entry.sequence != hint.sequence || entry.is_removal()) continue;
      if (candidates.checkpoint->MayBeLost(hint.hash, entry.sequence)) return std::nullopt;
      if (hot_.Contains(entry.sequence)) return std::nullopt;  // another hint was for the same
      Lookup lookup;
      if (!DecodeInto(entry, lookup)) return std::nullopt;
      const absl::StatusOr<MemoryView> view = ViewOf(lookup);
      if (!view.ok()) return std::nullopt;
      std::unique_ptr<hot::Copy> copy = HotCopyOf(*view);
      if (copy == nullptr) return std::nullopt;
      if (!entry.is_cold()) {
        hot_.Insert(std::move(copy), entry.sequence);
        return Tier::kWarm;
      }
      id = view->id;
    }
  }
  if (id.empty()) return std::nullopt;
  ENGRAM_ASSIGN_OR_RETURN(const MigrationStats stats, MigrateNow({&id, 1}, Tier::kHot, Wait::kYes));
  return stats.moved > 0 ? std::optional(Tier::kCold) : std::nullopt;
}

// ---- To cold.

void TieredStore::ForEachWarm(uint64_t& from, bool& is_at_end,
                              absl::FunctionRef<void(const Delta&, Lookup&)> visit) const {
  const Call inside(*this);
  Stretch stretch;
  WalkIndex(*parts_->index, from, kStretchEntries, stretch);
  is_at_end = stretch.last == UINT64_MAX;
  from = stretch.last + 1;
  for (const Delta& entry : stretch.entries) {
    if (entry.is_removal() || entry.is_cold() || hot_.Contains(entry.sequence)) continue;
    Lookup lookup;
    if (DecodeInto(entry, lookup)) visit(entry, lookup);
  }
}

absl::Status TieredStore::MakeOldCold(MaintenanceReport& report) {
  if (options_.clock == nullptr) return absl::OkStatus();  // without time nothing grows old
  const __int128 now = options_.clock->NowNs();
  uint64_t from = 0;
  for (bool is_at_end = false; !is_at_end && !report.was_stopped && !IsStopping();) {
    std::vector<std::string> ids;
    while (ids.size() < kMadeColdMax && !is_at_end && !IsStopping()) {
      ForEachWarm(from, is_at_end, [&](const Delta&, Lookup& lookup) {
        const __int128 age = now - lookup.record.record.last_access;
        if (age > options_.cold_migration_age.count()) ids.emplace_back(lookup.record.id);
      });
    }
    ENGRAM_RETURN_IF_ERROR(MakeColdNow(ids, Wait::kYes, report).status());
  }
  return absl::OkStatus();
}

absl::Status TieredStore::MakeTooManyCold(Wait wait, MaintenanceReport& report) {
  struct Warm {
    int64_t last_access = 0;
    std::string id;
    uint64_t bytes = 0;
    bool operator<(const Warm& other) const {
      return last_access != other.last_access ? last_access < other.last_access : id < other.id;
    }
  };
  for (;;) {
    const uint64_t bytes = WarmBytes();
    if (bytes <= options_.warm_capacity_bytes || IsStopping()) return absl::OkStatus();
    std::vector<Warm> oldest;  // a heap, the latest access first
    uint64_t from = 0;
    for (bool is_at_end = false; !is_at_end && !IsStopping();) {
      ForEachWarm(from, is_at_end, [&](const Delta& entry, Lookup& lookup) {
        const format::Record& record = lookup.record.record;
        const uint64_t blob =
            record.blob ? format::RoundUp(*record.content_bytes, format::kAlignment) : 0;
        oldest.push_back({record.last_access, std::string(lookup.record.id),
                          format::kSlotBytes + entry.room_bytes + blob});
        std::push_heap(oldest.begin(), oldest.end());
        if (oldest.size() <= kMadeColdMax) return;
        std::pop_heap(oldest.begin(), oldest.end());
        oldest.pop_back();
      });
    }
    std::sort_heap(oldest.begin(), oldest.end());
    std::vector<std::string> ids;
    uint64_t less = 0;
    for (const Warm& warm : oldest) {
      if (bytes - less <= options_.warm_capacity_bytes) break;
      ids.push_back(warm.id);
      less += std::min(warm.bytes, bytes - less);
    }
    ENGRAM_ASSIGN_OR_RETURN(const uint64_t moved, MakeColdNow(ids, wait, report));
    if (report.was_stopped) return absl::OkStatus();
    if (moved == 0) return absl::OkStatus();  // what is left is damaged, or changes all the time
  }
}

absl::StatusOr<uint64_t> TieredStore::MakeColdNow(const std::vector<std::string>& ids, Wait wait,
                                                  MaintenanceReport& report) {
  if (ids.empty()) return 0;
  ENGRAM_ASSIGN_OR_RETURN(const MigrationStats stats, MigrateNow(ids, Tier::kCold, wait));
  if (stats.moved > 0) report.maintenance_triggered = true;
  report.migrated(Tier::kWarm, Tier::kCold) += stats.moved;
  report.was_stopped = report.was_stopped || stats.was_stopped;
  return stats.moved;
}

void TieredStore::EvictToCold() {
  WithoutExceptions([&] {
    const StoppableCall call(*this);
    const Turn turn(is_maintaining_);
    if (!call.status().ok() || !turn.is_mine()) return absl::OkStatus();
    MaintenanceReport unseen;
    return MakeTooManyCold(Wait::kNo, unseen);
  }).IgnoreError();  // the next maintenance tries again
}

// ---- Compaction.

absl::Status TieredStore::CompactColdIfDue(MaintenanceReport& report) {
  if (IsStopping() || !HasWastefulRuns()) return absl::OkStatus();
  report.maintenance_triggered = true;
  ENGRAM_ASSIGN_OR_RETURN(report.cold_compaction, RewriteColdRuns());
  return absl::OkStatus();
}

absl::Status TieredStore::CompactIfDue(MaintenanceReport& report) {
  if (IsStopping() || !ThresholdsAreExceeded()) return absl::OkStatus();
  report.maintenance_triggered = true;
  absl::StatusOr<CompactionStats> compaction = CompactNow(/*force=*/false);
  if (compaction.ok()) {
    report.compaction = *std::move(compaction);
    return absl::OkStatus();
  }
  // Somebody else may be at it, or have done it.
  const bool is_done = absl::IsAborted(compaction.status()) || !ThresholdsAreExceeded();
  return is_done ? absl::OkStatus() : std::move(compaction).status();
}

}  // namespace engram::inline ENGRAM_BODY::engine
