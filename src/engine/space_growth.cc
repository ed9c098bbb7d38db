// Finding free extents, growing the file, keeping the reserve.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/space.h"

namespace engram::inline ENGRAM_BODY::engine {

using format::ExtentType;

namespace {

// What removals may use when the disk is full: a spare for the log, and one more.
constexpr uint64_t kReserveForLog = 2;

}  // namespace

uint64_t Space::Reserve() const { return kReserveForLog + checkpoint_extents_; }

void Space::SetCheckpointExtents(uint64_t extents) {
  sync::MutexLock lock(mutex_);
  checkpoint_extents_ = extents;
}

absl::StatusOr<ExtentId> Space::TakeRun(uint32_t extents, ExtentType type, bool emergency) {
  ExtentId first;
  const uint64_t needed = extents + (emergency ? 0 : Reserve());
  if (free_extents_ < needed || !FindFreeRun(extents, first)) {
    // Grown by what the reserve lacks, too; if there is not so much, by what is needed now.
    const uint64_t lacking = extents + Reserve() - std::min(free_extents_, Reserve());
    absl::Status grown = Grow(lacking);
    if (!grown.ok() && lacking > extents) grown = Grow(extents);
    if (!grown.ok() && !(emergency && FindFreeRun(extents, first))) return grown;
    if (grown.ok() && !FindFreeRun(extents, first)) {
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
  }
  RowOf(first).generation = {next_generation_++};
  free_extents_ -= extents;
}

bool Space::FindFreeRun(uint32_t extents, ExtentId& first) const {
  uint32_t length = 0;
  const uint32_t end = this->extents();
  for (uint32_t i = 0; i < end; ++i) {
    length = RowOf({i}).type == ExtentType::kFree ? length + 1 : 0;
    if (length == extents) {
      first = {i + 1 - extents};
      return true;
    }
  }
  return false;
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
    content_total_ -= row.total_bytes;
    content_live_ -= row.live_bytes;
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
