// What keeps the tiers as Options want them, on request and on the store's own thread.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/pressure.h"
#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

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
  if (!chores.empty()) chores_ = std::make_unique<Chores>(std::move(chores));
}

// ---- Maintenance.

absl::StatusOr<MaintenanceReport> TieredStore::RunMaintenance() {
  return WithoutExceptions([&]() -> absl::StatusOr<MaintenanceReport> {
    const StoppableCall call(*this);
    ENGRAM_RETURN_IF_ERROR(call.status());
    ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
    const Turn turn(is_maintaining_);
    if (!turn.is_mine()) return absl::AbortedError("another maintenance is under way");
    MaintenanceReport report;
    report.pressure_before = PressureNow();
    Step("making memories hot", report, [&] { return FollowHints(report); });
    Step("compaction", report, [&] { return CompactIfDue(report); });
    report.pressure_after = PressureNow();
    report.was_stopped = IsStopping();
    maintenances_.FetchAdd(1, std::memory_order_relaxed);  // a count, no partner
    return report;
  });
}

Pressure TieredStore::PressureNow() const {
  return PressureOf(hot_.bytes(), options_.hot_capacity_bytes);
}

absl::Status TieredStore::FollowHints(MaintenanceReport& report) {
  const std::vector<PromotionHint> hints = hints_.Take();
  for (const PromotionHint& hint : hints) {
    if (IsStopping() || PressureNow() >= Pressure::kHigh) break;
    if (!MakeHot(hint)) continue;
    report.maintenance_triggered = true;
    ++report.migrated(Tier::kWarm, Tier::kHot);
    report.migrated(Tier::kHot, Tier::kWarm) += hot_.Evict();
  }
  return absl::OkStatus();
}

bool TieredStore::MakeHot(const PromotionHint& hint) {
  const Call inside(*this);
  sync::MutexLock stripe(stripes_[hint.hash % options_.concurrency]);
  Candidates candidates;
  parts_->index->FindInDelta(hint.hash, candidates);
  parts_->index->FindInCheckpoint(hint.hash, candidates);
  for (const Delta& entry : candidates.entries) {
    if (entry.sequence != hint.sequence || entry.is_removal()) continue;
    if (candidates.checkpoint->MayBeLost(hint.hash, entry.sequence)) return false;
    if (entry.is_cold()) return false;            // a copy is one over a warm home
    if (hot_.Find(entry.sequence)) return false;  // another hint was for the same
    Lookup lookup;
    if (!DecodeInto(entry, lookup)) return false;
    const absl::StatusOr<MemoryView> view = ViewOf(lookup);
    if (!view.ok()) return false;
    std::unique_ptr<hot::Copy> copy = HotCopyOf(*view);
    if (copy == nullptr) return false;
    hot_.Insert(std::move(copy), entry.sequence);
    return true;
  }
  return false;
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
