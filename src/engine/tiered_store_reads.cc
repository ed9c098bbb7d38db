// Reading: from an id to a verified memory.

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "engine/validation.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

static_assert(std::endian::native == std::endian::little,
              "embeddings are shown in place; on a big-endian host they would have to be copied");

absl::Status Damaged(const DamagedPlace& place, absl::string_view why) {
  return absl::DataLossError(
      absl::StrCat(place.structure, " at offset ", place.offset.value, " of the file: ", why));
}

}  // namespace

// ---- Looking up.

// The index leads to the copy as it does to the record: by its sequence.
bool TieredStore::CopyInto(const Delta& entry, Lookup& lookup) const {
  if (entry.is_removal()) return false;
  hot::Held copy = hot_.Find(entry.sequence);
  if (!copy) return false;
  const Memory& memory = copy->memory;
  lookup.state = Lookup::State::kPresent;
  lookup.tier = Tier::kHot;
  lookup.entry = entry;
  lookup.has_entry = true;
  lookup.damage = absl::OkStatus();
  lookup.record = {};
  lookup.record.id = memory.id;
  lookup.record.sequence = entry.sequence;
  format::Record& record = lookup.record.record;
  record.sequence = entry.sequence;
  record.confidence = memory.confidence;
  record.activation = memory.activation;
  record.decay_rate = memory.decay_rate;
  record.created_at = memory.created_at;
  record.last_access = memory.last_access;
  record.access_count = memory.access_count;
  lookup.copy = std::move(copy);
  return true;
}

Tier TieredStore::TierOf(const Lookup& lookup) const {
  return lookup.copy || hot_.Contains(lookup.entry.sequence) ? Tier::kHot : lookup.tier;
}

Lookup TieredStore::Find(std::string_view id, uint64_t hash, From from) const {
  Lookup lookup;
  Candidates candidates;
  Index& index = *parts_->index;
  index.FindInDelta(hash, candidates);
  lookup.has_room = candidates.has_room;
  const auto match = [&](size_t first) {
    for (size_t i = first; i < candidates.entries.size(); ++i) {
      Lookup one;
      const Delta& entry = candidates.entries[i];
      const bool is_intact =
          (from == From::kCopy && CopyInto(entry, one)) || DecodeInto(entry, one);
      if (is_intact && one.record.id != id) continue;
      // A damaged entry with this hash is taken for this id's, unless another one turns out to be.
      if (!is_intact && lookup.state == Lookup::State::kDamaged) continue;
      one.has_room = lookup.has_room;
      lookup = std::move(one);
      if (is_intact) return true;
    }
    return false;
  };
  const size_t newer = candidates.entries.size();
  bool found = match(0);
  if (!found) {
    index.FindInCheckpoint(hash, candidates);
    found = match(newer);
  }
  if (!found && lookup.state != Lookup::State::kDamaged && !candidates.damage.ok()) {
    lookup.state = Lookup::State::kDamaged;
    lookup.damage = std::move(candidates.damage);
  }
  HeedLosses(*candidates.checkpoint, hash, lookup);
  return lookup;
}

void TieredStore::HeedLosses(const engine::Checkpoint& checkpoint, uint64_t hash, Lookup& lookup) {
  if (lookup.state == Lookup::State::kDamaged) return;
  if (checkpoint.MayBeLost(hash, lookup.sequence())) MakeLost(lookup);
}

void TieredStore::MakeLost(Lookup& lookup) {
  lookup.state = Lookup::State::kDamaged;
  lookup.damage = absl::DataLossError(
      "a damaged part of the log or the index may have held a newer state of this memory; see "
      "MemoryStore::recovery()");
}

uint64_t TieredStore::OrderOf(const Delta& entry) const {
  if (entry.is_removal()) return 0;  // it has no embedding
  const uint64_t offset = entry.is_cold()
                              ? entry.place.value + uint64_t{entry.slot.value} * format::kSlotBytes
                              : parts_->space.geometry().OffsetOf(entry.slot).value;
  return offset / format::kAlignment;
}

void TieredStore::PrefetchRecord(const Delta& entry) const {
  // More than this is fetched by itself, once reading has begun.
  constexpr uint64_t kRecordBytesMax = 512;
  parts_->space.Prefetch(entry.place, std::min<uint64_t>(entry.room_bytes, kRecordBytesMax));
}

void TieredStore::PrefetchEmbedding(const Delta& entry) const {
  // Rows come in the order of hashes, as what is listed does.
  if (entry.is_removal() || entry.is_cold()) return;
  Space& space = parts_->space;
  space.Prefetch(space.geometry().OffsetOf(entry.slot), format::kSlotBytes);
}

