// What the lists of programs (store_programs.cc, interleave_programs.cc, crash_pairs.cc) are put
// together from.

#ifndef ENGRAM_STRESS_STORE_STORE_PROGRAM_PARTS_H_
#define ENGRAM_STRESS_STORE_STORE_PROGRAM_PARTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/world/bounds.h"
#include "model/world/program.h"
#include "stress/store/recovered_images.h"
#include "stress/store/store_programs.h"
#include "stress/store/store_scenario.h"

namespace engram::stress {

using Operations = std::vector<world::Operation>;

// Which stream of a seed's randomness operations are drawn from.
inline constexpr uint64_t kOperationStream = 1;

inline world::Bounds CrashBounds(uint32_t crashes) {
  world::Bounds bounds;
  bounds.crashes_max = crashes;
  bounds.steps_max = 200'000;
  return bounds;
}

// Of which walks try samples.
inline StoreProgram Walk(Trial trial, std::string about, double weight) {
  StoreProgram program;
  if (trial.bounds.crashes_max > 0) trial.images = std::make_shared<RecoveredImages>();
  program.images = trial.images;
  program.program = MakeProgram(std::move(trial));
  program.about = std::move(about);
  program.weight = weight;
  return program;
}

// All of whose classes are to be covered.
inline StoreProgram Exhaustive(Trial trial, std::string about) {
  StoreProgram program = Walk(std::move(trial), std::move(about), 1);
  program.exhaustive = true;
  return program;
}

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_STORE_PROGRAM_PARTS_H_
