// Finding free extents, growing the file, keeping the reserve.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/space.h"

namespace engram::inline ENGRAM_BODY::engine {

using format::ExtentType;
using warm::Need;

namespace {

// When the disk is full, besides a checkpoint: one for removals and moves, one for the frame of the
// sync that comes before the checkpoint.
constexpr uint64_t kReserveForLog = 2;

}  // namespace

uint64_t Space::Reserve() const { return kReserveForLog + checkpoint_extents_; }

void Space::SetCheckpointExtents(uint64_t extents) {
  sync::MutexLock lock(mutex_);
  checkpoint_extents_ = extents;
}

uint64_t Space::KeptFrom(Need need) const {
  switch (need) {
    case Need::kUsual:
      return Reserve();
    case Need::kCleaning:
      return checkpoint_extents_ + 1;  // one for the frame of the sync before it
    case Need::kEmergency:
      break;
  }
  return 0;
}

absl::StatusOr<ExtentId> Space::TakeRun(uint32_t extents, ExtentType type, Need need) {
  ExtentId first;
  const uint64_t ready = free_extents_ - bare_extents_;
  if (ready < extents + KeptFrom(need) || !FindFreeRun(extents, Bare::kNo, first)) {
    // With what the reserve lacks, too; if there is not so much, what is needed now.
    const uint64_t lacking = extents + Reserve() - std::min(ready, Reserve());
    absl::Status provided = Provide(extents, lacking);
    if (!provided.ok() && lacking > extents) provided = Provide(extents, extents);
    const bool found = FindFreeRun(extents, Bare::kNo, first);
    if (!provided.ok() && !(need == Need::kEmergency && found)) return provided;
    if (!found) {
      return absl::ResourceExhaustedError(
          absl::StrCat("there are no ", extents, " free extents in a row"));
    }
  }
  MarkRun(first, extents, type);
  if (type == ExtentType::kSlots || type == ExtentType::kBlob) {
    if (absl::Status status = WriteHeader(first); !status.ok()) {
      FreeRun(first);
      return status;
    }
  }
  return first;
}

void Space::MarkRun(ExtentId first, uint32_t extents, ExtentType type) {
  for (uint32_t i = 0; i < extents; ++i) {
    Row& row = RowOf({first.value + i});
    row.type = i == 0 ? type : ExtentType::kContinued;
    row.run_extents = i == 0 ? extents : 1;
    row.generation = {};
    row.first_log_number = {};
    row.held_bytes = 0;
    row.live_bytes = 0;
    row.total_bytes = 0;
    row.adopted = false;
    row.releasing = false;
    row.forgotten = false;
    if (row.bare) --bare_extents_;
    row.bare = false;
  }
  RowOf(first).generation = {next_generation_++};
  free_extents_ -= extents;
}

bool Space::FindFreeRun(uint32_t extents, Bare bare, ExtentId& first) const {
  uint32_t length = 0;
  const uint32_t end = this->extents();
  for (uint32_t i = 0; i < end; ++i) {
    const Row& row = RowOf({i});
    const bool suits =
        row.type == ExtentType::kFree && !row.punching && (!row.bare || bare == Bare::kToo);
    length = suits ? length + 1 : 0;
    if (length == extents) {
      first = {i + 1 - extents};
      return true;
    }
  }
  return false;
}

absl::Status Space::Provide(uint32_t run, uint64_t lacking) {
  ExtentId first;
  if (run > 1) {
    if (!FindFreeRun(run, Bare::kToo, first)) return Grow(lacking);
    uint64_t backed = 0;
    ENGRAM_RETURN_IF_ERROR(Back(first, run, backed));
    lacking -= std::min(lacking, backed);
  }
  for (uint32_t i = 0; i < extents() && lacking > 0 && bare_extents_ > 0; ++i) {
    uint32_t length = 0;
    while (length < lacking && i + length < extents() && RowOf({i + length}).bare) ++length;
    if (length == 0) continue;
    uint64_t backed = 0;
    ENGRAM_RETURN_IF_ERROR(Back({i}, length, backed));
    lacking -= backed;
  }
  return lacking == 0 ? absl::OkStatus() : Grow(lacking);
}

absl::Status Space::Back(ExtentId first, uint32_t extents, uint64_t& backed) {
  ENGRAM_RETURN_IF_ERROR(
      file_.Reserve(geometry_.Begin(first), uint64_t{extents} * geometry_.extent_bytes));
  for (uint32_t i = 0; i < extents; ++i) {
    Row& row = RowOf({first.value + i});
    if (row.bare) ++backed;
    row.bare = false;
  }
  bare_extents_ -= backed;
  return absl::OkStatus();
}

absl::Status Space::Grow(uint64_t extents) {
  const uint32_t begin = this->extents();
  if (extents > extents_max_ - begin) {
    return absl::ResourceExhaustedError(absl::StrCat("the store has ", begin, " of at most ",
                                                     extents_max_, " extents and needs ", extents,
                                                     " more; raise Options::file_bytes_max"));
  }
  const uint64_t end = begin + extents;
  for (uint64_t i = begin; i < end; ++i) {
    std::unique_ptr<Chunk>& chunk = chunks_[i / kRowsPerChunk];
    if (chunk == nullptr) chunk = std::make_unique<Chunk>();
  }
  ENGRAM_RETURN_IF_ERROR(
      file_.Reserve(FileOffset{geometry_.FileBytes(begin)}, extents * geometry_.extent_bytes));
  free_extents_ += extents;
  // release: partner of the acquire in extents(); the rows are there.
  extents_.Store(static_cast<uint32_t>(end), std::memory_order_release);
  return absl::OkStatus();
}

absl::Status Space::WriteHeader(ExtentId first) {
  const Row& row = RowOf(first);
  format::ExtentHeader header;
  header.type = row.type;
  header.extent = first;
  header.run_extents = row.run_extents;
  header.generation = row.generation;
  return io::WriteFully(file_, geometry_.Begin(first), format::Encode(header, store_id_));
}

void Space::FreeRun(ExtentId first) {
  const uint32_t extents = RowOf(first).run_extents;
  for (uint32_t i = 0; i < extents; ++i) {
    Row& row = RowOf({first.value + i});
    CountOut(row);
    row.type = ExtentType::kFree;
    row.run_extents = 1;
    row.held_bytes = 0;
    row.live_bytes = 0;
    row.total_bytes = 0;
    row.releasing = false;
    row.forgotten = false;
    row.buffer_release = nullptr;
  }
  free_extents_ += extents;
}

}  // namespace engram::inline ENGRAM_BODY::engine
