// Taking damaged memories out of a store, without losing what is left of them.
//
// Method. Everything is looked at, as Verify does. What is left of all that is damaged goes to the
// keeper, which makes it durable. It is read from the file: a mapping shows zeros where the device
// cannot deliver, and nothing is taken out that the device may still give back. Then each damaged
// memory, if the index still names the very place that was found damaged, is superseded in the
// index by a removal with its own sequence; and a checkpoint is cut, which leaves removals out. The
// log says nothing of it, because a removal there names an id, and damage may have hidden that.
//
// Until the checkpoint is named by the superblocks, a crash shows the store as it was: nothing that
// was released is used again before, and if the checkpoint fails the index gets back what it had,
// and the store becomes read-only.
//
// Long because it is one transaction, of which each step relies on the ones before.

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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
      : store_(store), space_(store.parts_->space), file_(*store.parts_->file), keeper_(keeper) {}

  absl::StatusOr<QuarantineReport> Run() ENGRAM_EXCLUDES(store_.checkpoint_mutex_);

 private:
  using DamagedEntry = Inspection::DamagedEntry;

  // A memory, not a removal, of which something is left, if only a place.
  static bool IsMemory(const Delta& entry) { return !entry.is_removal() && !entry.is_lost(); }

  absl::Status KeepAll();
  absl::Status KeepEntry(const DamagedEntry& damaged);
  absl::Status KeepPlace(const Damage& damage);
  absl::Status AddHomeOf(Lookup& lookup, bool is_decoded, Remains& remains);
  absl::Status AddColdHomeOf(Lookup& lookup, Remains& remains);
  absl::Status AddBytes(std::string_view structure, FileOffset offset, uint64_t bytes,
                        Remains& remains);
  absl::Status AddFromFile(std::string_view structure, FileOffset offset, uint64_t bytes,
                           Remains& remains);
  void AddIntact(Lookup& lookup, Remains& remains);
  absl::Status Give(const Remains& remains);

  // Bytes of the blobs that records name, by the extent where they begin; nothing if a part of the
  // index is damaged.
  using BlobBytes = std::map<ExtentId, uint64_t>;
  std::optional<BlobBytes> LiveBlobs() const;
  void AddBlobsOf(uint64_t hash, BlobBytes& live) const;
  absl::Status KeepNobodysBlobs();

  absl::Status TakeOutAll() ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  bool PutBackAll() ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  void PutBack(const Delta& entry);
  void TakeOut(const Delta& damaged);
  void Settle(const Delta& entry, const Lookup& lookup, ReleaseNode slot, ReleaseNode blob);
  absl::Status Restore();

  TieredStore& store_;
  Space& space_;
  io::File& file_;
  RemainsKeeper& keeper_;
  Inspection found_;
  uint64_t file_bytes_ = 0;
  std::vector<std::vector<std::byte>> read_;  // what the present Remains show
  std::vector<Delta> taken_out_;              // with room for all that will be
  bool hides_blobs_ = false;                  // a record is damaged so that it may have named one
  std::set<uint64_t> kept_runs_;              // by where they begin
  std::set<ExtentId> kept_blobs_;             // extents of which some blob is nobody's, as runs
  QuarantineReport report_;
};

namespace {

// A call of the keeper; what it throws stays here, but that memory has ended.
template <typename Function>
absl::Status Guarded(const Function& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (...) {
    return absl::InternalError(
        "the keeper of what is damaged threw an exception; nothing was changed in the store");
  }
}

// What has gone wrong after the first change; in words if there is memory for them.
absl::Status NotTakenOut(const absl::Status& cause, bool all_are_back) {
  try {
    return absl::Status(
        cause.code(),
        absl::StrCat("what is damaged was not taken out, and the store is read-only; reopen it",
                     all_are_back ? "" : ", because some of it seems absent until then", ": ",
                     cause.message().empty() ? "there is no memory" : cause.message()));
  } catch (const std::bad_alloc&) {
    return cause;
  }
}

}  // namespace

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
    taken_out_.reserve(found_.entries.size());
    ENGRAM_RETURN_IF_ERROR(Guarded([&] { return keeper_.MakeDurable(); }));
    absl::Status done;
    try {
      done = TakeOutAll();
    } catch (const std::bad_alloc&) {
      done = absl::Status(absl::StatusCode::kResourceExhausted, "");
    }
    if (!done.ok()) {
      // What was released in memory must not be used again.
      commit.SetReadOnly();
      const bool all_are_back = PutBackAll();
      return NotTakenOut(done, all_are_back);
    }
  }
  report_.found = std::move(found_.report);
  return std::move(report_);
}

// ---- Keeping.

absl::Status TieredStore::Quarantining::KeepAll() {
  ENGRAM_ASSIGN_OR_RETURN(file_bytes_, file_.Size());
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
  ENGRAM_RETURN_IF_ERROR(AddHomeOf(lookup, is_decoded, remains));
  return Give(remains);
}

