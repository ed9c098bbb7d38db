// Mutexes and condition variables as steps: when each can be taken and what it does.

#include <algorithm>
#include <atomic>
#include <bit>
#include <string>
#include <utility>

#include "base/check.h"
#include "model/world/sanitizers.h"
#include "model/world/scheduler.h"
#include "model/world/scheduler_thread.h"

namespace engram::world {
namespace {

using sync::LockMode;

// ThreadSanitizer learns of simulated mutexes by their address.
void TsanLocked([[maybe_unused]] void* mutex, [[maybe_unused]] LockMode mode,
                [[maybe_unused]] bool tried) {
#ifdef ENGRAM_TSAN
  const unsigned flags = (mode == LockMode::kShared ? __tsan_mutex_read_lock : 0u) |
                         (tried ? __tsan_mutex_try_lock : 0u);
  __tsan_mutex_pre_lock(mutex, flags);
  __tsan_mutex_post_lock(mutex, flags, 0);
#endif
}
void TsanUnlocked([[maybe_unused]] void* mutex, [[maybe_unused]] LockMode mode) {
#ifdef ENGRAM_TSAN
  const unsigned flags = mode == LockMode::kShared ? __tsan_mutex_read_lock : 0u;
  __tsan_mutex_pre_unlock(mutex, flags);
  __tsan_mutex_post_unlock(mutex, flags);
#endif
}

Access AccessOf(LockMode mode) {
  return mode == LockMode::kShared ? Access::kRead : Access::kWrite;
}

}  // namespace

// ---- When a step can be taken.

bool Scheduler::Enabled(const Thread& thread) const {
  if (thread.asleep) return false;
  if (thread.pending.flushes && thread.buffer_count > 0) return false;
  switch (thread.pending.kind) {
    case StepKind::kLock:
      return thread.mutex->owner < 0 && thread.mutex->readers == 0;
    case StepKind::kLockShared:
      return thread.mutex->owner < 0;
    case StepKind::kJoin:
      return ((finished_ >> thread.join_target) & 1) != 0;
    case StepKind::kBufferedStore:
      return thread.buffer_count < Thread::kBufferedStoresMax;
    default:
      return true;
  }
}

void Scheduler::UpdateRunnable(uint32_t number) {
  const Thread& thread = threads_[number];
  if (Enabled(thread)) {
    runnable_ |= thread.bit();
  } else {
    runnable_ &= ~thread.bit();
  }
}

void Scheduler::UpdateWaiters(const sync::MutexState& mutex) {
  for (uint32_t waiters = mutex.waiters; waiters != 0; waiters &= waiters - 1) {
    UpdateRunnable(static_cast<uint32_t>(std::countr_zero(waiters)));
  }
}

sync::ObjectId Scheduler::NameObject(sync::ObjectKind) {
  const uint32_t thread = on_fiber() ? current_ : 0xFFu;
  uint32_t& objects = on_fiber() ? Self().objects : main_objects_;
  ENGRAM_CHECK(objects < (1u << 20) - 1, "a thread has made too many sync and io objects");
  return sync::ObjectId{(era_ << 28) | (thread << 20) | ++objects};
}

// ---- Mutexes.

void Scheduler::AwaitLock(Thread& thread, sync::MutexState& mutex, LockMode mode,
                          const sync::Location& where) {
  thread.pending = StepOn(mode == LockMode::kShared ? StepKind::kLockShared : StepKind::kLock,
                          mutex.id, AccessOf(mode), where, /*flushes=*/true);
  thread.mutex = &mutex;
  mutex.waiters |= thread.bit();
}

void Scheduler::TakeLock(Thread& self, sync::MutexState& mutex, LockMode mode,
                         const sync::Location& where, bool blocking) {
  if (blocking && self.held_count > 0 && bounds_.check_lock_order && !winding_down_) {
    CheckLockOrder(self, mutex, where);
  }
  if (mode == LockMode::kShared) {
    mutex.readers |= self.bit();
  } else {
    mutex.owner = static_cast<int32_t>(self.number);
  }
  mutex.locked_at = where;
  mutex.waiters &= ~self.bit();
  UpdateWaiters(mutex);
  TsanLocked(&mutex, mode, !blocking);
  if (self.held_count < Thread::kHeldMax) self.held[self.held_count] = {&mutex, where};
  ++self.held_count;
}

void Scheduler::ReleaseLock(Thread& self, sync::MutexState& mutex, LockMode mode) {
  TsanUnlocked(&mutex, mode);
  if (mode == LockMode::kShared) {
    mutex.readers &= ~self.bit();
  } else {
    mutex.owner = -1;
  }
  UpdateWaiters(mutex);
  for (uint32_t i = std::min(self.held_count, Thread::kHeldMax); i-- > 0;) {
    if (self.held[i].mutex != &mutex) continue;
    for (; i + 1 < std::min(self.held_count, Thread::kHeldMax); ++i)
      self.held[i] = self.held[i + 1];
    break;
  }
  --self.held_count;
}

void Scheduler::Lock(sync::MutexState& mutex, LockMode mode, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  AwaitLock(self, mutex, mode, where);
  Await(self);
  TakeLock(self, mutex, mode, where, /*blocking=*/true);
}

bool Scheduler::TryLock(sync::MutexState& mutex, LockMode mode, const sync::Location& where) {
  if (!on_fiber()) return true;
  Thread& self = Self();
  self.pending = StepOn(mode == LockMode::kShared ? StepKind::kTryLockShared : StepKind::kTryLock,
                        mutex.id, AccessOf(mode), where, /*flushes=*/true);
  Await(self);
  const bool free = mutex.owner < 0 && (mode == LockMode::kShared || mutex.readers == 0);
  if (free) TakeLock(self, mutex, mode, where, /*blocking=*/false);
  return free;
}

void Scheduler::Unlock(sync::MutexState& mutex, LockMode mode, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(mode == LockMode::kShared ? StepKind::kUnlockShared : StepKind::kUnlock,
                        mutex.id, AccessOf(mode), where, /*flushes=*/true);
  Await(self);
  if (!Holds(mutex, mode)) {
    Fail({FailureKind::kClaim, "unlock without lock",
          "thread '" + self.name + "' unlocks a mutex that it does not hold"});
  }
  ReleaseLock(self, mutex, mode);
}

void Scheduler::DestroyMutex(sync::MutexState& mutex) {
  const bool in_use = mutex.owner >= 0 || mutex.readers != 0 || mutex.waiters != 0;
  if (in_use && on_fiber() && !winding_down_) {
    Fail({FailureKind::kClaim, "mutex destroyed in use",
          "thread '" + Self().name + "' destroys a mutex that is held or waited for"});
  }
  TsanForgetMutex(&mutex);
}

bool Scheduler::Holds(const sync::MutexState& mutex, LockMode mode) const {
  if (!on_fiber()) return true;
  if (mutex.owner == static_cast<int32_t>(current_)) return true;
  return mode == LockMode::kShared && ((mutex.readers >> current_) & 1) != 0;
}

// ---- Condition variables.

bool Scheduler::Wait(sync::CondVarState& condition, sync::MutexState& mutex,
                     const int64_t* deadline_ns, const sync::Location& where) {
  if (!on_fiber()) return true;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kWait, condition.id, Access::kWrite, where, /*flushes=*/true);
  self.pending.second = mutex.id;
  self.pending.second_access = Access::kWrite;
  Await(self);
  ReleaseLock(self, mutex, LockMode::kExclusive);
  self.mutex = &mutex;
  self.wait_where = where;
  self.timed_out = false;
  const bool spurious =
      spurious_wakeups_ < bounds_.spurious_wakeups_max && Choose(ChoiceKind::kSpuriousWake, 2) == 1;
  if (spurious) {
    ++spurious_wakeups_;
    AwaitLock(self, mutex, LockMode::kExclusive, where);
  } else {
    self.asleep = true;
    self.condition = &condition;
    condition.waiters |= self.bit();
    self.pending = StepOn(StepKind::kTimeout, condition.id, Access::kWrite, where);
    if (deadline_ns != nullptr) {
      self.deadline_ns = *deadline_ns;
      timed_ |= self.bit();
    }
  }
  Await(self);
  TakeLock(self, mutex, LockMode::kExclusive, where, /*blocking=*/true);
  return !self.timed_out;
}

