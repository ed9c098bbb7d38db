// Cutting the log where values are missing, applying it, and making it durable.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/recovery.h"
#include "format/extent_header.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

using format::EntryKind;
using format::ExtentType;

// A delta that stands for a memory of which nothing is left.
Delta LostDelta(uint64_t hash, Sequence sequence) {
  Delta delta;
  delta.hash = hash;
  delta.sequence = sequence;
  delta.slot = kNoSlot;
  return delta;
}

Delta DeltaOf(const ScannedEntry& scanned, uint64_t hash) {
  Delta delta;
  delta.hash = hash;
  delta.sequence = scanned.entry.sequence;
  delta.place = scanned.place;
  delta.slot = scanned.entry.kind == EntryKind::kRemove ? kNoSlot : scanned.entry.record.slot;
  delta.room_bytes = scanned.entry.RoomBytes();
  return delta;
}

}  // namespace

// ---- Cutting.

absl::StatusOr<bool> Recovery::IsThere(const format::LogEntry& entry) {
  const format::Record& record = entry.record;
  const auto read_if_there = [&](FileOffset offset,
                                 std::span<std::byte> target) -> absl::StatusOr<bool> {
    if (!space_.Contains(offset, target.size())) return false;
    ENGRAM_RETURN_IF_ERROR(io::ReadFully(file_, offset, target));
    return true;
  };
  std::array<std::byte, format::kSlotBytes> embedding;
  ENGRAM_ASSIGN_OR_RETURN(const bool has_embedding,
                          read_if_there(space_.geometry().OffsetOf(record.slot), embedding));
  if (!has_embedding || format::EmbeddingHash(embedding) != record.embedding_hash) return false;
  if (!record.blob) return true;
  if (!space_.Contains(record.blob->offset, *record.content_bytes)) return false;
  std::vector<std::byte> blob(*record.content_bytes);
  ENGRAM_ASSIGN_OR_RETURN(const bool has_blob, read_if_there(record.blob->offset, blob));
  return has_blob && format::BlobChecksum(superblock_.store_id, record.blob->offset, blob) ==
                         record.blob->checksum;
}

// Whether the slot of `entry` is one that nothing proves to have been filled. `before`: the entry
// of its id that comes before it in the log, if that is unproven, too, and what was said of that.
bool Recovery::BringsSlot(Index& index, const format::LogEntry& entry,
                          const format::LogEntry* before, bool before_brings) {
  if (entry.kind == EntryKind::kRecord) return true;
  // A removal has no slot, and a run was synced before anything named it.
  if (entry.kind != EntryKind::kRelocated) return false;
  if (before != nullptr && before->sequence == entry.sequence) {
    const bool same_slot =
        before->kind != EntryKind::kMove && before->record.slot == entry.record.slot;
    return !same_slot || before_brings;
  }
  Delta old;
  return FindEntry(index, format::IdHash(entry.id), entry.sequence, old) &&
         (old.is_cold() || old.slot != entry.record.slot);
}

std::vector<const format::LogEntry*> Recovery::UnprovenValues(Index& index) {
  struct Newest {
    const format::LogEntry* entry = nullptr;
    bool is_proven = true;
    bool brings_slot = false;
  };
  std::map<std::string_view, Newest> newest;
  for (const ScannedEntry& scanned : scan_.entries) {
    const format::LogEntry& entry = scanned.entry;
    if (!entry.is_about_memory()) continue;
    Newest& before = newest[entry.id];
    const bool is_proven = entry.number < scan_.proven;
    const bool brings = !is_proven && BringsSlot(index, entry, before.entry, before.brings_slot);
    before = {&entry, is_proven, brings};
  }
  std::vector<const format::LogEntry*> values;
  for (const auto& [id, last] : newest) {
    if (!last.is_proven && last.brings_slot) values.push_back(last.entry);
  }
  return values;
}

