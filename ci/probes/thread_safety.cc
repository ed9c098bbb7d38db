// What Clang's thread-safety analysis must refuse: an account whose members are guarded, used
// rightly, and, with one of the macros below defined, used wrongly in one way. Compiled by ctest,
// never linked.

#include "base/thread_annotations.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"

namespace engram::inline ENGRAM_BODY {

class Account {
 public:
  void Deposit(int amount) {
    const sync::MutexLock lock(mutex_);
    Add(amount);
    changed_.NotifyAll();
  }

  int WaitForMoney() {
    const sync::MutexLock lock(mutex_);
    while (balance_ <= 0) changed_.Wait(mutex_);
    return balance_;
  }

  int Limit() {
    const sync::ReaderLock lock(limit_mutex_);
    return limit_;
  }

  void SetLimit(int limit) {
    const sync::MutexLock first(mutex_);
    const sync::WriterLock second(limit_mutex_);
    limit_ = limit;
  }

#ifdef WRITE_WITHOUT_LOCK
  void Wrong() { balance_ = 1; }
#endif
#ifdef READ_WITHOUT_LOCK
  int Wrong() { return balance_; }
#endif
#ifdef CALL_WITHOUT_LOCK
  void Wrong() { Add(1); }
#endif
#ifdef WAIT_WITHOUT_LOCK
  void Wrong() { changed_.Wait(mutex_); }
#endif
#ifdef NO_UNLOCK
  void Wrong() { mutex_.Lock(); }
#endif
#ifdef LOCK_TWICE
  void Wrong() {
    const sync::MutexLock first(mutex_);
    const sync::MutexLock second(mutex_);
  }
#endif
#ifdef WRITE_UNDER_READER_LOCK
  void Wrong() {
    const sync::ReaderLock lock(limit_mutex_);
    limit_ = 1;
  }
#endif
#ifdef WRONG_ORDER
  void Wrong() {
    const sync::WriterLock first(limit_mutex_);
    const sync::MutexLock second(mutex_);
  }
#endif

 private:
  void Add(int amount) ENGRAM_REQUIRES(mutex_) { balance_ += amount; }

  sync::Mutex mutex_ ENGRAM_ACQUIRED_BEFORE(limit_mutex_);
  sync::SharedMutex limit_mutex_;
  sync::CondVar changed_;
  int balance_ ENGRAM_GUARDED_BY(mutex_) = 0;
  int limit_ ENGRAM_GUARDED_BY(limit_mutex_) = 0;
};

int UseAccount() {
  Account account;
  account.SetLimit(2);
  account.Deposit(1);
  return account.WaitForMoney() + account.Limit();
}

}  // namespace engram::inline ENGRAM_BODY
