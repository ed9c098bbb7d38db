// The end of the log: appending entries, extent after extent, and writing them out.
//
// The extent at the log's end is filled in RAM; readers look at the buffer (see LogExtents) until
// the extent is full and written. An append does no I/O unless it fills an extent. The extent after
// the present one is taken beforehand, because the present one's header names it.
//
// Invariants, under mutex(): bytes of the buffer before `end_` never change; every byte before
// `written_` has been written or is being written by the one caller of WriteOut; there is room for
// a link behind `end_`; what no frame has hashed yet is in `unframed_`.

#ifndef ENGRAM_WARM_CONTENT_LOG_H_
#define ENGRAM_WARM_CONTENT_LOG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"
#include "format/log_entry.h"
#include "format/superblock.h"
#include "io/file_system.h"
#include "sync/mutex.h"

namespace engram::inline ENGRAM_BODY::warm {

using LogBuffer = std::unique_ptr<std::byte[]>;

// How far a caller may go into the reserve of free extents that a full disk leaves.
enum class Need : uint8_t {
  kUsual,      // not at all
  kCleaning,   // leaving what a checkpoint needs, which alone makes removals and moves of use
  kEmergency,  // to the last one: frames, checkpoints
};

// What the log asks of whoever owns the extents of the file. Called with the log's mutex held.
class LogExtents {
 public:
  struct Fresh {
    ExtentId extent;
    Generation generation;
  };

  virtual ~LogExtents() = default;

  // Takes an extent for the log. On an error nothing is taken.
  virtual absl::StatusOr<Fresh> TakeLogExtent(Need need) = 0;
  // Gives one back that was taken and never begun.
  virtual void GiveBackLogExtent(ExtentId extent) = 0;
  // Entries from `first` on are going to stand in `extent`; readers find them in `buffer`.
  virtual void BeginLogExtent(ExtentId extent, LogNumber first, const std::byte* buffer) = 0;
  // All of `extent` is written: readers find it in the file. Destroys `buffer` when no reader can
  // be looking at it any more. Cannot fail.
  virtual void EndLogExtent(ExtentId extent, LogBuffer buffer) = 0;
};

// Thread safety: thread-safe, under mutex() where said. Ownership: `file` and `extents` must
// outlive it.
class ContentLog {
 public:
  // Where the next entry goes: it is encoded into `bytes`, then Commit makes it part of the log.
  struct Room {
    std::span<std::byte> bytes;
    format::EntryPlace place;
    LogNumber number;
  };

  // What the log goes on from.
  struct Beginning {
    LogNumber next{1};     // the number of the next entry
    LogNumber durable{1};  // every entry before it is durable
    LogNumber first_unframed{1};
    std::vector<uint64_t> unframed;  // hashes of the entries from first_unframed to next
    bool follows_frame = false;      // the entry before first_unframed is a frame
  };

  ContentLog(io::File& file, LogExtents& extents, const format::Geometry& geometry,
             uint64_t store_id);
  ContentLog(const ContentLog&) = delete;
  ContentLog& operator=(const ContentLog&) = delete;

  // Begins in a fresh extent. REQUIRES: called once, before anything else.
  absl::Status Begin(Beginning beginning) ENGRAM_EXCLUDES(mutex_);

  // The log lock.
  sync::Mutex& mutex() ENGRAM_THREAD_ATTRIBUTE(lock_returned(mutex_)) { return mutex_; }

  // Makes sure that an entry of `bytes` can follow, filling up an extent and going on in the next
  // one if need be. RESOURCE_EXHAUSTED: there is no extent. UNAVAILABLE: writing out a full extent
  // failed; FAILED_PRECONDITION: it did before, the log is at its end (see failed()).
  absl::Status PrepareRoom(uint64_t bytes, Need need) ENGRAM_REQUIRES(mutex_);
  // REQUIRES: PrepareRoom(bytes) has just returned OK. Cannot fail.
  Room NextRoom(uint64_t bytes) ENGRAM_REQUIRES(mutex_);
  // The entry is complete in the room; it is about the memory with this hash, or none if that is 0.
  // Cannot fail.
  void Commit(const Room& room, uint64_t id_hash) ENGRAM_REQUIRES(mutex_);

  // The number that the next entry will have.
  LogNumber next() const ENGRAM_REQUIRES(mutex_) { return next_; }
  // A segment that begins with the next entry.
  format::LogSegment Position() const ENGRAM_REQUIRES(mutex_);
  // The extent that was taken beforehand; it holds nothing yet.
  ExtentId spare_extent() const ENGRAM_REQUIRES(mutex_) { return spare_.extent; }
  // A write of the log has failed: nothing can be appended or made durable any more.
  bool failed() const ENGRAM_REQUIRES(mutex_) { return failed_; }

  // Frames and writes out everything appended so far. Returns the number of the next entry: when
  // the file has been synced, every entry before it is durable. REQUIRES: one caller at a time.
  absl::StatusOr<LogNumber> WriteOut() ENGRAM_EXCLUDES(mutex_);
  // Every entry before `durable` is durable: what the next frame will say.
  void SetDurable(LogNumber durable) ENGRAM_EXCLUDES(mutex_);

 private:
  struct Sealed {
    ExtentId extent;
    LogBuffer buffer;
  };
  struct Range {
    FileOffset offset;
    std::span<const std::byte> bytes;
  };

  void StartExtent(LogExtents::Fresh extent, LogExtents::Fresh spare, LogBuffer buffer)
      ENGRAM_REQUIRES(mutex_);
  absl::Status GoOnInNextExtent(Need need) ENGRAM_REQUIRES(mutex_);
  void AppendFrame() ENGRAM_REQUIRES(mutex_);
  // Bytes of a frame that must come before the next entry; 0: none must.
  uint64_t DueFrameBytes() const ENGRAM_REQUIRES(mutex_);
  Range TakeUnwritten() ENGRAM_REQUIRES(mutex_);

  io::File& file_;
  LogExtents& extents_;
  const format::Geometry geometry_;
  const uint64_t store_id_;

  sync::Mutex mutex_;
  LogBuffer buffer_ ENGRAM_GUARDED_BY(mutex_);
  LogExtents::Fresh extent_ ENGRAM_GUARDED_BY(mutex_);
  LogExtents::Fresh spare_ ENGRAM_GUARDED_BY(mutex_);
  LogNumber extent_first_ ENGRAM_GUARDED_BY(mutex_);
  uint64_t end_ ENGRAM_GUARDED_BY(mutex_) = 0;      // in the buffer
  uint64_t written_ ENGRAM_GUARDED_BY(mutex_) = 0;  // likewise
  LogNumber next_ ENGRAM_GUARDED_BY(mutex_){1};
  LogNumber durable_ ENGRAM_GUARDED_BY(mutex_){1};
  LogNumber first_unframed_ ENGRAM_GUARDED_BY(mutex_){1};
  std::vector<uint64_t> unframed_ ENGRAM_GUARDED_BY(mutex_);
  bool follows_frame_ ENGRAM_GUARDED_BY(mutex_) = false;  // the entry before first_unframed_ is one
  bool writing_ ENGRAM_GUARDED_BY(mutex_) = false;        // WriteOut is writing from a buffer
  // Full extents of which WriteOut may still be writing a part.
  std::vector<Sealed> sealed_ ENGRAM_GUARDED_BY(mutex_);
  bool failed_ ENGRAM_GUARDED_BY(mutex_) = false;
};

}  // namespace engram::inline ENGRAM_BODY::warm

#endif  // ENGRAM_WARM_CONTENT_LOG_H_
