// Recognises waiting loops in the steps of an execution.

#include "model/explore/waiting_loops.h"

namespace engram::world {
namespace {

constexpr uint32_t kNone = HappensBefore::kNone;
constexpr int kLooksMax = 16;  // in one iteration of a waiting loop

bool Looks(const Step& step) {
  return step.kind == StepKind::kLoad || step.kind == StepKind::kReadModifyWrite ||
         step.kind == StepKind::kTryLock || step.kind == StepKind::kTryLockShared;
}

bool SamePlace(const Step& a, const Step& b) {
  return a.kind == b.kind && a.where.line() == b.where.line() &&
         a.where.column() == b.where.column();
}

// The thread's same look before `yield`, or kNone.
uint32_t LookBefore(const HappensBefore& steps, uint32_t yield, uint32_t look) {
  const Step& now = steps.step(look);
  uint32_t before = steps.Previous(yield);
  for (int i = 0; i < kLooksMax && before != kNone; ++i, before = steps.Previous(before)) {
    const Step& then = steps.step(before);
    if (!Looks(then)) return kNone;
    if (then.object == now.object && SamePlace(then, now)) return before;
  }
  return kNone;
}

}  // namespace

bool LooksAgain(const HappensBefore& steps, uint32_t yield, uint32_t last) {
  for (uint32_t look = last; look != yield; look = steps.Previous(look)) {
    if (look == kNone || !Looks(steps.step(look))) return false;
    if (LookBefore(steps, yield, look) == kNone) return false;
  }
  return true;
}

uint32_t FutileLooks(const HappensBefore& steps, uint32_t first, uint32_t last) {
  uint32_t count = 0;
  uint32_t written = steps.step(first).access == Access::kWrite ? first : last;
  written = steps.LastWrite(written, steps.step(last).object);
  for (uint32_t look = last; Looks(steps.step(look));) {
    uint32_t yield = look;
    for (int i = 0; i < kLooksMax && yield != kNone && Looks(steps.step(yield)); ++i) {
      yield = steps.Previous(yield);
    }
    if (yield == kNone || steps.step(yield).kind != StepKind::kYield) break;
    for (uint32_t each = look; each != yield; each = steps.Previous(each)) {
      const uint32_t before = LookBefore(steps, yield, each);
      if (before == kNone) return count;
      if (each != last) written = steps.LastWrite(each, steps.step(each).object);
      if (written != kNone && written > before) return count;
    }
    ++count;
    look = LookBefore(steps, yield, look);
  }
  return count;
}

void OtherYields::Learn(const HappensBefore& steps) {
  const uint32_t step = steps.size() - 1;
  const uint32_t yield = steps.Previous(step);
  if (yield == kNone || steps.step(yield).kind != StepKind::kYield) return;
  const uint32_t before = steps.Previous(yield);
  if (before == kNone || LooksAgain(steps, yield, step)) return;
  if (!MayFollow(steps.step(before))) before_.push_back(steps.step(before));
}

bool OtherYields::MayFollow(const Step& step) const {
  for (const Step& known : before_) {
    if (SamePlace(known, step)) return true;
  }
  return false;
}

}  // namespace engram::world
