// Atomic values. In the production body std::atomic. In the simulated body every operation is a
// scheduling point, and a store weaker than seq_cst goes through the thread's x86-TSO store buffer,
// whose draining the world chooses (Sewell et al., "x86-TSO", CACM 2010): what only a full fence
// prevents on the machine is then found by exploring.
//
// Not modelled: reorderings that x86 does not do but a compiler may; ThreadSanitizer sees those as
// missing happens-before edges. Each use names the partner of its memory order in a comment.

#ifndef ENGRAM_SYNC_ATOMIC_H_
#define ENGRAM_SYNC_ATOMIC_H_

#include <atomic>

#include "base/body.h"
#include ENGRAM_SYNC_BODY_HEADER

namespace engram::inline ENGRAM_BODY::sync {

// T: trivially copyable, without padding, at most 8 bytes. Thread safety: thread-safe.
template <typename T>
class Atomic {
 public:
  explicit Atomic(T value = T()) : raw_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T Load(std::memory_order order, const Location& where = Location::current()) const {
    return raw_.Load(order, where);
  }
  void Store(T value, std::memory_order order, const Location& where = Location::current()) {
    raw_.Store(value, order, where);
  }
  T Exchange(T value, std::memory_order order, const Location& where = Location::current()) {
    return raw_.Exchange(value, order, where);
  }
  T FetchAdd(T value, std::memory_order order, const Location& where = Location::current()) {
    return raw_.FetchAdd(value, order, where);
  }
  T FetchSub(T value, std::memory_order order, const Location& where = Location::current()) {
    return raw_.FetchSub(value, order, where);
  }
  T FetchOr(T value, std::memory_order order, const Location& where = Location::current()) {
    return raw_.FetchOr(value, order, where);
  }
  T FetchAnd(T value, std::memory_order order, const Location& where = Location::current()) {
    return raw_.FetchAnd(value, order, where);
  }
  // Stores `desired` if the value is `expected`; else `expected` receives the value. The weak form
  // may fail for no reason.
  bool CompareExchangeWeak(T& expected, T desired, std::memory_order success,
                           std::memory_order failure, const Location& where = Location::current()) {
    return raw_.CompareExchange(expected, desired, /*weak=*/true, success, failure, where);
  }
  bool CompareExchangeStrong(T& expected, T desired, std::memory_order success,
                             std::memory_order failure,
                             const Location& where = Location::current()) {
    return raw_.CompareExchange(expected, desired, /*weak=*/false, success, failure, where);
  }

 private:
  RawAtomic<T> raw_;
};

// A fence between this thread's operations. In the simulated body only seq_cst does anything (x86).
inline void ThreadFence(std::memory_order order, const Location& where = Location::current()) {
  RawFence(order, where);
}

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_ATOMIC_H_
