// The operations of sync/ as steps: when each can be taken and what it does.

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

constexpr sync::ObjectId kClock{0xFFFFFFFEu};
constexpr sync::ObjectId kSpawner{0xFFFFFFFDu};

// Each release store gives ThreadSanitizer an address of its own to order by; the next execution
// reuses them.
#ifdef ENGRAM_TSAN
constexpr uint32_t kReleaseTags = 1u << 16;
char release_tags[kReleaseTags];
#endif

void* ReleaseTag([[maybe_unused]] uint32_t step, [[maybe_unused]] std::memory_order order) {
#ifdef ENGRAM_TSAN
  if (order == std::memory_order_relaxed || order == std::memory_order_acquire) return nullptr;
  void* tag = &release_tags[step % kReleaseTags];
  __tsan_release(tag);
  return tag;
#else
  return nullptr;
#endif
}

void AcquireTag([[maybe_unused]] void* tag, [[maybe_unused]] std::memory_order order) {
#ifdef ENGRAM_TSAN
  if (tag != nullptr && order != std::memory_order_relaxed && order != std::memory_order_release) {
    __tsan_acquire(tag);
  }
#endif
}

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

Step StepOn(StepKind kind, sync::ObjectId object, Access access, const sync::Location& where,
            bool flushes = false) {
  Step step;
  step.kind = kind;
  step.access = access;
  step.flushes = flushes;
  step.object = object;
  step.where = where;
  return step;
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
  if (mode == LockMode::kShared) {
    mutex.readers |= self.bit();
  } else {
    mutex.owner = static_cast<int32_t>(self.number);
  }
  mutex.locked_at = where;
  mutex.waiters &= ~self.bit();
  UpdateWaiters(mutex);
  TsanLocked(&mutex, mode, !blocking);
  if (blocking && self.held_count > 0 && bounds_.check_lock_order && !winding_down_) {
    CheckLockOrder(self, mutex, where);
  }
  if (self.held_count < Thread::kHeldMax) self.held[self.held_count] = {mutex.id, where};
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
    if (self.held[i].mutex != mutex.id) continue;
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
  if (!on_fiber() || winding_down_) return;
  if (mutex.owner >= 0 || mutex.readers != 0 || mutex.waiters != 0) {
    Fail({FailureKind::kClaim, "mutex destroyed in use",
          "thread '" + Self().name + "' destroys a mutex that is held or waited for"});
  }
#ifdef ENGRAM_TSAN
  __tsan_mutex_destroy(&mutex, 0);
#endif
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

// ---- Atomics.

uint64_t Scheduler::Load(const sync::AtomicCell& cell, std::memory_order order,
                         const sync::Location& where) {
  if (!on_fiber()) return cell.bits;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kLoad, cell.id, Access::kRead, where);
  Await(self);
  for (uint32_t i = self.buffer_count; i-- > 0;) {  // a thread sees its own stores at once
    if (self.Buffered(i).cell == &cell) return self.Buffered(i).bits;
  }
  AcquireTag(cell.happens_before, order);
  return cell.bits;
}

void Scheduler::Store(sync::AtomicCell& cell, uint64_t bits, std::memory_order order,
                      const sync::Location& where) {
  if (!on_fiber()) {
    cell.bits = bits;
    return;
  }
  Thread& self = Self();
  if (order == std::memory_order_seq_cst) {
    self.pending = StepOn(StepKind::kStore, cell.id, Access::kWrite, where, /*flushes=*/true);
    Await(self);
    cell.bits = bits;
    cell.happens_before = ReleaseTag(step_count_, order);
    return;
  }
  self.pending = StepOn(StepKind::kBufferedStore, sync::ObjectId{}, Access::kLocal, where);
  Await(self);
  ++self.buffer_count;
  self.Buffered(self.buffer_count - 1) = {&cell, bits, ReleaseTag(step_count_, order), step_count_,
                                          where};
  UpdateDrainable(self);
}

// Sets what the thread's store buffer would do next.
void Scheduler::UpdateDrainable(Thread& thread) {
  if (thread.buffer_count == 0) {
    drainable_ &= ~thread.bit();
    return;
  }
  const Thread::BufferedStore& oldest = thread.Buffered(0);
  thread.drain = StepOn(StepKind::kDrain, oldest.cell->id, Access::kWrite, oldest.where);
  thread.drain.actor = BufferOf(thread.number);
  thread.drain.caused_by = oldest.step;
  drainable_ |= thread.bit();
}

void Scheduler::DrainOldest(Thread& thread) {
  const Thread::BufferedStore oldest = thread.Buffered(0);
  if (!winding_down_) {
    if (step_count_ >= bounds_.steps_max) FailStarved();
    Mix((uint64_t{static_cast<uint8_t>(StepKind::kDrain)} << 40) |
        (uint64_t{thread.drain.actor} << 32) | oldest.cell->id.value);
    steps_[step_count_++] = thread.drain;
  }
  oldest.cell->bits = oldest.bits;
  oldest.cell->happens_before = oldest.happens_before;
  thread.buffer_first = (thread.buffer_first + 1) % Thread::kBufferedStoresMax;
  --thread.buffer_count;
  yielded_ = 0;
  UpdateDrainable(thread);
  if ((finished_ & thread.bit()) == 0) UpdateRunnable(thread.number);
}

