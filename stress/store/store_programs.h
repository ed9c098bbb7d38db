// The programs with which a store is tried, for the suites of engram-verify.

#ifndef ENGRAM_STRESS_STORE_STORE_PROGRAMS_H_
#define ENGRAM_STRESS_STORE_STORE_PROGRAMS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/bounds.h"
#include "model/world/program.h"
#include "stress/store/recovered_images.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// A program, and how it is explored.
struct StoreProgram {
  world::Program program;
  std::string about;  // a sentence or two
  // Explored exhaustively, within its bounds; otherwise by walks.
  bool exhaustive = false;
  uint64_t classes_max = UINT64_MAX;  // exhaustive: no more of them, because there are too many
  bool ends_by_clock = false;         // exhaustive: not all of it has to be done
  double weight = 1;  // its share of the suite's allowance, in proportion to the others'
  std::shared_ptr<RecoveredImages> images = {};  // null if nothing crashes
};

// One client, long lists, every answer the reference's.
std::vector<StoreProgram> ModelPrograms(const OpenStore& open);
// One client, crashes anywhere, also inside recovery and inside that recovery.
std::vector<StoreProgram> CrashPrograms(const OpenStore& open);
// One client; each call of the file system and each allocation fails once.
std::vector<StoreProgram> FaultPrograms(const OpenStore& open);
// Several clients, crashes anywhere.
std::vector<StoreProgram> InterleavePrograms(const OpenStore& open);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_STORE_PROGRAMS_H_
