// Gathering, writing runs, and moving memory by memory. Rewriting runs is in
// migration_rewriting.cc, the calls of the store in tiered_store_migrations.cc.

#include "engine/migration.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "format/geometry.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Of a run: what a batch takes of the disk and, twice, of memory. A longer memory has its own.
constexpr uint32_t kRunExtentsMax = 4;
// Of a batch on the way back.
constexpr uint64_t kWarmBatchMax = 1024;
constexpr uint64_t kNsPerUs = 1000;

uint64_t BlobRoom(uint64_t bytes) { return format::RoundUp(bytes, format::kAlignment); }

format::ColdRow RowOf(const Lookup& lookup, uint64_t hash) {
  const format::Record& record = lookup.record.record;
  format::ColdRow row;
  row.hash = hash;
  row.sequence = record.sequence;
  row.created_at = record.created_at;
  row.last_access = record.last_access;
  row.access_count = record.access_count;
  row.embedding_hash = record.embedding_hash;
  row.confidence = record.confidence;
  row.activation = record.activation;
  row.decay_rate = record.decay_rate;
  row.content_bytes = record.content_bytes;
  row.id = lookup.record.id;
  return row;
}

std::span<const std::byte, format::kSlotBytes> BytesOf(
    std::span<const float, kEmbeddingDimension> embedding) {
  return std::as_bytes(embedding);
}

}  // namespace

TieredStore::Migration::Migration(TieredStore& store)
    : store_(store),
      space_(store.parts_->space),
      builder_(store.parts_->space.geometry(), kRunExtentsMax) {}

sync::Mutex& TieredStore::Migration::StripeOf(uint64_t hash) const {
  return store_.stripes_[hash % store_.options_.concurrency];
}

bool TieredStore::Migration::IsCurrent(const Delta& home) {
  Candidates candidates;
  Index& index = *store_.parts_->index;
  index.FindInDelta(home.hash, candidates);
  index.FindInCheckpoint(home.hash, candidates);
  const bool is_there =
      std::any_of(candidates.entries.begin(), candidates.entries.end(), [&](const Delta& entry) {
        return entry.sequence == home.sequence && entry.place == home.place &&
               entry.slot == home.slot;
      });
  // What may have been something newer stays where it is.
  if (!is_there || candidates.checkpoint->MayBeLost(home.hash, home.sequence)) return false;
  if (!candidates.has_room) index.MakeRoom(home.hash);
  return true;
}

// So that the next push_back cannot fail.
void TieredStore::Migration::MakeRoomForOne() {
  if (gathered_.size() == gathered_.capacity()) gathered_.reserve(2 * gathered_.size() + 1);
}

// ---- From slots to rows.

absl::Status TieredStore::Migration::MakeCold(std::span<const std::string> ids, size_t& next) {
  size_t end = next;
  for (; end < ids.size(); ++end) {
    ENGRAM_ASSIGN_OR_RETURN(const Found found, Gather(ids[end]));
    if (found == Found::kFull) break;
  }
  ENGRAM_RETURN_IF_ERROR(WriteRun());
  next = end;
  return absl::OkStatus();
}

absl::StatusOr<TieredStore::Migration::Found> TieredStore::Migration::Gather(
    const std::string& id) {
  const Call inside(store_);
  const uint64_t hash = format::IdHash(id);
  Lookup lookup = store_.Find(id, hash, From::kHome);
  if (lookup.state == Lookup::State::kDamaged) ++stats_.damaged;
  if (lookup.state == Lookup::State::kAbsent || lookup.state == Lookup::State::kRemoved) {
    ++stats_.absent;
  }
  if (lookup.state != Lookup::State::kPresent) return Found::kNotTaken;
  if (lookup.row || sequences_.contains(lookup.sequence().value)) {
    ++stats_.unchanged;
    return Found::kNotTaken;
  }
  const absl::StatusOr<MemoryView> view = store_.ViewOf(lookup);
  if (!view.ok()) {
    ++stats_.damaged;
    return Found::kNotTaken;
  }
  Gathered memory{lookup.entry, id, std::nullopt};
  const format::Record& record = lookup.record.record;
  if (record.blob) memory.blob = {record.blob->offset, *record.content_bytes};
  MakeRoomForOne();
  const auto noted = sequences_.insert(lookup.sequence().value).first;
  if (!builder_.Add(RowOf(lookup, hash), BytesOf(view->embedding), view->content.value_or(""))) {
    sequences_.erase(noted);
    return Found::kFull;
  }
  gathered_.push_back(std::move(memory));
  return Found::kTaken;
}

