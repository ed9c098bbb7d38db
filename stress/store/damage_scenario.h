// Opening and reading a damaged copy of a small store. Which damage is a decision like any other,
// so that the exhaustive explorer does each once and a token names it.
//
// Beyond what the oracle says of the answers: iteration, pages and recall show the same (see
// damage_walks.h); Verify reports damage if any read answered DATA_LOSS;
// of a store that was closed, a flipped bit damages no memory but the one whose bytes were hit, or,
// in the index, those of one bucket, and is found by Verify where it is; storing a damaged memory
// again heals it, also when the store is opened again.
//
// A file of another version is refused by that name, and not a byte of it changes.

#ifndef ENGRAM_STRESS_STORE_DAMAGE_SCENARIO_H_
#define ENGRAM_STRESS_STORE_DAMAGE_SCENARIO_H_

#include <cstdint>
#include <memory>
#include <string>

#include "model/world/program.h"
#include "stress/store/damage.h"
#include "stress/store/small_store.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// What damaged stores did, over all executions of a program. Nothing depends on it.
struct DamageCounts {
  uint64_t right = 0;    // every answer was right
  uint64_t lost = 0;     // some were DATA_LOSS
  uint64_t cut = 0;      // a cut was reported, and the answers are those of an earlier state
  uint64_t refused = 0;  // Open answered DATA_LOSS or, to another version, UNIMPLEMENTED
};

// `counts` is added to.
world::Program MakeDamageProgram(std::string name, OpenStore open,
                                 std::shared_ptr<const SmallStore> store, DamageKind kind,
                                 std::shared_ptr<DamageCounts> counts);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_DAMAGE_SCENARIO_H_