absl::Status Recovery::CutWhatIsNotThere(Index& index) {
  std::set<LogNumber> found_there;
  for (;;) {
    LogNumber missing{UINT64_MAX};
    for (const format::LogEntry* const entry : UnprovenValues(index)) {
      if (found_there.contains(entry->number)) continue;
      ENGRAM_ASSIGN_OR_RETURN(const bool is_there, IsThere(*entry));
      if (is_there) found_there.insert(entry->number);
      if (!is_there) missing = std::min(missing, entry->number);
    }
    if (missing.value == UINT64_MAX) return absl::OkStatus();
    CutAt(scan_, missing);
    scan_.tail_was_cut = true;
  }
}

// ---- Applying.

absl::Status Recovery::Replay(Index& index) {
  ENGRAM_RETURN_IF_ERROR(CutWhatIsNotThere(index));
  report_.tail_was_cut = scan_.tail_was_cut;
  report_.possibly_acknowledged = scan_.tail_was_cut;
  report_.cut_at = scan_.end_offset;
  report_.entries_replayed = scan_.entries.size();
  for (const ScannedExtent& extent : scan_.extents) {
    const bool is_used =
        std::any_of(scan_.entries.begin(), scan_.entries.end(), [&](const ScannedEntry& scanned) {
          return extent.Holds(scanned, superblock_.extent_bytes);
        });
    if (is_used &&
        !space_.AdoptRun({extent.extent, 1}, ExtentType::kLog, extent.generation, extent.first)) {
      return absl::DataLossError(absl::StrCat("the log goes on in extent ", extent.extent.value,
                                              ", which is in use otherwise"));
    }
  }
  // Asked before the log is applied: the index says where memories were before it.
  const std::vector<const format::LogEntry*> values = UnprovenValues(index);
  LoseMissing(index);
  for (const ScannedEntry& scanned : scan_.entries) ENGRAM_RETURN_IF_ERROR(Apply(index, scanned));
  return WriteAgain(values);
}