absl::Status TieredStore::Migration::WriteRun() {
  if (gathered_.empty()) return absl::OkStatus();
  ENGRAM_ASSIGN_OR_RETURN(const ColdRunUse run,
                          space_.TakeColdRun(builder_.extents(), builder_.rows()));
  moved_to_run_ = 0;
  // What nothing names was never there.
  const auto give_back = [&] {
    if (moved_to_run_ == 0) space_.GiveBackRun(run.run);
  };
  absl::Status written;
  try {
    written = WriteAndMove(run);
  } catch (...) {
    give_back();
    throw;
  }
  give_back();
  builder_.Clear();
  gathered_.clear();
  sequences_.clear();
  return written;
}

absl::Status TieredStore::Migration::WriteAndMove(const ColdRunUse& run) {
  const cold::BuiltRun built = builder_.Finish({space_.store_id(), run.run.first, run.generation});
  io::File& file = *store_.parts_->file;
  const FileOffset begin = space_.geometry().Begin(run.run.first);
  const std::span<const std::byte> second = built.second_directory();
  ENGRAM_RETURN_IF_ERROR(io::WriteFully(file, begin, built.front()));
  ENGRAM_RETURN_IF_ERROR(
      io::WriteFully(file, {begin.value + built.bytes.size() - second.size()}, second));
  // Before anything names it: a move that is durable must lead to what is there.
  ENGRAM_RETURN_IF_ERROR(store_.parts_->commit->SyncFile());
  stats_.bytes += built.used_bytes + second.size();
  for (size_t i = 0; i < gathered_.size(); ++i) {
    if (is_stopped()) {
      stats_.left += gathered_.size() - i;
      break;
    }
    ENGRAM_RETURN_IF_ERROR(MoveToRow(gathered_[i], run, built.numbers[i]));
    TellProgress();
  }
  return absl::OkStatus();
}

absl::Status TieredStore::Migration::MoveToRow(const Gathered& memory, const ColdRunUse& run,
                                               uint32_t number) {
  const Delta& from = memory.from;
  ReleaseNode slot_release = from.is_cold() ? nullptr : std::make_unique<Release>();
  ReleaseNode blob_release = memory.blob ? std::make_unique<Release>() : nullptr;
  Delta moved = from;
  moved.place = space_.geometry().Begin(run.run.first);
  moved.slot = {number};
  moved.room_bytes = 0;
  sync::MutexLock stripe(StripeOf(from.hash));
  const int64_t began_ns = sync::MonotonicNs();
  if (!IsCurrent(from)) {
    ++stats_.superseded;
    return absl::OkStatus();
  }
  LogNumber move;
  ENGRAM_RETURN_IF_ERROR(AppendMove(memory,
                                    {.tier = static_cast<uint8_t>(Tier::kCold),
                                     .place = moved.place,
                                     .row = number,
                                     .released_blob = memory.blob},
                                    move));
  // Nothing fails from here on. First the new home, then the old one is given up.
  ++moved_to_run_;
  space_.AddColdRow(moved.place);
  store_.parts_->index->Put(from.sequence, moved);
  store_.hot_.Erase(from.sequence);
  if (from.is_cold()) {
    space_.DropColdRow(from.place);
  } else {
    space_.DropContent({from.place, from.room_bytes});
    slot_release->what = Release::What::kSlot;
    slot_release->slot = from.slot;
    space_.ReleaseLater(std::move(slot_release), move);
  }
  if (memory.blob) {
    space_.DropContent({memory.blob->offset, BlobRoom(memory.blob->bytes)});
    blob_release->what = Release::What::kBlob;
    blob_release->blob = memory.blob->offset;
    blob_release->blob_bytes = memory.blob->bytes;
    space_.ReleaseLater(std::move(blob_release), move);
  }
  store_.entries_since_checkpoint_.FetchAdd(1, std::memory_order_relaxed);
  ++stats_.moved;
  longest_pause_ns_ = std::max(longest_pause_ns_, sync::MonotonicNs() - began_ns);
  stats_.longest_pause_us = static_cast<uint64_t>(longest_pause_ns_) / kNsPerUs;
  return absl::OkStatus();
}

