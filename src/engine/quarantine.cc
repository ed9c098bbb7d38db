// Taking damaged memories out of a store, without losing what is left of them.
//
// Method. Everything is looked at, as Verify does. What is left of all that is damaged goes to the
// keeper, which makes it durable. Then each damaged memory, if the index still names the very place
// that was found damaged, is superseded in the index by a removal with its own sequence; and a
// checkpoint is cut, which leaves removals out. The log says nothing of it, because a removal there
// names an id, and damage may have hidden that.
//
// Until the checkpoint is named by the superblocks, a crash shows the store as it was: nothing that
// was released is used again before, and if the checkpoint fails the store becomes read-only.

#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "cold/run_reader.h"
#include "engine/inspection.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "format/cold_run.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::engine {

// One call. Thread safety: confined to one thread.
class TieredStore::Quarantining {
 public:
  Quarantining(TieredStore& store, RemainsKeeper& keeper)
      : store_(store), space_(store.parts_->space), keeper_(keeper) {}

  absl::StatusOr<QuarantineReport> Run() ENGRAM_EXCLUDES(store_.checkpoint_mutex_);

 private:
  using DamagedEntry = Inspection::DamagedEntry;

  // A memory, not a removal, of which something is left, if only a place.
  static bool IsMemory(const Delta& entry) { return !entry.is_removal() && !entry.is_lost(); }

  absl::Status KeepAll();
  absl::Status KeepEntry(const DamagedEntry& damaged);
  absl::Status KeepPlace(const Damage& damage);
  void AddHomeOf(Lookup& lookup, bool is_decoded, Remains& remains);
  void AddBytes(std::string_view structure, FileOffset offset, uint64_t bytes, Remains& remains);
  void AddIntact(Lookup& lookup, Remains& remains);

  // Bytes of the blobs that records name, by the extent where they begin; nothing if a part of the
  // index is damaged.
  using BlobBytes = std::map<ExtentId, uint64_t>;
  std::optional<BlobBytes> LiveBlobs() const;
  void AddBlobsOf(uint64_t hash, BlobBytes& live) const;
  absl::Status KeepNobodysBlobs();

  absl::Status TakeOutAll() ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  void TakeOut(const Delta& damaged);
  void Settle(const Delta& entry, const Lookup& lookup, ReleaseNode slot, ReleaseNode blob);
  absl::Status Restore();

  TieredStore& store_;
  Space& space_;
  RemainsKeeper& keeper_;
  Inspection found_;
  bool hides_blobs_ = false;       // a record is damaged so that it may have named one
  std::set<uint64_t> kept_runs_;   // by where they begin
  std::set<ExtentId> kept_blobs_;  // extents of which some blob is nobody's, as runs
  QuarantineReport report_;
};

absl::StatusOr<QuarantineReport> TieredStore::Quarantine(RemainsKeeper& keeper) {
  return Traced(Operation::kQuarantine, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<QuarantineReport> {
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      return Quarantining(*this, keeper).Run();
    });
  });
}

absl::StatusOr<QuarantineReport> TieredStore::Quarantining::Run() {
  sync::MutexLock lock(store_.checkpoint_mutex_);
  GroupCommit& commit = *store_.parts_->commit;
  ENGRAM_RETURN_IF_ERROR(commit.CheckWritable());
  const Space::Pinned nothing_is_used_again(space_);
  ENGRAM_RETURN_IF_ERROR(store_.Inspect(found_));
  if (!found_.report.damages.empty()) {
    ENGRAM_RETURN_IF_ERROR(KeepAll());
    ENGRAM_RETURN_IF_ERROR(keeper_.MakeDurable());
    absl::Status done;
    try {
      done = TakeOutAll();
    } catch (const std::bad_alloc&) {
      done = absl::Status(absl::StatusCode::kResourceExhausted, "");
    }
    if (!done.ok()) {
      // Some may be superseded in memory; what they had must not be used again.
      commit.SetReadOnly();
      return done;
    }
  }
  report_.found = std::move(found_.report);
  return std::move(report_);
}

