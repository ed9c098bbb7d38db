// The damaged stores of the suites `truncate` and `damage`.

#ifndef ENGRAM_STRESS_STORE_DAMAGE_PROGRAMS_H_
#define ENGRAM_STRESS_STORE_DAMAGE_PROGRAMS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/world/program.h"
#include "stress/store/damage.h"
#include "stress/store/damage_scenario.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// All damages of one kind to one small store.
struct DamageTrial {
  world::Program program;
  std::string about;  // a sentence
  DamageKind kind = DamageKind::kTruncate;
  uint32_t images = 0;  // how many there are
  std::shared_ptr<DamageCounts> counts;
};

// Every byte length. Small stores are made here and now: REQUIRES that no world is running.
std::vector<DamageTrial> TruncateTrials(const OpenStore& open);
// Bits, sectors and pages, and files of other versions. REQUIRES: as above.
std::vector<DamageTrial> DamageTrials(const OpenStore& open);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_DAMAGE_PROGRAMS_H_
