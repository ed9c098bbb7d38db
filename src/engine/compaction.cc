// Choosing extents, moving what is live in them, and telling what came of it.

#include "engine/compaction.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/event_listener.h"
#include "api/fragmentation.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "format/geometry.h"
#include "format/log_entry.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Extents of live records that are moved before a checkpoint frees where they were: what a
// compaction takes of the disk, and, in the index, of memory.
constexpr uint64_t kBatchExtents = 8;
// An extent is worth emptying if one part in so many of it is dead content, or if one part in so
// many is not live content: removals and frames, which an extent full of moved records has, too.
constexpr uint64_t kDeadPart = 16;
constexpr uint64_t kEmptyPart = 4;
// Readers leave soon, but for one in a slow callback, which may be the caller's own.
constexpr int kReaderWaitsMax = 4;
constexpr std::chrono::milliseconds kReaderWait{1};
constexpr uint64_t kNsPerUs = 1000;
constexpr uint64_t kNsPerMs = 1'000'000;

}  // namespace

// ---- The store's calls.

absl::StatusOr<CompactionStats> TieredStore::CompactContent(bool force) {
  return Traced(Operation::kCompactContent, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<CompactionStats> {
      const StoppableCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      return CompactNow(force);
    });
  });
}

absl::StatusOr<CompactionStats> TieredStore::CompactNow(bool force) {
  ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
  const Turn turn(is_compacting_);
  if (!turn.is_mine()) return absl::AbortedError("another compaction is under way");
  const Space::ContentCounts content = parts_->space.content();
  if (!force && !ThresholdsAreExceeded()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the thresholds of compaction are not exceeded: ", content.total - content.live, " of ",
        content.total, " bytes of content are dead; see Options"));
  }
  compaction_is_cancelled_.Store(false, std::memory_order_relaxed);
  return Compaction(*this, content).Run();
}

bool TieredStore::ThresholdsAreExceeded() const {
  const Space::ContentCounts content = parts_->space.content();
  return Fragmentation(content.live, content.total) > options_.compaction_fragmentation_min &&
         content.total > options_.compaction_content_bytes_min;
}

void TieredStore::CancelCompaction() {
  compaction_is_cancelled_.Store(true, std::memory_order_relaxed);
}

bool TieredStore::CompactionIsDue(bool for_want_of_room) const {
  if (!options_.compacts_by_itself) return false;
  const Space::ContentCounts content = parts_->space.content();
  const uint64_t dead = content.total - content.live;
  if (for_want_of_room && parts_->space.HasEmptySlotExtent()) return true;
  const bool is_worth_it =
      for_want_of_room ? dead >= parts_->space.geometry().extent_bytes : ThresholdsAreExceeded();
  return is_worth_it && dead >= compaction_due_at_.Load(std::memory_order_relaxed);
}

// The analysis cannot tell that the compaction's store is this one.
absl::Status TieredStore::CutAndCompact() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  const Turn turn(is_compacting_);
  if (!turn.is_mine()) return CutCheckpoint(CutFor::kUse);
  compaction_is_cancelled_.Store(false, std::memory_order_relaxed);
  return Compaction(*this, parts_->space.content()).RunOneBatch();
}

// ---- Batches.

TieredStore::Compaction::Compaction(TieredStore& store, const Space::ContentCounts& before)
    : store_(store), space_(store.parts_->space), before_(before), began_ns_(sync::MonotonicNs()) {}

absl::StatusOr<CompactionStats> TieredStore::Compaction::Run() {
  {
    sync::MutexLock lock(store_.checkpoint_mutex_);
    ENGRAM_RETURN_IF_ERROR(Begin());
  }
  uint64_t moved_at_no_room = UINT64_MAX;
  absl::Status status;
  for (Batch batch = Batch::kDone; batch != Batch::kStopped && next_ < extents_.size();) {
    absl::StatusOr<Batch> moved = Batch::kStopped;
    if (!ReadersHoldTooMuch()) {
      sync::MutexLock lock(store_.checkpoint_mutex_);
      moved = MoveBatch();
    }
    if (moved.ok() && *moved == Batch::kNoRoom) {
      // Without a record moved since the last time there will not be more room the next time.
      if (moved_at_no_room == moved_bytes_) {
        moved = absl::ResourceExhaustedError("there is no room to move content to");
      }
      moved_at_no_room = moved_bytes_;
    }
    if (moved.ok()) status = FreeReleased();
    if (!moved.ok()) status = moved.status();
    if (!status.ok()) break;
    batch = *moved;
  }
  Finish();
  if (!status.ok()) return status;
  return stats_;
}

