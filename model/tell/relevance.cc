// Contention from uses and lives, distances from decisions.

#include "model/tell/relevance.h"

#include "model/tell/moment_text.h"

namespace engram::world {
namespace {

// Calls of files matter at this distance from a fault, if nothing crashes.
constexpr uint32_t kNearFault = 2;

}  // namespace

Relevance::Relevance(const Replayed& replayed) : replayed_(replayed), steps_(replayed.steps) {
  FindLives();
  MeasureDistances();
}

void Relevance::FindLives() {
  for (uint32_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.kind == StepKind::kSpawn) {
      lives_[{EraAt(i), static_cast<uint8_t>(step.second.value % kThreadsMax)}].begin = i;
    }
    if (step.kind == StepKind::kExit) lives_[{EraAt(i), ThreadOf(step)}].end = i;
    if (step.access == Access::kLocal || IsSilent(step)) continue;
    Use& use = uses_[{EraAt(i), step.object}][ThreadOf(step)];
    use.all.Include(i);
    if (step.access == Access::kWrite) use.writes.Include(i);
  }
}

Relevance::Span Relevance::LifeOf(uint8_t era, uint8_t thread) const {
  const auto life = lives_.find({era, thread});
  return life == lives_.end() ? Span{} : life->second;
}

// Whether another thread uses the step's object at no fixed time before or after, and one of the
// two writes it. What main does before it starts others, or after they have ended, nobody can
// disturb.
bool Relevance::IsContended(uint32_t index) const {
  const Step& step = steps_[index];
  const uint8_t era = EraAt(index), thread = ThreadOf(step);
  const auto uses = uses_.find({era, step.object});
  if (uses == uses_.end()) return false;
  for (const auto& [other, use] : uses->second) {
    if (other == thread) continue;
    const Span& conflicting = step.access == Access::kWrite ? use.all : use.writes;
    if (conflicting.begin > conflicting.end) continue;
    // Main lives always: what it does counts while the other one lives.
    if (thread == 0
            ? LifeOf(era, other).Overlaps({index, index})
            : (other == 0 ? conflicting : LifeOf(era, other)).Overlaps(LifeOf(era, thread))) {
      return true;
    }
  }
  return false;
}

void Relevance::MeasureDistances() {
  distances_.assign(steps_.size(), kAnywhere - 1);
  for (size_t i = 0; i < replayed_.deviations.size(); ++i) {
    const ChoiceKind kind = replayed_.deviations[i].name.kind;
    crashes_ = crashes_ || kind == ChoiceKind::kCrash;
    if (i >= replayed_.deviation_steps.size()) continue;
    const uint32_t at = replayed_.deviation_steps[i];
    for (uint32_t step = 0; step < distances_.size(); ++step) {
      // The steps right before and right after the choice are at distance 0.
      distances_[step] = std::min(distances_[step], step < at ? at - 1 - step : step - at);
    }
  }
  // The end of a failing execution matters like a choice.
  for (uint32_t step = 0; replayed_.failure.has_value() && step < distances_.size(); ++step) {
    distances_[step] =
        std::min(distances_[step], static_cast<uint32_t>(distances_.size()) - 1 - step);
  }
}

bool Relevance::Matters(uint32_t index, uint32_t reach) const {
  const Step& step = steps_[index];
  if (distances_[index] > reach || step.kind == StepKind::kYield) return false;
  if (IsContended(index)) return true;
  switch (step.kind) {
    case StepKind::kWrite:
    case StepKind::kSync:
    case StepKind::kResize:
    case StepKind::kRemove:
    case StepKind::kSyncDirectory:
      return crashes_ || distances_[index] <= kNearFault;
    case StepKind::kRead:
    case StepKind::kView:
      return EraAt(index) > 0 || distances_[index] <= kNearFault;
    default:
      return false;
  }
}

std::optional<uint32_t> Relevance::NextStepOf(uint8_t thread, uint32_t step) const {
  for (uint32_t next = step; next < steps_.size() && EraAt(next) == EraAt(step); ++next) {
    if (steps_[next].actor == thread) return next;
  }
  return std::nullopt;
}

bool Relevance::CouldGoOn(uint8_t thread, uint32_t step) const {
  for (uint32_t before = step; before-- > 0 && EraAt(before) == EraAt(step);) {
    if (steps_[before].actor != thread) continue;
    const StepKind kind = steps_[before].kind;
    if (kind == StepKind::kWait || kind == StepKind::kYield || kind == StepKind::kSleep ||
        kind == StepKind::kExit) {
      return false;
    }
    break;
  }
  const std::optional<uint32_t> next = NextStepOf(thread, step);
  if (!next.has_value()) return true;  // the execution ended before its turn came
  const Step& wanted = steps_[*next];
  if (!IsLock(wanted)) return wanted.kind != StepKind::kJoin;
  int exclusive = 0, shared = 0;
  for (uint32_t before = 0; before < step; ++before) {
    const Step& past = steps_[before];
    const bool unlocks_in_wait = past.kind == StepKind::kWait && past.second == wanted.object;
    if (past.object != wanted.object && !unlocks_in_wait) continue;
    if (past.kind == StepKind::kLock) ++exclusive;
    if (past.kind == StepKind::kUnlock || unlocks_in_wait) --exclusive;
    if (past.kind == StepKind::kLockShared) ++shared;
    if (past.kind == StepKind::kUnlockShared) --shared;
  }
  return exclusive <= 0 && (shared <= 0 || wanted.kind == StepKind::kLockShared);
}

}  // namespace engram::world
