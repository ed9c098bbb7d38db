// Mutations: what can fail first, then the log, then the index, then the accounts.

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "engine/validation.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY {
namespace {

constexpr absl::string_view kUnknownOutcome = "engram.unknown_outcome";

}  // namespace

std::optional<Sequence> UnknownOutcomeOf(const absl::Status& status) {
  if (!absl::IsUnavailable(status)) return std::nullopt;
  const absl::optional<absl::Cord> payload = status.GetPayload(kUnknownOutcome);
  if (!payload || payload->size() != sizeof(uint64_t)) return std::nullopt;
  const std::string bytes(*payload);
  Sequence sequence;
  std::memcpy(&sequence.value, bytes.data(), sizeof(uint64_t));
  return sequence;
}

namespace engine {

// A mutation whose sequence is not taken yet.
struct TieredStore::Change {
  MutationKind kind = MutationKind::kStore;
  std::string_view id;
  uint64_t hash = 0;
  format::Record record;  // of a removal only what it releases
  Lookup old;
  bool takes_slot = false;     // the record's slot, and its blob if it has one, are new
  bool releases_slot = false;  // the old entry's
  ReleaseNode slot_release;
  ReleaseNode blob_release;
  std::unique_ptr<hot::Copy> hot_copy;  // of the new value, if it is hot