absl::Status TieredStore::Migration::AppendMove(const Gathered& memory,
                                                const format::MoveTarget& target,
                                                LogNumber& number) {
  const uint64_t bytes = format::MoveEntryBytes(memory.id.size(), target);
  warm::ContentLog& log = store_.parts_->log;
  sync::MutexLock lock(log.mutex());
  if (absl::Status room = log.PrepareRoom(bytes, warm::Need::kCleaning); !room.ok()) {
    if (log.failed()) store_.parts_->commit->SetReadOnly();
    return room;
  }
  const warm::ContentLog::Room room = log.NextRoom(bytes);
  format::EncodeMove(room.bytes, room.place, room.number, memory.id, memory.from.sequence, target);
  log.Commit(room, memory.from.hash);
  number = room.number;
  return absl::OkStatus();
}

// ---- From rows to slots.

absl::Status TieredStore::Migration::MakeWarm(std::span<const std::string> ids, Tier to,
                                              size_t& next) {
  const size_t end = next + std::min<size_t>(ids.size() - next, kWarmBatchMax);
  for (; next < end && !is_stopped(); ++next) {
    ENGRAM_RETURN_IF_ERROR(MakeOneWarm(ids[next], to));
    store_.hot_.Evict();
    TellProgress();
  }
  return absl::OkStatus();
}

void TieredStore::Migration::TellProgress() {
  if (store_.options_.listener == nullptr) return;
  try {
    is_stopped_ = is_stopped_ || !store_.options_.listener->OnMigrationProgress(stats_.moved);
  } catch (...) {
    // The listener's affair.
  }
}

bool TieredStore::Migration::HoldCopy(Lookup& lookup, Tier to) {
  const bool is_held = store_.hot_.Contains(lookup.entry.sequence);
  if (is_held == (to == Tier::kHot)) return false;
  std::unique_ptr<hot::Copy> copy;
  if (to == Tier::kHot) {
    const absl::StatusOr<MemoryView> view = store_.ViewOf(lookup);
    if (view.ok()) copy = store_.HotCopyOf(*view, /*is_wanted=*/true);
    if (copy == nullptr) return false;
  }
  sync::MutexLock stripe(StripeOf(lookup.entry.hash));
  if (!IsCurrent(lookup.entry)) return false;
  if (copy == nullptr) {
    store_.hot_.Erase(lookup.entry.sequence);
  } else {
    store_.hot_.Insert(std::move(copy), lookup.entry.sequence);
  }
  return true;
}

absl::Status TieredStore::Migration::MakeOneWarm(const std::string& id, Tier to) {
  const Call inside(store_);
  Lookup lookup = store_.Find(id, format::IdHash(id), From::kHome);
  switch (lookup.state) {
    case Lookup::State::kDamaged:
      ++stats_.damaged;
      return absl::OkStatus();
    case Lookup::State::kAbsent:
    case Lookup::State::kRemoved:
      ++stats_.absent;
      return absl::OkStatus();
    case Lookup::State::kPresent:
      break;
  }
  const absl::StatusOr<MemoryView> view = store_.ViewOf(lookup);
  if (!view.ok()) {
    if (!absl::IsDataLoss(view.status())) return view.status();
    ++stats_.damaged;
    return absl::OkStatus();
  }
  // With an intact home: a copy may be all that is left.
  if (!lookup.row) {
    ++(HoldCopy(lookup, to) ? stats_.moved : stats_.unchanged);
    return absl::OkStatus();
  }
  const Value value{view->embedding, view->content};
  Taken taken;
  bool is_moved = false;
  absl::Status moved;
  try {
    moved = store_.TakeRoom(value, taken);
    if (moved.ok()) moved = MoveToSlot(lookup, value, taken, is_moved);
  } catch (...) {
    store_.GiveBack(taken);
    throw;
  }
  if (!is_moved) store_.GiveBack(taken);
  if (is_moved && to == Tier::kHot) {
    Lookup home = store_.Find(id, lookup.entry.hash, From::kHome);
    if (home.state == Lookup::State::kPresent && !home.row) HoldCopy(home, to);
  }
  return moved;
}

