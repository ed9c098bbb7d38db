// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): the candidate of the highest
// priority takes every step; at depth - 1 random steps the one that would go on drops below all
// others. A bug that needs d ordering constraints among k steps of n threads is found with
// probability at least 1 / (n k^(d-1)) in each execution.
//
// Beyond the paper: store buffers have priorities of their own, and who yields, hogs the processor
// or ends a sleep by letting time pass drops below all others too, since strict priorities would
// let a spinning thread starve the one it waits for. Of the k steps only those count at which there
// is a choice; k is what the longest execution so far had.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "model/explore/crash_aim.h"
#include "model/explore/explorers.h"
#include "model/explore/swarm.h"

namespace engram::world {
namespace {

class PctExplorer final : public Explorer {
 public:
  PctExplorer(uint64_t seed, uint32_t depth, bool aims_crashes)
      : swarm_(seed), depth_(depth), aims_crashes_(aims_crashes) {}

  bool Begin(const Scheduler& scheduler) override {
    scheduler_ = &scheduler;
    swarm_.Begin(execution_++);
    Random& random = swarm_.random();
    for (uint64_t& priority : priorities_) priority = kInitial | (random.Next() >> 32);
    lowest_ = kInitial;
    yielding_ = 0;
    for (uint32_t i = 0; i + 1 < depth_; ++i) changes_[i] = random.Below(length_);
    std::sort(changes_.begin(), changes_.begin() + (depth_ - 1));
    next_change_ = 0;
    decisions_ = 0;
    in_a_row_ = 0;
    if (aims_crashes_) aim_.Begin(random);
    return true;
  }

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    if (aims_crashes_ && name.kind == ChoiceKind::kCrash) return aim_.Choose(name, alternatives);
    if (name.kind != ChoiceKind::kSchedule) return swarm_.Choose(name.kind, alternatives);
    LowerYielding(alternatives);
    uint32_t best = Highest(alternatives);
    while (next_change_ + 1 < depth_ && decisions_ >= changes_[next_change_]) {
      ++next_change_;
      Lower(scheduler_->CandidateAt(best).actor);
      best = Highest(alternatives);
    }
    ++decisions_;
    const Candidate candidate = scheduler_->CandidateAt(best);
    in_a_row_ = candidate.actor == last_ ? in_a_row_ + 1 : 0;
    last_ = candidate.actor;
    if (candidate.timed || in_a_row_ >= kInARowMax) {
      Lower(candidate.actor);
      in_a_row_ = 0;
    }
    return best;
  }

  bool End() override {
    length_ = std::max(length_, decisions_);
    aim_.End();
    return true;
  }
  std::optional<uint64_t> operation_list() const override { return execution_ - 1; }

 private:
  static constexpr uint64_t kInitial = uint64_t{1} << 32;  // priorities below it have been lowered
  static constexpr uint32_t kInARowMax = 500;

  uint32_t Highest(uint32_t alternatives) const {
    uint32_t best = 0;
    uint64_t highest = 0;
    for (uint32_t i = 0; i < alternatives; ++i) {
      const uint64_t priority = priorities_[scheduler_->CandidateAt(i).actor];
      if (priority > highest) {
        highest = priority;
        best = i;
      }
    }
    return best;
  }

  void Lower(Actor actor) { priorities_[actor] = --lowest_; }

  // A thread about to yield drops once per yield.
  void LowerYielding(uint32_t alternatives) {
    for (uint32_t i = 0; i < alternatives; ++i) {
      const Candidate candidate = scheduler_->CandidateAt(i);
      const uint64_t bit = uint64_t{1} << candidate.actor;
      if (candidate.step->kind != StepKind::kYield) {
        yielding_ &= ~bit;
      } else if ((yielding_ & bit) == 0) {
        yielding_ |= bit;
        Lower(candidate.actor);
      }
    }
  }

  Swarm swarm_;
  const uint32_t depth_;
  const bool aims_crashes_;
  CrashAim aim_;
  const Scheduler* scheduler_ = nullptr;
  uint64_t execution_ = 0;
  uint32_t length_ = 16;    // decisions of the longest execution so far; a guess at first
  uint32_t decisions_ = 0;  // of this execution
  std::array<uint64_t, 2 * kThreadsMax> priorities_{};  // by actor, all different but for accidents
  uint64_t lowest_ = 0;
  uint64_t yielding_ = 0;  // actors that have been lowered for the yield they are at
  std::array<uint32_t, 3> changes_{};
  uint32_t next_change_ = 0;
  Actor last_ = 0;
  uint32_t in_a_row_ = 0;
};

}  // namespace

std::unique_ptr<Explorer> MakePctExplorer(uint64_t seed, uint32_t depth, bool aims_crashes) {
  return std::make_unique<PctExplorer>(seed, depth, aims_crashes);
}

}  // namespace engram::world
