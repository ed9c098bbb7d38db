// Time, as the store sees it.

#ifndef ENGRAM_IO_CLOCK_H_
#define ENGRAM_IO_CLOCK_H_

#include <cstdint>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::io {

// Thread safety: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // Wall clock: ns since the Unix epoch. May jump.
  virtual int64_t NowNs() = 0;
  // Monotonic clock: ns since an unspecified moment. Never goes back.
  virtual int64_t MonotonicNs() = 0;
};

// The operating system's clock. Lives for ever.
Clock& SystemClock();

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_CLOCK_H_
