// Opening, creating and closing.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/fragmentation.h"
#include "base/checksum.h"
#include "base/status_macros.h"
#include "engine/recovery.h"
#include "engine/store_calls.h"
#include "engine/tiered_store.h"
#include "engine/validation.h"

namespace engram::inline ENGRAM_BODY {

absl::StatusOr<std::unique_ptr<MemoryStore>> MemoryStore::Open(io::FileSystem& files,
                                                               const std::string& path,
                                                               const Options& options) {
  return engine::TieredStore::Open(files, path, options);
}

namespace engine {
namespace {

// Of the superblocks that a file is created with; each later one has a higher number.
constexpr uint64_t kFirstSuperblock = 1;

}  // namespace

TieredStore::TieredStore(io::FileSystem& files, const Options& options)
    : files_(files),
      options_(options),
      epoch_(2 * options.concurrency),
      stripes_(std::make_unique<sync::Mutex[]>(options.concurrency)),
      hot_(options.hot_capacity_bytes, std::max<uint32_t>(1, options.concurrency / 2)) {}

TieredStore::~TieredStore() {
  if (!closed_.Load(std::memory_order_seq_cst)) Close().IgnoreError();
}

absl::StatusOr<std::unique_ptr<MemoryStore>> TieredStore::Open(io::FileSystem& files,
                                                               const std::string& path,
                                                               const Options& options) {
  return WithoutExceptions([&]() -> absl::StatusOr<std::unique_ptr<MemoryStore>> {
    ENGRAM_RETURN_IF_ERROR(CheckOptions(options));
    std::unique_ptr<TieredStore> store(new TieredStore(files, options));
    ENGRAM_RETURN_IF_ERROR(store->OpenFile(path));
    store->StartChores();
    return store;
  });
}

absl::Status TieredStore::OpenFile(const std::string& path) {
  bool is_new = false;
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<io::File> file, LockedFile(path, is_new));
  std::vector<Damage> copies;
  const absl::StatusOr<format::Superblock> found = ReadSuperblock(*file, copies);
  if (absl::IsNotFound(found.status())) {
    if (!options_.create_if_missing) {
      return absl::NotFoundError(
          absl::StrCat(path, " holds no store; set Options::create_if_missing to make one"));
    }
    ENGRAM_RETURN_IF_ERROR(CreateFile(*file, path));
    report_.created = true;
    is_new = true;
  } else if (!found.ok()) {
    return found.status();
  } else {
    report_.superblock_restored = !copies.empty();
    // A process that was killed while it created the file may not have come to its name.
    is_new = is_new || found->number == kFirstSuperblock;
  }
  if (is_new) ENGRAM_RETURN_IF_ERROR(files_.SyncDirectoryOf(path));
  return Recover(std::move(file));
}

absl::StatusOr<std::unique_ptr<io::File>> TieredStore::LockedFile(const std::string& path,
                                                                  bool& is_new) {
  absl::StatusOr<std::unique_ptr<io::File>> file = files_.Open(path, io::OpenMode::kReadWrite);
  if (absl::IsNotFound(file.status()) && options_.create_if_missing) {
    file = files_.Open(path, io::OpenMode::kCreateNew);
    // Somebody else may have been faster.
    if (absl::IsAlreadyExists(file.status())) file = files_.Open(path, io::OpenMode::kReadWrite);
    is_new = true;
  }
  ENGRAM_RETURN_IF_ERROR(file.status());
  if (absl::Status locked = (*file)->Lock(); !locked.ok()) {
    if (!absl::IsFailedPrecondition(locked)) return locked;
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is open elsewhere, in this process or another: ", locked.message()));
  }
  return file;
}

// Both superblocks of a new store are the same, and one sector each: a crash leaves nothing or a
// store.
absl::Status TieredStore::CreateFile(io::File& file, const std::string& path) {
  format::Superblock superblock;
  superblock.store_id = Checksum(std::as_bytes(std::span(path)), format::kVersion);
  superblock.number = kFirstSuperblock;
  superblock.extent_bytes = options_.extent_bytes;
  superblock.clean = true;
  superblock.segments = {{.first = {1},
                          .generation = {},
                          .extent_first = {1},
                          .extent = {},
                          .offset = format::kExtentHeaderBytes}};
  ENGRAM_RETURN_IF_ERROR(file.Reserve(FileOffset{0}, format::kExtentsBegin));
  const format::SuperblockBytes bytes = format::Encode(superblock);
  for (int copy = 0; copy < format::kSuperblocks; ++copy) {
    ENGRAM_RETURN_IF_ERROR(io::WriteFully(
        file, FileOffset{static_cast<uint64_t>(copy) * format::kSuperblockBytes}, bytes));
  }
  return absl::OkStatus();
}

uint32_t TieredStore::ExtentsMax(const format::Geometry& geometry) const {
  return static_cast<uint32_t>(
      std::min((options_.file_bytes_max - format::kExtentsBegin) / geometry.extent_bytes,
               geometry.ExtentsMax()));
}

// How many extents the file has. One that ends within an extent, or before what its checkpoint
// knows, is made whole: what is missing then reads as zeros, which no checksum matches.
absl::StatusOr<uint32_t> TieredStore::WholeExtents(io::File& file,
                                                   const format::Superblock& superblock) {
  const format::Geometry geometry{superblock.extent_bytes};
  ENGRAM_ASSIGN_OR_RETURN(const uint64_t bytes, file.Size());
  uint64_t extents = bytes <= format::kExtentsBegin
                         ? 0
                         : format::RoundUp(bytes - format::kExtentsBegin, geometry.extent_bytes) /
                               geometry.extent_bytes;
  for (const format::ExtentRun& run : superblock.runs) {
    extents = std::max<uint64_t>(extents, uint64_t{run.first.value} + run.extents);
  }
  if (extents > ExtentsMax(geometry)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the store has ", extents, " extents of ", geometry.extent_bytes,
                     " bytes, more than the format or Options::file_bytes_max, ",
                     options_.file_bytes_max, ", allows"));
  }
  if (bytes < geometry.FileBytes(extents)) {
    ENGRAM_RETURN_IF_ERROR(file.Reserve(FileOffset{bytes}, geometry.FileBytes(extents) - bytes));
  }
  return static_cast<uint32_t>(extents);
}

