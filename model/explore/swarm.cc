// Draws the odds of each execution.

#include "model/explore/swarm.h"

namespace engram::world {

Swarm::Odds Swarm::Even() {
  Odds odds;
  odds.even = true;
  return odds;
}

// Off one time in four; else once in 2 to 1024, on a logarithmic scale: nobody knows how many
// points there are in an execution, and the first that hits may use up the bounds.
Swarm::Odds Swarm::Rare() {
  Odds odds;
  if (!random_.OneIn(4)) odds.deviation = uint32_t{1} << (31 - random_.Below(10));
  return odds;
}

// For what a crash leaves behind: often everything, often nothing, often a mix.
Swarm::Odds Swarm::Mixed() {
  Odds odds;
  constexpr uint32_t kQuarter = uint32_t{1} << 30;
  odds.deviation = random_.Below(5) * kQuarter;  // 0, 1/4, 1/2, 3/4; the fifth wraps around to 0
  if (random_.OneIn(5)) odds.deviation = UINT32_MAX;
  odds.extreme = random_.OneIn(2);
  return odds;
}

void Swarm::Begin(uint64_t execution) {
  random_ = Random(seed_, execution);
  for (int i = 0; i < kChoiceKinds; ++i) {
    Odds& odds = odds_[static_cast<size_t>(i)];
    switch (static_cast<ChoiceKind>(i)) {
      case ChoiceKind::kSchedule:  // the explorer's own affair
      case ChoiceKind::kWake:
      case ChoiceKind::kValue:
        odds = Even();
        break;
      case ChoiceKind::kSpuriousWake:
      case ChoiceKind::kWeakFailure:
      case ChoiceKind::kCrash:
      case ChoiceKind::kFault:
      case ChoiceKind::kShortTransfer:
      case ChoiceKind::kAllocation:
        odds = Rare();
        break;
      case ChoiceKind::kRevert:
      case ChoiceKind::kMetadata:
      case ChoiceKind::kSurvive:
      case ChoiceKind::kTear:
        odds = Mixed();
        break;
    }
  }
}

}  // namespace engram::world
