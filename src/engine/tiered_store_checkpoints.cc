// Sync, checkpoints and backups.

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/checkpoint_writer.h"
#include "engine/recovery.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// A checkpoint is due when a sixteenth of the memories may have changed.
constexpr uint64_t kCheckpointShare = 16;

}  // namespace

// ---- Sync.

absl::Status TieredStore::SyncNow() {
  LogNumber target;
  Sequence sequence;
  {
    sync::MutexLock lock(parts_->log.mutex());
    target = parts_->log.next();
    sequence = last_sequence();
  }
  ENGRAM_RETURN_IF_ERROR(parts_->commit->Sync(target));
  NoteDurable(sequence);
  return absl::OkStatus();
}

// Everything up to `sequence` is durable.
void TieredStore::NoteDurable(Sequence sequence) {
  uint64_t known = durable_sequence_.Load(std::memory_order_relaxed);
  while (known < sequence.value &&
         !durable_sequence_.CompareExchangeWeak(known, sequence.value, std::memory_order_relaxed,
                                                std::memory_order_relaxed)) {
  }
  if (options_.listener == nullptr) return;
  try {
    options_.listener->OnDurable(sequence);
  } catch (...) {
    // The listener's affair.
  }
}

absl::Status TieredStore::Sync() {
  return Traced(Operation::kSync, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::Status {
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      ENGRAM_RETURN_IF_ERROR(SyncNow());
      parts_->space.Collect(parts_->commit->durable());
      return absl::OkStatus();
    });
  });
}

// ---- Checkpoints.

bool TieredStore::CheckpointIsDue() const {
  const uint64_t entries = entries_since_checkpoint_.Load(std::memory_order_relaxed);
  return entries >= options_.checkpoint_entries_min && entries >= Count() / kCheckpointShare &&
         entries >= checkpoint_due_at_.Load(std::memory_order_relaxed);
}

absl::Status TieredStore::Checkpoint() {
  return Traced(Operation::kCheckpoint, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::Status {
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      if (!checkpoint_mutex_.TryLock()) {
        return absl::AbortedError("another checkpoint, backup or verification is under way");
      }
      absl::Status cut;
      try {
        cut = CutCheckpoint(CutFor::kUse);
      } catch (...) {
        checkpoint_mutex_.Unlock();
        throw;
      }
      checkpoint_mutex_.Unlock();
      return cut;
    });
  });
}

absl::Status TieredStore::CutCheckpoint(CutFor purpose) {
  ENGRAM_RETURN_IF_ERROR(parts_->commit->CheckWritable());
  Index& index = *parts_->index;
  if (index.is_frozen()) index.Thaw();  // an earlier one failed
  CheckpointCut cut;
  format::LogSegment position;
  absl::Status status;
  try {
    Freeze(purpose, cut, position);
    status = WriteAndName(cut, position, purpose == CutFor::kClosing);
  } catch (const std::bad_alloc&) {
    status = absl::ResourceExhaustedError("");
  }
  if (!status.ok()) {
    parts_->space.KeepForgotten();
    if (index.is_frozen()) {
      entries_since_checkpoint_.FetchAdd(index.changed(), std::memory_order_relaxed);
      index.Thaw();
    }
  }
  return status;
}

void TieredStore::Freeze(CutFor purpose, CheckpointCut& cut, format::LogSegment& position) {
  Index& index = *parts_->index;
  Index::FreshTables fresh = index.MakeTables();
  const AllStripes no_mutations(*this);
  const int64_t began_ns = sync::MonotonicNs();
  sync::MutexLock lock(parts_->log.mutex());
  position = parts_->log.Position();
  cut.extents = parts_->space.Rows(position, parts_->log.spare_extent(),
                                   /*forgets_slots=*/purpose == CutFor::kCompaction);
  // An extent without entries has no header in the file yet; the position is enough to find it.
  if (position.offset == format::kExtentHeaderBytes) cut.extents[position.extent.value] = {};
  cut.memories = Count();
  cut.sequence = last_sequence();
  index.Freeze(std::move(fresh));
  entries_since_checkpoint_.Store(0, std::memory_order_relaxed);
  cut_pause_ns_ = sync::MonotonicNs() - began_ns;
}