absl::Status TieredStore::Recover(std::unique_ptr<io::File> file) {
  std::vector<Damage> ignored;
  ENGRAM_ASSIGN_OR_RETURN(format::Superblock superblock, ReadSuperblock(*file, ignored));
  if (superblock.incarnation == format::kIncarnationMax) {
    return absl::ResourceExhaustedError(
        "the store was opened so often that its numbers are used up");
  }
  ENGRAM_ASSIGN_OR_RETURN(const uint32_t extents, WholeExtents(*file, superblock));
  ENGRAM_RETURN_IF_ERROR(CheckSuperblock(superblock, extents));
  const format::Geometry geometry{superblock.extent_bytes};
  const uint32_t extents_max = ExtentsMax(geometry);
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<io::Mapping> mapping,
                          file->Map(geometry.FileBytes(extents_max)));
  const format::Superblock found = superblock;
  ++superblock.incarnation;
  auto parts =
      std::make_unique<Parts>(std::move(file), std::move(mapping), epoch_, superblock, extents_max);
  Recovery recovery(*parts->file, parts->space, found, report_);
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<engine::Checkpoint> checkpoint,
                          recovery.LoadCheckpoint(extents));
  const uint32_t shards = std::max<uint32_t>(1, options_.concurrency / 2);
  parts->index = std::make_unique<Index>(shards, options_.concurrency, std::move(checkpoint));
  ENGRAM_RETURN_IF_ERROR(recovery.Replay(*parts->index));
  memories_.Store(recovery.memories(), std::memory_order_release);
  uint64_t checkpoint_extents = 1;
  for (const format::ExtentRun& run : found.runs) checkpoint_extents += run.extents;
  parts->space.SetCheckpointExtents(checkpoint_extents);
  const warm::ContentLog::Beginning beginning = recovery.LogBeginning();
  const LogNumber next = beginning.next;
  ENGRAM_RETURN_IF_ERROR(parts->log.Begin(beginning));
  parts->commit = std::make_unique<GroupCommit>(*parts->file, parts->log, next);
  entries_since_checkpoint_.Store(report_.entries_replayed, std::memory_order_relaxed);
  next_sequence_ = superblock.incarnation * format::kNumbersPerIncarnation + 1;
  last_sequence_.Store(next_sequence_ - 1, std::memory_order_release);
  durable_sequence_.Store(next_sequence_ - 1, std::memory_order_release);
  const Space::ContentCounts content = parts->space.content();
  report_.fragmentation = Fragmentation(content.live, content.total);
  report_.is_fragmented = report_.fragmentation > kFragmentationWarning;
  parts_ = std::move(parts);

  sync::MutexLock lock(checkpoint_mutex_);
  superblock_ = superblock;
  format::LogSegment segment;
  {
    sync::MutexLock log_lock(parts_->log.mutex());
    segment = parts_->log.Position();
  }
  if (found.clean) superblock.segments.clear();
  // A segment that ends where it begins holds nothing, and its extent may be the new one's.
  while (!superblock.segments.empty() && superblock.segments.back().first >= segment.first) {
    superblock.segments.pop_back();
  }
  if (superblock.segments.size() == format::Superblock::kSegmentsMax) {
    // The list of segments is full; a checkpoint begins a new one.
    ENGRAM_RETURN_IF_ERROR(CutCheckpoint(CutFor::kUse));
  } else {
    superblock.clean = false;
    superblock.segments.push_back(segment);
    ENGRAM_RETURN_IF_ERROR(WriteSuperblocks(superblock));
  }
  closed_.Store(false, std::memory_order_seq_cst);
  return absl::OkStatus();
}