absl::Status TieredStore::Quarantining::Give(const Remains& remains) {
  const absl::Status kept = Guarded([&] { return keeper_.Keep(remains); });
  read_.clear();
  return kept;
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

absl::Status TieredStore::Quarantining::AddHomeOf(Lookup& lookup, bool is_decoded,
                                                  Remains& remains) {
  const Delta& entry = lookup.entry;
  if (entry.is_lost()) return absl::OkStatus();
  if (entry.is_cold()) return AddColdHomeOf(lookup, remains);
  if (space_.Contains(entry.place, entry.room_bytes)) {
    const auto bytes = space_.EntryBytes(entry.place, entry.room_bytes);
    // In RAM, because the file may not have it yet?
    if (bytes.data() != store_.parts_->mapping->Bytes(entry.place, bytes.size())) {
      remains.bytes.push_back({"log entry", entry.place, bytes});
    } else {
      ENGRAM_RETURN_IF_ERROR(AddBytes("log entry", entry.place, bytes.size(), remains));
    }
  }
  if (!entry.is_removal() && space_.Contains(entry.slot)) {
    ENGRAM_RETURN_IF_ERROR(
        AddBytes("embedding", space_.geometry().OffsetOf(entry.slot), format::kSlotBytes, remains));
  }
  if (!is_decoded || !lookup.record.record.blob) return absl::OkStatus();
  return AddBytes("blob", lookup.record.record.blob->offset, *lookup.record.record.content_bytes,
                  remains);
}

absl::Status TieredStore::Quarantining::AddColdHomeOf(Lookup& lookup, Remains& remains) {
  const FileOffset place = lookup.entry.place;
  if (lookup.row) {
    ENGRAM_RETURN_IF_ERROR(AddBytes("embedding", {place.value + lookup.row->embedding_offset()},
                                    format::kSlotBytes, remains));
    return AddBytes("cold content", {place.value + lookup.row->content_offset()},
                    lookup.row->row().stored_bytes, remains);
  }
  const auto run = space_.ColdRunAt(place);
  if (!run || !kept_runs_.insert(place.value).second) return absl::OkStatus();
  return AddBytes("cold run", place, run->bytes.size(), remains);
}

// Bytes that were looked at through the mapping, and do not change.
absl::Status TieredStore::Quarantining::AddBytes(std::string_view structure, FileOffset offset,
                                                 uint64_t bytes, Remains& remains) {
  if (!space_.Contains(offset, bytes)) return absl::OkStatus();
  const size_t before = read_.size();
  ENGRAM_RETURN_IF_ERROR(AddFromFile(structure, offset, bytes, remains));
  if (read_.size() == before) return absl::OkStatus();
  const std::vector<std::byte>& read = read_.back();
  if (std::memcmp(space_.Bytes(offset, read.size()), read.data(), read.size()) == 0) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat(
      "the device could not deliver offset ", offset.value, " of the file (", read.size(),
      " bytes) when it was looked at, and now does; nothing was changed: copy the file first, or "
      "reopen the store"));
}

// What the file has of them. Read, not mapped: it may lie before the first extent, or in none; and
// a read says what the device cannot deliver.
absl::Status TieredStore::Quarantining::AddFromFile(std::string_view structure, FileOffset offset,
                                                    uint64_t bytes, Remains& remains) {
  if (bytes == 0 || offset.value >= file_bytes_) return absl::OkStatus();
  read_.emplace_back(std::min(bytes, file_bytes_ - offset.value));
  const absl::Status read = io::ReadFully(file_, offset, read_.back());
  if (!read.ok()) {
    return absl::UnavailableError(absl::StrCat(
        "the device cannot deliver offset ", offset.value, " of the file (", read_.back().size(),
        " bytes); nothing was changed: copy the file first (", read.message(), ")"));
  }
  remains.bytes.push_back({structure, offset, read_.back()});
  return absl::OkStatus();
}

absl::Status TieredStore::Quarantining::KeepPlace(const Damage& damage) {
  Remains remains;
  remains.damage = damage;
  ENGRAM_RETURN_IF_ERROR(
      AddFromFile(remains.damage.structure, damage.offset, damage.bytes, remains));
  return Give(remains);
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
    ENGRAM_RETURN_IF_ERROR(
        AddFromFile("blob extent", remains.damage.offset, remains.damage.bytes, remains));
    ENGRAM_RETURN_IF_ERROR(Give(remains));
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
    taken_out_.push_back(current);
    Settle(current, lookup, std::move(slot), std::move(blob));
    ++report_.memories_taken_out;
    return;
  }
}

// So that reads answer as before. The accounts of room stay: nothing uses any again. Memory is
// needed only where it has ended before that, so that the failed checkpoint's changes stay frozen:
// false if there is none.
bool TieredStore::Quarantining::PutBackAll() {
  Index& index = *store_.parts_->index;
  try {
    if (index.is_frozen()) index.Thaw();
    for (const Delta& entry : taken_out_) PutBack(entry);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void TieredStore::Quarantining::PutBack(const Delta& entry) {
  const Call inside(store_);
  Index& index = *store_.parts_->index;
  sync::MutexLock stripe(store_.stripes_[entry.hash % store_.options_.concurrency]);
  Candidates candidates;
  index.FindInDelta(entry.hash, candidates);
  for (const Delta& current : candidates.entries) {
    if (current.sequence != entry.sequence || !current.is_removal()) continue;
    index.Put(entry.sequence, entry);
    // acq_rel: partner of Count.
    store_.memories_.FetchAdd(1, std::memory_order_acq_rel);
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
