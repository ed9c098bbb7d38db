// The life of an execution: make, run, recover after each crash, judge, destroy.

#include "model/explore/runner.h"

#include "model/explore/last_words.h"
#include "model/world/state_hash.h"

namespace engram::world {

void Runner::Run(std::span<const Operation> operations, Choices& choices,
                 const std::function<void()>& after_era) {
  Scheduler& scheduler = world_->scheduler();
  world_->Begin(bounds_, choices, /*telling=*/after_era != nullptr);
  const ExecutionUnderWay under_way(program_.name, operations, scheduler);
  std::unique_ptr<Scenario> scenario = program_.make(*world_, operations);
  Scenario* const running = scenario.get();
  running_ = running;
  scheduler.RunEra([running] { running->Run(); });
  if (after_era) after_era();
  while (scheduler.crashed() && !scheduler.failed()) {
    scheduler.RunEra([running] { running->Recover(); });
    if (after_era) after_era();
  }
  if (!scheduler.failed()) scenario->Judge();
  running_ = nullptr;
  scenario.reset();
  world_->End();
}

std::optional<uint64_t> Runner::StateAfter(uint32_t crash) const {
  const std::optional<uint64_t> knowledge = running_->Knowledge();
  if (!knowledge.has_value()) return std::nullopt;
  StateHash state;
  state.Add(*knowledge);
  state.Add(world_->StateAfter(crash));
  return state.value();
}

}  // namespace engram::world
