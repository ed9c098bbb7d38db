// The known programs that are more than a function: one that loses power, and one whose operations
// can be left out.

#ifndef ENGRAM_STRESS_VERIFY_SELF_SCENARIOS_H_
#define ENGRAM_STRESS_VERIFY_SELF_SCENARIOS_H_

#include <string>

#include "model/world/world.h"
#include "stress/verify/self_programs.h"

namespace engram::verify {

// Writes one page, syncs if `sync_between`, writes another, and may crash anywhere. The outcome of
// a recovery says which of the two it found.
KnownProgram PowerLossProgram(std::string name, std::string title, bool sync_between,
                              Outcomes possible);

// Two clients do 22 operations, of which two, one of each client, together lose an update. What a
// shrinker must make of a failure: these two operations and one interruption.
world::Program PlantedBug();

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_SELF_SCENARIOS_H_
