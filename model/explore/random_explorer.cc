// Random walks over schedules. Per execution it draws how readily it leaves a thread that could go
// on, and how eager each thread, store buffers and timers are: a slow thread, a slow buffer and a
// preemption at the right moment are what most concurrency bugs need.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "model/explore/crash_aim.h"
#include "model/explore/explorers.h"
#include "model/explore/swarm.h"

namespace engram::world {
namespace {

class RandomExplorer final : public Explorer {
 public:
  RandomExplorer(uint64_t seed, bool aims_crashes) : swarm_(seed), aims_crashes_(aims_crashes) {}

  bool Begin(const Scheduler& scheduler) override {
    scheduler_ = &scheduler;
    swarm_.Begin(execution_++);
    Random& random = swarm_.random();
    // Short programs need many switches, long ones few: half of the walks take them readily.
    leave_ = UINT32_MAX >> (random.OneIn(2) ? random.Below(2) : 1 + random.Below(8));
    const bool unequal = random.OneIn(3);
    for (uint32_t i = 0; i < kThreadsMax; ++i) {
      eagerness_[i] = unequal ? 256u >> random.Below(6) : 256u;
    }
    const uint32_t buffers = 256u >> (2 * random.Below(4));
    for (uint32_t i = 0; i < kThreadsMax; ++i) eagerness_[BufferOf(i)] = buffers;
    timers_ = random.OneIn(3) ? 0 : 256u >> random.Below(8);
    if (aims_crashes_) aim_.Begin(random);
    return true;
  }

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    if (aims_crashes_ && name.kind == ChoiceKind::kCrash) return aim_.Choose(name, alternatives);
    if (name.kind != ChoiceKind::kSchedule) return swarm_.Choose(name.kind, alternatives);
    if (scheduler_->current_continues() && static_cast<uint32_t>(swarm_.random().Next()) > leave_) {
      return 0;
    }
    return Pick(alternatives);
  }

  bool End() override {
    aim_.End();
    return true;
  }
  std::optional<uint64_t> operation_list() const override { return execution_ - 1; }

 private:
  static constexpr int kTriesMax = 4;

  // Tries candidates at random; one of eagerness 256 is always taken.
  uint32_t Pick(uint32_t alternatives) {
    for (int i = 0; i < kTriesMax; ++i) {
      const uint64_t bits = swarm_.random().Next();
      const auto index = static_cast<uint32_t>(((bits >> 32) * alternatives) >> 32);
      const Candidate candidate = scheduler_->CandidateAt(index);
      const uint32_t eagerness = candidate.timed ? timers_ : eagerness_[candidate.actor];
      if ((bits & 255) < eagerness) return index;
    }
    return 0;
  }

  Swarm swarm_;
  const bool aims_crashes_;
  CrashAim aim_;
  const Scheduler* scheduler_ = nullptr;
  uint64_t execution_ = 0;
  uint32_t leave_ = 0;  // how often a thread that could go on is left, in parts of 2^32
  uint32_t timers_ = 0;
  std::array<uint32_t, 2 * kThreadsMax> eagerness_{};  // by actor, in parts of 256
};

}  // namespace

std::unique_ptr<Explorer> MakeRandomExplorer(uint64_t seed, bool aims_crashes) {
  return std::make_unique<RandomExplorer>(seed, aims_crashes);
}

}  // namespace engram::world
