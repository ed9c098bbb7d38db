// Verification and statistics: looking at everything, changing nothing.

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/inspection.h"
#include "engine/recovery.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {

absl::StatusOr<VerifyReport> TieredStore::Verify() {
  return Traced(Operation::kVerify, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<VerifyReport> {
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      sync::MutexLock lock(checkpoint_mutex_);
      const Space::Pinned nothing_is_used_again(parts_->space);
      Inspection inspection;
      ENGRAM_RETURN_IF_ERROR(Inspect(inspection));
      return std::move(inspection.report);
    });
  });
}

absl::Status TieredStore::Inspect(Inspection& inspection) {
  VerifyReport& report = inspection.report;
  ENGRAM_RETURN_IF_ERROR(VerifySuperblocks(report));
  const Sequence before = SettledSequence();
  const std::vector<uint64_t> changed = parts_->index->ChangedHashes();
  for (const uint64_t hash : changed) {
    const Call inside(*this);
    VerifyHash(hash, inspection);
  }
  ENGRAM_RETURN_IF_ERROR(VerifyCheckpoint(changed, inspection));
  ENGRAM_RETURN_IF_ERROR(VerifyHeaders(inspection));
  ENGRAM_RETURN_IF_ERROR(VerifyColdRuns(inspection));
  const AllStripes no_mutations(*this);
  // With mutations meanwhile some may have been looked at twice, or not at all.
  if (before == last_sequence() && report.damages.empty()) CompareCounts(report);
  return absl::OkStatus();
}

// The highest sequence assigned, while no mutation is between its sequence and its accounts.
Sequence TieredStore::SettledSequence() {
  const AllStripes no_mutations(*this);
  return last_sequence();
}

void TieredStore::CompareCounts(VerifyReport& report) const {
  if (report.memories_checked != Count()) {
    report.miscounts.push_back(absl::StrCat("there are ", report.memories_checked,
                                            " memories, and the count says ", Count()));
  }
  const Space::Counts counts = parts_->space.counts();
  if (counts.content_live != report.content_bytes) {
    report.miscounts.push_back(absl::StrCat("live content has ", report.content_bytes,
                                            " bytes, and the statistics say ",
                                            counts.content_live));
  }
  if (counts.contradictions > 0) {
    report.miscounts.push_back(
        absl::StrCat("room was released ", counts.contradictions, " times that was not held"));
  }
  if (counts.cold_rows_live != report.memories_cold) {
    report.miscounts.push_back(absl::StrCat("there are ", report.memories_cold,
                                            " cold memories, and the statistics say ",
                                            counts.cold_rows_live));
  }
  const uint64_t slots_due = report.memories_checked - report.memories_cold;
  const uint64_t slots_held = counts.slots_used - counts.slots_releasing;
  // More are lost room; damage may have hidden that they were released.
  if (slots_held < slots_due || (slots_held > slots_due && !counts.may_be_miscounted)) {
    report.miscounts.push_back(
        absl::StrCat(slots_due, " memories stand in ", slots_held, " slots"));
  }
}

absl::Status TieredStore::VerifySuperblocks(VerifyReport& report) const {
  std::vector<Damage> damages;
  const absl::StatusOr<format::Superblock> read = ReadSuperblock(*parts_->file, damages);
  if (!read.ok() && !absl::IsDataLoss(read.status())) return read.status();
  std::move(damages.begin(), damages.end(), std::back_inserter(report.damages));
  return absl::OkStatus();
}

// Of extents whose headers are in the file and stay what they are: an extent may be freed and taken
// while it is looked at only if mutations go on, so nothing is used again meanwhile.
absl::Status TieredStore::VerifyHeaders(Inspection& inspection) const {
  Space& space = parts_->space;
  for (uint32_t i = 0; i < space.extents(); ++i) {
    const std::optional<format::ExtentHeader> expected = space.HeaderInFile({i});
    if (!expected) continue;
    const FileOffset offset = space.geometry().Begin({i});
    format::ExtentHeaderBytes bytes;
    ENGRAM_RETURN_IF_ERROR(io::ReadFully(*parts_->file, offset, bytes));
    const absl::StatusOr<format::ExtentHeader> found =
        format::DecodeExtentHeader(bytes, space.store_id(), {i});
    std::string wrong;
    if (!found.ok()) {
      wrong = std::string(found.status().message());
    } else if (found->type != expected->type || found->run_extents != expected->run_extents ||
               ((expected->type == format::ExtentType::kLog ||
                 expected->type == format::ExtentType::kCold) &&
                found->generation != expected->generation)) {
      wrong = absl::StrCat(
          "header of extent ", i, ": it says ", format::ExtentTypeName(found->type),
          ", generation ", found->generation.value, " instead of ",
          format::ExtentTypeName(expected->type), ", generation ", expected->generation.value);
    }
    if (!wrong.empty()) {
      inspection.AddDamage({offset, bytes.size(), "extent header", "", std::move(wrong)});
      inspection.headers.push_back({i});
    }
  }
  return absl::OkStatus();
}