absl::Status TieredStore::WriteAndName(CheckpointCut& cut, const format::LogSegment& position,
                                       bool clean) {
  Space& space = parts_->space;
  Index& index = *parts_->index;
  ENGRAM_RETURN_IF_ERROR(parts_->commit->Sync(position.first));
  NoteDurable(cut.sequence);
  cut.changes = index.FrozenInOrder();
  const uint64_t memories = cut.memories;
  const CheckpointPlace old = index.CheckpointNow().place();
  // Everything that may fail comes before a superblock names the new one.
  std::vector<ReleaseNode> releases;
  for (size_t i = 0; i <= old.runs.size(); ++i) releases.push_back(std::make_unique<Release>());
  std::unique_ptr<Index::Replaced> replaced = index.MakeReplaced();
  CheckpointWriter writer(*parts_->file, space);
  ENGRAM_ASSIGN_OR_RETURN(WrittenCheckpoint written,
                          writer.Write(index.CheckpointNow(), std::move(cut)));
  const auto give_back = [&] {
    for (const format::ExtentRun& run : written.place.runs) space.GiveBackRun(run);
  };
  std::unique_ptr<engine::Checkpoint> checkpoint;
  format::Superblock superblock;
  try {
    checkpoint = std::make_unique<engine::Checkpoint>(space, written.place, written.losses);
    superblock = NamingOf(written.place, position, clean);
    if (absl::Status synced = parts_->commit->SyncFile(); !synced.ok()) {
      give_back();
      return synced;
    }
  } catch (...) {
    give_back();
    throw;
  }
  ENGRAM_RETURN_IF_ERROR(WriteSuperblocks(superblock));
  uint64_t extents = 0;
  for (const format::ExtentRun& run : written.place.runs) extents += run.extents;
  space.SetCheckpointExtents(extents + 1);
  releases[0]->memory = index.Install(std::move(checkpoint), std::move(replaced));
  space.ReleaseLater(std::move(releases[0]), LogNumber{});
  for (size_t i = 0; i < old.runs.size(); ++i) {
    releases[i + 1]->what = Release::What::kRun;
    releases[i + 1]->run = old.runs[i].first;
    space.ReleaseLater(std::move(releases[i + 1]), LogNumber{});
  }
  checkpoints_.FetchAdd(1, std::memory_order_relaxed);
  if (options_.listener != nullptr) {
    try {
      options_.listener->OnCheckpoint(memories);
    } catch (...) {
      // The listener's affair.
    }
  }
  try {
    space.ReleaseForgotten();
  } catch (const std::bad_alloc&) {
    // What is forgotten and not released is so by the next checkpoint.
  }
  space.Collect(parts_->commit->durable());
  return absl::OkStatus();
}

// The superblock that names a checkpoint behind which the log begins at `position`.
format::Superblock TieredStore::NamingOf(const CheckpointPlace& place,
                                         const format::LogSegment& position, bool clean) const {
  format::Superblock superblock = superblock_;
  superblock.clean = clean;
  superblock.checkpoint_generation = place.generation;
  superblock.meta_bytes = place.meta_bytes;
  superblock.meta_checksum = place.meta_checksum;
  superblock.home_buckets = place.home_buckets;
  superblock.buckets = place.buckets;
  superblock.memories = place.memories;
  superblock.checkpoint_sequence = place.sequence;
  superblock.runs = place.runs;
  superblock.segments = {position};
  return superblock;
}

absl::Status TieredStore::CloseSuperblock() {
  format::Superblock superblock = superblock_;
  if (parts_->index->changed() > 0 || !report_.damages.empty()) {
    return CutCheckpoint(CutFor::kClosing);
  }
  // Nothing has changed since the checkpoint: the log behind it holds nothing.
  ENGRAM_RETURN_IF_ERROR(SyncNow());
  superblock.clean = true;
  {
    sync::MutexLock lock(parts_->log.mutex());
    superblock.segments = {parts_->log.Position()};
  }
  return WriteSuperblocks(std::move(superblock));
}

