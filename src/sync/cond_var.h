// Waiting for a condition that a Mutex guards.
//
// In the simulated body the world chooses which waiter a Notify wakes, whether a timed wait times
// out, and, where the bounds allow it, wakes waiters without a reason; a waiter that nobody can
// wake any more is a failure. So callers wait in a loop over their condition.

#ifndef ENGRAM_SYNC_COND_VAR_H_
#define ENGRAM_SYNC_COND_VAR_H_

#include <chrono>

#include "base/body.h"
#include "base/thread_annotations.h"
#include "sync/mutex.h"

namespace engram::inline ENGRAM_BODY::sync {

// Thread safety: thread-safe.
class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Releases `mutex`, sleeps until notified (or without a reason), takes `mutex` again.
  void Wait(Mutex& mutex, const Location& where = Location::current()) ENGRAM_REQUIRES(mutex) {
    raw_.Wait(mutex.raw_, where);
  }
  // As Wait, but at most for `timeout`. Returns false if the time ran out.
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout,
               const Location& where = Location::current()) ENGRAM_REQUIRES(mutex) {
    return raw_.WaitFor(mutex.raw_, timeout, where);
  }
  void NotifyOne(const Location& where = Location::current()) { raw_.Notify(false, where); }
  void NotifyAll(const Location& where = Location::current()) { raw_.Notify(true, where); }

 private:
  RawCondVar raw_;
};

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_COND_VAR_H_
