// Pairs of functions for ci/disassembly: the same code once on engram::sync (namespace by_sync) and
// once on the std types (by_std), which must compile to the same instructions; and pairs that are
// costlier on purpose (costlier_by_sync, costlier_by_std), which must not, or the comparison would
// be blind. Never linked.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"

void MayThrow();

namespace by_sync {

using engram::sync::Atomic;
using engram::sync::CondVar;
using engram::sync::Mutex;
using engram::sync::SharedMutex;

void LockUnlock(Mutex& mutex, int& value) {
  mutex.Lock();
  ++value;
  mutex.Unlock();
}
bool TryLock(Mutex& mutex) ENGRAM_NO_THREAD_SAFETY_ANALYSIS { return mutex.TryLock(); }
void Scope(Mutex& mutex, int& value) {
  const engram::sync::MutexLock lock(mutex);
  ++value;
}
void ScopeWithException(Mutex& mutex) {
  const engram::sync::MutexLock lock(mutex);
  MayThrow();
}
int NestedScopes(Mutex& outer, Mutex& inner, const int& value) {
  const engram::sync::MutexLock outer_lock(outer);
  const engram::sync::MutexLock inner_lock(inner);
  return value;
}

void SharedMutexLockUnlock(SharedMutex& mutex, int& value) {
  mutex.Lock();
  ++value;
  mutex.Unlock();
}
int SharedMutexLockUnlockShared(SharedMutex& mutex, const int& value) {
  mutex.LockShared();
  const int result = value;
  mutex.UnlockShared();
  return result;
}
bool SharedMutexTryLock(SharedMutex& mutex) ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  return mutex.TryLock();
}
bool SharedMutexTryLockShared(SharedMutex& mutex) ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
  return mutex.TryLockShared();
}
void WriterScope(SharedMutex& mutex) {
  const engram::sync::WriterLock lock(mutex);
  MayThrow();
}
void ReaderScope(SharedMutex& mutex) {
  const engram::sync::ReaderLock lock(mutex);
  MayThrow();
}

void NotifyOne(CondVar& condition) { condition.NotifyOne(); }
void NotifyAll(CondVar& condition) { condition.NotifyAll(); }
void WaitHolding(CondVar& condition, Mutex& mutex) ENGRAM_REQUIRES(mutex) { condition.Wait(mutex); }

int64_t LoadSeqCst(const Atomic<int64_t>& atomic) { return atomic.Load(std::memory_order_seq_cst); }
int64_t LoadAcquire(const Atomic<int64_t>& atomic) {
  return atomic.Load(std::memory_order_acquire);
}
int32_t LoadRelaxed(const Atomic<int32_t>& atomic) {
  return atomic.Load(std::memory_order_relaxed);
}
bool LoadBool(const Atomic<bool>& atomic) { return atomic.Load(std::memory_order_acquire); }
void StoreSeqCst(Atomic<int64_t>& atomic, int64_t value) {
  atomic.Store(value, std::memory_order_seq_cst);
}
void StoreRelease(Atomic<int64_t>& atomic, int64_t value) {
  atomic.Store(value, std::memory_order_release);
}
void StorePointer(Atomic<int*>& atomic, int* value) {
  atomic.Store(value, std::memory_order_release);
}
int64_t Exchange(Atomic<int64_t>& atomic, int64_t value) {
  return atomic.Exchange(value, std::memory_order_acq_rel);
}
uint64_t FetchAdd(Atomic<uint64_t>& atomic, uint64_t value) {
  return atomic.FetchAdd(value, std::memory_order_relaxed);
}
uint64_t FetchSub(Atomic<uint64_t>& atomic, uint64_t value) {
  return atomic.FetchSub(value, std::memory_order_seq_cst);
}
uint32_t FetchOr(Atomic<uint32_t>& atomic, uint32_t value) {
  return atomic.FetchOr(value, std::memory_order_seq_cst);
}
uint32_t FetchAnd(Atomic<uint32_t>& atomic, uint32_t value) {
  return atomic.FetchAnd(value, std::memory_order_seq_cst);
}
bool CompareExchangeWeak(Atomic<uint64_t>& atomic, uint64_t& expected, uint64_t desired) {
  return atomic.CompareExchangeWeak(expected, desired, std::memory_order_acq_rel,
                                    std::memory_order_acquire);
}
bool CompareExchangeStrong(Atomic<uint64_t>& atomic, uint64_t& expected, uint64_t desired) {
  return atomic.CompareExchangeStrong(expected, desired, std::memory_order_seq_cst,
                                      std::memory_order_relaxed);
}
void FenceSeqCst() { engram::sync::ThreadFence(std::memory_order_seq_cst); }
void FenceAcquire() { engram::sync::ThreadFence(std::memory_order_acquire); }

}  // namespace by_sync