absl::Status TieredStore::Migration::MoveToSlot(const Lookup& lookup, const Value& value,
                                                const Taken& taken, bool& is_moved) {
  format::Record record = lookup.record.record;
  SetValue(value, taken, record);
  Delta moved = lookup.entry;
  moved.slot = taken.slot;
  sync::MutexLock stripe(StripeOf(moved.hash));
  const int64_t began_ns = sync::MonotonicNs();
  if (!IsCurrent(lookup.entry)) {
    ++stats_.superseded;
    return absl::OkStatus();
  }
  ENGRAM_RETURN_IF_ERROR(AppendRelocated(lookup, record, moved));
  is_moved = true;
  space_.AddContent({moved.place, moved.room_bytes});
  if (taken.blob) space_.AddContent({taken.blob->offset, BlobRoom(taken.blob_bytes)});
  store_.parts_->index->Put(moved.sequence, moved);
  space_.DropColdRow(lookup.entry.place);
  store_.entries_since_checkpoint_.FetchAdd(1, std::memory_order_relaxed);
  stats_.bytes += format::kSlotBytes + moved.room_bytes + taken.blob_bytes;
  ++stats_.moved;
  longest_pause_ns_ = std::max(longest_pause_ns_, sync::MonotonicNs() - began_ns);
  stats_.longest_pause_us = static_cast<uint64_t>(longest_pause_ns_) / kNsPerUs;
  return absl::OkStatus();
}

absl::Status TieredStore::Migration::AppendRelocated(const Lookup& lookup,
                                                     const format::Record& record, Delta& moved) {
  const uint64_t bytes = format::RecordEntryBytes(lookup.record.id.size(), record);
  warm::ContentLog& log = store_.parts_->log;
  sync::MutexLock lock(log.mutex());
  if (absl::Status room = log.PrepareRoom(bytes, warm::Need::kUsual); !room.ok()) {
    if (log.failed()) store_.parts_->commit->SetReadOnly();
    return room;
  }
  const warm::ContentLog::Room room = log.NextRoom(bytes);
  format::EncodeRecord(room.bytes, room.place, room.number, format::EntryKind::kRelocated,
                       lookup.record.id, record);
  log.Commit(room, moved.hash);
  moved.place = room.place.offset;
  moved.room_bytes = static_cast<uint32_t>(bytes);
  return absl::OkStatus();
}

// ---- After a batch.

absl::Status TieredStore::Migration::KeepHouse(bool wants_checkpoint) {
  if (space_.releases_pending() > store_.options_.pending_releases_max) {
    ENGRAM_RETURN_IF_ERROR(store_.SyncNow());
    space_.Collect(store_.parts_->commit->durable());
  }
  if (!wants_checkpoint && !store_.CheckpointIsDue() && !store_.EmptiedExtentsAreDue()) {
    return absl::OkStatus();
  }
  // Extents of slots may have become empty.
  const absl::Status cut = store_.CutCheckpoint(CutFor::kCompaction);
  if (!cut.ok()) {
    // Not at once again: what stands in the way may last.
    store_.checkpoint_due_at_.Store(
        store_.entries_since_checkpoint_.Load(std::memory_order_relaxed) +
            store_.options_.checkpoint_entries_min,
        std::memory_order_relaxed);
  }
  // Everything is where it can be read, with a checkpoint or without; others will try again.
  return absl::IsResourceExhausted(cut) ? absl::OkStatus() : cut;
}

}  // namespace engram::inline ENGRAM_BODY::engine
