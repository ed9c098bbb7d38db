// The simulated body of src/sync: each type is a handle whose operations are decided by the
// Runtime. Included only through ENGRAM_SYNC_BODY_HEADER; the types' meaning stands in mutex.h,
// cond_var.h, atomic.h and thread.h.

#ifndef ENGRAM_SYNC_SIMULATED_BODY_H_
#define ENGRAM_SYNC_SIMULATED_BODY_H_

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

#include "base/body.h"
#include "sync/runtime.h"

namespace engram::inline ENGRAM_BODY::sync {

class RawMutex {
 public:
  RawMutex() { state_.id = Runtime::Current().NameObject(ObjectKind::kMutex); }
  ~RawMutex() { Runtime::Current().DestroyMutex(state_); }
  RawMutex(const RawMutex&) = delete;
  RawMutex& operator=(const RawMutex&) = delete;

  void Lock(LockMode mode, const Location& where) { Runtime::Current().Lock(state_, mode, where); }
  bool TryLock(LockMode mode, const Location& where) {
    return Runtime::Current().TryLock(state_, mode, where);
  }
  void Unlock(LockMode mode, const Location& where) {
    Runtime::Current().Unlock(state_, mode, where);
  }
  bool Holds(LockMode mode) const { return Runtime::Current().Holds(state_, mode); }
  MutexState& state() { return state_; }

 private:
  MutexState state_;
};
using RawSharedMutex = RawMutex;

class RawCondVar {
 public:
  RawCondVar() { state_.id = Runtime::Current().NameObject(ObjectKind::kCondVar); }
  ~RawCondVar() { Runtime::Current().DestroyCondVar(state_); }
  RawCondVar(const RawCondVar&) = delete;
  RawCondVar& operator=(const RawCondVar&) = delete;

  void Wait(RawMutex& mutex, const Location& where) {
    Runtime::Current().Wait(state_, mutex.state(), nullptr, where);
  }
  bool WaitFor(RawMutex& mutex, std::chrono::nanoseconds timeout, const Location& where) {
    const int64_t deadline_ns = Runtime::Current().NowNs() + timeout.count();
    return Runtime::Current().Wait(state_, mutex.state(), &deadline_ns, where);
  }
  void Notify(bool all, const Location& where) { Runtime::Current().Notify(state_, all, where); }

 private:
  CondVarState state_;
};

template <typename T>
class RawAtomic {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 8, "an atomic is at most 8 bytes");

 public:
  explicit RawAtomic(T value) {
    cell_.id = Runtime::Current().NameObject(ObjectKind::kAtomic);
    cell_.bytes = sizeof(T);
    cell_.bits = ToBits(value);
  }
  ~RawAtomic() { Runtime::Current().DestroyAtomic(cell_); }
  RawAtomic(const RawAtomic&) = delete;
  RawAtomic& operator=(const RawAtomic&) = delete;

  T Load(std::memory_order order, const Location& where) const {
    return FromBits(Runtime::Current().Load(cell_, order, where));
  }
  void Store(T value, std::memory_order order, const Location& where) {
    Runtime::Current().Store(cell_, ToBits(value), order, where);
  }
  T Exchange(T value, std::memory_order order, const Location& where) {
    return Modify([](uint64_t, uint64_t operand) { return operand; }, value, order, where);
  }
  T FetchAdd(T value, std::memory_order order, const Location& where) {
    return Modify(
        [](uint64_t old_bits, uint64_t operand) {
          return ToBits(static_cast<T>(FromBits(old_bits) + FromBits(operand)));
        },
        value, order, where);
  }
  T FetchSub(T value, std::memory_order order, const Location& where) {
    return Modify(
        [](uint64_t old_bits, uint64_t operand) {
          return ToBits(static_cast<T>(FromBits(old_bits) - FromBits(operand)));
        },
        value, order, where);
  }
  T FetchOr(T value, std::memory_order order, const Location& where) {
    return Modify([](uint64_t old_bits, uint64_t operand) { return old_bits | operand; }, value,
                  order, where);
  }
  T FetchAnd(T value, std::memory_order order, const Location& where) {
    return Modify([](uint64_t old_bits, uint64_t operand) { return old_bits & operand; }, value,
                  order, where);
  }
  bool CompareExchange(T& expected, T desired, bool weak, std::memory_order success,
                       std::memory_order failure, const Location& where) {
    uint64_t expected_bits = ToBits(expected);
    const bool stored = Runtime::Current().CompareExchange(cell_, expected_bits, ToBits(desired),
                                                           weak, success, failure, where);
    if (!stored) expected = FromBits(expected_bits);
    return stored;
  }

 private:
  static uint64_t ToBits(T value) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(T));
    return bits;
  }
  static T FromBits(uint64_t bits) {
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    return value;
  }
  T Modify(ModifyFunction modify, T operand, std::memory_order order, const Location& where) {
    return FromBits(
        Runtime::Current().ReadModifyWrite(cell_, modify, ToBits(operand), order, where));
  }

  AtomicCell cell_;
};

class RawThread {
 public:
  RawThread(std::string name, std::function<void()> body, const Location& where)
      : number_(Runtime::Current().Spawn(std::move(name), std::move(body), where)) {}

  void Join(const Location& where) { Runtime::Current().Join(number_, where); }

 private:
  uint32_t number_;
};

inline void RawFence(std::memory_order order, const Location& where) {
  if (order == std::memory_order_seq_cst) Runtime::Current().Fence(where);
}
inline uint32_t RawCurrentThread() { return Runtime::Current().CurrentThread(); }
inline void RawYield(const Location& where) { Runtime::Current().Yield(where); }
inline void RawSleepFor(std::chrono::nanoseconds duration, const Location& where) {
  Runtime::Current().SleepFor(duration.count(), where);
}
inline int64_t RawMonotonicNs() { return Runtime::Current().NowNs(); }

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_SIMULATED_BODY_H_