absl::Status TieredStore::WriteSuperblocks(format::Superblock superblock) {
  ++superblock.number;
  const format::SuperblockBytes bytes = format::Encode(superblock);
  for (int copy = 0; copy < format::kSuperblocks; ++copy) {
    const FileOffset offset{static_cast<uint64_t>(copy) * format::kSuperblockBytes};
    absl::Status written;
    try {
      written = io::WriteFully(*parts_->file, offset, bytes);
      if (written.ok()) written = parts_->commit->SyncFile();
    } catch (const std::bad_alloc&) {
      // Memory is needed only for the words of an error.
      written = absl::Status(absl::StatusCode::kUnavailable, "");
    }
    if (!written.ok()) {
      // One copy may say what the other does not: nothing that either names may be used again.
      parts_->commit->SetReadOnly();
      return written;
    }
  }
  superblock_ = std::move(superblock);
  return absl::OkStatus();
}

// ---- Backups.

absl::Status TieredStore::Backup(const std::string& path) {
  return Traced(Operation::kBackup, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::Status {
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      sync::MutexLock lock(checkpoint_mutex_);
      // Pinned before the cut: what is live then keeps its room.
      const Space::Pinned nothing_is_used_again(parts_->space);
      return CutAndCopy(path);
    });
  });
}

absl::Status TieredStore::CutAndCopy(const std::string& path) {
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<io::File> target,
                          files_.Open(path, io::OpenMode::kCreateNew));
  ENGRAM_RETURN_IF_ERROR(target->Lock());
  // A file of zeros alone would be one in which Open may still make a store.
  constexpr std::string_view kIncomplete = "incomplete backup";
  ENGRAM_RETURN_IF_ERROR(
      io::WriteFully(*target, FileOffset{0}, std::as_bytes(std::span(kIncomplete))));
  ENGRAM_RETURN_IF_ERROR(target->SyncData());
  ENGRAM_RETURN_IF_ERROR(CutCheckpoint(CutFor::kUse));
  ENGRAM_RETURN_IF_ERROR(CopyTo(*target));
  return files_.SyncDirectoryOf(path);
}

void TieredStore::TellBackup(uint64_t bytes_done, uint64_t bytes_to_do) const {
  if (options_.listener == nullptr) return;
  try {
    options_.listener->OnBackupProgress(bytes_done, bytes_to_do);
  } catch (...) {
    // The listener's affair.
  }
}

// The checkpoint says which extents it needs; what the log has got since lies behind its position
// and is not copied as part of the backup's state.
absl::Status TieredStore::CopyTo(io::File& target) {
  io::File& source = *parts_->file;
  const format::Geometry& geometry = parts_->space.geometry();
  const uint32_t extents = parts_->space.extents();
  ENGRAM_RETURN_IF_ERROR(target.Reserve(FileOffset{0}, geometry.FileBytes(extents)));
  constexpr uint64_t kPieceBytes = kMiB;
  std::vector<std::byte> piece(std::min(kPieceBytes, geometry.extent_bytes));
  for (uint32_t extent = 0; extent < extents; ++extent) {
    TellBackup(extent * geometry.extent_bytes, extents * geometry.extent_bytes);
    if (parts_->space.IsFree({extent})) continue;
    const FileOffset begin = geometry.Begin({extent});
    for (uint64_t at = 0; at < geometry.extent_bytes; at += piece.size()) {
      const auto part =
          std::span(piece).first(std::min<uint64_t>(piece.size(), geometry.extent_bytes - at));
      ENGRAM_RETURN_IF_ERROR(io::ReadFully(source, FileOffset{begin.value + at}, part));
      ENGRAM_RETURN_IF_ERROR(io::WriteFully(target, FileOffset{begin.value + at}, part));
    }
  }
  ENGRAM_RETURN_IF_ERROR(target.SyncData());
  format::Superblock superblock = superblock_;
  superblock.clean = true;
  const format::SuperblockBytes bytes = format::Encode(superblock);
  for (int copy = 0; copy < format::kSuperblocks; ++copy) {
    ENGRAM_RETURN_IF_ERROR(io::WriteFully(
        target, FileOffset{static_cast<uint64_t>(copy) * format::kSuperblockBytes}, bytes));
    ENGRAM_RETURN_IF_ERROR(target.SyncData());
  }
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::engine
