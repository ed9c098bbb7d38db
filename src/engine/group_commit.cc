// One leader writes out and syncs; the others wait for it, and lead next if that was not enough.

#include "engine/group_commit.h"

#include <new>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace engram::inline ENGRAM_BODY::engine {

GroupCommit::GroupCommit(io::File& file, warm::ContentLog& log, LogNumber durable)
    : file_(file), log_(log), durable_(durable.value) {}

absl::Status GroupCommit::CheckWritable() const {
  if (!is_read_only()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the store is read-only: a write or sync has failed; reopen it to go on from what is "
      "durable");
}

absl::Status GroupCommit::Sync(LogNumber target) {
  {
    sync::MutexLock lock(mutex_);
    while (durable() < target && has_leader_) led_.Wait(mutex_);
    if (durable() >= target) return absl::OkStatus();
    has_leader_ = true;
  }
  const auto step_down = [this] {
    sync::MutexLock lock(mutex_);
    has_leader_ = false;
    led_.NotifyAll();
  };
  try {
    absl::Status status = Lead();
    step_down();
    return status;
  } catch (...) {
    step_down();
    throw;
  }
}

absl::Status GroupCommit::Lead() {
  ENGRAM_RETURN_IF_ERROR(CheckWritable());
  const absl::StatusOr<LogNumber> end = log_.WriteOut();
  if (!end.ok()) {
    if (!absl::IsResourceExhausted(end.status())) SetReadOnly();
    return end.status();
  }
  ENGRAM_RETURN_IF_ERROR(SyncFile());
  // release: partner of the acquire in durable().
  durable_.Store(end->value, std::memory_order_release);
  log_.SetDurable(*end);
  return absl::OkStatus();
}

absl::Status GroupCommit::SyncFile() {
  sync::MutexLock lock(file_mutex_);
  ENGRAM_RETURN_IF_ERROR(CheckWritable());
  absl::Status synced = absl::UnavailableError("");
  try {
    synced = file_.SyncData();
  } catch (const std::bad_alloc&) {
    // Only for the words of an error.
  }
  if (!synced.ok()) {
    SetReadOnly();
    return absl::UnavailableError(
        absl::StrCat("syncing failed, the store is read-only from here on: ", synced.message()));
  }
  syncs_.FetchAdd(1, std::memory_order_relaxed);
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::engine
