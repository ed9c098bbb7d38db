// A compaction: moves what is live out of log extents with much dead room, so that a checkpoint can
// let go of them. Part of TieredStore; not for others.
//
// An extent can be emptied if it lies wholly before the checkpoint's position: the replay of a
// crash then never reads it. A record is moved by a copy at the log's end, with the same sequence,
// if and only if the index still names the place that was read; the id's stripe is held from that
// look to the change of the index, so no mutation comes between, and for nothing longer. Nothing
// is freed here: once a checkpoint knows no live content in an extent, it is released as any dead
// extent is, that is, after the moves are durable and when no reader is left.
//
// So a crash, an error or a cancellation at any point leaves each memory where the index says.

#ifndef ENGRAM_ENGINE_COMPACTION_H_
#define ENGRAM_ENGINE_COMPACTION_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/reports.h"
#include "base/body.h"
#include "engine/space.h"
#include "engine/tiered_store.h"
#include "format/log_entry.h"

namespace engram::inline ENGRAM_BODY::engine {

// Thread safety: confined to one thread; one at a time. Ownership: the store must outlive it, and
// stay open.
class TieredStore::Compaction {
 public:
  // `before`: what content there is.
  Compaction(TieredStore& store, const Space::ContentCounts& before);
  Compaction(const Compaction&) = delete;
  Compaction& operator=(const Compaction&) = delete;

  // Moves batch after batch, each followed by a checkpoint, and lets others cut checkpoints in
  // between.
  absl::StatusOr<CompactionStats> Run() ENGRAM_EXCLUDES(store_.checkpoint_mutex_);
  // Moves one batch of what comes before the present checkpoint, and cuts the next one.
  absl::Status RunOneBatch() ENGRAM_REQUIRES(store_.checkpoint_mutex_);

 private:
  enum class Batch : uint8_t {
    kDone,     // there may be more
    kNoRoom,   // the last extent is not done; but others may have been freed
    kStopped,  // cancelled: no checkpoint was cut
  };

  absl::Status Begin() ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  void ListExtents() ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  absl::StatusOr<Batch> MoveBatch() ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  absl::Status MoveAllOf(const LogExtentUse& extent);
  // Moves the record at `offset` if it is current. Sets `offset` behind it, or to the end of the
  // extent behind the last one.
  absl::Status MoveNext(const LogExtentUse& extent, FileOffset& offset);
  absl::Status MoveIfCurrent(const format::LogEntry& entry, FileOffset place);
  absl::Status AppendCopy(const format::LogEntry& entry, Delta& moved, uint64_t hash);
  // Makes what the last checkpoint has released free, if readers leave soon.
  absl::Status FreeReleased();
  bool ReadersHoldTooMuch() const;
  bool IsCancelled() const;
  void TellProgress();
  void Finish();

  TieredStore& store_;
  Space& space_;
  CompactionStats stats_;
  const Space::ContentCounts before_;
  const int64_t began_ns_;
  int64_t longest_pause_ns_ = 0;
  uint64_t moved_bytes_ = 0;
  std::vector<LogExtentUse> extents_;  // to do, emptiest first
  size_t next_ = 0;                    // of these
  bool listener_stops_ = false;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_COMPACTION_H_