bool TieredStore::DecodeInto(const Delta& entry, Lookup& lookup) const {
  lookup.entry = entry;
  lookup.has_entry = true;
  absl::Status decoded =
      entry.is_cold() ? DecodeRowInto(entry, lookup) : DecodeEntryInto(entry, lookup);
  if (!decoded.ok()) {
    lookup.state = Lookup::State::kDamaged;
    lookup.damage = std::move(decoded);
    return false;
  }
  lookup.state = entry.is_removal() ? Lookup::State::kRemoved : Lookup::State::kPresent;
  return true;
}

absl::Status TieredStore::DecodeEntryInto(const Delta& entry, Lookup& lookup) const {
  Space& space = parts_->space;
  lookup.place = {"log entry", entry.place, entry.room_bytes};
  if (entry.is_lost() || !space.Contains(entry.place, entry.room_bytes)) {
    return Damaged(lookup.place, "nothing is left of it");
  }
  const ExtentId extent = space.geometry().ExtentOf(entry.place);
  ENGRAM_ASSIGN_OR_RETURN(
      lookup.record, format::DecodeEntry(space.EntryBytes(entry.place, entry.room_bytes),
                                         {space.store_id(), space.GenerationOf(extent), entry.place,
                                          space.FirstLogNumberOf(extent)}));
  if (!lookup.record.is_about_memory() || lookup.record.sequence != entry.sequence) {
    return Damaged(lookup.place, "it is not the one that the index means");
  }
  return absl::OkStatus();
}

absl::Status TieredStore::DecodeRowInto(const Delta& entry, Lookup& lookup) const {
  lookup.tier = Tier::kCold;
  const std::optional<cold::MappedRun> run = parts_->space.ColdRunAt(entry.place);
  // Its fields are spread over the columns.
  lookup.place = {"cold run", entry.place, run ? run->bytes.size() : 0};
  if (!run) return Damaged(lookup.place, "there is no run of cold memories");
  absl::StatusOr<cold::RowReader> reader = cold::RowReader::Open(*run, entry.slot.value);
  if (!reader.ok()) {
    return Damaged(lookup.place, absl::string_view(reader.status().message()));
  }
  const format::ColdRow& row = reader->row();
  if (row.sequence != entry.sequence || row.hash != entry.hash) {
    return Damaged(lookup.place, "it is not the row that the index means");
  }
  lookup.record.id = row.id;
  lookup.record.sequence = row.sequence;
  format::Record& record = lookup.record.record;
  record.sequence = row.sequence;
  record.slot = kNoSlot;
  record.embedding_hash = row.embedding_hash;
  record.confidence = row.confidence;
  record.activation = row.activation;
  record.decay_rate = row.decay_rate;
  record.created_at = row.created_at;
  record.last_access = row.last_access;
  record.access_count = row.access_count;
  record.content_bytes = row.content_bytes;
  lookup.row = *std::move(reader);
  return absl::OkStatus();
}

absl::StatusOr<std::span<const float, kEmbeddingDimension>> TieredStore::EmbeddingOf(
    Lookup& lookup) const {
  if (lookup.copy) {
    return std::span<const float, kEmbeddingDimension>(lookup.copy->memory.embedding);
  }
  Space& space = parts_->space;
  if (lookup.row) {
    lookup.place = {"embedding",
                    {lookup.entry.place.value + lookup.row->embedding_offset()},
                    format::kSlotBytes};
    const auto embedding = lookup.row->Embedding();
    if (!embedding.ok()) return Damaged(lookup.place, embedding.status().message());
    return std::span<const float, kEmbeddingDimension>(
        reinterpret_cast<const float*>(embedding->data()), kEmbeddingDimension);
  }
  const format::Record& record = lookup.record.record;
  const FileOffset slot = space.geometry().OffsetOf(record.slot);
  lookup.place = {"embedding", slot, format::kSlotBytes};
  if (!space.Contains(record.slot)) return Damaged(lookup.place, "it lies outside of the file");
  const std::span<const std::byte, format::kSlotBytes> embedding(
      space.Bytes(slot, format::kSlotBytes), format::kSlotBytes);
  if (format::EmbeddingHash(embedding) != record.embedding_hash) {
    return Damaged(lookup.place, "its checksum does not match its bytes");
  }
  return std::span<const float, kEmbeddingDimension>(
      reinterpret_cast<const float*>(embedding.data()), kEmbeddingDimension);
}

