// Filling extents in RAM, framing, linking, writing out.

#include "warm/content_log.h"

#include <algorithm>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "format/extent_header.h"

namespace engram::inline ENGRAM_BODY::warm {
namespace {

// A frame is due before its hashes could become more than it holds: one entry and a link may come
// between two looks.
constexpr size_t kUnframedMax = format::kFrameHashesMax - 2;

// Writes all of `bytes`. Not OK, and never an exception, if that is not certain.
absl::Status WriteSurely(io::File& file, FileOffset offset, std::span<const std::byte> bytes) {
  try {
    absl::Status written = io::WriteFully(file, offset, bytes);
    if (written.ok()) return written;
    return absl::UnavailableError(absl::StrCat("writing out the log: ", written.message()));
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kUnavailable, "");
  }
}

}  // namespace

ContentLog::ContentLog(io::File& file, LogExtents& extents, const format::Geometry& geometry,
                       uint64_t store_id)
    : file_(file), extents_(extents), geometry_(geometry), store_id_(store_id) {}

absl::Status ContentLog::Begin(Beginning beginning) {
  sync::MutexLock lock(mutex_);
  next_ = beginning.next;
  durable_ = beginning.durable;
  first_unframed_ = beginning.first_unframed;
  unframed_ = std::move(beginning.unframed);
  follows_frame_ = beginning.follows_frame;
  // More than a frame holds only if frames were lost.
  unframed_.reserve(unframed_.size() + format::kFrameHashesMax);
  ENGRAM_CHECK(first_unframed_.value + unframed_.size() == next_.value,
               "the log does not know all that is not framed");
  LogBuffer buffer = std::make_unique_for_overwrite<std::byte[]>(geometry_.extent_bytes);
  ENGRAM_ASSIGN_OR_RETURN(const LogExtents::Fresh extent, extents_.TakeLogExtent(Need::kEmergency));
  absl::StatusOr<LogExtents::Fresh> spare = extents_.TakeLogExtent(Need::kEmergency);
  if (!spare.ok()) {
    extents_.GiveBackLogExtent(extent.extent);
    return spare.status();
  }
  StartExtent(extent, *spare, std::move(buffer));
  return absl::OkStatus();
}

void ContentLog::StartExtent(LogExtents::Fresh extent, LogExtents::Fresh spare, LogBuffer buffer) {
  buffer_ = std::move(buffer);
  extent_ = extent;
  spare_ = spare;
  extent_first_ = next_;
  const format::ExtentHeaderBytes header = format::Encode({.type = format::ExtentType::kLog,
                                                           .extent = extent.extent,
                                                           .generation = extent.generation,
                                                           .first_log_number = next_,
                                                           .next_extent = spare.extent,
                                                           .next_generation = spare.generation},
                                                          store_id_);
  std::copy(header.begin(), header.end(), buffer_.get());
  end_ = header.size();
  written_ = 0;
  extents_.BeginLogExtent(extent.extent, next_, buffer_.get());
}

uint64_t ContentLog::DueFrameBytes() const {
  if (unframed_.size() < kUnframedMax) return 0;
  return format::FrameEntryBytes(std::min<size_t>(unframed_.size(), format::kFrameHashesMax));
}

absl::Status ContentLog::PrepareRoom(uint64_t bytes, Need need) {
  for (;;) {
    if (failed_) {
      return absl::FailedPreconditionError(
          "the store is read-only: a write of its log has failed; reopen it");
    }
    const uint64_t frame = DueFrameBytes();
    if (end_ + frame + bytes + format::kLinkBytes <= geometry_.extent_bytes) {
      if (frame == 0) return absl::OkStatus();
      AppendFrame();
      continue;
    }
    // Not of our making: content of that length is a blob. So the old entry is to blame.
    if (bytes + format::kFrameBytesMax + format::kLinkBytes > geometry_.PayloadBytes(1)) {
      return absl::DataLossError(
          absl::StrCat("an entry of ", bytes, " bytes would be longer than any can be"));
    }
    ENGRAM_RETURN_IF_ERROR(GoOnInNextExtent(need));
  }
}

