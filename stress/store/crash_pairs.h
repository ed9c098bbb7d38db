// Every pair of operations of the contract side by side, over memories that are there, with a crash
// at each point and another one inside the recovery from it.

#ifndef ENGRAM_STRESS_STORE_CRASH_PAIRS_H_
#define ENGRAM_STRESS_STORE_CRASH_PAIRS_H_

#include <vector>

#include "stress/store/store_programs.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// All unordered pairs, each to be explored exhaustively within its bounds.
std::vector<StoreProgram> EveryCrashPair(const OpenStore& open);
// Some of them that are done within seconds, all together: for every day.
std::vector<StoreProgram> DailyCrashPairs(const OpenStore& open);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_CRASH_PAIRS_H_
