// Assertions about our own mistakes. What the world or a caller can cause is a Status, never a
// check.

#ifndef ENGRAM_BASE_CHECK_H_
#define ENGRAM_BASE_CHECK_H_

#include <source_location>
#include <string_view>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY {

// Prints the violated condition, its place and `detail` to stderr, then aborts.
[[noreturn]] void CheckFailed(std::string_view condition, std::string_view detail,
                              std::source_location where = std::source_location::current());

// Hears of a failed check first. It may leave for good, as the simulated world does, in which a
// failed check ends an execution and not the process; if it returns, the process ends.
using CheckFailureListener = void (*)(std::string_view condition, std::string_view detail,
                                      std::source_location where);
void SetCheckFailureListener(CheckFailureListener listener);  // null: nobody listens

}  // namespace engram::inline ENGRAM_BODY

// Aborts unless `condition` holds; always on. `detail` is a text evaluated only on failure.
#define ENGRAM_CHECK(condition, detail)                \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::engram::CheckFailed(#condition, (detail)))

// As ENGRAM_CHECK, for what is too dear to check always: only in debug builds.
#ifdef NDEBUG
#define ENGRAM_AUDIT(condition, detail) static_cast<void>(0)
#else
#define ENGRAM_AUDIT(condition, detail) ENGRAM_CHECK(condition, detail)
#endif

#endif  // ENGRAM_BASE_CHECK_H_
