// The state of a store at rest, as reads show it, for the oracle.

#ifndef ENGRAM_STRESS_THREADS_SHOWN_STATE_H_
#define ENGRAM_STRESS_THREADS_SHOWN_STATE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/memory_store.h"
#include "model/history_oracle.h"

namespace engram::stress {

struct ShownState {
  model::RecoveredState state;
  // The reads themselves: they name the sequences, too.
  std::vector<model::Call> reads;
};

// Gets the first `ids` ids one after the other; stamps begin at `stamp`. An error of any of them is
// passed on; INTERNAL: Count says something else. REQUIRES: nobody else uses the store.
absl::StatusOr<ShownState> ShowAll(MemoryStore& store, uint32_t ids, uint64_t stamp);

// OK if Verify finds nothing wrong; otherwise INTERNAL with all that it found.
absl::Status CheckSound(MemoryStore& store);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_SHOWN_STATE_H_
