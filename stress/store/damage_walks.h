// Iteration, pages and recall of a damaged store: they must show what Get shows of each id, and say
// so where Get answers DATA_LOSS.

#ifndef ENGRAM_STRESS_STORE_DAMAGE_WALKS_H_
#define ENGRAM_STRESS_STORE_DAMAGE_WALKS_H_

#include <optional>
#include <string>

#include "api/memory_store.h"
#include "stress/store/damage_oracle.h"

namespace engram::stress {

// In what they differ from Get's answers, or nothing.
std::optional<std::string> WalksDiffer(MemoryStore& store, const Shown& shown);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_DAMAGE_WALKS_H_