// ---- Closing.

absl::Status TieredStore::Close() {
  return WithoutExceptions([&]() -> absl::Status {
    {
      sync::MutexLock lock(lifecycle_mutex_);
      if (is_closing_) {
        return absl::FailedPreconditionError("the store cannot be closed: it is being closed");
      }
      if (parts_ == nullptr) return absl::OkStatus();
      if (long_calls_ > 0) {
        return absl::FailedPreconditionError("the store cannot be closed: a call is under way");
      }
      is_closing_ = true;
      stop_requested_.Store(true, std::memory_order_relaxed);
      while (stoppable_calls_ > 0) stopped_.Wait(lifecycle_mutex_);
      stop_requested_.Store(false, std::memory_order_relaxed);
      if (long_calls_ > 0) {  // it came meanwhile
        is_closing_ = false;
        return absl::FailedPreconditionError("the store cannot be closed: a call is under way");
      }
      last_statistics_ = StatsNow();  // what Stats says from now on
      closed_.Store(true, std::memory_order_seq_cst);
    }
    const uint64_t now = epoch_.Advance();
    if (epoch_.Oldest() <= now) {
      sync::MutexLock lock(lifecycle_mutex_);
      closed_.Store(false, std::memory_order_seq_cst);
      is_closing_ = false;
      return absl::FailedPreconditionError(
          "the store cannot be closed: a call is under way, perhaps the one whose callback this "
          "is");
    }
    absl::Status closed = CloseNow();
    chores_.clear();
    return closed;
  });
}

absl::Status TieredStore::CloseNow() {
  absl::Status status;
  try {
    sync::MutexLock lock(checkpoint_mutex_);
    status = CloseSuperblock();
  } catch (const std::bad_alloc&) {
    status = absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
  sync::MutexLock lock(lifecycle_mutex_);
  last_statistics_ = StatsNow();
  hot_.Clear();
  parts_ = nullptr;
  is_closing_ = false;
  return status;
}

}  // namespace engine
}  // namespace engram::inline ENGRAM_BODY