// ---- Keeping.

absl::Status TieredStore::Quarantining::KeepAll() {
  size_t next = 0;
  for (size_t i = 0; i < found_.report.damages.size(); ++i) {
    if (next < found_.entries.size() && found_.entries[next].damage == i) {
      ENGRAM_RETURN_IF_ERROR(KeepEntry(found_.entries[next++]));
    } else {
      ENGRAM_RETURN_IF_ERROR(KeepPlace(found_.report.damages[i]));
    }
  }
  return hides_blobs_ ? KeepNobodysBlobs() : absl::OkStatus();
}

absl::Status TieredStore::Quarantining::KeepEntry(const DamagedEntry& damaged) {
  const Call inside(store_);
  Remains remains;
  remains.damage = found_.report.damages[damaged.damage];
  remains.is_memory = IsMemory(damaged.entry);
  remains.id_hash = damaged.entry.hash;
  remains.sequence = damaged.entry.sequence;
  Lookup lookup;
  const bool is_decoded = store_.DecodeInto(damaged.entry, lookup);
  if (is_decoded && remains.is_memory) AddIntact(lookup, remains);
  hides_blobs_ |= !is_decoded && remains.is_memory && !damaged.entry.is_cold();
  AddHomeOf(lookup, is_decoded, remains);
  return keeper_.Keep(remains);
}

void TieredStore::Quarantining::AddIntact(Lookup& lookup, Remains& remains) {
  const format::Record& record = lookup.record.record;
  Memory memory;
  memory.id = lookup.record.id;
  memory.confidence = record.confidence;
  memory.activation = record.activation;
  memory.decay_rate = record.decay_rate;
  memory.created_at = record.created_at;
  memory.last_access = record.last_access;
  memory.access_count = record.access_count;
  if (const auto embedding = store_.EmbeddingOf(lookup); embedding.ok()) {
    memory.embedding.assign(embedding->begin(), embedding->end());
  }
  if (const auto content = store_.ContentOf(lookup); content.ok() && *content) {
    memory.content = std::string(**content);
  }
  remains.intact = std::move(memory);
}

void TieredStore::Quarantining::AddHomeOf(Lookup& lookup, bool is_decoded, Remains& remains) {
  const Delta& entry = lookup.entry;
  if (entry.is_lost()) return;
  if (!entry.is_cold()) {
    if (space_.Contains(entry.place, entry.room_bytes)) {
      const auto bytes = space_.EntryBytes(entry.place, entry.room_bytes);
      remains.bytes.push_back({"log entry", entry.place, bytes});
    }
    if (!entry.is_removal() && space_.Contains(entry.slot)) {
      AddBytes("embedding", space_.geometry().OffsetOf(entry.slot), format::kSlotBytes, remains);
    }
    if (is_decoded && lookup.record.record.blob) {
      AddBytes("blob", lookup.record.record.blob->offset, *lookup.record.record.content_bytes,
               remains);
    }
    return;
  }
  if (lookup.row) {
    AddBytes("embedding", {entry.place.value + lookup.row->embedding_offset()}, format::kSlotBytes,
             remains);
    AddBytes("cold content", {entry.place.value + lookup.row->content_offset()},
             lookup.row->row().stored_bytes, remains);
    return;
  }
  const auto run = space_.ColdRunAt(entry.place);
  if (run && kept_runs_.insert(entry.place.value).second) {
    remains.bytes.push_back({"cold run", entry.place, run->bytes});
  }
}

void TieredStore::Quarantining::AddBytes(std::string_view structure, FileOffset offset,
                                         uint64_t bytes, Remains& remains) {
  if (bytes == 0 || !space_.Contains(offset, bytes)) return;
  remains.bytes.push_back({structure, offset, {space_.Bytes(offset, bytes), bytes}});
}