absl::Status TieredStore::Compaction::RunOneBatch() {
  const bool position_moves = store_.entries_since_checkpoint_.Load(std::memory_order_relaxed) > 0;
  ListExtents();
  absl::StatusOr<Batch> moved = MoveBatch();
  if (moved.ok() && *moved == Batch::kStopped) {
    ENGRAM_RETURN_IF_ERROR(store_.CutCheckpoint(CutFor::kCompaction));
  }
  Finish();
  const Space::ContentCounts content = space_.content();
  const uint64_t dead = content.total - content.live;
  // What could not be made better waits for another extent of dead room.
  const bool goes_on = stats_.bytes_reclaimed > 0 || (extents_.empty() && position_moves);
  store_.compaction_due_at_.Store(goes_on ? 0 : dead + space_.geometry().extent_bytes,
                                  std::memory_order_relaxed);
  return moved.status();
}

// What was released is free, all that is full lies before the checkpoint, and what holds nothing is
// released, though no record were to be moved.
absl::Status TieredStore::Compaction::Begin() {
  ENGRAM_RETURN_IF_ERROR(store_.SyncNow());
  space_.Collect(store_.parts_->commit->durable());
  if (store_.entries_since_checkpoint_.Load(std::memory_order_relaxed) > 0 ||
      store_.superblock_.segments.size() != 1 || space_.HasEmptySlotExtent() ||
      space_.emptied_extents() > 0) {
    ENGRAM_RETURN_IF_ERROR(store_.CutCheckpoint(CutFor::kCompaction));
    longest_pause_ns_ = std::max(longest_pause_ns_, store_.cut_pause_ns_);
  }
  ListExtents();
  return absl::OkStatus();
}

void TieredStore::Compaction::ListExtents() {
  extents_ = space_.LogExtentsBefore(store_.superblock_.segments.front());
  const uint64_t payload = space_.geometry().PayloadBytes(1);
  std::erase_if(extents_, [&](const LogExtentUse& use) {
    return use.dead_bytes < payload / kDeadPart && use.live_bytes > payload - payload / kEmptyPart;
  });
  std::sort(extents_.begin(), extents_.end(), [](const LogExtentUse& a, const LogExtentUse& b) {
    return a.live_bytes != b.live_bytes ? a.live_bytes < b.live_bytes : a.extent < b.extent;
  });
}

absl::StatusOr<TieredStore::Compaction::Batch> TieredStore::Compaction::MoveBatch() {
  const uint64_t end = moved_bytes_ + kBatchExtents * space_.geometry().PayloadBytes(1);
  Batch batch = Batch::kDone;
  while (next_ < extents_.size() && moved_bytes_ < end && batch == Batch::kDone) {
    absl::Status moved = absl::OkStatus();
    if (space_.IsStillUsed(extents_[next_])) moved = MoveAllOf(extents_[next_]);
    if (IsCancelled()) return Batch::kStopped;
    if (absl::IsResourceExhausted(moved)) {
      batch = Batch::kNoRoom;
      break;
    }
    ENGRAM_RETURN_IF_ERROR(moved);
    ++next_;
    ++stats_.extents_done;
    TellProgress();
    if (IsCancelled()) return Batch::kStopped;
  }
  ENGRAM_RETURN_IF_ERROR(store_.CutCheckpoint(CutFor::kCompaction));
  longest_pause_ns_ = std::max(longest_pause_ns_, store_.cut_pause_ns_);
  return batch;
}

// ---- Records.

absl::Status TieredStore::Compaction::MoveAllOf(const LogExtentUse& extent) {
  const FileOffset end{space_.geometry().Begin(extent.extent).value +
                       space_.geometry().extent_bytes};
  for (FileOffset offset = space_.geometry().Payload(extent.extent); offset < end;) {
    if (IsCancelled()) return absl::OkStatus();
    ENGRAM_RETURN_IF_ERROR(MoveNext(extent, offset));
  }
  if (space_.LiveBytesOf(extent.extent) > 0) ++stats_.extents_damaged;
  return absl::OkStatus();
}

absl::Status TieredStore::Compaction::MoveNext(const LogExtentUse& extent, FileOffset& offset) {
  const Call inside(store_);
  const format::Geometry& geometry = space_.geometry();
  const FileOffset end{geometry.Begin(extent.extent).value + geometry.extent_bytes};
  format::LogEntry entry;
  FileOffset place = offset;
  const auto decodes = [&] {
    return format::TryDecodeEntry(
        {space_.Bytes(place, end.value - place.value), end.value - place.value},
        {space_.store_id(), extent.generation, place, space_.FirstLogNumberOf(extent.extent)},
        entry);
  };
  bool is_intact = decodes();
  if (!is_intact && space_.LiveBytesOf(extent.extent) > 0) {
    // Damage; what follows it may be intact.
    while (!is_intact &&
           place.value + format::kAlignment + format::kEntryHeaderBytes <= end.value) {
      place.value += format::kAlignment;
      is_intact = decodes();
    }
  }
  const bool is_last = !is_intact || entry.kind == format::EntryKind::kLink;
  offset = is_last ? end : FileOffset{place.value + entry.bytes};
  const bool is_record = is_intact && (entry.kind == format::EntryKind::kRecord ||
                                       entry.kind == format::EntryKind::kRelocated);
  if (!is_record) return absl::OkStatus();
  absl::Status moved = MoveIfCurrent(entry, place);
  if (!moved.ok()) offset = place;
  return moved;
}

