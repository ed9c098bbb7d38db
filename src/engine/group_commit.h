// Making the log durable: one leader writes out and syncs for all who came before it began.
//
// Every sync of the store's file goes through SyncFile. After one that failed, the system counts
// pages as written that are not, so no later sync proves anything: the store is read-only from then
// on, and everybody who waits for durability learns it.

#ifndef ENGRAM_ENGINE_GROUP_COMMIT_H_
#define ENGRAM_ENGINE_GROUP_COMMIT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "base/body.h"
#include "base/units.h"
#include "io/file_system.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "warm/content_log.h"

namespace engram::inline ENGRAM_BODY::engine {

// Thread safety: thread-safe. Ownership: `file` and `log` must outlive it.
class GroupCommit {
 public:
  // Every log entry before `durable` is durable.
  GroupCommit(io::File& file, warm::ContentLog& log, LogNumber durable);

  // Returns OK when every entry before `target` is durable. UNAVAILABLE: a write or sync failed;
  // FAILED_PRECONDITION: one had failed before; RESOURCE_EXHAUSTED: no room to frame what is to be
  // made durable, and nothing happened.
  absl::Status Sync(LogNumber target) ENGRAM_EXCLUDES(mutex_);

  // Syncs the file for something other than the log. Errors as Sync.
  absl::Status SyncFile() ENGRAM_EXCLUDES(file_mutex_);

  // Every entry before this is durable.
  LogNumber durable() const {
    // acquire: partner of the release in Lead; what is durable happened before.
    return {durable_.Load(std::memory_order_acquire)};
  }

  // FAILED_PRECONDITION if nothing can be made durable any more.
  absl::Status CheckWritable() const;
  bool is_read_only() const {
    return read_only_.Load(std::memory_order_acquire);  // partner of SetReadOnly
  }
  // Something was not written that the log or the index rely on.
  void SetReadOnly() { read_only_.Store(true, std::memory_order_release); }

  uint64_t syncs() const { return syncs_.Load(std::memory_order_relaxed); }  // a count, no partner

 private:
  absl::Status Lead() ENGRAM_EXCLUDES(mutex_);

  io::File& file_;
  warm::ContentLog& log_;

  sync::Mutex mutex_;
  sync::CondVar led_ ENGRAM_GUARDED_BY(mutex_);
  bool has_leader_ ENGRAM_GUARDED_BY(mutex_) = false;

  sync::Mutex file_mutex_;  // one sync of the file at a time, so that none follows a failed one
  sync::Atomic<uint64_t> durable_;
  sync::Atomic<bool> read_only_{false};
  sync::Atomic<uint64_t> syncs_{0};
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_GROUP_COMMIT_H_
