// Makes a failing execution minimal.

#ifndef ENGRAM_MODEL_EXPLORE_SHRINK_H_
#define ENGRAM_MODEL_EXPLORE_SHRINK_H_

#include <vector>

#include "model/explore/explore.h"
#include "model/explore/runner.h"

namespace engram::world {

// Leaves out operations, then faults and crashes, then deviations of the schedule, then lowers the
// deviations' values, and so on until nothing more can go, replaying leniently: what a smaller
// execution does not ask for is dropped. Then it looks for a schedule with fewer deviations that
// differ, and begins again if there is one. A step counts if the execution still fails with the
// same kind and claim.
//
// The result is 1-minimal: no single operation or deviation can be left out, no two deviations
// either if they are few, and no deviation's value can be lowered (values above 64 are tried at 1,
// the half and one less). It has been replayed twice with the same event hash. If the given
// execution does not fail in that way when it is replayed, or the two hashes differ, the finding is
// the given execution with the reason added to its detail. The work is limited by a number of
// scheduling points, so that it takes seconds; an execution that uses it up is not minimal.
// Operations themselves are not changed: what their values mean is the program's affair.
Finding Shrink(const Program& program, const std::vector<Operation>& operations,
               const std::vector<Deviation>& deviations, const Failure& failure,
               const Bounds& bounds);

// As above, in a world that exists already and is between two executions.
Finding Shrink(Runner& runner, const std::vector<Operation>& operations,
               const std::vector<Deviation>& deviations, const Failure& failure);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_SHRINK_H_
