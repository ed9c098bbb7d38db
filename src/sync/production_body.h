// The production body of src/sync: the std types themselves, called directly. Included only through
// ENGRAM_SYNC_BODY_HEADER. sync/production_cost_test.cc and ci/disassembly hold it to costing
// nothing.

#ifndef ENGRAM_SYNC_PRODUCTION_BODY_H_
#define ENGRAM_SYNC_PRODUCTION_BODY_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <source_location>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::sync {

using Location = std::source_location;

enum class LockMode : uint8_t { kExclusive, kShared };

class RawMutex {
 public:
  void Lock(LockMode, const Location&) { mutex_.lock(); }
  bool TryLock(LockMode, const Location&) { return mutex_.try_lock(); }
  void Unlock(LockMode, const Location&) { mutex_.unlock(); }
  bool Holds(LockMode) const { return true; }  // not known here; the simulated body knows
  std::mutex& std_mutex() { return mutex_; }

 private:
  std::mutex mutex_;
};

class RawSharedMutex {
 public:
  void Lock(LockMode mode, const Location&) {
    mode == LockMode::kShared ? mutex_.lock_shared() : mutex_.lock();
  }
  bool TryLock(LockMode mode, const Location&) {
    return mode == LockMode::kShared ? mutex_.try_lock_shared() : mutex_.try_lock();
  }
  void Unlock(LockMode mode, const Location&) {
    mode == LockMode::kShared ? mutex_.unlock_shared() : mutex_.unlock();
  }
  bool Holds(LockMode) const { return true; }

 private:
  std::shared_mutex mutex_;
};

class RawCondVar {
 public:
  void Wait(RawMutex& mutex, const Location&) {
    std::unique_lock<std::mutex> lock(mutex.std_mutex(), std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  bool WaitFor(RawMutex& mutex, std::chrono::nanoseconds timeout, const Location&) {
    std::unique_lock<std::mutex> lock(mutex.std_mutex(), std::adopt_lock);
    const std::cv_status status = condition_.wait_for(lock, timeout);
    lock.release();
    return status == std::cv_status::no_timeout;
  }
  void Notify(bool all, const Location&) {
    all ? condition_.notify_all() : condition_.notify_one();
  }

 private:
  std::condition_variable condition_;
};

template <typename T>
class RawAtomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8, "an atomic is at most 8 bytes");

 public:
  explicit RawAtomic(T value) : atomic_(value) {}

  T Load(std::memory_order order, const Location&) const { return atomic_.load(order); }
  void Store(T value, std::memory_order order, const Location&) { atomic_.store(value, order); }
  T Exchange(T value, std::memory_order order, const Location&) {
    return atomic_.exchange(value, order);
  }
  T FetchAdd(T value, std::memory_order order, const Location&) {
    return atomic_.fetch_add(value, order);
  }
  T FetchSub(T value, std::memory_order order, const Location&) {
    return atomic_.fetch_sub(value, order);
  }
  T FetchOr(T value, std::memory_order order, const Location&) {
    return atomic_.fetch_or(value, order);
  }
  T FetchAnd(T value, std::memory_order order, const Location&) {
    return atomic_.fetch_and(value, order);
  }
  bool CompareExchange(T& expected, T desired, bool weak, std::memory_order success,
                       std::memory_order failure, const Location&) {
    return weak ? atomic_.compare_exchange_weak(expected, desired, success, failure)
                : atomic_.compare_exchange_strong(expected, desired, success, failure);
  }

 private:
  std::atomic<T> atomic_;
};

class RawThread {
 public:
  RawThread(const std::string&, std::function<void()> body, const Location&)
      : thread_(std::move(body)) {}

  void Join(const Location&) { thread_.join(); }

 private:
  std::thread thread_;
};

inline void RawFence(std::memory_order order, const Location&) { std::atomic_thread_fence(order); }
inline uint32_t RawCurrentThread() {
  static constinit std::atomic<uint32_t> threads_seen{0};
  thread_local const uint32_t number = threads_seen.fetch_add(1, std::memory_order_relaxed);
  return number;
}
inline void RawYield(const Location&) { std::this_thread::yield(); }
inline void RawSleepFor(std::chrono::nanoseconds duration, const Location&) {
  std::this_thread::sleep_for(duration);
}
inline int64_t RawMonotonicNs() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_PRODUCTION_BODY_H_
