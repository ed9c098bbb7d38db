// What checkpoints and compactions ask of the extents: accounts of content, which of them a
// checkpoint need not know any more, which to empty, and giving free ones back.

#include <algorithm>
#include <new>
#include <utility>

#include "base/check.h"
#include "engine/space.h"

namespace engram::inline ENGRAM_BODY::engine {

using format::ExtentType;

// ---- Accounts of content.

void Space::AddContent(ContentRoom written) {
  if (written.bytes == 0) return;
  sync::MutexLock lock(mutex_);
  Add(written);
}

void Space::DropContent(ContentRoom dead) {
  if (dead.bytes == 0) return;
  sync::MutexLock lock(mutex_);
  Drop(dead);
}

void Space::Add(ContentRoom written) {
  Row& row = RowOf(geometry_.ExtentOf(written.place));
  row.live_bytes += written.bytes;
  row.total_bytes += written.bytes;
  content_live_ += written.bytes;
  content_total_ += written.bytes;
}

void Space::Drop(ContentRoom dead) {
  if (!Contains(dead.place, dead.bytes)) return Contradicted();
  Row& row = RowOf(geometry_.ExtentOf(dead.place));
  if (row.live_bytes < dead.bytes) return Contradicted();
  row.live_bytes -= dead.bytes;
  content_live_ -= dead.bytes;
}

void Space::MoveContent(ContentRoom from, ContentRoom to) {
  sync::MutexLock lock(mutex_);
  Add(to);
  Drop(from);
}

void Space::SettleBlobs(ExtentId first, uint64_t live_bytes) {
  sync::MutexLock lock(mutex_);
  Row& row = RowOf(first);
  if (row.type != ExtentType::kBlob || row.live_bytes <= live_bytes) return;
  const uint64_t nobodys = row.live_bytes - live_bytes;
  row.live_bytes = live_bytes;
  content_live_ -= nobodys;
  row.held_bytes -= std::min(nobodys, row.held_bytes);
  if (row.held_bytes == 0 && blob_end_.value != 0 && geometry_.ExtentOf(blob_end_) == first) {
    blob_end_ = {};
  }
}

Space::ContentCounts Space::content() const {
  sync::MutexLock lock(mutex_);
  return {content_live_, content_total_, content_freed_};
}

uint64_t Space::LiveBytesOf(ExtentId extent) const {
  sync::MutexLock lock(mutex_);
  return RowOf(extent).live_bytes;
}

// ---- Checkpoints.

// Whether nothing of an extent is needed by a log that begins at `position`.
bool Space::IsDead(ExtentId extent, const format::LogSegment& position) const {
  const Row& row = RowOf(extent);
  if (row.type == ExtentType::kBlob) {
    return row.held_bytes == 0 && (blob_end_.value == 0 || geometry_.ExtentOf(blob_end_) != extent);
  }
  if (row.type == ExtentType::kCold) return row.live_bytes == 0;
  return row.type == ExtentType::kLog && row.live_bytes == 0 &&
         row.first_log_number < position.extent_first && row.first_log_number.value != 0;
}

std::vector<format::ExtentRow> Space::Rows(const format::LogSegment& position, ExtentId spare,
                                           bool forgets_slots) {
  sync::MutexLock lock(mutex_);
  std::vector<format::ExtentRow> rows(extents());
  emptied_extents_.Store(0, std::memory_order_relaxed);
  for (uint32_t i = 0; i < rows.size(); ++i) {
    Row& row = RowOf({i});
    row.forgotten = !row.releasing && IsDead({i}, position);
    if (forgets_slots && !row.releasing && row.type == ExtentType::kSlots &&
        slots_.UsedIn({i}) == 0) {
      // Nor is a slot of it taken before it is released.
      slots_.Withhold({i});
      row.forgotten = true;
    }
    if (row.type == ExtentType::kFree || row.releasing || row.forgotten || i == spare.value) {
      i += row.run_extents - 1;  // and so is the rest of its run
      continue;
    }
    rows[i].type = row.type;
    rows[i].run_extents = row.run_extents;
    rows[i].generation = row.generation;
    rows[i].first_log_number = row.first_log_number;
    rows[i].live_bytes = row.live_bytes;
    rows[i].total_bytes = row.total_bytes;
    if (row.type != ExtentType::kSlots) continue;
    rows[i].used_slots.resize(geometry_.SlotsPerExtent());
    for (uint32_t k = 0; k < geometry_.SlotsPerExtent(); ++k) {
      rows[i].used_slots[k] = slots_.IsUsed(geometry_.SlotAt({i}, k));
    }
  }
  for (const Release* release = pending_.get(); release != nullptr; release = release->next.get()) {
    if (release->what != Release::What::kSlot || !slots_.IsUsed(release->slot)) continue;
    rows[geometry_.ExtentOf(release->slot).value]
        .used_slots[geometry_.IndexInExtent(release->slot)] = false;
  }
  return rows;
}

void Space::ReleaseForgotten() {
  std::vector<ReleaseNode> releases;
  const auto is_forgotten = [&](uint32_t extent)
                                ENGRAM_REQUIRES(mutex_) { return RowOf({extent}).forgotten; };
  uint32_t count = 0;
  {
    sync::MutexLock lock(mutex_);
    for (uint32_t i = 0; i < extents(); ++i) count += is_forgotten(i) ? 1 : 0;
  }
  for (; count > 0; --count) releases.push_back(std::make_unique<Release>());
  sync::MutexLock lock(mutex_);
  for (uint32_t i = 0; i < extents() && !releases.empty(); ++i) {
    if (!is_forgotten(i)) continue;
    RowOf({i}).forgotten = false;
    if (RowOf({i}).type == ExtentType::kSlots) slots_.RemoveExtent({i});
    releases.back()->what = Release::What::kRun;
    releases.back()->run = {i};
    Enqueue(std::move(releases.back()), LogNumber{});
    releases.pop_back();
  }
}

void Space::KeepForgotten() {
  sync::MutexLock lock(mutex_);
  for (uint32_t i = 0; i < extents(); ++i) {
    Row& row = RowOf({i});
    if (row.forgotten && row.type == ExtentType::kSlots) slots_.Restore({i});
    row.forgotten = false;
  }
}

// ---- Compaction.

std::vector<LogExtentUse> Space::LogExtentsBefore(const format::LogSegment& position) const {
  std::vector<LogExtentUse> uses;
  sync::MutexLock lock(mutex_);
  for (uint32_t i = 0; i < extents(); ++i) {
    const Row& row = RowOf({i});
    const bool is_written = row.buffer_release == nullptr && row.first_log_number.value != 0;
    if (row.type == ExtentType::kLog && is_written && !row.releasing && row.live_bytes > 0 &&
        row.first_log_number < position.extent_first) {
      uses.push_back({{i}, row.generation, row.live_bytes, row.total_bytes - row.live_bytes});
    }
  }
  return uses;
}

bool Space::HasEmptySlotExtent() const {
  sync::MutexLock lock(mutex_);
  for (uint32_t i = 0; i < extents(); ++i) {
    const Row& row = RowOf({i});
    if (row.type == ExtentType::kSlots && !row.releasing && slots_.UsedIn({i}) == 0) return true;
  }
  return false;
}

bool Space::IsStillUsed(const LogExtentUse& use) const {
  sync::MutexLock lock(mutex_);
  const Row& row = RowOf(use.extent);
  return row.type == ExtentType::kLog && row.generation == use.generation && !row.releasing;
}

uint64_t Space::PunchFreeExtents() {
  uint64_t punched_bytes = 0;
  ExtentId extent;
  for (bool goes_on = NextToPunch(extent); goes_on;) {
    bool is_punched = false;
    try {
      is_punched = file_.Punch(geometry_.Begin(extent), geometry_.extent_bytes).ok();
    } catch (const std::bad_alloc&) {
      // Only for the words of an error.
    }
    if (is_punched) punched_bytes += geometry_.extent_bytes;
    EndPunch(extent);
    goes_on = is_punched && NextToPunch(extent);
  }
  return punched_bytes;
}

bool Space::NextToPunch(ExtentId& extent) {
  sync::MutexLock lock(mutex_);
  if (free_extents_ - bare_extents_ <= Reserve()) return false;
  for (uint32_t i = 0; i < extents(); ++i) {
    Row& row = RowOf({i});
    if (row.type != ExtentType::kFree || row.bare || row.punching) continue;
    row.punching = true;
    --free_extents_;
    extent = {i};
    return true;
  }
  return false;
}

// Whether it worked or not, nobody knows whether there are blocks.
void Space::EndPunch(ExtentId extent) {
  sync::MutexLock lock(mutex_);
  Row& row = RowOf(extent);
  row.punching = false;
  row.bare = true;
  ++free_extents_;
  ++bare_extents_;
}

}  // namespace engram::inline ENGRAM_BODY::engine
