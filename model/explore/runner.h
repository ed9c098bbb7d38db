// Runs executions of one program, one after the other, in one world.

#ifndef ENGRAM_MODEL_EXPLORE_RUNNER_H_
#define ENGRAM_MODEL_EXPLORE_RUNNER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "model/world/bounds.h"
#include "model/world/choices.h"
#include "model/world/program.h"
#include "model/world/world.h"

namespace engram::world {

// Thread safety: confined to one OS thread. Ownership: `program` must outlive it.
class Runner {
 public:
  Runner(const Program& program, const Bounds& bounds)
      : program_(program), bounds_(bounds), world_(std::make_unique<World>()) {}

  // Runs the eras of one execution, judges it unless it has failed, and ends it. What happened can
  // be asked of world() until the next one. `after_era`, if given, makes the world keep notes and
  // is called after each era.
  void Run(std::span<const Operation> operations, Choices& choices,
           const std::function<void()>& after_era = nullptr);

  // What choosing `crash` would lead to, asked while a kCrash choice is made: where the answer is
  // equal, so is all that can happen and be found from there on. Nothing: not known.
  std::optional<uint64_t> StateAfter(uint32_t crash) const;

  const Program& program() const { return program_; }
  const Bounds& bounds() const { return bounds_; }
  World& world() { return *world_; }
  const Scheduler& scheduler() { return world_->scheduler(); }

 private:
  const Program& program_;
  const Bounds bounds_;
  const std::unique_ptr<World> world_;
  const Scenario* running_ = nullptr;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_RUNNER_H_
