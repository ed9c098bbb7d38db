// Looks for a shorter schedule of the same failure: one with fewer deviations than any removal
// leads to.

#ifndef ENGRAM_MODEL_EXPLORE_RESCHEDULE_H_
#define ENGRAM_MODEL_EXPLORE_RESCHEDULE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "model/explore/explore.h"
#include "model/explore/runner.h"

namespace engram::world {

// Leaving deviations out of an execution cannot find a schedule that interrupts elsewhere: an
// interruption in one place may do what two did. So this tries all schedules with none, with one,
// with two deviations, fewer than `deviations` has, everything else decided as there. Returns the
// deviations of the first execution that fails with the kind and claim of `failure`, or nothing;
// and adds the scheduling points spent to `steps`, of which it spends no more than `steps_max`.
std::optional<std::vector<Deviation>> Reschedule(Runner& runner,
                                                 const std::vector<Operation>& operations,
                                                 const std::vector<Deviation>& deviations,
                                                 const Failure& failure, uint64_t steps_max,
                                                 uint64_t& steps);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_RESCHEDULE_H_
