// Parsing and printing durations.

#include "stress/verify/duration.h"

#include <charconv>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "model/tell/words.h"

namespace engram::verify {
namespace {

absl::Status NotADuration(std::string_view text) {
  return absl::InvalidArgumentError(world::Words(
      "'", text, "' is not a duration: write a number and a unit, as in 500ms, 30s, 5m or 2h"));
}

}  // namespace

absl::StatusOr<std::chrono::nanoseconds> ParseDuration(std::string_view text) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data()) return NotADuration(text);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (unit == "ms") return std::chrono::milliseconds(number);
  if (unit == "s") return std::chrono::seconds(number);
  if (unit == "m") return std::chrono::minutes(number);
  // More hours than this would overflow nanoseconds.
  if (unit == "h" && number < 1'000'000) return std::chrono::hours(number);
  return NotADuration(text);
}

std::string DurationText(double seconds) {
  if (seconds < 0.01) return absl::StrFormat("%.2f ms", seconds * 1000);
  if (seconds < 1) return absl::StrFormat("%.0f ms", seconds * 1000);
  if (seconds < 60) return absl::StrFormat("%.1f s", seconds);
  const auto whole = static_cast<int64_t>(seconds);
  return absl::StrFormat("%d min %02d s", whole / 60, whole % 60);
}

}  // namespace engram::verify
