// Which steps of an execution matter to somebody who wants to understand it, and who could have
// taken the next one. Judged by what was recorded alone.

#ifndef ENGRAM_MODEL_TELL_RELEVANCE_H_
#define ENGRAM_MODEL_TELL_RELEVANCE_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/explore/explore.h"

namespace engram::world {

inline uint8_t ThreadOf(const Step& step) { return static_cast<uint8_t>(step.actor % kThreadsMax); }
inline bool IsLock(const Step& step) {
  return step.kind == StepKind::kLock || step.kind == StepKind::kLockShared;
}
// The life of threads, and that a result is told: shown by other means than steps.
inline bool IsSilent(const Step& step) {
  return step.kind == StepKind::kStart || step.kind == StepKind::kExit ||
         step.kind == StepKind::kSpawn || step.kind == StepKind::kJoin ||
         step.kind == StepKind::kAcknowledge;
}

// Thread safety: immutable after construction. Ownership: the execution must outlive it.
class Relevance {
 public:
  explicit Relevance(const Replayed& replayed);

  // Whether `step` matters, and is no further than `reach` steps from a choice of the world or from
  // the end of a failing execution: a step on an object for which threads contend, or an effect on
  // files where something crashed or failed.
  bool Matters(uint32_t step, uint32_t reach) const;

  // The next step of `thread` in the era of `step`, from `step` on.
  std::optional<uint32_t> NextStepOf(uint8_t thread, uint32_t step) const;

  // Whether `thread`, which did not take `step`, could have gone on: judged by its last and its
  // next step in this era, and the locks that are held.
  bool CouldGoOn(uint8_t thread, uint32_t step) const;

  static constexpr uint32_t kAnywhere = UINT32_MAX;

 private:
  // A range of steps; empty while begin > end.
  struct Span {
    uint32_t begin = 0;
    uint32_t end = kAnywhere;
    void Include(uint32_t step) {
      begin = std::min(begin, step);
      end = std::max(end, step);
    }
    bool Overlaps(const Span& other) const { return begin <= other.end && other.begin <= end; }
  };
  struct Use {
    Span all{kAnywhere, 0}, writes{kAnywhere, 0};
  };

  void FindLives();
  void MeasureDistances();
  bool IsContended(uint32_t step) const;
  uint8_t EraAt(uint32_t step) const { return replayed_.step_eras[step]; }
  Span LifeOf(uint8_t era, uint8_t thread) const;

  const Replayed& replayed_;
  const std::vector<Step>& steps_;
  std::map<std::pair<uint8_t, uint8_t>, Span> lives_;                          // by era and thread
  std::map<std::pair<uint8_t, sync::ObjectId>, std::map<uint8_t, Use>> uses_;  // by era and object
  std::vector<uint32_t> distances_;  // from each step to the nearest choice of the world
  bool crashes_ = false;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_RELEVANCE_H_