// Ends the sleep of a waiter: its next step is to take the mutex again.
void Scheduler::Wake(uint32_t number, uint32_t caused_by) {
  Thread& thread = threads_[number];
  thread.asleep = false;
  timed_ &= ~thread.bit();
  thread.condition->waiters &= ~thread.bit();
  thread.condition = nullptr;
  AwaitLock(thread, *thread.mutex, LockMode::kExclusive, thread.wait_where);
  thread.pending.caused_by = caused_by;
  UpdateRunnable(number);
}

void Scheduler::Notify(sync::CondVarState& condition, bool all, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(all ? StepKind::kNotifyAll : StepKind::kNotifyOne, condition.id,
                        Access::kWrite, where);
  Await(self);
  if (condition.waiters == 0) {
    ++condition.notifies_unheard;
    condition.last_notify_unheard_at = where;
    return;
  }
  if (all) {
    while (condition.waiters != 0) {
      Wake(static_cast<uint32_t>(std::countr_zero(condition.waiters)), step_count_);
    }
    return;
  }
  uint32_t rotated = std::rotr(condition.waiters, static_cast<int>((current_ + 1) % kThreadsMax));
  uint32_t index = Choose(ChoiceKind::kWake, static_cast<uint32_t>(std::popcount(rotated)));
  for (; index > 0; --index) rotated &= rotated - 1;
  Wake((static_cast<uint32_t>(std::countr_zero(rotated)) + current_ + 1) % kThreadsMax,
       step_count_);
}

void Scheduler::DestroyCondVar(sync::CondVarState& condition) {
  if (!on_fiber() || winding_down_ || condition.waiters == 0) return;
  Fail({FailureKind::kClaim, "condition variable destroyed in use",
        "thread '" + Self().name + "' destroys a condition variable that threads wait for"});
}

}  // namespace engram::world