// Read, not mapped: it may lie before the first extent, or in none.
absl::Status TieredStore::Quarantining::KeepPlace(const Damage& damage) {
  Remains remains;
  remains.damage = damage;
  std::vector<std::byte> bytes(damage.bytes);
  if (!bytes.empty() && io::ReadFully(*store_.parts_->file, damage.offset, bytes).ok()) {
    remains.bytes.push_back({remains.damage.structure, damage.offset, bytes});
  }
  return keeper_.Keep(remains);
}

// ---- Blobs of which the record is damaged: nobody can tell which they are, but where they are.

void TieredStore::Quarantining::AddBlobsOf(uint64_t hash, BlobBytes& live) const {
  Candidates candidates;
  store_.parts_->index->FindInDelta(hash, candidates);
  store_.parts_->index->FindInCheckpoint(hash, candidates);
  for (const Delta& entry : candidates.entries) {
    Lookup lookup;
    if (entry.is_removal() || entry.is_cold() || !store_.DecodeInto(entry, lookup)) continue;
    const format::Record& record = lookup.record.record;
    if (!record.blob || !space_.Contains(record.blob->offset, *record.content_bytes)) continue;
    live[space_.geometry().ExtentOf(record.blob->offset)] +=
        format::RoundUp(*record.content_bytes, format::kAlignment);
  }
}

std::optional<TieredStore::Quarantining::BlobBytes> TieredStore::Quarantining::LiveBlobs() const {
  const Index& index = *store_.parts_->index;
  const engine::Checkpoint& checkpoint = index.CheckpointNow();
  BlobBytes live;
  const std::vector<uint64_t> changed = index.ChangedHashes();
  for (const uint64_t hash : changed) {
    const Call inside(store_);
    AddBlobsOf(hash, live);
  }
  uint64_t last = 0;
  for (uint64_t number = 0; number < checkpoint.place().buckets; ++number) {
    const Call inside(store_);
    const auto bucket = checkpoint.BucketAt(number);
    if (!bucket.ok()) return std::nullopt;
    for (uint32_t i = 0; i < format::BucketCount(*bucket); ++i) {
      const uint64_t hash = format::BucketHashAt(*bucket, i);
      if (hash != last && !std::binary_search(changed.begin(), changed.end(), hash)) {
        AddBlobsOf(hash, live);
      }
      last = hash;
    }
  }
  return live;
}

// Extents with them are kept as a whole.
absl::Status TieredStore::Quarantining::KeepNobodysBlobs() {
  std::optional<BlobBytes> live = LiveBlobs();
  if (!live) return absl::OkStatus();
  for (uint32_t i = 0; i < space_.extents(); ++i) {
    const std::optional<format::ExtentHeader> header = space_.HeaderInFile({i});
    if (!header || header->type != format::ExtentType::kBlob) continue;
    if (space_.LiveBytesOf({i}) <= (*live)[{i}]) continue;
    Remains remains;
    remains.damage = {space_.geometry().Begin({i}),
                      header->run_extents * space_.geometry().extent_bytes, "blob extent", "",
                      "some blob in it is of a memory whose record is damaged"};
    const Call inside(store_);
    AddBytes("blob extent", remains.damage.offset, remains.damage.bytes, remains);
    ENGRAM_RETURN_IF_ERROR(keeper_.Keep(remains));
    kept_blobs_.insert({i});
  }
  return absl::OkStatus();
}

// ---- Taking out.

absl::Status TieredStore::Quarantining::TakeOutAll() {
  for (const DamagedEntry& damaged : found_.entries) {
    if (IsMemory(damaged.entry)) TakeOut(damaged.entry);
  }
  if (!kept_blobs_.empty()) {
    // Accounts can be compared only while nobody changes them.
    const AllStripes no_mutations(store_);
    std::optional<BlobBytes> live = LiveBlobs();
    for (const ExtentId extent : kept_blobs_) {
      if (live) space_.SettleBlobs(extent, (*live)[extent]);
    }
  }
  ENGRAM_RETURN_IF_ERROR(Restore());
  return store_.CutCheckpoint(CutFor::kUse);
}