absl::StatusOr<std::optional<std::string_view>> TieredStore::ContentOf(Lookup& lookup) const {
  if (lookup.copy) return lookup.copy->memory.content;
  const format::Record& record = lookup.record.record;
  if (!record.content_bytes) return std::nullopt;
  if (lookup.row) {
    lookup.place = {"cold content",
                    {lookup.entry.place.value + lookup.row->content_offset()},
                    lookup.row->row().stored_bytes};
    auto content = lookup.row->Content(decompressors_, lookup.content);
    if (!absl::IsDataLoss(content.status())) return content;
    return Damaged(lookup.place, content.status().message());
  }
  if (!record.blob) return record.content;
  Space& space = parts_->space;
  const FileOffset offset = record.blob->offset;
  lookup.place = {"blob", offset, *record.content_bytes};
  if (!space.Contains(offset, *record.content_bytes)) {
    return Damaged(lookup.place, "it reaches beyond the end of the file");
  }
  const std::span<const std::byte> blob(space.Bytes(offset, *record.content_bytes),
                                        *record.content_bytes);
  if (format::BlobChecksum(space.store_id(), offset, blob) != record.blob->checksum) {
    return Damaged(lookup.place, "its checksum does not match its bytes");
  }
  return std::string_view(reinterpret_cast<const char*>(blob.data()), blob.size());
}

absl::StatusOr<MemoryView> TieredStore::ViewOf(Lookup& lookup) const {
  ENGRAM_ASSIGN_OR_RETURN(const auto embedding, EmbeddingOf(lookup));
  ENGRAM_ASSIGN_OR_RETURN(const auto content, ContentOf(lookup));
  const format::Record& record = lookup.record.record;
  return MemoryView{.id = lookup.record.id,
                    .embedding = embedding,
                    .confidence = record.confidence,
                    .activation = record.activation,
                    .decay_rate = record.decay_rate,
                    .created_at = record.created_at,
                    .last_access = record.last_access,
                    .access_count = record.access_count,
                    .content = content,
                    .sequence = record.sequence,
                    .tier = lookup.tier};
}

absl::StatusOr<MemoryView> TieredStore::ViewSomewhere(Lookup& lookup) const {
  lookup.tier = TierOf(lookup);
  absl::StatusOr<MemoryView> view = ViewOf(lookup);
  if (absl::IsDataLoss(view.status()) && CopyInto(lookup.entry, lookup)) return ViewOf(lookup);
  return view;
}

// ---- Calls.

absl::StatusOr<Presence> TieredStore::ViewNow(std::string_view id, Span& span,
                                              const std::function<void(const MemoryView&)>& visit) {
  ENGRAM_RETURN_IF_ERROR(CheckId(id));
  const Call call(*this);
  ENGRAM_RETURN_IF_ERROR(call.status());
  Lookup lookup = Find(id, format::IdHash(id), From::kCopy);
  if (lookup.state == Lookup::State::kDamaged) return lookup.damage;
  if (lookup.state != Lookup::State::kPresent) {
    return Presence{false, lookup.sequence(), lookup.tier};
  }
  ENGRAM_ASSIGN_OR_RETURN(const MemoryView view, ViewOf(lookup));
  if (lookup.copy) {
    hot_.Touch(lookup.copy);
  } else if (view.activation >= options_.hot_activation_threshold &&
             options_.hot_capacity_bytes > 0) {
    hints_.Leave({lookup.entry.hash, lookup.entry.sequence});
  }
  span.tier = view.tier;
  span.has_content = view.content.has_value();
  span.content_bytes = view.content ? view.content->size() : 0;
  visit(view);
  return Presence{true, lookup.sequence(), lookup.tier};
}

absl::StatusOr<Presence> TieredStore::View(std::string_view id,
                                           const std::function<void(const MemoryView&)>& visit) {
  return Traced(Operation::kView, id, [&](Span& span) {
    return WithoutExceptions([&] { return ViewNow(id, span, visit); });
  });
}

absl::StatusOr<GetResult> TieredStore::Get(std::string_view id) {
  return Traced(Operation::kGet, id, [&](Span& span) {
    return WithoutExceptions([&]() -> absl::StatusOr<GetResult> {
      GetResult result;
      ENGRAM_ASSIGN_OR_RETURN(
          const Presence presence,
          ViewNow(id, span, [&](const MemoryView& view) { result.memory = view.Copy(); }));
      result.sequence = presence.sequence;
      result.tier = presence.tier;
      return result;
    });
  });
}

absl::StatusOr<Presence> TieredStore::Contains(std::string_view id) {
  return Traced(Operation::kContains, id, [&](Span& span) {
    return WithoutExceptions([&]() -> absl::StatusOr<Presence> {
      ENGRAM_RETURN_IF_ERROR(CheckId(id));
      const Call call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      const Lookup lookup = Find(id, format::IdHash(id), From::kCopy);
      if (lookup.state == Lookup::State::kDamaged) return lookup.damage;
      const bool is_present = lookup.state == Lookup::State::kPresent;
      if (is_present) span.tier = lookup.tier;
      return Presence{is_present, lookup.sequence(), lookup.tier};
    });
  });
}

uint64_t TieredStore::Count() const {
  return memories_.Load(std::memory_order_acquire);  // partner of the updates in Settle
}

}  // namespace engram::inline ENGRAM_BODY::engine