namespace by_std {

void LockUnlock(std::mutex& mutex, int& value) {
  mutex.lock();
  ++value;
  mutex.unlock();
}
bool TryLock(std::mutex& mutex) { return mutex.try_lock(); }
void Scope(std::mutex& mutex, int& value) {
  const std::lock_guard lock(mutex);
  ++value;
}
void ScopeWithException(std::mutex& mutex) {
  const std::lock_guard lock(mutex);
  MayThrow();
}
int NestedScopes(std::mutex& outer, std::mutex& inner, const int& value) {
  const std::lock_guard outer_lock(outer);
  const std::lock_guard inner_lock(inner);
  return value;
}

void SharedMutexLockUnlock(std::shared_mutex& mutex, int& value) {
  mutex.lock();
  ++value;
  mutex.unlock();
}
int SharedMutexLockUnlockShared(std::shared_mutex& mutex, const int& value) {
  mutex.lock_shared();
  const int result = value;
  mutex.unlock_shared();
  return result;
}
bool SharedMutexTryLock(std::shared_mutex& mutex) { return mutex.try_lock(); }
bool SharedMutexTryLockShared(std::shared_mutex& mutex) { return mutex.try_lock_shared(); }
void WriterScope(std::shared_mutex& mutex) {
  const std::lock_guard lock(mutex);
  MayThrow();
}
void ReaderScope(std::shared_mutex& mutex) {
  const std::shared_lock lock(mutex);
  MayThrow();
}

void NotifyOne(std::condition_variable& condition) { condition.notify_one(); }
void NotifyAll(std::condition_variable& condition) { condition.notify_all(); }
// std waits with a unique_lock: as a function that is called with the mutex held, and leaves it
// held, has to.
void WaitHolding(std::condition_variable& condition, std::mutex& mutex) {
  std::unique_lock lock(mutex, std::adopt_lock);
  condition.wait(lock);
  lock.release();
}

int64_t LoadSeqCst(const std::atomic<int64_t>& atomic) { return atomic.load(); }
int64_t LoadAcquire(const std::atomic<int64_t>& atomic) {
  return atomic.load(std::memory_order_acquire);
}
int32_t LoadRelaxed(const std::atomic<int32_t>& atomic) {
  return atomic.load(std::memory_order_relaxed);
}
bool LoadBool(const std::atomic<bool>& atomic) { return atomic.load(std::memory_order_acquire); }
void StoreSeqCst(std::atomic<int64_t>& atomic, int64_t value) { atomic.store(value); }
void StoreRelease(std::atomic<int64_t>& atomic, int64_t value) {
  atomic.store(value, std::memory_order_release);
}
void StorePointer(std::atomic<int*>& atomic, int* value) {
  atomic.store(value, std::memory_order_release);
}
int64_t Exchange(std::atomic<int64_t>& atomic, int64_t value) {
  return atomic.exchange(value, std::memory_order_acq_rel);
}
uint64_t FetchAdd(std::atomic<uint64_t>& atomic, uint64_t value) {
  return atomic.fetch_add(value, std::memory_order_relaxed);
}
uint64_t FetchSub(std::atomic<uint64_t>& atomic, uint64_t value) { return atomic.fetch_sub(value); }
uint32_t FetchOr(std::atomic<uint32_t>& atomic, uint32_t value) { return atomic.fetch_or(value); }
uint32_t FetchAnd(std::atomic<uint32_t>& atomic, uint32_t value) { return atomic.fetch_and(value); }
bool CompareExchangeWeak(std::atomic<uint64_t>& atomic, uint64_t& expected, uint64_t desired) {
  return atomic.compare_exchange_weak(expected, desired, std::memory_order_acq_rel,
                                      std::memory_order_acquire);
}
bool CompareExchangeStrong(std::atomic<uint64_t>& atomic, uint64_t& expected, uint64_t desired) {
  return atomic.compare_exchange_strong(expected, desired, std::memory_order_seq_cst,
                                        std::memory_order_relaxed);
}
void FenceSeqCst() { std::atomic_thread_fence(std::memory_order_seq_cst); }
void FenceAcquire() { std::atomic_thread_fence(std::memory_order_acquire); }

}  // namespace by_std

namespace costlier_by_sync {

// A store with a fence that nobody asked for.
void Store(engram::sync::Atomic<int64_t>& atomic, int64_t value) {
  atomic.Store(value, std::memory_order_seq_cst);
}
// A lock that also counts.
void LockUnlock(engram::sync::Mutex& mutex, engram::sync::Atomic<int>& count, int& value) {
  mutex.Lock();
  count.FetchAdd(1, std::memory_order_relaxed);
  ++value;
  mutex.Unlock();
}
// The same instructions on another word: what differs is one operand.
void Increment(int* values) { ++values[1]; }
// The same instructions that call another function.
void Notify(engram::sync::CondVar& condition) { condition.NotifyAll(); }

}  // namespace costlier_by_sync

namespace costlier_by_std {

void Store(std::atomic<int64_t>& atomic, int64_t value) {
  atomic.store(value, std::memory_order_release);
}
void LockUnlock(std::mutex& mutex, std::atomic<int>&, int& value) {
  mutex.lock();
  ++value;
  mutex.unlock();
}
void Increment(int* values) { ++values[2]; }
void Notify(std::condition_variable& condition) { condition.notify_one(); }

}  // namespace costlier_by_std
