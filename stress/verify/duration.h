// Durations as people write them on a command line: 500ms, 30s, 5m, 2h.

#ifndef ENGRAM_STRESS_VERIFY_DURATION_H_
#define ENGRAM_STRESS_VERIFY_DURATION_H_

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace engram::verify {

// A whole number, without a sign, followed by ms, s, m or h. INVALID_ARGUMENT with an example
// otherwise.
absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text);

// "850 ms", "12.3 s", "4 min 05 s": for texts, not for parsing.
std::string DurationText(double seconds);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_DURATION_H_
