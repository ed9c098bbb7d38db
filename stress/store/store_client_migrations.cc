// Migrations: what their reports may say, whatever goes on beside them.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/world/allocation_faults.h"
#include "stress/store/store_client.h"

namespace engram::stress {

using world::AllocationScope;
using world::Operation;

Tier TierOf(Migrating how) {
  switch (how) {
    case Migrating::kOneToCold:
    case Migrating::kAllToCold:
    case Migrating::kInside:
      return Tier::kCold;
    case Migrating::kOneToWarm:
    case Migrating::kAllToWarm:
      return Tier::kWarm;
    case Migrating::kAllToHot:
      break;
  }
  return Tier::kHot;
}

absl::StatusOr<MigrationStats> MigrateAs(MemoryStore& store, Migrating how, uint16_t key) {
  const bool is_one = how == Migrating::kOneToCold || how == Migrating::kOneToWarm;
  std::vector<std::string> ids;
  {
    const AllocationScope scope;
    if (is_one) {
      ids.push_back(IdOf(key));
    } else {
      for (uint16_t each = 0; each < kKeys; ++each) ids.push_back(IdOf(each));
      ids.push_back(IdOf(0));
    }
  }
  if (how != Migrating::kInside) return store.Migrate(ids, TierOf(how));
  std::optional<absl::StatusOr<MigrationStats>> inside;
  std::function<void(const MemoryView&)> visit;
  {
    const AllocationScope scope;
    visit = [&](const MemoryView&) { inside = store.Migrate(ids, Tier::kCold); };
  }
  const absl::StatusOr<Presence> seen = store.View(IdOf(key), visit);
  if (inside.has_value()) return *std::move(inside);
  if (!seen.ok()) return seen.status();
  return store.Migrate(ids, Tier::kCold);
}

void StoreClient::Migrate(const Operation& operation) {
  const uint64_t faults = Faults();
  const absl::StatusOr<MigrationStats> answer =
      MigrateAs(*store_, MigratingOf(operation), operation.key);
  if (died()) return;
  if (!answer.ok()) {
    if (absl::IsDataLoss(answer.status()) && LostBySync()) return;
    return DemandExcuse("Migrate", answer.status(), faults);
  }
  const Migrating how = MigratingOf(operation);
  const bool is_one = how == Migrating::kOneToCold || how == Migrating::kOneToWarm;
  const uint64_t counted =
      answer->moved + answer->absent + answer->unchanged + answer->damaged + answer->superseded;
  Demand(counted == (is_one ? 1u : kKeys + 1u), "wrong statistics",
         "A migration does not tell once what came of each id.");
  Demand(answer->damaged == 0 || LostBySync(), "false corruption",
         "A migration met damage, and nothing was damaged.");
}

void StoreClient::CompactCold() {
  const uint64_t faults = Faults();
  const absl::StatusOr<ColdCompactionStats> answer = store_->CompactCold();
  if (died() || answer.ok()) return;
  if (absl::IsDataLoss(answer.status()) && LostBySync()) return;
  DemandExcuse("CompactCold", answer.status(), faults);
}

}  // namespace engram::stress