// Both directories of each run: one that is damaged hides nothing while the other is intact.
absl::Status TieredStore::VerifyColdRuns(Inspection& inspection) const {
  Space& space = parts_->space;
  const format::Geometry& geometry = space.geometry();
  for (const ColdRunUse& use : space.ColdRuns()) {
    if (use.live_rows == 0) continue;
    const uint64_t begin = geometry.Begin(use.run.first).value;
    const uint64_t end = begin + use.run.extents * geometry.extent_bytes;
    for (const uint64_t at :
         {begin + format::kExtentHeaderBytes, end - format::kColdDirectoryBytes}) {
      format::ColdDirectoryBytes bytes;
      ENGRAM_RETURN_IF_ERROR(io::ReadFully(*parts_->file, {at}, bytes));
      const absl::StatusOr<format::ColdDirectory> found =
          format::DecodeColdDirectory(bytes, geometry, space.store_id());
      if (found.ok() && found->generation == use.generation) continue;
      inspection.AddDamage(
          {{at},
           bytes.size(),
           "cold directory",
           "",
           found.ok() ? "it is that of another run" : std::string(found.status().message())});
      inspection.directories.push_back({{begin}, {at}});
    }
  }
  return absl::OkStatus();
}

absl::Status TieredStore::VerifyCheckpoint(const std::vector<uint64_t>& changed,
                                           Inspection& inspection) const {
  VerifyReport& report = inspection.report;
  // The caller holds the checkpoint's mutex: it stays.
  const engine::Checkpoint& checkpoint = parts_->index->CheckpointNow();
  uint64_t last = 0;
  for (uint64_t number = 0; number < checkpoint.place().buckets; ++number) {
    const Call inside(*this);
    ++report.checkpoint_buckets_checked;
    const auto bucket = checkpoint.BucketAt(number);
    if (!bucket.ok()) {
      const FileOffset offset =
          checkpoint.place().OffsetOf(number * format::kBucketBytes, parts_->space.geometry());
      report.damages.push_back({offset, format::kBucketBytes, "checkpoint bucket", "",
                                std::string(bucket.status().message())});
      continue;
    }
    for (uint32_t i = 0; i < format::BucketCount(*bucket); ++i) {
      const uint64_t hash = format::BucketHashAt(*bucket, i);
      if (hash != last && !std::binary_search(changed.begin(), changed.end(), hash)) {
        VerifyHash(hash, inspection);
      }
      last = hash;
    }
    if (options_.listener == nullptr) continue;
    try {
      options_.listener->OnVerifyProgress(report.memories_checked,
                                          checkpoint.place().memories + changed.size());
    } catch (...) {
      // The listener's affair.
    }
  }
  ENGRAM_RETURN_IF_ERROR(VerifyMeta(checkpoint.place(), report));
  for (const format::Loss& loss : checkpoint.losses()) {
    report.damages.push_back({{},
                              0,
                              "index",
                              "",
                              absl::StrCat("memories with hashes from ", loss.first_hash, " to ",
                                           loss.last_hash, " may have changed before sequence ",
                                           loss.before.value, ", by what is not readable")});
  }
  return absl::OkStatus();
}

absl::Status TieredStore::VerifyMeta(const CheckpointPlace& place, VerifyReport& report) const {
  const format::Geometry& geometry = parts_->space.geometry();
  if (place.meta_bytes == 0) return absl::OkStatus();
  std::vector<std::byte> meta(place.meta_bytes);
  ENGRAM_RETURN_IF_ERROR(place.ReadMeta(*parts_->file, geometry, meta));
  if (format::MetaChecksum(meta, parts_->space.store_id(), place.generation) !=
      place.meta_checksum) {
    report.damages.push_back({place.OffsetOf(place.buckets * format::kBucketBytes, geometry),
                              place.meta_bytes, "checkpoint meta data", "",
                              "its checksum does not match its bytes"});
  }
  return absl::OkStatus();
}

