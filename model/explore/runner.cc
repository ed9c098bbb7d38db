// The life of an execution: make, run, recover after each crash, judge, destroy.

#include "model/explore/runner.h"

namespace engram::world {

void Runner::Run(std::span<const Operation> operations, Choices& choices,
                 const std::function<void()>& after_era) {
  Scheduler& scheduler = world_->scheduler();
  world_->Begin(bounds_, choices, /*telling=*/after_era != nullptr);
  std::unique_ptr<Scenario> scenario = program_.make(*world_, operations);
  Scenario* const running = scenario.get();
  scheduler.RunEra([running] { running->Run(); });
  if (after_era) after_era();
  while (scheduler.crashed() && !scheduler.failed()) {
    scheduler.RunEra([running] { running->Recover(); });
    if (after_era) after_era();
  }
  if (!scheduler.failed()) scenario->Judge();
  scenario.reset();
  world_->End();
}

}  // namespace engram::world
