// The world of one execution: joins the scheduler, the disk and the clock.

#include "model/world/world.h"

#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "model/world/allocation_faults.h"
#include "model/world/state_hash.h"

namespace engram::world {
namespace {

// 2020-09-13: simulated wall time begins at a round number of seconds.
constexpr int64_t kWallClockStartNs = 1'600'000'000'000'000'000;

constinit World* current_world = nullptr;

// A check that fails inside of an execution is a finding with a token. Outside of one, for instance
// while the world is being prepared, it is a mistake of ours and ends the process.
void FailExecution(std::string_view condition, std::string_view detail,
                   std::source_location where) {
  if (current_world == nullptr || !current_world->scheduler().on_fiber()) return;
  Failure failure;
  {
    const KernelScope kernel;
    failure = {FailureKind::kClaim, "check failed",
               absl::StrCat(where.file_name(), ":", where.line(), ": ", std::string(condition),
                            " (", std::string(detail), ")")};
  }
  current_world->scheduler().Fail(std::move(failure));
}

}  // namespace

World::World() = default;
World::~World() {
  if (current_world == this) current_world = nullptr;
}

int64_t World::SimulatedClock::NowNs() { return kWallClockStartNs + scheduler_.NowNs(); }

void World::Begin(const Bounds& bounds, Choices& choices, bool telling) {
  telling_ = telling;
  notes_.clear();
  current_world = this;
  SetCheckFailureListener(FailExecution);
  scheduler_.Begin(bounds, choices);
  ArmAllocationFaults(bounds.allocation_failures_max > 0 ? &scheduler_ : nullptr);
  file_system_.Reset();
  if (telling) {
    file_system_.set_listener(
        [this](std::string text) { AddNote(std::move(text), NoteKind::kCall); });
  } else {
    file_system_.set_listener(nullptr);
  }
}

void World::End() {
  ArmAllocationFaults(nullptr);
  scheduler_.End();
  current_world = nullptr;
  SetCheckFailureListener(nullptr);
}

uint64_t World::StateAfter(uint32_t crash) const {
  StateHash state;
  state.Add(file_system_.StateAfter(file_system_.CrashKindOf(crash)));
  state.Add(scheduler_.StateBetweenEras());
  state.Add(AllocationFailures());
  return state.value();
}

void World::Acknowledge() {
  if (!scheduler_.on_fiber()) return;
  if (scheduler_.bounds().crashes_max > 0) {
    Step step;
    step.kind = StepKind::kAcknowledge;
    step.access = Access::kWrite;
    step.object = kDiskOrder;
    scheduler_.TakeStep(step);
    file_system_.CrashPoint();
  }
  scheduler_.SetOperation(0);
}

void World::Fail(std::string claim, std::string detail) {
  if (scheduler_.winding_down()) return;
  Failure failure;
  {
    const KernelScope kernel;
    failure = {FailureKind::kClaim, std::move(claim), std::move(detail)};
  }
  scheduler_.Fail(std::move(failure));
}

void World::AddNote(std::string text, NoteKind kind, uint16_t operation) {
  if (scheduler_.winding_down()) return;
  const KernelScope kernel;
  notes_.push_back({Now(), static_cast<uint8_t>(scheduler_.era()),
                    static_cast<uint8_t>(scheduler_.CurrentThread()), std::move(text), kind,
                    operation});
}

World& CurrentWorld() {
  ENGRAM_CHECK(current_world != nullptr, "no world is running");
  return *current_world;
}

void Expect(bool condition, std::string_view claim, const sync::Location& where) {
  if (condition) return;
  CurrentWorld().Fail(std::string(claim),
                      absl::StrCat("expected at ", where.file_name(), ":", where.line()));
}

}  // namespace engram::world
