// Mutual exclusion: Mutex and SharedMutex with thread-safety attributes, and their scoped locks.
//
// In the production body these are std::mutex and std::shared_mutex. In the simulated body each
// call is a scheduling point, and deadlock and lock-order inversion are failures of the explored
// execution. `where` names the call's place in failure texts; callers leave it out.

#ifndef ENGRAM_SYNC_MUTEX_H_
#define ENGRAM_SYNC_MUTEX_H_

#include "base/body.h"
#include "base/check.h"
#include "base/thread_annotations.h"
#include ENGRAM_SYNC_BODY_HEADER

namespace engram::inline ENGRAM_BODY::sync {

// Thread safety: thread-safe. Not recursive: locking it twice in one thread is a deadlock.
class ENGRAM_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock(const Location& where = Location::current()) ENGRAM_ACQUIRE() {
    raw_.Lock(LockMode::kExclusive, where);
  }
  bool TryLock(const Location& where = Location::current()) ENGRAM_TRY_ACQUIRE(true) {
    return raw_.TryLock(LockMode::kExclusive, where);
  }
  void Unlock(const Location& where = Location::current()) ENGRAM_RELEASE() {
    raw_.Unlock(LockMode::kExclusive, where);
  }
  // Tells the static analysis that the caller holds this mutex, and checks it in the simulated
  // body.
  void AssertHeld() const ENGRAM_THREAD_ATTRIBUTE(assert_capability(this)) {
    ENGRAM_CHECK(raw_.Holds(LockMode::kExclusive), "the caller does not hold this mutex");
  }

 private:
  friend class CondVar;
  RawMutex raw_;
};

// Many readers or one writer. Thread safety: thread-safe. Not recursive in either mode.
class ENGRAM_CAPABILITY("shared mutex") SharedMutex {
 public:
  SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void Lock(const Location& where = Location::current()) ENGRAM_ACQUIRE() {
    raw_.Lock(LockMode::kExclusive, where);
  }
  bool TryLock(const Location& where = Location::current()) ENGRAM_TRY_ACQUIRE(true) {
    return raw_.TryLock(LockMode::kExclusive, where);
  }
  void Unlock(const Location& where = Location::current()) ENGRAM_RELEASE() {
    raw_.Unlock(LockMode::kExclusive, where);
  }
  void LockShared(const Location& where = Location::current()) ENGRAM_ACQUIRE_SHARED() {
    raw_.Lock(LockMode::kShared, where);
  }
  bool TryLockShared(const Location& where = Location::current()) ENGRAM_TRY_ACQUIRE_SHARED(true) {
    return raw_.TryLock(LockMode::kShared, where);
  }
  void UnlockShared(const Location& where = Location::current()) ENGRAM_RELEASE_SHARED() {
    raw_.Unlock(LockMode::kShared, where);
  }

 private:
  RawSharedMutex raw_;
};

// Holds a Mutex for a scope.
class ENGRAM_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex, const Location& where = Location::current())
      ENGRAM_ACQUIRE(mutex)
      : mutex_(mutex), where_(where) {
    mutex_.Lock(where);
  }
  ~MutexLock() ENGRAM_RELEASE() { mutex_.Unlock(where_); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
  const Location where_;
};

// Holds a SharedMutex shared for a scope.
class ENGRAM_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex, const Location& where = Location::current())
      ENGRAM_ACQUIRE_SHARED(mutex)
      : mutex_(mutex), where_(where) {
    mutex_.LockShared(where);
  }
  ~ReaderLock() ENGRAM_RELEASE_GENERIC() { mutex_.UnlockShared(where_); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
  const Location where_;
};

// Holds a SharedMutex exclusively for a scope.
class ENGRAM_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex, const Location& where = Location::current())
      ENGRAM_ACQUIRE(mutex)
      : mutex_(mutex), where_(where) {
    mutex_.Lock(where);
  }
  ~WriterLock() ENGRAM_RELEASE() { mutex_.Unlock(where_); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
  const Location where_;
};

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_MUTEX_H_