ContentLog::Room ContentLog::NextRoom(uint64_t bytes) {
  const FileOffset offset{geometry_.Begin(extent_.extent).value + end_};
  return {
      {buffer_.get() + end_, bytes}, {store_id_, extent_.generation, offset, extent_first_}, next_};
}

void ContentLog::Commit(const Room& room, uint64_t id_hash) {
  ENGRAM_CHECK(unframed_.size() < unframed_.capacity(), "a frame is overdue");
  unframed_.push_back(id_hash);
  end_ += room.bytes.size();
  ++next_.value;
}

void ContentLog::AppendFrame() {
  const size_t count = std::min<size_t>(unframed_.size(), format::kFrameHashesMax);
  const Room room = NextRoom(format::FrameEntryBytes(count));
  format::EncodeFrame(room.bytes, room.place, room.number, durable_, first_unframed_,
                      follows_frame_, std::span(unframed_).first(count));
  end_ += room.bytes.size();
  ++next_.value;
  first_unframed_.value += count;
  unframed_.erase(unframed_.begin(), unframed_.begin() + static_cast<ptrdiff_t>(count));
  follows_frame_ = unframed_.empty();
  if (follows_frame_) {
    first_unframed_ = next_;
  } else {
    unframed_.push_back(0);  // this frame
  }
}

absl::Status ContentLog::GoOnInNextExtent(Need need) {
  // All that can fail without harm comes first.
  sealed_.reserve(sealed_.size() + 1);
  LogBuffer buffer = std::make_unique_for_overwrite<std::byte[]>(geometry_.extent_bytes);
  ENGRAM_ASSIGN_OR_RETURN(const LogExtents::Fresh spare, extents_.TakeLogExtent(need));
  const Room room = NextRoom(format::kLinkBytes);
  format::EncodeLink(room.bytes, room.place, room.number, spare_.extent, spare_.generation);
  Commit(room, 0);
  const Range rest = TakeUnwritten();
  failed_ = true;  // until the write is known to have worked
  ENGRAM_RETURN_IF_ERROR(WriteSurely(file_, rest.offset, rest.bytes));
  failed_ = false;
  if (writing_) {
    sealed_.push_back({extent_.extent, std::move(buffer_)});
  } else {
    extents_.EndLogExtent(extent_.extent, std::move(buffer_));
  }
  StartExtent(spare_, spare, std::move(buffer));
  return absl::OkStatus();
}

format::LogSegment ContentLog::Position() const {
  return {.first = next_,
          .generation = extent_.generation,
          .extent_first = extent_first_,
          .extent = extent_.extent,
          .offset = static_cast<uint32_t>(end_)};
}

ContentLog::Range ContentLog::TakeUnwritten() {
  const Range range{{geometry_.Begin(extent_.extent).value + written_},
                    {buffer_.get() + written_, end_ - written_}};
  written_ = end_;
  return range;
}

absl::StatusOr<LogNumber> ContentLog::WriteOut() {
  Range range;
  LogNumber end;
  {
    sync::MutexLock lock(mutex_);
    if (!unframed_.empty()) {
      // Room for a frame, which may become the first of another extent, behind a link.
      ENGRAM_RETURN_IF_ERROR(PrepareRoom(format::kFrameBytesMax, Need::kEmergency));
      while (!unframed_.empty()) AppendFrame();
    }
    if (failed_) return absl::FailedPreconditionError("a write of the log has failed before");
    range = TakeUnwritten();
    end = next_;
    writing_ = true;
  }
  absl::Status written = WriteSurely(file_, range.offset, range.bytes);
  sync::MutexLock lock(mutex_);
  writing_ = false;
  failed_ = failed_ || !written.ok();
  if (!written.ok()) return written;
  for (Sealed& sealed : sealed_) extents_.EndLogExtent(sealed.extent, std::move(sealed.buffer));
  sealed_.clear();
  return end;
}

void ContentLog::SetDurable(LogNumber durable) {
  sync::MutexLock lock(mutex_);
  durable_ = std::max(durable_, durable);
}

}  // namespace engram::inline ENGRAM_BODY::warm