void TieredStore::Quarantining::TakeOut(const Delta& damaged) {
  const Call inside(store_);
  Index& index = *store_.parts_->index;
  sync::MutexLock stripe(store_.stripes_[damaged.hash % store_.options_.concurrency]);
  Candidates candidates;
  index.FindInDelta(damaged.hash, candidates);
  index.FindInCheckpoint(damaged.hash, candidates);
  for (const Delta& current : candidates.entries) {
    if (current.sequence != damaged.sequence || current.place != damaged.place ||
        current.slot != damaged.slot) {
      continue;
    }
    // What a copy in RAM still shows is not lost.
    if (store_.hot_.Contains(current.sequence)) return;
    Lookup lookup;
    store_.DecodeInto(current, lookup);
    auto slot = std::make_unique<Release>();
    auto blob = std::make_unique<Release>();
    if (!candidates.has_room) index.MakeRoom(damaged.hash);
    Delta removal = current;
    removal.slot = kNoSlot;
    index.Put(current.sequence, removal);
    Settle(current, lookup, std::move(slot), std::move(blob));
    ++report_.memories_taken_out;
    return;
  }
}

// The accounts without the memory of `entry`.
void TieredStore::Quarantining::Settle(const Delta& entry, const Lookup& lookup, ReleaseNode slot,
                                       ReleaseNode blob) {
  if (entry.is_cold()) {
    if (space_.ColdRunAt(entry.place)) space_.DropColdRow(entry.place);
  } else {
    if (space_.Contains(entry.place, entry.room_bytes)) {
      space_.DropContent({entry.place, entry.room_bytes});
    }
    if (space_.Contains(entry.slot)) {
      slot->what = Release::What::kSlot;
      slot->slot = entry.slot;
      space_.ReleaseLater(std::move(slot), LogNumber{});
    }
    if (lookup.state == Lookup::State::kPresent && lookup.record.record.blob) {
      const FileOffset offset = lookup.record.record.blob->offset;
      const uint64_t bytes = *lookup.record.record.content_bytes;
      space_.DropContent({offset, format::RoundUp(bytes, format::kAlignment)});
      blob->what = Release::What::kBlob;
      blob->blob = offset;
      blob->blob_bytes = bytes;
      space_.ReleaseLater(std::move(blob), LogNumber{});
    }
  }
  // acq_rel: partner of Count.
  store_.memories_.FetchSub(1, std::memory_order_acq_rel);
  store_.entries_since_checkpoint_.FetchAdd(1, std::memory_order_relaxed);
}

// What is known otherwise is written again where it stood: it was not intact, so a torn write makes
// nothing worse. The checkpoint's sync covers it.
absl::Status TieredStore::Quarantining::Restore() {
  for (const ExtentId extent : found_.headers) {
    if (!space_.HeaderInFile(extent)) continue;
    ENGRAM_RETURN_IF_ERROR(space_.RestoreHeader(extent));
    ++report_.structures_restored;
  }
  for (const Inspection::DamagedDirectory& damaged : found_.directories) {
    const auto run = space_.ColdRunAt(damaged.run);
    if (!run) continue;
    const absl::StatusOr<format::ColdDirectory> other = cold::ReadDirectory(*run);
    if (!other.ok()) continue;  // both are damaged, and every row is taken out
    const format::ColdDirectoryBytes bytes =
        format::Encode(*other, space_.geometry(), space_.store_id());
    ENGRAM_RETURN_IF_ERROR(io::WriteFully(*store_.parts_->file, damaged.place, bytes));
    ++report_.structures_restored;
  }
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::engine
