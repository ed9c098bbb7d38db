// The order of things in an execution.

#include "model/world/execution.h"

#include <memory>

#include "model/world/allocation_faults.h"

namespace engram::world {

std::optional<bool> Execution::Run(std::span<const Operation> operations, Explorer& explorer,
                                   bool telling, const std::function<void()>& after_era,
                                   const std::function<void()>& after_all) {
  Scheduler& scheduler = world_.scheduler();
  if (!explorer.Begin(scheduler)) return std::nullopt;
  world_.Begin(bounds_, explorer, telling);
  std::unique_ptr<Scenario> scenario = program_.make(world_, operations);
  scheduler.RunEra([&scenario] { scenario->Run(); });
  if (after_era) after_era();
  while (!scheduler.failed() && scheduler.crashed()) {
    scheduler.RunEra([&scenario] { scenario->Recover(); });
    if (after_era) after_era();
  }
  if (!scheduler.failed()) scenario->Judge();
  crashes_ = world_.disk().counts().crashes;
  faults_ = world_.disk().counts().faults + AllocationFailures();
  if (after_all) after_all();
  const bool counts = explorer.End();
  scenario.reset();
  world_.End();
  return counts;
}

}  // namespace engram::world
