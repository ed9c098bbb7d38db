// Extents, slots and blobs: taking and using again. Growth and the reserve are in
// space_growth.cc, what checkpoints and compactions need in space_checkpoints.cc, runs of cold
// memories in space_cold.cc, taking over a recovered file in space_recovery.cc.

#include "engine/space.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "format/log_entry.h"

namespace engram::inline ENGRAM_BODY::engine {

using format::ExtentType;
using warm::Need;

Space::Space(io::File& file, io::Mapping& mapping, sync::Epoch& epoch,
             const format::Geometry& geometry, uint64_t store_id, uint32_t extents_max,
             uint64_t incarnation)
    : file_(file),
      mapping_(mapping),
      epoch_(epoch),
      geometry_(geometry),
      store_id_(store_id),
      extents_max_(extents_max),
      chunks_(std::make_unique<std::unique_ptr<Chunk>[]>(extents_max / kRowsPerChunk + 1)),
      next_generation_(incarnation * format::kNumbersPerIncarnation + 1),
      slots_(geometry) {}

Space::~Space() {
  // One by one: a long chain of owners must not be destroyed recursively.
  while (pending_ != nullptr) pending_ = std::move(pending_->next);
}

// ---- Readers.

const std::byte* Space::Bytes(FileOffset offset, uint64_t bytes) {
  const ExtentId extent = geometry_.ExtentOf(offset);
  // acquire: partner of the release in BeginLogExtent and EndLogExtent.
  const std::byte* const buffer = RowOf(extent).buffer.Load(std::memory_order_acquire);
  const uint64_t position = offset.value - geometry_.Begin(extent).value;
  // What goes on behind the extent is nothing of the log, whatever has led here.
  if (buffer != nullptr && bytes <= geometry_.extent_bytes - position) return buffer + position;
  return mapping_.Bytes(offset, bytes);
}

std::span<const std::byte> Space::EntryBytes(FileOffset place, uint64_t room_bytes) {
  const uint64_t extent_end =
      geometry_.Begin(geometry_.ExtentOf(place)).value + geometry_.extent_bytes;
  const uint64_t bytes =
      std::min(room_bytes + format::kReleasedBlobBytes, extent_end - place.value);
  return {Bytes(place, bytes), bytes};
}

bool Space::Contains(FileOffset offset, uint64_t bytes) const {
  const uint64_t end = geometry_.FileBytes(extents());
  return offset.value >= format::kExtentsBegin && offset.value < end && bytes <= end - offset.value;
}

bool Space::Contains(SlotIndex slot) const { return geometry_.ExtentOf(slot).value < extents(); }

bool Space::IsFree(ExtentId extent) const {
  sync::MutexLock lock(mutex_);
  return RowOf(extent).type == ExtentType::kFree;
}

// ---- Taking room.

absl::StatusOr<SlotIndex> Space::TakeSlot() {
  sync::MutexLock lock(mutex_);
  if (const std::optional<SlotIndex> slot = slots_.Take()) return *slot;
  ENGRAM_ASSIGN_OR_RETURN(const ExtentId extent, TakeRun(1, ExtentType::kSlots, Need::kUsual));
  try {
    slots_.AddExtent(extent);
  } catch (...) {
    FreeRun(extent);
    throw;
  }
  return *slots_.Take();
}

absl::StatusOr<FileOffset> Space::TakeBlob(uint64_t bytes) {
  const uint64_t room = format::RoundUp(bytes, format::kAlignment);
  sync::MutexLock lock(mutex_);
  const bool own_run = room > geometry_.PayloadBytes(1) / 2;
  if (!own_run && blob_end_.value != 0) {
    const ExtentId extent = geometry_.ExtentOf(blob_end_);
    const uint64_t extent_end = geometry_.Begin(extent).value + geometry_.extent_bytes;
    if (blob_end_.value + room <= extent_end) {
      const FileOffset offset = blob_end_;
      blob_end_.value += room;
      if (blob_end_.value == extent_end) blob_end_ = {};
      RowOf(extent).held_bytes += room;
      return offset;
    }
  }
  const auto extents = static_cast<uint32_t>(geometry_.RunFor(room));
  ENGRAM_ASSIGN_OR_RETURN(const ExtentId first, TakeRun(extents, ExtentType::kBlob, Need::kUsual));
  const FileOffset offset = geometry_.Payload(first);
  RowOf(first).held_bytes = room;
  if (!own_run) blob_end_ = {offset.value + room};
  return offset;
}

absl::StatusOr<format::ExtentRun> Space::TakeCheckpointRun(uint64_t extents,
                                                           Generation generation) {
  sync::MutexLock lock(mutex_);
  const auto count = static_cast<uint32_t>(extents);
  ENGRAM_ASSIGN_OR_RETURN(const ExtentId first,
                          TakeRun(count, ExtentType::kCheckpoint, Need::kEmergency));
  RowOf(first).generation = generation;
  if (absl::Status status = WriteHeader(first); !status.ok()) {
    FreeRun(first);
    return status;
  }
  return format::ExtentRun{first, count};
}

Generation Space::NewGeneration() {
  sync::MutexLock lock(mutex_);
  return {next_generation_++};
}

void Space::GiveBackSlot(SlotIndex slot) {
  sync::MutexLock lock(mutex_);
  FreeSlotIfUsed(slot);
}

void Space::FreeSlotIfUsed(SlotIndex slot) {
  if (!slots_.IsUsed(slot)) return Contradicted();
  slots_.Free(slot);
}

void Space::Contradicted() {
  if (!tolerates_miscounts_) ++contradictions_;
}

void Space::GiveBackBlob(FileOffset offset, uint64_t bytes) {
  sync::MutexLock lock(mutex_);
  LetGoOfBlob(offset, bytes);
}

void Space::GiveBackRun(format::ExtentRun run) {
  sync::MutexLock lock(mutex_);
  FreeRun(run.first);
}

void Space::LetGoOfBlob(FileOffset offset, uint64_t bytes) {
  const uint64_t room = format::RoundUp(bytes, format::kAlignment);
  if (!Contains(offset, room)) return Contradicted();
  const ExtentId first = geometry_.ExtentOf(offset);
  Row& row = RowOf(first);
  if (row.type != ExtentType::kBlob || row.held_bytes < room) return Contradicted();
  row.held_bytes -= room;
  if (row.held_bytes > 0) return;
  if (blob_end_.value != 0 && geometry_.ExtentOf(blob_end_) == first) blob_end_ = {};
  // What the log or a checkpoint knows as blobs may be used otherwise only when neither does: a
  // recovery would find it in use twice.
  if (row.total_bytes == 0) {
    FreeRun(first);
  } else {
    emptied_extents_.FetchAdd(row.run_extents, std::memory_order_relaxed);
  }
}

// ---- Releasing room.

void Space::ReleaseLater(ReleaseNode release, LogNumber number) {
  sync::MutexLock lock(mutex_);
  Enqueue(std::move(release), number);
}

void Space::Enqueue(ReleaseNode release, LogNumber number) {
  release->number = number;
  release->epoch = epoch_.Advance();
  release->next = nullptr;
  if (release->what == Release::What::kRun) {
    RowOf(release->run).releasing = true;
    runs_pending_.FetchAdd(1, std::memory_order_relaxed);
  }
  if (release->what == Release::What::kSlot) ++slots_releasing_;
  Release* const last = release.get();
  (pending_last_ == nullptr ? pending_ : pending_last_->next) = std::move(release);
  pending_last_ = last;
  pending_count_.FetchAdd(1, std::memory_order_relaxed);
}

void Space::Collect(LogNumber durable) {
  sync::MutexLock lock(mutex_);
  if (pins_ > 0 || pending_ == nullptr || pending_->number >= durable) return;
  const uint64_t oldest = epoch_.Oldest();
  while (pending_ != nullptr && pending_->number < durable && pending_->epoch < oldest) {
    UseAgain(*pending_);
    pending_ = std::move(pending_->next);
    pending_count_.FetchSub(1, std::memory_order_relaxed);
  }
  if (pending_ == nullptr) pending_last_ = nullptr;
}

bool Space::WaitsForSync(LogNumber durable) const {
  sync::MutexLock lock(mutex_);
  return pending_ != nullptr && pending_->number >= durable;
}

void Space::UseAgain(Release& release) {
  switch (release.what) {
    case Release::What::kNothing:
      break;
    case Release::What::kSlot:
      FreeSlotIfUsed(release.slot);
      --slots_releasing_;
      break;
    case Release::What::kBlob:
      LetGoOfBlob(release.blob, release.blob_bytes);
      break;
    case Release::What::kRun:
      FreeRun(release.run);
      runs_pending_.FetchSub(1, std::memory_order_relaxed);
      break;
  }
}

void Space::ChangePins(int change) {
  sync::MutexLock lock(mutex_);
  pins_ += change;
}

// ---- What others are told.

std::optional<format::ExtentHeader> Space::HeaderInFile(ExtentId extent) const {
  sync::MutexLock lock(mutex_);
  const Row& row = RowOf(extent);
  if (row.type == ExtentType::kFree || row.type == ExtentType::kContinued) return std::nullopt;
  // A log extent that has a buffer, or has not begun.
  if (row.type == ExtentType::kLog && row.buffer_release != nullptr) return std::nullopt;
  format::ExtentHeader header;
  header.type = row.type;
  header.extent = extent;
  header.run_extents = row.run_extents;
  header.generation = row.generation;
  return header;
}

absl::Status Space::RestoreHeader(ExtentId extent) {
  sync::MutexLock lock(mutex_);
  return WriteHeader(extent);
}

Space::Counts Space::counts() const {
  sync::MutexLock lock(mutex_);
  Counts counts;
  for (uint32_t i = 0; i < extents(); ++i) {
    const Row& row = RowOf({i});
    ++counts.extents[static_cast<size_t>(row.type)];
    if (row.type == ExtentType::kBlob) counts.blob_extents += row.run_extents;
    if (row.type == ExtentType::kCheckpoint) counts.checkpoint_extents += row.run_extents;
    if (row.type == ExtentType::kCold) counts.cold_extents += row.run_extents;
  }
  counts.file_bytes = geometry_.FileBytes(extents());
  counts.slots_used = slots_.used();
  counts.slots_free = slots_.free();
  counts.releases_pending = pending_count_.Load(std::memory_order_relaxed);
  counts.content_live = content_live_;
  counts.content_total = content_total_;
  counts.cold_rows_live = cold_rows_live_;
  counts.cold_rows_total = cold_rows_total_;
  counts.contradictions = contradictions_;
  counts.slots_releasing = slots_releasing_;
  counts.may_be_miscounted = tolerates_miscounts_;
  return counts;
}

// ---- For the log.

absl::StatusOr<warm::LogExtents::Fresh> Space::TakeLogExtent(Need need) {
  ReleaseNode release = std::make_unique<Release>();
  sync::MutexLock lock(mutex_);
  ENGRAM_ASSIGN_OR_RETURN(const ExtentId extent, TakeRun(1, ExtentType::kLog, need));
  Row& row = RowOf(extent);
  row.buffer_release = std::move(release);
  return Fresh{extent, row.generation};
}

void Space::GiveBackLogExtent(ExtentId extent) {
  sync::MutexLock lock(mutex_);
  FreeRun(extent);
}

void Space::BeginLogExtent(ExtentId extent, LogNumber first, const std::byte* buffer) {
  sync::MutexLock lock(mutex_);
  RowOf(extent).first_log_number = first;
  // release: partner of the acquire in Bytes.
  RowOf(extent).buffer.Store(buffer, std::memory_order_release);
}

void Space::EndLogExtent(ExtentId extent, warm::LogBuffer buffer) {
  sync::MutexLock lock(mutex_);
  // release: partner of the acquire in Bytes; the file has the bytes by now.
  RowOf(extent).buffer.Store(nullptr, std::memory_order_release);
  ReleaseNode release = std::move(RowOf(extent).buffer_release);
  release->buffer = std::move(buffer);
  Enqueue(std::move(release), LogNumber{});
}

}  // namespace engram::inline ENGRAM_BODY::engine
