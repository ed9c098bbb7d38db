// Taking over the extents of a file as recovery finds them, one fact at a time.

#include "base/check.h"
#include "base/status_macros.h"
#include "engine/space.h"

namespace engram::inline ENGRAM_BODY::engine {

using format::ExtentType;

void Space::Load(const std::vector<format::ExtentRow>& rows, uint32_t extents) {
  sync::MutexLock lock(mutex_);
  ENGRAM_CHECK(rows.size() <= extents && extents <= extents_max_, "a file has too many extents");
  for (uint32_t i = 0; i < extents; i += kRowsPerChunk) {
    chunks_[i / kRowsPerChunk] = std::make_unique<Chunk>();
  }
  extents_.Store(extents, std::memory_order_release);
  free_extents_ = extents;
  bare_extents_ = extents;
  for (uint32_t i = 0; i < extents; ++i) RowOf({i}).bare = true;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const format::ExtentRow& from = rows[i];
    if (from.type == ExtentType::kFree || from.type == ExtentType::kContinued) continue;
    if (from.run_extents == 0 || from.run_extents > extents - i) continue;
    MarkRun({i}, from.run_extents, from.type);
    Row& row = RowOf({i});
    row.generation = from.generation;
    row.first_log_number = from.first_log_number;
    row.live_bytes = from.live_bytes;
    row.total_bytes = from.total_bytes;
    row.held_bytes = from.live_bytes;
    CountIn(row);
    if (row.type != ExtentType::kSlots) continue;
    slots_.AddExtent({i});
    for (uint32_t k = 0; k < from.used_slots.size(); ++k) {
      if (from.used_slots[k]) slots_.MarkUsed(geometry_.SlotAt({i}, k));
    }
  }
}

bool Space::AdoptRun(format::ExtentRun run, ExtentType type, Generation generation,
                     LogNumber first_log_number) {
  sync::MutexLock lock(mutex_);
  if (run.extents == 0 || run.first.value >= extents() ||
      run.extents > extents() - run.first.value) {
    return false;
  }
  Row& row = RowOf(run.first);
  if (row.type == type && row.run_extents == run.extents) {
    return type == ExtentType::kSlots || type == ExtentType::kBlob || row.generation == generation;
  }
  for (uint32_t i = 0; i < run.extents; ++i) {
    if (RowOf({run.first.value + i}).type != ExtentType::kFree) return false;
  }
  MarkRun(run.first, run.extents, type);
  if (generation.value != 0) row.generation = generation;
  row.first_log_number = first_log_number;
  row.adopted = true;
  if (type == ExtentType::kSlots) slots_.AddExtent(run.first);
  return true;
}

bool Space::AdoptSlot(SlotIndex slot) {
  const ExtentId extent = geometry_.ExtentOf(slot);
  if (!AdoptRun({extent, 1}, ExtentType::kSlots, {}, {})) return false;
  sync::MutexLock lock(mutex_);
  if (slots_.IsUsed(slot)) return false;
  slots_.MarkUsed(slot);
  return true;
}

bool Space::AdoptBlob(FileOffset offset, uint64_t bytes) {
  const uint64_t room = format::RoundUp(bytes, format::kAlignment);
  if (!Contains(offset, room)) return false;
  const bool own_run = room > geometry_.PayloadBytes(1) / 2;
  const auto extents = own_run ? static_cast<uint32_t>(geometry_.RunFor(room)) : 1;
  const ExtentId first = geometry_.ExtentOf(offset);
  if (offset < geometry_.Payload(first) || !AdoptRun({first, extents}, ExtentType::kBlob, {}, {})) {
    return false;
  }
  sync::MutexLock lock(mutex_);
  RowOf(first).held_bytes += room;
  return true;
}

void Space::TolerateMiscounts() {
  sync::MutexLock lock(mutex_);
  tolerates_miscounts_ = true;
}

absl::Status Space::WriteAdoptedHeaders() {
  sync::MutexLock lock(mutex_);
  for (uint32_t i = 0; i < extents(); ++i) {
    const Row& row = RowOf({i});
    if (row.adopted && (row.type == ExtentType::kSlots || row.type == ExtentType::kBlob)) {
      ENGRAM_RETURN_IF_ERROR(WriteHeader({i}));
    }
  }
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::engine
