// Explores the executions of a program: the one entry point for anybody who wants to bring a
// program.
//
//   #include "model/explore/explore.h"
//   #include "sync/atomic.h"
//   #include "sync/thread.h"
//   using namespace engram;
//
//   int main() {
//     world::Program counter = world::FromFunction("counter", [] {
//       sync::Atomic<int> count(0);
//       auto increment = [&] {
//         int seen = count.Load(std::memory_order_seq_cst);       // a lost update:
//         count.Store(seen + 1, std::memory_order_seq_cst);       // FetchAdd would be right
//       };
//       sync::Thread first("first", increment), second("second", increment);
//       first.Join();
//       second.Join();
//       world::Expect(count.Load(std::memory_order_seq_cst) == 2, "no increment is lost");
//     });
//     world::Outcome outcome = world::Explore(counter, {"exhaustive"}, counter.bounds);
//     if (outcome.finding) std::puts(world::Tell(counter, *outcome.finding).c_str());
//     return outcome.finding ? 1 : 0;
//   }
//
// A program uses sync:: for threads, locks and atomics, and CurrentWorld().file_system() for files;
// everything it does must follow from its operations and from these (no clocks, no addresses, no
// std::thread).

#ifndef ENGRAM_MODEL_EXPLORE_EXPLORE_H_
#define ENGRAM_MODEL_EXPLORE_EXPLORE_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/explore/tree_estimate.h"
#include "model/world/bounds.h"
#include "model/world/choices.h"
#include "model/world/failure.h"
#include "model/world/program.h"
#include "model/world/world.h"

namespace engram::world {

struct ExplorerOptions {
  // "random" (swarm weights), "pct" (priorities with `depth` - 1 changes), "pos" (priorities over
  // events), "coverage" (walks from what earlier ones showed that was new), "exhaustive" (every
  // class of equivalent executions once, by dynamic partial-order reduction; with a bound on
  // preemptions, every execution within it).
  std::string name = "random";
  uint64_t seed = 1;
  uint32_t depth = 3;  // pct only: 1..4
  // All but exhaustive: crashes come evenly anywhere, instead of by odds that differ from execution
  // to execution.
  bool aims_crashes = false;
  // exhaustive only: what comes after a crash is explored once for each state that crashes leave
  // (Scenario::Knowledge), which changes no verdict and no count of classes.
  bool remembers_crashes = true;
};

// When to stop; whatever comes first, or when an exhaustive explorer has finished.
struct Budget {
  uint64_t executions_max = UINT64_MAX;
  std::chrono::nanoseconds time_max = std::chrono::nanoseconds::max();
  bool stop_at_finding = true;
  size_t findings_max = SIZE_MAX;  // stops with this many findings of different kind or claim
  bool shrink = true;              // make the finding minimal before returning it
};

// A failing execution, complete: with its program and bounds it is the same in every build.
struct Finding {
  Failure failure;
  std::vector<Operation> operations;
  std::vector<Deviation> deviations;
  std::string token;        // "program:base64"; world::Replay takes it
  uint64_t executions = 0;  // complete ones up to and including the first of this kind and claim
  double cpu_seconds = 0;   // until then, without shrinking
};

struct Outcome {
  // Complete ones; under the exhaustive explorer, one for each class of equivalent executions.
  uint64_t executions = 0;
  // exhaustive only: classes that were not run, because they begin with a crash that leaves what an
  // earlier one left; and how many such crashes there were.
  uint64_t classes_met_again = 0;
  uint64_t crashes_met_again = 0;
  // exhaustive only: an estimate of what is left; nothing if there is none worth telling.
  std::optional<ClassesLeft> classes_left;
  uint64_t redundant = 0;  // exhaustive only: executions found equivalent to one counted
  uint64_t steps = 0;      // scheduling points
  uint64_t operations = 0;
  uint64_t crashes = 0;
  uint64_t faults = 0;
  std::array<uint64_t, 256> operation_kinds{};  // by Operation::kind
  double cpu_seconds = 0;
  uint64_t event_hash = 0;         // over all executions, in order
  bool exhausted = false;          // every class within the bounds was covered
  uint64_t failures = 0;           // failing executions (with stop_at_finding, 0 or 1)
  std::optional<Finding> finding;  // the first one, shrunk
  std::vector<Finding> findings;   // the first of each kind and claim, shrunk
  uint64_t executions_to_finding = 0;
  double cpu_seconds_to_finding = 0;  // without shrinking

  // Of the exhaustive explorer.
  uint64_t classes() const { return executions + classes_met_again; }
};

// Explores `program` within `bounds` and `budget`. `progress`, if given, is called about ten times
// a second.
Outcome Explore(const Program& program, const ExplorerOptions& explorer, const Bounds& bounds,
                const Budget& budget = {},
                const std::function<void(const Outcome&)>& progress = nullptr);

// One execution again, as data: what diagrams and texts are made of.
struct Replayed {
  std::optional<Failure> failure;
  std::vector<Operation> operations;
  // Those that were used; all of the token's, or the failure is kStaleToken.
  std::vector<Deviation> deviations;
  // Parallel to deviations: how many steps had been taken when it was decided.
  std::vector<uint32_t> deviation_steps;
  std::vector<Step> steps;
  std::vector<uint8_t> step_eras;  // parallel to steps
  std::vector<Note> notes;
  std::vector<std::vector<std::string>> thread_names;  // [era][thread]
  std::vector<std::string> file_paths;  // by the number that choices about pages call a file
  uint64_t event_hash = 0;
};

// Runs the execution that `token` names. INVALID_ARGUMENT if the token is malformed or of another
// program.
absl::StatusOr<Replayed> Replay(const Program& program, const std::string& token,
                                const Bounds& bounds);
Replayed Replay(const Program& program, const std::vector<Operation>& operations,
                const std::vector<Deviation>& deviations, const Bounds& bounds);

// The finding as a text for a person: what was promised, what happened, the operations, a sequence
// diagram of the threads, what survived the crash, the command that replays it.
std::string Tell(const Program& program, const Finding& finding);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_EXPLORE_H_