  // Set by Append.
  LogNumber number;
  Delta entry;
};

namespace {

uint64_t BlobRoom(uint64_t bytes) { return format::RoundUp(bytes, format::kAlignment); }

// The blob that `old` will no longer refer to.
std::optional<format::ReleasedBlob> BlobReleasedBy(const Lookup& old) {
  if (old.state != Lookup::State::kPresent || !old.record.record.blob) return std::nullopt;
  return format::ReleasedBlob{old.record.record.blob->offset, *old.record.record.content_bytes};
}

void CopyScalars(const Memory& memory, format::Record& record) {
  record.confidence = memory.confidence;
  record.activation = memory.activation;
  record.decay_rate = memory.decay_rate;
  record.created_at = memory.created_at;
  record.last_access = memory.last_access;
  record.access_count = memory.access_count;
}

}  // namespace

// ---- Around each mutation.

template <typename Once>
absl::StatusOr<Sequence> TieredStore::Mutate(const Once& once) {
  absl::StatusOr<Sequence> result = WithoutExceptions([&]() -> absl::StatusOr<Sequence> {
    KeepHouse();
    return once();
  });
  if (absl::IsResourceExhausted(result.status()) &&
      WithoutExceptions([&] { return FreeRoom(); }).value_or(false)) {
    result = WithoutExceptions([&]() -> absl::StatusOr<Sequence> { return once(); });
  }
  // An eviction, too, owes what maintenance would do.
  if (hot_.Evict() > 0 && options_.warm_capacity_bytes == 0) EvictToCold();
  if (!result.ok() || result->value == 0 || options_.sync_mode != SyncMode::kEachWrite) {
    return result;
  }
  if (absl::Status durable = MakeDurable(*result); !durable.ok()) return durable;
  return result;
}

// The mutation with this sequence has happened; whether it survives is what can be unknown.
absl::Status TieredStore::MakeDurable(Sequence sequence) {
  absl::Status synced = WithoutExceptions([&]() -> absl::Status {
    const LongCall call(*this);
    ENGRAM_RETURN_IF_ERROR(call.status());
    ENGRAM_RETURN_IF_ERROR(SyncNow());
    parts_->space.Collect(parts_->commit->durable());
    return absl::OkStatus();
  });
  if (synced.ok()) return synced;
  absl::Status unknown(absl::StatusCode::kUnavailable, "");
  try {
    unknown = absl::UnavailableError(absl::StrCat(
        "mutation ", sequence.value, " has happened, but may not survive: ", synced.message()));
    char bytes[sizeof(uint64_t)];
    std::memcpy(bytes, &sequence.value, sizeof bytes);
    unknown.SetPayload(kUnknownOutcome, absl::Cord(absl::string_view(bytes, sizeof bytes)));
  } catch (const std::bad_alloc&) {
    // Without words, then.
  }
  return unknown;
}

// ---- Taking room.

uint64_t TieredStore::InlineBytesMax() const {
  return std::min<uint64_t>(options_.content_inline_bytes_max,
                            parts_->space.geometry().extent_bytes / 4);
}

absl::Status TieredStore::TakeRoom(const Value& value, Taken& taken) {
  Space& space = parts_->space;
  space.Collect(parts_->commit->durable());
  ENGRAM_ASSIGN_OR_RETURN(taken.slot, space.TakeSlot());
  const std::span<const std::byte> embedding = std::as_bytes(value.embedding);
  taken.embedding_hash = format::EmbeddingHash(embedding);
  ENGRAM_RETURN_IF_ERROR(
      io::WriteFully(*parts_->file, space.geometry().OffsetOf(taken.slot), embedding));
  if (!value.content || value.content->size() <= InlineBytesMax()) return absl::OkStatus();
  const std::span<const std::byte> content =
      std::as_bytes(std::span(value.content->data(), value.content->size()));
  ENGRAM_ASSIGN_OR_RETURN(const FileOffset offset, space.TakeBlob(content.size()));
  taken.blob = {offset, format::BlobChecksum(space.store_id(), offset, content)};
  taken.blob_bytes = content.size();
  return io::WriteFully(*parts_->file, offset, content);
}

void TieredStore::GiveBack(const Taken& taken) {
  if (taken.slot != kNoSlot) parts_->space.GiveBackSlot(taken.slot);
  if (taken.blob) parts_->space.GiveBackBlob(taken.blob->offset, taken.blob_bytes);
}

std::unique_ptr<hot::Copy> TieredStore::HotCopyOf(const MemoryView& view, bool is_wanted) const {
  if (view.activation < options_.hot_activation_threshold && !is_wanted) return nullptr;
  if (options_.hot_capacity_bytes == 0) return nullptr;
  try {
    auto copy = std::make_unique<hot::Copy>(view.Copy());
    copy->home_bytes = WarmBytesOf(copy->memory, InlineBytesMax());
    return hot_.Admits(HotCopyBytes(copy->memory)) ? std::move(copy) : nullptr;
  } catch (const std::bad_alloc&) {
    return nullptr;  // then it is a warm one
  }
}

// ---- The log, the index and the accounts.

absl::StatusOr<Sequence> TieredStore::Append(Change& change) {
  warm::ContentLog& log = parts_->log;
  const bool removes = change.kind == MutationKind::kRemove;
  format::Record& record = change.record;
  record.predecessor = change.old.sequence();
  format::Removal removal{{}, record.predecessor, record.released_blob};
  const uint64_t bytes = removes ? format::RemoveEntryBytes(change.id.size(), removal)
                                 : format::RecordEntryBytes(change.id.size(), record);
  sync::MutexLock lock(log.mutex());
  const warm::Need need = removes ? warm::Need::kCleaning : warm::Need::kUsual;
  if (absl::Status room = log.PrepareRoom(bytes, need); !room.ok()) {
    if (log.failed()) parts_->commit->SetReadOnly();
    return room;
  }
  // Nothing fails from here on.
  const Sequence sequence{next_sequence_++};
  if (options_.listener != nullptr) {
    try {
      options_.listener->OnSequenceAssigned(change.kind, change.id, sequence);
    } catch (...) {
      // The listener's affair.
    }
  }
  const warm::ContentLog::Room room = log.NextRoom(bytes);
  if (removes) {
    removal.sequence = sequence;
    format::EncodeRemove(room.bytes, room.place, room.number, change.id, removal);
  } else {
    record.sequence = sequence;
    format::EncodeRecord(room.bytes, room.place, room.number, format::EntryKind::kRecord, change.id,
                         record);
  }
  log.Commit(room, change.hash);
  // release: partner of the acquire in last_sequence().
  last_sequence_.Store(sequence.value, std::memory_order_release);
  change.number = room.number;
  change.entry.hash = change.hash;
  change.entry.sequence = sequence;
  change.entry.place = room.place.offset;
  change.entry.slot = removes ? kNoSlot : record.slot;
  change.entry.room_bytes =
      static_cast<uint32_t>(bytes - (record.released_blob ? format::kReleasedBlobBytes : 0));
  return sequence;
}

void TieredStore::Settle(Change& change) {
  Space& space = parts_->space;
  const bool removes = change.kind == MutationKind::kRemove;
  const Lookup& old = change.old;
  // What may be lost and has no entry is not counted: nobody knows whether it was there.
  const bool had_value = old.has_entry && (!old.entry.is_removal() || old.entry.is_lost());
  if (!removes) {
    space.AddContent({change.entry.place, change.entry.room_bytes});
    if (change.takes_slot && change.record.blob) {
      space.AddContent({change.record.blob->offset, BlobRoom(*change.record.content_bytes)});
    }
  }
  // A copy is nobody's until the index names its sequence, and nobody's any more when it does not.
  if (change.hot_copy) hot_.Insert(std::move(change.hot_copy), change.entry.sequence);
  parts_->index->Put(old.sequence(), change.entry);
  hot_.Erase(old.sequence());
  if (old.has_entry && old.entry.is_cold()) {
    space.DropColdRow(old.entry.place);
  } else if (old.has_entry && !old.entry.is_removal()) {
    space.DropContent({old.entry.place, old.entry.room_bytes});
    if (change.releases_slot) {
      change.slot_release->what = Release::What::kSlot;
      change.slot_release->slot = old.entry.slot;
      space.ReleaseLater(std::move(change.slot_release), change.number);
    }
  }
  if (change.record.released_blob) {
    const format::ReleasedBlob& blob = *change.record.released_blob;
    space.DropContent({blob.offset, BlobRoom(blob.bytes)});
    change.blob_release->what = Release::What::kBlob;
    change.blob_release->blob = blob.offset;
    change.blob_release->blob_bytes = blob.bytes;
    space.ReleaseLater(std::move(change.blob_release), change.number);
  }
  // acq_rel: partner of Count.
  if (removes) memories_.FetchSub(1, std::memory_order_acq_rel);
  if (!removes && !had_value) memories_.FetchAdd(1, std::memory_order_acq_rel);
  entries_since_checkpoint_.FetchAdd(1, std::memory_order_relaxed);  // a hint, no partner
  if (space.releases_pending() > options_.pending_releases_max || EmptiedExtentsAreDue()) {
    room_is_due_.Store(true, std::memory_order_relaxed);  // likewise
  }
}

// ---- The mutations.

absl::StatusOr<Sequence> TieredStore::Store(const Memory& memory) {
  return Traced(Operation::kStore, memory.id, [&](Span& span) {
    span.has_content = memory.content.has_value();
    span.content_bytes = memory.content ? memory.content->size() : 0;
    return Mutate([&]() -> absl::StatusOr<Sequence> {
      ENGRAM_RETURN_IF_ERROR(CheckMemory(memory, options_.content_bytes_max));
      return StoreOnce(memory, format::IdHash(memory.id));
    });
  });
}

absl::StatusOr<Sequence> TieredStore::StoreOnce(const Memory& memory, uint64_t hash) {
  const Call call(*this);
  ENGRAM_RETURN_IF_ERROR(call.status());
  sync::MutexLock stripe(stripes_[hash % options_.concurrency]);
  ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
  Change change;
  change.id = memory.id;
  change.hash = hash;
  change.old = Find(memory.id, hash, From::kHome);
  change.takes_slot = true;
  change.releases_slot = true;
  change.slot_release = std::make_unique<Release>();
  change.blob_release = std::make_unique<Release>();
  if (!change.old.has_room) parts_->index->MakeRoom(hash);
  CopyScalars(memory, change.record);
  change.record.released_blob = BlobReleasedBy(change.old);
  change.hot_copy = HotCopyOf(engram::ViewOf(memory, {}, Tier::kHot));
  ENGRAM_RETURN_IF_ERROR(AppendValue(
      {std::span<const float, kEmbeddingDimension>(memory.embedding), memory.content}, change));
  Settle(change);
  return change.entry.sequence;
}

absl::Status TieredStore::AppendValue(const Value& value, Change& change) {
  Taken taken;
  absl::Status appended;
  try {
    appended = TakeAndAppend(value, change, taken);
  } catch (...) {
    GiveBack(taken);
    throw;
  }
  if (!appended.ok()) GiveBack(taken);
  return appended;
}

absl::Status TieredStore::TakeAndAppend(const Value& value, Change& change, Taken& taken) {
  ENGRAM_RETURN_IF_ERROR(TakeRoom(value, taken));
  SetValue(value, taken, change.record);
  return Append(change).status();
}

// What a record says of the room that was taken for its value.
void TieredStore::SetValue(const Value& value, const Taken& taken, format::Record& record) {
  record.slot = taken.slot;
  record.embedding_hash = taken.embedding_hash;
  if (!value.content) return;
  record.content_bytes = static_cast<uint32_t>(value.content->size());
  record.blob = taken.blob;
  if (!taken.blob) record.content = *value.content;
}

absl::StatusOr<Sequence> TieredStore::Remove(std::string_view id) {
  return Traced(Operation::kRemove, id, [&](Span&) {
    return Mutate([&]() -> absl::StatusOr<Sequence> {
      ENGRAM_RETURN_IF_ERROR(CheckId(id));
      return RemoveOnce(id, format::IdHash(id));
    });
  });
}

absl::StatusOr<Sequence> TieredStore::RemoveOnce(std::string_view id, uint64_t hash) {
  const Call call(*this);
  ENGRAM_RETURN_IF_ERROR(call.status());
  sync::MutexLock stripe(stripes_[hash % options_.concurrency]);
  ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
  Change change;
  change.kind = MutationKind::kRemove;
  change.id = id;
  change.hash = hash;
  change.old = Find(id, hash, From::kHome);
  if (change.old.state == Lookup::State::kDamaged) return change.old.damage;
  if (change.old.state != Lookup::State::kPresent) return Sequence{};
  change.releases_slot = true;
  change.slot_release = std::make_unique<Release>();
  change.blob_release = std::make_unique<Release>();
  change.record.released_blob = BlobReleasedBy(change.old);
  if (!change.old.has_room) parts_->index->MakeRoom(hash);
  ENGRAM_ASSIGN_OR_RETURN(const Sequence sequence, Append(change));
  Settle(change);
  return sequence;
}

absl::StatusOr<Sequence> TieredStore::UpdateActivation(std::string_view id, float activation) {
  return Traced(Operation::kUpdateActivation, id, [&](Span&) {
    return Mutate([&]() -> absl::StatusOr<Sequence> {
      ENGRAM_RETURN_IF_ERROR(CheckId(id));
      ENGRAM_RETURN_IF_ERROR(CheckFraction("activation", activation));
      return UpdateOnce(id, format::IdHash(id), activation);
    });
  });
}

absl::StatusOr<Sequence> TieredStore::UpdateOnce(std::string_view id, uint64_t hash,
                                                 float activation) {
  const Call call(*this);
  ENGRAM_RETURN_IF_ERROR(call.status());
  sync::MutexLock stripe(stripes_[hash % options_.concurrency]);
  ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
  Change change;
  change.kind = MutationKind::kUpdateActivation;
  change.id = id;
  change.hash = hash;
  change.old = Find(id, hash, From::kHome);
  if (change.old.state == Lookup::State::kDamaged) return change.old.damage;
  if (change.old.state != Lookup::State::kPresent) {
    return absl::NotFoundError("there is no memory with this id");
  }
  // The same slot and blob under a new record; a cold memory has none, and becomes a warm one.
  change.record = change.old.record.record;
  change.record.activation = activation;
  change.record.released_blob = std::nullopt;
  const bool is_copied = hot_.Contains(change.old.sequence());
  if (activation >= options_.hot_activation_threshold || is_copied) {
    absl::StatusOr<MemoryView> view = ViewOf(change.old);
    // The copy is all that is left, and goes with its sequence.
    if (!view.ok() && is_copied) return view.status();
    if (view.ok()) {
      view->activation = activation;
      change.hot_copy = HotCopyOf(*view);
    }
  }
  if (!change.old.has_room) parts_->index->MakeRoom(hash);
  if (change.old.row) {
    change.takes_slot = true;
    ENGRAM_ASSIGN_OR_RETURN(const auto embedding, EmbeddingOf(change.old));
    ENGRAM_ASSIGN_OR_RETURN(const auto content, ContentOf(change.old));
    ENGRAM_RETURN_IF_ERROR(AppendValue({embedding, content}, change));
  } else {
    ENGRAM_RETURN_IF_ERROR(Append(change).status());
  }
  Settle(change);
  return change.entry.sequence;
}

}  // namespace engine
}  // namespace engram::inline ENGRAM_BODY