absl::Status Recovery::Apply(Index& index, const ScannedEntry& scanned) {
  if (!scanned.entry.is_about_memory()) return absl::OkStatus();
  const uint64_t hash = format::IdHash(scanned.entry.id);
  index.MakeRoom(hash);
  switch (scanned.entry.kind) {
    case EntryKind::kRecord:
      ApplyRecord(index, scanned, hash);
      return absl::OkStatus();
    case EntryKind::kRelocated:
      ApplyRelocated(index, scanned, hash);
      return absl::OkStatus();
    case EntryKind::kRemove:
      ApplyRemoval(index, scanned, hash);
      return absl::OkStatus();
    case EntryKind::kMove:
      return ApplyMove(index, scanned, hash);
    case EntryKind::kFrame:
    case EntryKind::kLink:
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

bool Recovery::FindEntry(Index& index, uint64_t hash, Sequence sequence, Delta& found) {
  if (sequence.value == 0) return false;
  Candidates candidates;
  index.FindInDelta(hash, candidates);
  index.FindInCheckpoint(hash, candidates);
  for (const Delta& candidate : candidates.entries) {
    if (candidate.sequence == sequence) {
      found = candidate;
      return true;
    }
  }
  return false;
}

void Recovery::ApplyRecord(Index& index, const ScannedEntry& scanned, uint64_t hash) {
  const format::Record& record = scanned.entry.record;
  Delta old;
  const bool has_old = FindEntry(index, hash, scanned.entry.predecessor, old);
  const bool replaces = has_old && !old.is_removal();
  const bool is_update = replaces && !old.is_cold() && old.slot == record.slot;
  space_.AddContent({scanned.place, scanned.entry.RoomBytes()});
  if (is_update) {
    space_.DropContent({old.place, old.room_bytes});
  } else if (replaces) {
    LetGoOf(old);
  }
  ReleaseBlobOf(scanned.entry);
  if (!is_update) AdoptValue(index, record);
  const bool was_lost = has_old && old.is_lost();
  if (!replaces && !was_lost) ++memories_;
  index.Put(scanned.entry.predecessor, DeltaOf(scanned, hash));
}

// The slot of a record, and its blob if it has one, are in use from here on.
void Recovery::AdoptValue(Index& index, const format::Record& record) {
  if (!TakeSlot(index, record.slot)) space_.TolerateMiscounts();
  if (!record.blob) return;
  if (space_.AdoptBlob(record.blob->offset, *record.content_bytes)) {
    space_.AddContent(
        {record.blob->offset, format::RoundUp(*record.content_bytes, format::kAlignment)});
  } else {
    space_.TolerateMiscounts();
  }
}

void Recovery::LetGoOf(const Delta& old) {
  if (old.is_cold()) {
    space_.DropColdRow(old.place);
  } else {
    space_.DropContent({old.place, old.room_bytes});
    space_.FreeSlot(old.slot);
  }
}

void Recovery::ApplyRelocated(Index& index, const ScannedEntry& scanned, uint64_t hash) {
  const format::Record& record = scanned.entry.record;
  Delta old;
  if (!FindEntry(index, hash, scanned.entry.sequence, old) || old.is_removal()) return;
  space_.AddContent({scanned.place, scanned.entry.RoomBytes()});
  if (old.is_cold() || old.slot != record.slot) {
    LetGoOf(old);
    AdoptValue(index, record);
  } else {
    space_.DropContent({old.place, old.room_bytes});
  }
  index.Put(scanned.entry.sequence, DeltaOf(scanned, hash));
}

absl::Status Recovery::ApplyMove(Index& index, const ScannedEntry& scanned, uint64_t hash) {
  const format::LogEntry& entry = scanned.entry;
  Delta old;
  if (!FindEntry(index, hash, entry.sequence, old) || old.is_removal()) return absl::OkStatus();
  ENGRAM_ASSIGN_OR_RETURN(const bool is_there, AdoptColdRow(entry.move.place, entry.move.row));
  // Whatever came of the new place, the old one was given up.
  LetGoOf(old);
  ReleaseBlobOf(entry);
  Delta moved = LostDelta(hash, entry.sequence);
  if (is_there) {
    moved.place = entry.move.place;
    moved.slot = {static_cast<uint32_t>(entry.move.row)};
    space_.AddColdRow(moved.place);
  } else {
    report_.damages.push_back({entry.move.place, space_.geometry().extent_bytes, "cold run",
                               std::string(entry.id),
                               "the log moves a memory there, and no run is intact there"});
  }
  index.Put(entry.sequence, moved);
  return absl::OkStatus();
}

void Recovery::ApplyRemoval(Index& index, const ScannedEntry& scanned, uint64_t hash) {
  Delta old;
  if (FindEntry(index, hash, scanned.entry.predecessor, old) && !old.is_removal()) {
    LetGoOf(old);
    --memories_;
  }
  ReleaseBlobOf(scanned.entry);
  index.Put(scanned.entry.predecessor, DeltaOf(scanned, hash));
}

void Recovery::ReleaseBlobOf(const format::LogEntry& entry) {
  if (!entry.released_blob) return;
  const format::ReleasedBlob& blob = *entry.released_blob;
  if (!space_.Contains(blob.offset, blob.bytes)) return;
  space_.DropContent({blob.offset, format::RoundUp(blob.bytes, format::kAlignment)});
  space_.FreeBlob(blob.offset, blob.bytes);
}

bool Recovery::TakeSlot(Index& index, SlotIndex slot) {
  if (space_.AdoptSlot(slot)) return true;
  // What released it is lost: its owner in the index is not the memory that it was.
  space_.TolerateMiscounts();
  LoseOwnerOf(index, slot);
  return space_.AdoptSlot(slot);
}

void Recovery::LoseOwnerOf(Index& index, SlotIndex slot) {
  std::vector<uint64_t> hashes = index.ChangedHashes();
  const Checkpoint& checkpoint = index.CheckpointNow();
  for (uint64_t number = 0; number < checkpoint.place().buckets; ++number) {
    const auto bucket = checkpoint.BucketAt(number);
    if (!bucket.ok()) continue;
    for (uint32_t i = 0; i < format::BucketCount(*bucket); ++i) {
      const format::IndexEntry entry = format::BucketEntryAt(*bucket, i);
      if (entry.slot == slot && entry.room_bytes != 0) hashes.push_back(entry.hash);
    }
  }
  for (const uint64_t hash : hashes) {
    Candidates candidates;
    index.FindInDelta(hash, candidates);
    index.FindInCheckpoint(hash, candidates);
    for (const Delta& owner : candidates.entries) {
      if (owner.slot != slot || owner.is_cold()) continue;
      index.MakeRoom(hash);
      index.Put(owner.sequence, LostDelta(hash, owner.sequence));
      space_.DropContent({owner.place, owner.room_bytes});
      space_.FreeSlot(slot);
      return;
    }
  }
}

void Recovery::LoseMissing(Index& index) {
  for (const format::IndexEntry& entry : missing_) {
    index.MakeRoom(entry.hash);
    index.Put(entry.sequence, LostDelta(entry.hash, entry.sequence));
  }
}

// ---- Making it durable.

absl::Status Recovery::WriteAgain(const std::vector<const format::LogEntry*>& values) {
  bool any = false;
  for (const ScannedExtent& extent : scan_.extents) {
    const uint64_t begin = space_.geometry().Begin(extent.extent).value;
    uint64_t from = UINT64_MAX;
    uint64_t to = 0;
    for (const ScannedEntry& scanned : scan_.entries) {
      if (scanned.entry.number < scan_.proven || !extent.Holds(scanned, superblock_.extent_bytes)) {
        continue;
      }
      from = std::min(from, scanned.place.value - begin);
      to = std::max(to, scanned.place.value - begin + scanned.entry.bytes);
    }
    if (to == 0) continue;
    any = true;
    // A crash may have torn the header from the entries behind it. Which extent comes next is then
    // only for a link to say.
    format::ExtentHeaderBytes header;
    if (extent.header_is_intact) {
      std::copy_n(extent.bytes.get(), header.size(), header.begin());
    } else {
      header = format::Encode({.type = ExtentType::kLog,
                               .extent = extent.extent,
                               .generation = extent.generation,
                               .first_log_number = extent.first,
                               .next_extent = {},
                               .next_generation = {}},
                              superblock_.store_id);
    }
    ENGRAM_RETURN_IF_ERROR(io::WriteFully(file_, {begin}, header));
    ENGRAM_RETURN_IF_ERROR(
        io::WriteFully(file_, {begin + from}, {extent.bytes.get() + from, to - from}));
  }
  // Also of extents that only superseded entries led to: they may be in the file by now, and not
  // have been when their headers were written.
  ENGRAM_RETURN_IF_ERROR(space_.WriteAdoptedHeaders());
  if (!any) return absl::OkStatus();
  for (const format::LogEntry* const entry : values) {
    ENGRAM_RETURN_IF_ERROR(WriteValueAgain(*entry));
  }
  return file_.SyncData();
}

absl::Status Recovery::WriteValueAgain(const format::LogEntry& entry) {
  const auto copy = [&](FileOffset offset, uint64_t bytes) -> absl::Status {
    std::vector<std::byte> value(bytes);
    ENGRAM_RETURN_IF_ERROR(io::ReadFully(file_, offset, value));
    return io::WriteFully(file_, offset, value);
  };
  ENGRAM_RETURN_IF_ERROR(copy(space_.geometry().OffsetOf(entry.record.slot), format::kSlotBytes));
  if (!entry.record.blob) return absl::OkStatus();
  return copy(entry.record.blob->offset, *entry.record.content_bytes);
}

warm::ContentLog::Beginning Recovery::LogBeginning() {
  return {.next = scan_.end,
          .durable = scan_.end,
          .first_unframed = scan_.first_unframed,
          .unframed = std::move(scan_.unframed),
          .follows_frame = scan_.follows_frame};
}

}  // namespace engram::inline ENGRAM_BODY::engine
