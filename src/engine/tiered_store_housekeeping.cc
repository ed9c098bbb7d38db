// What a mutation does for the store before it takes on more, and when there is no room for it.

#include <algorithm>
#include <new>

#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {

// What the store owes itself before it takes on more.
void TieredStore::KeepHouse() {
  const bool room_is_due = room_is_due_.Load(std::memory_order_relaxed);  // a hint, no partner
  if (!room_is_due && !CheckpointIsDue()) return;
  const LongCall call(*this);
  if (!call.is_open()) return;
  if (room_is_due) {
    room_is_due_.Store(false, std::memory_order_relaxed);
    // What waits for a reader alone does not wait for a sync.
    if (parts_->space.WaitsForSync(parts_->commit->durable())) {
      SyncNow().IgnoreError();  // a failure shows in the mutation that follows
    }
    parts_->space.Collect(parts_->commit->durable());
  }
  if (CheckpointIsDue() || EmptiedExtentsAreDue()) {
    TryCheckpoint(/*for_want_of_room=*/false);
  }
}

bool TieredStore::EmptiedExtentsAreDue() const {
  constexpr uint64_t kEmptiedMin = 16;
  constexpr uint64_t kEmptiedShare = 8;
  const Space& space = parts_->space;
  return space.emptied_extents() >= std::max(kEmptiedMin, space.extents() / kEmptiedShare) &&
         entries_since_checkpoint_.Load(std::memory_order_relaxed) >=
             checkpoint_due_at_.Load(std::memory_order_relaxed);
}

bool TieredStore::TryCheckpoint(bool for_want_of_room) {
  if (!checkpoint_mutex_.TryLock()) return false;
  absl::Status cut;
  try {
    cut = CompactionIsDue(for_want_of_room) ? CutAndCompact() : CutCheckpoint(CutFor::kUse);
  } catch (const std::bad_alloc&) {
    cut = absl::ResourceExhaustedError("");
  }
  checkpoint_mutex_.Unlock();
  // Not at once again: what stands in the way may last.
  checkpoint_due_at_.Store(cut.ok() ? 0
                                    : entries_since_checkpoint_.Load(std::memory_order_relaxed) +
                                          options_.checkpoint_entries_min,
                           std::memory_order_relaxed);
  return cut.ok();
}

// After RESOURCE_EXHAUSTED: room that waits for a sync or a checkpoint may be what is missing.
// False: nothing waits.
absl::StatusOr<bool> TieredStore::FreeRoom() {
  const LongCall call(*this);
  ENGRAM_RETURN_IF_ERROR(call.status());
  return FreeRoomNow();
}

absl::StatusOr<bool> TieredStore::FreeRoomNow() {
  Space& space = parts_->space;
  const bool releases = space.releases_pending() > 0;
  if (releases) {
    ENGRAM_RETURN_IF_ERROR(SyncNow());
    space.Collect(parts_->commit->durable());
  }
  // A checkpoint lets go of the extents of the log and of blobs that nothing lives in any more; a
  // compaction makes more of them so.
  const bool may_make_room = entries_since_checkpoint_.Load(std::memory_order_relaxed) > 0 ||
                             space.emptied_extents() > 0 ||
                             CompactionIsDue(/*for_want_of_room=*/true);
  return (may_make_room && TryCheckpoint(/*for_want_of_room=*/true)) || releases;
}

}  // namespace engram::inline ENGRAM_BODY::engine
