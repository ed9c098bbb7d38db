// The names of the kinds of choice.

#include "model/world/choices.h"

#include <string_view>

#include "base/check.h"

namespace engram::world {

std::string_view ChoiceKindName(ChoiceKind kind) {
  switch (kind) {
    case ChoiceKind::kSchedule:
      return "schedule";
    case ChoiceKind::kWake:
      return "wake";
    case ChoiceKind::kSpuriousWake:
      return "spurious-wake";
    case ChoiceKind::kWeakFailure:
      return "weak-failure";
    case ChoiceKind::kCrash:
      return "crash";
    case ChoiceKind::kFault:
      return "fault";
    case ChoiceKind::kShortTransfer:
      return "short-transfer";
    case ChoiceKind::kRevert:
      return "revert";
    case ChoiceKind::kMetadata:
      return "metadata";
    case ChoiceKind::kSurvive:
      return "survive";
    case ChoiceKind::kTear:
      return "tear";
    case ChoiceKind::kAllocation:
      return "allocation";
    case ChoiceKind::kValue:
      return "value";
  }
  CheckFailed("a known kind", "unknown ChoiceKind");
}

}  // namespace engram::world
