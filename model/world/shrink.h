// Makes a failing execution as small as it gets: operations are left out first, then faults and
// crashes, then context switches, then values are lowered, round and round until nothing more can
// be taken away.

#ifndef ENGRAM_MODEL_WORLD_SHRINK_H_
#define ENGRAM_MODEL_WORLD_SHRINK_H_

#include <cstdint>
#include <span>

#include "model/world/bounds.h"
#include "model/world/choices.h"
#include "model/world/explore.h"
#include "model/world/failure.h"
#include "model/world/program.h"

namespace engram::world {

// The execution of `operations` and `deviations`, which fails with `failure`, shrunk: the result
// fails with the same kind and claim and is 1-minimal, that is, it no longer does if any one
// operation or deviation is left out or any value is lowered. It is replayed twice with the same
// event hash before it is returned. Pure. REQUIRES: the execution fails so.
Finding Shrink(const Program& program, std::span<const Operation> operations,
               std::span<const Deviation> deviations, const Failure& failure, const Bounds& bounds);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SHRINK_H_
