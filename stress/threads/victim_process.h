// A child process that runs engram-kill-victim, and its life as the parent reads it.

#ifndef ENGRAM_STRESS_THREADS_VICTIM_PROCESS_H_
#define ENGRAM_STRESS_THREADS_VICTIM_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/history_oracle.h"
#include "stress/threads/victim_report.h"

namespace engram::stress {

// When the victim dies: so long after the report with this number has come, from 0, which is
// kOpening.
struct KillMoment {
  uint32_t reports = 0;
  std::chrono::microseconds later{0};
};

// Runs the victim on the store `path` and kills it with SIGKILL at `moment`. Returns everything
// that it told, in the order of its stamps. INTERNAL: it complained, or ended by itself.
absl::StatusOr<std::vector<VictimReport>> RunAndKill(const std::string& path,
                                                     const VictimOrders& orders,
                                                     const KillMoment& moment);

// The life of a victim as an era of a history: what it showed, if it came so far as to show all,
// and what it called after that. Operation numbers go around at 2^16.
model::History::Era EraOf(const std::vector<VictimReport>& life);

// The status code with which another process fails to open the store `path`, or kOk.
absl::StatusOr<absl::StatusCode> OpenInAnotherProcess(const std::string& path);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_VICTIM_PROCESS_H_
