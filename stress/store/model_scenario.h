// One client and the reference model side by side: every answer of the store is the reference's,
// and what it tells about itself can be computed from the reference.

#ifndef ENGRAM_STRESS_STORE_MODEL_SCENARIO_H_
#define ENGRAM_STRESS_STORE_MODEL_SCENARIO_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/world/program.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// The program in which one client does the operations that `generate` makes. Its claims are "wrong
// answer", "wrong statistics", "wrong backup", "false corruption" and "cannot be opened".
world::Program MakeModelProgram(
    std::string name, OpenStore open, Setup setup,
    std::function<std::vector<world::Operation>(uint64_t seed)> generate);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_MODEL_SCENARIO_H_
