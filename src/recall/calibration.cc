// Ages in days, confidences halved with them.

#include "recall/calibration.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace engram::inline ENGRAM_BODY::recall {
namespace {

constexpr std::array<double, kTiers> kFactors = {1.0, 0.95, 0.9};  // hot, warm, cold
constexpr double kNsPerDay = 86'400e9;
constexpr double kHalfLifeDays = 3650;
constexpr double kConfidenceMin = 0.01;

}  // namespace

float CalibratedConfidence(float confidence, Tier tier, int64_t last_access, int64_t now) {
  // As unsigned numbers the difference is exact, however far apart they are.
  const uint64_t age_ns =
      now > last_access ? static_cast<uint64_t>(now) - static_cast<uint64_t>(last_access) : 0;
  const double days = static_cast<double>(age_ns) / kNsPerDay;
  const double believed =
      double{confidence} * kFactors[static_cast<size_t>(tier)] * std::exp2(-days / kHalfLifeDays);
  return static_cast<float>(std::clamp(believed, kConfidenceMin, 1.0));
}

}  // namespace engram::inline ENGRAM_BODY::recall
