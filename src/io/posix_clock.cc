// The operating system's clock: CLOCK_REALTIME and CLOCK_MONOTONIC.

#include <time.h>

#include <cerrno>
#include <system_error>

#include "base/check.h"
#include "io/clock.h"

namespace engram::inline ENGRAM_BODY::io {
namespace {

int64_t ReadClockNs(clockid_t clock) {
  timespec now = {};
  ENGRAM_CHECK(clock_gettime(clock, &now) == 0, std::generic_category().message(errno));
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

class PosixClock final : public Clock {
 public:
  int64_t NowNs() override { return ReadClockNs(CLOCK_REALTIME); }
  int64_t MonotonicNs() override { return ReadClockNs(CLOCK_MONOTONIC); }
};

constinit PosixClock system_clock;

}  // namespace

Clock& SystemClock() { return system_clock; }

}  // namespace engram::inline ENGRAM_BODY::io
