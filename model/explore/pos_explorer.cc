// Partial order sampling (Yuan, Yang, Gu, CAV 2018): each event that is pending has a priority of
// its own, drawn at random; the highest takes the next step, and those that depend on that step
// draw anew. So each of two racing events comes first with even odds, whatever came before, and an
// order that needs few of them is found however long the threads are: no depth has to be guessed.
//
// An event is an actor's pending step. One that is blocked cannot be seen; it keeps what it was
// drawn when it was last seen, and draws anew when a dependent step is taken, as any other. What
// store buffers let out, yields and the passing of time are events, too. Other kinds of choice are
// as in the random explorer.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "model/explore/crash_aim.h"
#include "model/explore/explorers.h"
#include "model/explore/swarm.h"

namespace engram::world {
namespace {

class PosExplorer final : public Explorer {
 public:
  PosExplorer(uint64_t seed, bool aims_crashes) : swarm_(seed), aims_crashes_(aims_crashes) {}

  bool Begin(const Scheduler& scheduler) override {
    scheduler_ = &scheduler;
    swarm_.Begin(execution_++);
    pending_ = 0;
    looked_ = 0;
    if (aims_crashes_) aim_.Begin(swarm_.random());
    return true;
  }

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    if (aims_crashes_ && name.kind == ChoiceKind::kCrash) return aim_.Choose(name, alternatives);
    if (name.kind != ChoiceKind::kSchedule) return swarm_.Choose(name.kind, alternatives);
    ForgetWhatRaced();
    uint32_t best = 0;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < alternatives; ++i) {
      const Candidate candidate = scheduler_->CandidateAt(i);
      Event& event = events_[candidate.actor];
      const uint64_t bit = uint64_t{1} << candidate.actor;
      if ((pending_ & bit) == 0) event.priority = swarm_.random().Next();
      pending_ |= bit;
      event.step = *candidate.step;
      event.step.actor = candidate.actor;
      if (event.priority >= highest) {
        highest = event.priority;
        best = i;
      }
    }
    return best;
  }

  bool End() override {
    aim_.End();
    return true;
  }
  std::optional<uint64_t> operation_list() const override { return execution_ - 1; }

 private:
  struct Event {
    uint64_t priority = 0;
    Step step;  // as last seen
  };

  // Looks at the steps since the last choice: their events are over, those that depend on them draw
  // anew.
  void ForgetWhatRaced() {
    const uint32_t end = scheduler_->step_count();
    for (; looked_ < end; ++looked_) {
      const Step& taken = scheduler_->steps()[looked_];
      for (uint64_t left = pending_; left != 0; left &= left - 1) {
        const Event& event = events_[static_cast<size_t>(std::countr_zero(left))];
        if (event.step.actor == taken.actor || Dependent(event.step, taken)) {
          pending_ &= ~(uint64_t{1} << event.step.actor);
        }
      }
    }
  }

  Swarm swarm_;
  const bool aims_crashes_;
  CrashAim aim_;
  const Scheduler* scheduler_ = nullptr;
  uint64_t execution_ = 0;
  std::array<Event, 2 * kThreadsMax> events_{};  // by actor
  uint64_t pending_ = 0;                         // actors whose event has been drawn
  uint32_t looked_ = 0;                          // at how many steps
};

}  // namespace

std::unique_ptr<Explorer> MakePosExplorer(uint64_t seed, bool aims_crashes) {
  return std::make_unique<PosExplorer>(seed, aims_crashes);
}

}  // namespace engram::world
