// The names of the kinds of failure.

#include "model/world/failure.h"

#include <string_view>

#include "base/check.h"

namespace engram::world {

std::string_view FailureKindName(FailureKind kind) {
  switch (kind) {
    case FailureKind::kClaim:
      return "broken promise";
    case FailureKind::kDeadlock:
      return "deadlock";
    case FailureKind::kLostWakeup:
      return "lost wake-up";
    case FailureKind::kLockOrder:
      return "lock-order inversion";
    case FailureKind::kStarvation:
      return "starvation";
    case FailureKind::kDataRace:
      return "data race";
    case FailureKind::kException:
      return "exception";
    case FailureKind::kStaleToken:
      return "stale token";
  }
  CheckFailed("a known kind", "unknown FailureKind");
}

}  // namespace engram::world
