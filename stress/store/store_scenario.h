// Clients, crashes and faults around one store; what they saw is judged by the history oracle.
//
// An execution opens the store, lets the main thread, then the threads side by side, then the main
// thread again do their operations, and reads everything. After each crash it opens the store,
// reads everything, and lets the main thread do what is meant for then. Closing and opening again
// without a crash is judged like a recovery, after a Sync if Close said OK.
//
// Beyond the history it demands: no error without a cause; counts and reports that agree with what
// was read; no damage where nothing was damaged; after a fault, a store that works, or one that is
// read-only and works when it is opened again.

#ifndef ENGRAM_STRESS_STORE_STORE_SCENARIO_H_
#define ENGRAM_STRESS_STORE_STORE_SCENARIO_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "model/world/bounds.h"
#include "model/world/program.h"
#include "stress/store/recovered_images.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// What a program of this kind is made of.
struct Trial {
  std::string name;
  OpenStore open;
  Setup setup = Setup::kUsual;
  world::Bounds bounds;
  // The operations, numbered. Those of kAfterCrash are done after each crash.
  std::function<std::vector<world::Operation>(uint64_t seed)> generate;
  bool listener_throws = false;
  bool stops_compactions = false;  // each when it is done with its first extent
  // Compactions and migrations that have begun go on when the first two clients have ended, who
  // must therefore be able to do without what these hold.
  bool stalls_housekeeping = false;
  // Crashes come only while clients are side by side, and in recoveries.
  bool crashes_beside_only = false;
  // Whether a call during which something failed by choice may fail. Short transfers are no excuse.
  bool faults_excuse = false;
  // Counts what was recovered; may be null.
  std::shared_ptr<RecoveredImages> images = {};
};

world::Program MakeProgram(Trial trial);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_STORE_SCENARIO_H_
