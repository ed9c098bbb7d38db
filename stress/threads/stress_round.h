// One round: many real threads on one store on a real file, then the verdict of the oracle.
//
// Every call is stamped and written down. After the threads have ended, the store must verify, must
// count right, and after closing and reopening must show what the history says. Each backup taken
// meanwhile must be the state of some moment during its call.
//
// Real threads are not deterministic: the seed fixes what each client calls, not how the calls
// interleave. So what is claimed holds in every interleaving, and nothing is retried or waited for.

#ifndef ENGRAM_STRESS_THREADS_STRESS_ROUND_H_
#define ENGRAM_STRESS_THREADS_STRESS_ROUND_H_

#include <cstdint>
#include <optional>
#include <string>

#include "api/options.h"
#include "stress/threads/workload.h"

namespace engram::stress {

struct RoundOptions {
  Workload workload;
  uint8_t writers = 10;
  uint8_t readers = 5;
  // Taken, each after the one before, while the clients are at work.
  uint32_t backups = 0;
  // Whole-store verifications, likewise.
  uint32_t verifications = 0;
  // Of all ids, to cold and to warm by turns, and a rewriting of runs and a compaction; likewise.
  uint32_t migrations = 0;
  Options store;
  uint64_t seed = 1;
};

// Small extents and frequent checkpoints, so that room is reused all the time.
Options OptionsUnderPressure();

// Runs the `round`-th round on the new file `path`. Returns what is wrong, or nothing.
std::optional<std::string> RunRound(const RoundOptions& options, uint32_t round,
                                    const std::string& path);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_STRESS_ROUND_H_