// All memories whose ids have this hash.
void TieredStore::VerifyHash(uint64_t hash, Inspection& inspection) const {
  VerifyReport& report = inspection.report;
  Candidates candidates;
  parts_->index->FindInDelta(hash, candidates);
  parts_->index->FindInCheckpoint(hash, candidates);
  for (const Delta& entry : candidates.entries) {
    Lookup lookup;
    const bool decoded = DecodeInto(entry, lookup);
    // A removal that cannot be read hides whether the memory is there.
    if (entry.is_removal() && decoded) continue;
    if (!entry.is_removal() || entry.is_lost()) ++report.memories_checked;
    if (entry.is_cold()) ++report.memories_cold;
    absl::Status damage = lookup.damage;
    if (decoded) {
      const absl::StatusOr<MemoryView> view = ViewOf(lookup);
      damage = view.status();
      report.content_bytes += entry.room_bytes;  // of a cold memory 0: it is no content
      if (lookup.record.record.blob) {
        report.content_bytes +=
            format::RoundUp(*lookup.record.record.content_bytes, format::kAlignment);
      }
    }
    if (damage.ok()) continue;
    ++report.memories_damaged;
    inspection.entries.push_back({entry, report.damages.size()});
    report.damages.push_back({lookup.place.offset, lookup.place.bytes, lookup.place.structure,
                              decoded ? std::string(lookup.record.id) : "",
                              std::string(damage.message())});
  }
}

// ---- Statistics.

Statistics TieredStore::Stats() const {
  {
    sync::MutexLock lock(lifecycle_mutex_);
    if (parts_ == nullptr) return last_statistics_;
  }
  const LongCall call(*this);
  if (call.is_open()) return StatsNow();
  sync::MutexLock lock(lifecycle_mutex_);
  return last_statistics_;
}

Statistics TieredStore::StatsNow() const {
  const Space::Counts counts = parts_->space.counts();
  const auto extents_of = [&](format::ExtentType type) {
    return counts.extents[static_cast<size_t>(type)];
  };
  Statistics statistics;
  statistics.memories = Count();
  // Each of about now: they need not fit together while something goes on.
  statistics.memories_cold = std::min(counts.cold_rows_live, statistics.memories);
  statistics.memories_hot = std::min(hot_.copies(), statistics.memories - statistics.memories_cold);
  statistics.memories_warm =
      statistics.memories - statistics.memories_cold - statistics.memories_hot;
  statistics.hot_bytes = hot_.bytes();
  statistics.warm_bytes = WarmBytes();
  statistics.hot_evictions = hot_.evictions();
  statistics.maintenances = maintenances_.Load(std::memory_order_relaxed);
  statistics.pressure = PressureNow();
  statistics.last_sequence = last_sequence();
  statistics.durable_sequence = {durable_sequence_.Load(std::memory_order_acquire)};
  statistics.content_bytes_live = counts.content_live;
  statistics.content_bytes_total = counts.content_total;
  statistics.fragmentation = Fragmentation(counts.content_live, counts.content_total);
  statistics.file_bytes = counts.file_bytes;
  statistics.extent_bytes = parts_->space.geometry().extent_bytes;
  statistics.extents_free = extents_of(format::ExtentType::kFree);
  statistics.extents_of_slots = extents_of(format::ExtentType::kSlots);
  statistics.extents_of_log = extents_of(format::ExtentType::kLog);
  statistics.extents_of_blobs = counts.blob_extents;
  statistics.extents_of_checkpoint = counts.checkpoint_extents;
  statistics.extents_of_cold = counts.cold_extents;
  statistics.cold_rows_live = counts.cold_rows_live;
  statistics.cold_rows_total = counts.cold_rows_total;
  statistics.slots_used = counts.slots_used;
  statistics.slots_free = counts.slots_free;
  statistics.releases_pending = counts.releases_pending;
  statistics.syncs = parts_->commit->syncs();
  statistics.checkpoints = checkpoints_.Load(std::memory_order_relaxed);
  statistics.compactions = compactions_.Load(std::memory_order_relaxed);
  statistics.compaction_bytes_reclaimed =
      compaction_bytes_reclaimed_.Load(std::memory_order_relaxed);
  statistics.memories_made_cold = made_cold_.Load(std::memory_order_relaxed);
  statistics.memories_made_warm = made_warm_.Load(std::memory_order_relaxed);
  statistics.cold_rows_rewritten = rows_rewritten_.Load(std::memory_order_relaxed);
  statistics.entries_since_checkpoint = entries_since_checkpoint_.Load(std::memory_order_relaxed);
  statistics.changed_memories = parts_->index->changed();
  statistics.index_bytes = parts_->index->bytes();
  statistics.oldest_reader_epochs = epoch_.Age();
  statistics.read_only = parts_->commit->is_read_only();
  return statistics;
}

}  // namespace engram::inline ENGRAM_BODY::engine
