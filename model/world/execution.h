// One execution of a program: scenario, eras, crashes and judgement, on a world that is used again
// and again.

#ifndef ENGRAM_MODEL_WORLD_EXECUTION_H_
#define ENGRAM_MODEL_WORLD_EXECUTION_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "model/world/explorers.h"
#include "model/world/failure.h"
#include "model/world/program.h"
#include "model/world/world.h"

namespace engram::world {

// Thread safety: confined to one OS thread, on which no other Execution runs at the same time.
// Ownership: `program` must outlive it.
class Execution {
 public:
  Execution(const Program& program, const Bounds& bounds) : program_(program), bounds_(bounds) {}

  // Runs the program once with `operations`, `explorer` deciding. Nothing if the explorer has
  // nothing left; else whether the execution counts. `after_era` is called after each era,
  // `after_all` when the judge has spoken, while the world still remembers.
  std::optional<bool> Run(std::span<const Operation> operations, Explorer& explorer,
                          bool telling = false, const std::function<void()>& after_era = nullptr,
                          const std::function<void()>& after_all = nullptr);

  // What the last execution came to; valid until the next Run.
  const std::optional<Failure>& failure() const { return world_.scheduler().failure(); }
  const Scheduler& scheduler() const { return world_.scheduler(); }
  const World& world() const { return world_; }
  uint64_t crashes() const { return crashes_; }
  // I/O calls and allocations that failed by choice.
  uint64_t faults() const { return faults_; }

 private:
  const Program& program_;
  const Bounds bounds_;
  World world_;
  uint64_t crashes_ = 0;
  uint64_t faults_ = 0;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_EXECUTION_H_
