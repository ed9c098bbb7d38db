// Operations that look at the store as a whole, while nobody else is at work.

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/fragmentation.h"
#include "model/reference_store.h"
#include "model/world/allocation_faults.h"
#include "stress/store/store_client.h"

namespace engram::stress {

using world::AllocationScope;
using world::Operation;

void StoreClient::CheckCount() {
  uint64_t present = 0;
  for (uint16_t key = 0; key < kKeys && !died(); ++key) {
    const uint64_t faults = Faults();
    const absl::StatusOr<Presence> presence = store_->Contains(IdOf(key));
    if (died()) return;
    if (absl::IsDataLoss(presence.status()) && LostBySync()) return;
    DemandExcuse("Contains", presence.status(), faults);
    if (!presence.ok()) return;
    present += presence->present ? 1 : 0;
  }
  Demand(store_->Count() == present, "wrong answer",
         "Count is not the number of memories that there are.");
}

void StoreClient::Verify(bool beside_others) {
  const uint64_t faults = Faults();
  const absl::StatusOr<VerifyReport> report = store_->Verify();
  if (died()) return;
  DemandExcuse("Verify", report.status(), faults);
  if (!report.ok() || LostBySync()) return;
  const AllocationScope scope;
  if (!report->damages.empty()) {
    const Damage& damage = report->damages.front();
    world_.Fail("false corruption",
                absl::StrCat("Verify found damage, and nothing was damaged: ", damage.structure,
                             " at ", damage.offset.value, ": ", damage.explanation));
    return;
  }
  if (beside_others) return;  // what it counts may change meanwhile
  Demand(report->miscounts.empty(), "wrong statistics",
         report->miscounts.empty() ? "" : report->miscounts.front());
  Demand(report->memories_damaged == 0 && report->memories_checked == store_->Count(),
         "wrong answer", "Verify did not check as many memories as there are.");
}

absl::StatusOr<CompactionStats> CompactAs(MemoryStore& store, uint32_t how, const std::string& id) {
  if (how != static_cast<uint32_t>(Compacting::kInside)) {
    return store.CompactContent(how == static_cast<uint32_t>(Compacting::kForced));
  }
  std::optional<absl::StatusOr<CompactionStats>> inside;
  const absl::StatusOr<Presence> seen =
      store.View(id, [&](const MemoryView&) { inside = store.CompactContent(/*force=*/true); });
  if (inside.has_value()) return *std::move(inside);
  if (!seen.ok()) return seen.status();
  return store.CompactContent(/*force=*/true);
}

void StoreClient::Compact(const Operation& operation) {
  const uint64_t faults = Faults();
  const absl::StatusOr<CompactionStats> answer =
      CompactAs(*store_, operation.value, IdOf(operation.key));
  if (died()) return;
  if (!answer.ok()) {
    const bool is_forced = operation.value != static_cast<uint32_t>(Compacting::kIfDue);
    if (absl::IsAborted(answer.status())) return;
    if (!is_forced && absl::IsFailedPrecondition(answer.status())) return;
    if (absl::IsDataLoss(answer.status()) && LostBySync()) return;
    return DemandExcuse("CompactContent", answer.status(), faults);
  }
  const uint64_t extent_bytes = store_->Stats().extent_bytes;
  Demand(answer->bytes_given_back % extent_bytes == 0 && answer->extents_damaged == 0,
         "wrong statistics", "A compaction tells what cannot be.");
}

void StoreClient::Maintain() {
  const uint64_t faults = Faults();
  const absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
  if (died()) return;
  if (!report.ok()) {
    if (!absl::IsAborted(report.status())) {
      DemandExcuse("RunMaintenance", report.status(), faults);
    }
    return;
  }
  Demand(report->errors.empty() || (excuses_.faults && Faults() != faults) || LostBySync(),
         "error without a cause", report->errors.empty() ? "" : report->errors.front());
}

void StoreClient::CheckStatistics() {
  const Statistics stats = store_->Stats();
  Demand(stats.memories == store_->Count(), "wrong statistics", "memories is not Count");
  Demand(
      stats.content_bytes_live <= stats.content_bytes_total &&
          stats.fragmentation == Fragmentation(stats.content_bytes_live, stats.content_bytes_total),
      "wrong statistics", "fragmentation is not what the formula says");
  Demand(stats.memories_hot + stats.memories_warm + stats.memories_cold == stats.memories &&
             stats.hot_bytes <= HotFullBytes(options_.hot_capacity_bytes),
         "wrong statistics", "the tiers have other counts than they may");
  Demand(stats.durable_sequence <= stats.last_sequence, "wrong statistics",
         "more is durable than was assigned");
  Demand(stats.cold_rows_live == stats.memories_cold &&
             stats.cold_rows_live <= stats.cold_rows_total &&
             stats.memories == stats.memories_hot + stats.memories_warm + stats.memories_cold,
         "wrong statistics", "the counts of the tiers contradict each other");
  CheckTiers();
}

// What others change from one figure to the next is left out.
void StoreClient::CheckStatisticsBesideOthers() {
  const Statistics stats = store_->Stats();
  Demand(stats.fragmentation == Fragmentation(stats.content_bytes_live, stats.content_bytes_total),
         "wrong statistics", "fragmentation is not what the formula says");
  Demand(stats.durable_sequence <= stats.last_sequence, "wrong statistics",
         "more is durable than was assigned");
}

// Each memory is in the tier that the statistics count it in.
void StoreClient::CheckTiers() {
  std::array<uint64_t, kTiers> counts{};
  for (uint16_t key = 0; key < kKeys && !died(); ++key) {
    const uint64_t faults = Faults();
    const absl::StatusOr<Presence> presence = store_->Contains(IdOf(key));
    if (died()) return;
    if (absl::IsDataLoss(presence.status()) && LostBySync()) return;
    DemandExcuse("Contains", presence.status(), faults);
    if (!presence.ok()) return;
    if (presence->present) ++counts[static_cast<size_t>(presence->tier)];
  }
  const Statistics stats = store_->Stats();
  Demand(stats.memories_hot == counts[static_cast<size_t>(Tier::kHot)] &&
             stats.memories_warm == counts[static_cast<size_t>(Tier::kWarm)] &&
             stats.memories_cold == counts[static_cast<size_t>(Tier::kCold)],
         "wrong statistics", "The counts of the tiers are not those of the memories.");
}

// What a crash has left of an earlier backup goes first.
void StoreClient::Backup(bool beside_others) {
  std::string path;
  {
    const AllocationScope scope;
    path = kBackupPath;
  }
  io::FileSystem& files = world_.file_system();
  const uint64_t faults = Faults();
  const absl::StatusOr<bool> exists = files.Exists(path);
  const absl::Status removed = !exists.ok() ? exists.status()
                               : *exists    ? files.Remove(path)
                                            : absl::OkStatus();
  DemandExcuse("Removing an old backup", removed, faults);
  if (died() || !removed.ok()) return;
  const absl::Status written = store_->Backup(path);
  if (died()) return;
  if (beside_others && absl::IsAlreadyExists(written)) return;  // another one was first
  DemandExcuse("Backup", written, faults);
  if (!written.ok() || beside_others) return;
  auto backup = OpenPatiently(path, nullptr);
  if (died()) return;
  Demand(backup.ok(), "cannot be opened", "A backup that had been written cannot be opened.");
  CompareBackup(**backup);
  if (died()) return;
  const absl::Status closed = (*backup)->Close();
  DemandExcuse("Closing a backup", closed, faults);
}

// It has the state of some moment: whole memories, and as many as it says.
void StoreClient::CheckBackup() {
  std::string path;
  {
    const AllocationScope scope;
    path = kBackupPath;
  }
  auto backup = OpenPatiently(path, nullptr);
  if (died()) return;
  Demand(backup.ok(), "cannot be opened", "A backup that had been written cannot be opened.");
  Demand((*backup)->recovery().damages.empty(), "false corruption", "A backup reports damages.");
  uint64_t present = 0;
  for (uint16_t key = 0; key < kKeys && !died(); ++key) {
    const absl::StatusOr<GetResult> copied = (*backup)->Get(IdOf(key));
    if (died()) return;
    Demand(copied.ok(), "wrong backup", "A memory of a backup cannot be read.");
    if (copied->memory.has_value()) ++present;
  }
  Demand(died() || (*backup)->Count() == present, "wrong backup",
         "A backup counts other than it holds.");
}

void StoreClient::CompareBackup(MemoryStore& backup) {
  Demand(backup.recovery().damages.empty(), "false corruption", "A backup reports damages.");
  for (uint16_t key = 0; key < kKeys && !died(); ++key) {
    const uint64_t faults = Faults();
    const absl::StatusOr<GetResult> mine = store_->Get(IdOf(key));
    const absl::StatusOr<GetResult> copied = backup.Get(IdOf(key));
    if (died()) return;
    if (LostBySync()) return;
    DemandExcuse("Get", mine.status(), faults);
    DemandExcuse("Get from a backup", copied.status(), faults);
    if (!mine.ok() || !copied.ok()) continue;
    const bool same =
        mine->memory.has_value() == copied->memory.has_value() &&
        (!mine->memory.has_value() ||
         (model::SameBits(*mine->memory, *copied->memory) && mine->sequence == copied->sequence));
    Demand(same, "wrong backup", "A backup differs from the store that wrote it.");
  }
  Demand(died() || backup.Count() == store_->Count(), "wrong backup",
         "A backup counts other than the store that wrote it.");
}

void StoreClient::Refuse(const Operation& operation) {
  const absl::Status status = HandInInvalid(*store_, operation.value);
  Demand(absl::IsInvalidArgument(status) || store_->Stats().read_only, "wrong answer",
         "An argument that breaks a bound was not refused.");
}

absl::Status HandInInvalid(MemoryStore& store, uint32_t which) {
  Memory memory;
  {
    const AllocationScope scope;
    memory = MemoryOf(2, static_cast<uint32_t>(Content::kShort));
    switch (which % kRefusals) {
      case 0:
        memory.id.clear();
        break;
      case 1:
        memory.id.assign(kIdBytesMax + 1, 'x');
        break;
      case 2:
        memory.id = "\xC0\x80";
        break;
      case 3:
        memory.embedding.pop_back();
        break;
      case 4:
        memory.embedding[500] = std::numeric_limits<float>::infinity();
        break;
      case 5:
        memory.confidence = 1.5F;
        break;
      case 6:
        memory.activation = std::numeric_limits<float>::quiet_NaN();
        break;
      default:
        memory.content = "\xED\xA0\x80";
    }
  }
  if (which % kRefusals == 6) {
    absl::Status updated = store.UpdateActivation(memory.id, memory.activation).status();
    if (!absl::IsInvalidArgument(updated)) return updated;
  }
  if (which % kRefusals <= 2) {
    absl::Status read = store.Get(memory.id).status();
    if (!absl::IsInvalidArgument(read)) return read;
    absl::Status removed = store.Remove(memory.id).status();
    if (!absl::IsInvalidArgument(removed)) return removed;
  }
  return store.Store(memory).status();
}

}  // namespace engram::stress