absl::Status TieredStore::Compaction::MoveIfCurrent(const format::LogEntry& entry,
                                                    FileOffset place) {
  const uint64_t hash = format::IdHash(entry.id);
  Index& index = *store_.parts_->index;
  sync::MutexLock stripe(store_.stripes_[hash % store_.options_.concurrency]);
  const int64_t began_ns = sync::MonotonicNs();
  Candidates candidates;
  index.FindInDelta(hash, candidates);
  index.FindInCheckpoint(hash, candidates);
  for (const Delta& current : candidates.entries) {
    if (current.place != place || current.is_removal()) continue;
    // What is damaged, or may have been something newer, stays where it is.
    if (current.sequence != entry.sequence ||
        candidates.checkpoint->MayBeLost(hash, current.sequence)) {
      break;
    }
    if (!candidates.has_room) index.MakeRoom(hash);
    Delta moved = current;
    const absl::Status appended = AppendCopy(entry, moved, hash);
    if (absl::IsDataLoss(appended)) break;
    ENGRAM_RETURN_IF_ERROR(appended);
    space_.MoveContent({current.place, current.room_bytes}, {moved.place, moved.room_bytes});
    index.Put(current.sequence, moved);
    store_.entries_since_checkpoint_.FetchAdd(1, std::memory_order_relaxed);
    moved_bytes_ += moved.room_bytes;
    ++stats_.records_moved;
    break;
  }
  longest_pause_ns_ = std::max(longest_pause_ns_, sync::MonotonicNs() - began_ns);
  return absl::OkStatus();
}

absl::Status TieredStore::Compaction::AppendCopy(const format::LogEntry& entry, Delta& moved,
                                                 uint64_t hash) {
  format::Record record = entry.record;
  record.released_blob = std::nullopt;  // the record itself has released it
  const uint64_t bytes = format::RecordEntryBytes(entry.id.size(), record);
  warm::ContentLog& log = store_.parts_->log;
  sync::MutexLock lock(log.mutex());
  if (absl::Status room = log.PrepareRoom(bytes, warm::Need::kCleaning); !room.ok()) {
    if (log.failed()) store_.parts_->commit->SetReadOnly();
    return room;
  }
  const warm::ContentLog::Room room = log.NextRoom(bytes);
  format::EncodeRecord(room.bytes, room.place, room.number, format::EntryKind::kRelocated, entry.id,
                       record);
  log.Commit(room, hash);
  moved.place = room.place.offset;
  moved.room_bytes = static_cast<uint32_t>(bytes);
  return absl::OkStatus();
}

// ---- When to stop, and what to tell.

// Extents that were emptied and are not free yet: their room is taken twice.
bool TieredStore::Compaction::ReadersHoldTooMuch() const {
  return space_.runs_pending() > 2 * kBatchExtents;
}

absl::Status TieredStore::Compaction::FreeReleased() {
  for (int i = 0; space_.runs_pending() > 0 && i < kReaderWaitsMax; ++i) {
    // Releases behind that of a mutation wait for its being durable; others for a reader.
    ENGRAM_RETURN_IF_ERROR(store_.SyncNow());
    if (i > 0) sync::SleepFor(kReaderWait);
    space_.Collect(store_.parts_->commit->durable());
  }
  return absl::OkStatus();
}

bool TieredStore::Compaction::IsCancelled() const {
  return listener_stops_ || store_.IsStopping() ||
         store_.compaction_is_cancelled_.Load(std::memory_order_relaxed);
}

void TieredStore::Compaction::TellProgress() {
  if (store_.options_.listener == nullptr) return;
  try {
    listener_stops_ = !store_.options_.listener->OnCompactionProgress(next_, extents_.size());
  } catch (...) {
    // The listener's affair.
  }
}

void TieredStore::Compaction::Finish() {
  stats_.bytes_given_back = space_.PunchFreeExtents();
  const Space::ContentCounts after = space_.content();
  const uint64_t freed = after.freed - before_.freed;
  stats_.old_size = before_.total;
  stats_.new_size = after.total;
  stats_.fragmentation_before = Fragmentation(before_.live, before_.total);
  stats_.fragmentation_after = Fragmentation(after.live, after.total);
  stats_.bytes_reclaimed = freed > moved_bytes_ ? freed - moved_bytes_ : 0;
  stats_.extents_left = extents_.size() - next_;
  stats_.was_cancelled = IsCancelled();
  stats_.duration_ms = static_cast<uint64_t>(sync::MonotonicNs() - began_ns_) / kNsPerMs;
  stats_.longest_pause_us = static_cast<uint64_t>(longest_pause_ns_) / kNsPerUs;
  store_.compactions_.FetchAdd(1, std::memory_order_relaxed);
  store_.compaction_bytes_reclaimed_.FetchAdd(stats_.bytes_reclaimed, std::memory_order_relaxed);
}

}  // namespace engram::inline ENGRAM_BODY::engine
