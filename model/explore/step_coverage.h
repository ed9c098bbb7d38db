// What a walk has seen so far, as pairs of places in the sources: a step, and the last step of
// another actor on the same object that it depends on (what was read from, overwritten, waited
// for). Which object it was counts nothing, so the number of pairs is bounded by the program's
// text.
//
// It knows steps only, nothing of explorers.

#ifndef ENGRAM_MODEL_EXPLORE_STEP_COVERAGE_H_
#define ENGRAM_MODEL_EXPLORE_STEP_COVERAGE_H_

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "model/world/choices.h"
#include "model/world/step.h"

namespace engram::world {

// Thread safety: thread-compatible.
class StepCoverage {
 public:
  // Adds the pairs of an execution. Returns how many steps it had taken when the last pair that
  // nobody had seen before was complete; 0 if there was none.
  uint32_t Add(std::span<const Step> steps);
  // Adds a deviation that is none of the schedule - a crash, a fault, what is lost - and the step
  // that it came behind. Returns whether nobody had seen it there.
  bool Add(const Name& name, uint32_t value, const Step& behind);

  size_t size() const { return seen_.size(); }

 private:
  struct Last {
    uint32_t write = UINT32_MAX;
    uint32_t read = UINT32_MAX;
  };
  bool AddAccess(std::span<const Step> steps, uint32_t at, sync::ObjectId object, Access access);
  bool AddPair(const Step& first, const Step& second);

  std::unordered_set<uint64_t> seen_;
  std::unordered_map<uint32_t, Last> last_;  // by object, of the execution being added
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_STEP_COVERAGE_H_