uint64_t Scheduler::ReadModifyWrite(sync::AtomicCell& cell, sync::ModifyFunction modify,
                                    uint64_t operand, std::memory_order order,
                                    const sync::Location& where) {
  const uint64_t old_bits = cell.bits;
  if (!on_fiber()) {
    cell.bits = modify(old_bits, operand);
    return old_bits;
  }
  Thread& self = Self();
  self.pending =
      StepOn(StepKind::kReadModifyWrite, cell.id, Access::kWrite, where, /*flushes=*/true);
  Await(self);
  return Modify(cell, modify(cell.bits, operand), order);
}

// The effect of a read-modify-write. It continues the release sequence of the store that it read
// from.
uint64_t Scheduler::Modify(sync::AtomicCell& cell, uint64_t bits, std::memory_order order) {
  const uint64_t old_bits = cell.bits;
  AcquireTag(cell.happens_before, order);
  if (cell.happens_before == nullptr) {
    cell.happens_before = ReleaseTag(step_count_, order);
  } else if (order != std::memory_order_relaxed && order != std::memory_order_acquire) {
    TsanRelease(cell.happens_before);
  }
  cell.bits = bits;
  return old_bits;
}

bool Scheduler::CompareExchange(sync::AtomicCell& cell, uint64_t& expected, uint64_t desired,
                                bool weak, std::memory_order success, std::memory_order failure,
                                const sync::Location& where) {
  if (on_fiber()) {
    Thread& self = Self();
    self.pending =
        StepOn(StepKind::kReadModifyWrite, cell.id, Access::kWrite, where, /*flushes=*/true);
    Await(self);
  }
  bool stored = cell.bits == expected;
  if (stored && weak && weak_failures_ < bounds_.weak_failures_max &&
      Choose(ChoiceKind::kWeakFailure, 2) == 1) {
    ++weak_failures_;
    stored = false;
  }
  if (!stored) {
    AcquireTag(cell.happens_before, failure);
    expected = cell.bits;
  } else if (on_fiber()) {
    Modify(cell, desired, success);
  } else {
    cell.bits = desired;
  }
  return stored;
}

void Scheduler::DestroyAtomic(sync::AtomicCell& cell) {
  for (uint32_t set = drainable_; set != 0; set &= set - 1) {
    Thread& thread = threads_[static_cast<uint32_t>(std::countr_zero(set))];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < thread.buffer_count; ++i) {
      if (thread.Buffered(i).cell != &cell) thread.Buffered(kept++) = thread.Buffered(i);
    }
    thread.buffer_count = kept;
    UpdateDrainable(thread);
    if ((finished_ & thread.bit()) == 0) UpdateRunnable(thread.number);
  }
}

void Scheduler::Fence(const sync::Location& where) {
  TakeStep(StepOn(StepKind::kFence, sync::ObjectId{}, Access::kLocal, where, /*flushes=*/true));
}

// ---- Threads and time.

uint32_t Scheduler::Spawn(std::string name, std::function<void()> body,
                          const sync::Location& where) {
  ENGRAM_CHECK(on_fiber(), "threads are spawned by the program, not by its judge or constructor");
  ENGRAM_CHECK(thread_count_ < kThreadsMax - 1, "a world has room for 31 threads");
  Thread& self = Self();
  self.pending = StepOn(StepKind::kSpawn, kSpawner, Access::kWrite, where, /*flushes=*/true);
  self.pending.second = sync::ObjectId{(era_ << 28) | (0xFEu << 20) | thread_count_};
  self.pending.second_access = Access::kWrite;
  Await(self);
  const uint32_t number = thread_count_;
  steps_[step_count_ - 1].second.value = (era_ << 28) | (0xFEu << 20) | number;
  StartThread(number, std::move(name), std::move(body));
  return number;
}

void Scheduler::Join(uint32_t thread, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kJoin, sync::ObjectId{(era_ << 28) | (0xFEu << 20) | thread},
                        Access::kRead, where, /*flushes=*/true);
  self.join_target = thread;
  Await(self);
  TsanAcquire(&threads_[thread].pending);
}

uint32_t Scheduler::CurrentThread() const { return on_fiber() ? current_ : 0; }

void Scheduler::Yield(const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kYield, sync::ObjectId{}, Access::kLocal, where);
  yielded_ |= self.bit();
  Await(self);
}

void Scheduler::SleepFor(int64_t duration_ns, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kTimeout, kClock, Access::kWrite, where);
  self.deadline_ns = now_ns_ + std::max<int64_t>(duration_ns, 0);
  self.asleep = true;
  self.condition = nullptr;
  timed_ |= self.bit();
  Await(self);
}

// Simulated time reaches the deadline of a sleeping thread. Later deadlines may come first: a
// thread can be late.
void Scheduler::ExpireTimer(Thread& thread) {
  now_ns_ = std::max(now_ns_, thread.deadline_ns);
  idle_yields_ = 0;
  yielded_ = 0;
  Step step = thread.pending;
  step.actor = static_cast<Actor>(thread.number);
  if (!winding_down_) {
    if (step_count_ >= bounds_.steps_max) FailStarved();
    Mix((uint64_t{static_cast<uint8_t>(step.kind)} << 40) | (uint64_t{step.actor} << 32) |
        step.object.value);
    steps_[step_count_++] = step;
  }
  timed_ &= ~thread.bit();
  if (thread.condition != nullptr) {
    thread.timed_out = true;
    Wake(thread.number, 0);
  } else {
    thread.asleep = false;
    thread.pending = StepOn(StepKind::kSleep, sync::ObjectId{}, Access::kLocal, step.where);
    UpdateRunnable(thread.number);
  }
}

}  // namespace engram::world
