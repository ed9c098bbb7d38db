// Threads. In the production body std::thread; in the simulated body fibers of one OS thread, so
// that the world decides which of them takes the next step.

#ifndef ENGRAM_SYNC_THREAD_H_
#define ENGRAM_SYNC_THREAD_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/body.h"
#include "base/check.h"
#include ENGRAM_SYNC_BODY_HEADER

namespace engram::inline ENGRAM_BODY::sync {

// A running thread. The destructor joins it; an exception that leaves `body` ends the program.
// Thread safety: thread-compatible.
class Thread {
 public:
  // `name` appears in failure texts.
  Thread(std::string name, std::function<void()> body, const Location& where = Location::current())
      : raw_(std::in_place, std::move(name), std::move(body), where) {}
  Thread(Thread&& other) noexcept : raw_(std::exchange(other.raw_, std::nullopt)) {}
  Thread& operator=(Thread&&) = delete;
  ~Thread() {
    if (raw_.has_value()) Join();
  }

  // Waits until `body` has returned. REQUIRES: not joined before.
  void Join(const Location& where = Location::current()) {
    ENGRAM_CHECK(raw_.has_value(), "a thread is joined twice");
    raw_->Join(where);
    raw_.reset();
  }

 private:
  std::optional<RawThread> raw_;
};

// A small number of the calling thread, the same throughout its life. A hint for spreading threads
// over slots, not an identity: in the production body numbers are never given back.
inline uint32_t CurrentThread() { return RawCurrentThread(); }

// Lets other threads go first. Every loop that waits for another thread without blocking calls it:
// in the simulated body the caller is not chosen again before another thread has taken a step.
inline void Yield(const Location& where = Location::current()) { RawYield(where); }

inline void SleepFor(std::chrono::nanoseconds duration,
                     const Location& where = Location::current()) {
  RawSleepFor(duration, where);
}

// The clock of SleepFor: ns since an unspecified moment. Never goes back. No scheduling point.
inline int64_t MonotonicNs() { return RawMonotonicNs(); }

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_THREAD_H_
