// The explorers: each is a way of answering Choices, execution after execution.
//
// They run on the program's fibers, so what they do beyond looking at their own tables is hidden
// from ThreadSanitizer, and they never look at anything but the scheduler's candidates and steps,
// and at numbers that stand for what a crash would leave.

#ifndef ENGRAM_MODEL_EXPLORE_EXPLORERS_H_
#define ENGRAM_MODEL_EXPLORE_EXPLORERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/explore/crash_memory.h"
#include "model/explore/explore.h"
#include "model/explore/tree_estimate.h"
#include "model/world/choices.h"
#include "model/world/scheduler.h"

namespace engram::world {

// Thread safety: confined to one OS thread.
class Explorer : public Choices {
 public:
  // Starts the next execution. False if there is nothing left to explore. `scheduler` is the one
  // whose choices it will be asked for; it may look at candidates and steps.
  virtual bool Begin(const Scheduler& scheduler) = 0;
  // The execution is over, and `scheduler` still remembers it. Returns whether it counts: false if
  // it was found equivalent to another.
  virtual bool End() = 0;
  // Which operations the execution that was just begun gets: the same list for the same number;
  // nothing: always those of the seed itself.
  virtual std::optional<uint64_t> operation_list() const = 0;

  // What it may remember crashes by; as Runner::StateAfter, inside of kCrash choices. Only before
  // the first execution.
  using StateAfter = std::function<std::optional<uint64_t>(uint32_t crash)>;
  virtual void RememberCrashes(const StateAfter&) {}
  // What it remembered; null if nothing.
  virtual const CrashMemory* crash_memory() const { return nullptr; }
  // How much is left, if it has an end and an idea of it.
  virtual std::optional<ClassesLeft> classes_left() const { return std::nullopt; }
};

// Random walks; per execution, weights are drawn for each kind of choice and for each thread, and
// some kinds are off (swarm testing: Groce et al., ISSTA 2012). Execution n is a function of (seed,
// n). If it `aims_crashes`, where they come is not by odds; see crash_aim.h.
std::unique_ptr<Explorer> MakeRandomExplorer(uint64_t seed, bool aims_crashes = false);

// Priorities over threads with depth - 1 changes at random steps (PCT: Burckhardt et al., ASPLOS
// 2010); other kinds of choice as in the random explorer. `depth` in 1..4. Execution n is a
// function of (seed, n) and of the length of the longest execution before it.
std::unique_ptr<Explorer> MakePctExplorer(uint64_t seed, uint32_t depth, bool aims_crashes = false);

// Priorities over events, drawn anew where events race (partial order sampling: Yuan, Yang, Gu, CAV
// 2018); other kinds of choice as in the random explorer. Execution n is a function of (seed, n).
std::unique_ptr<Explorer> MakePosExplorer(uint64_t seed, bool aims_crashes = false);

// Walks as the pos explorer's, most of which begin as an earlier one did that showed something new
// (after Wolff et al., ASPLOS 2024). Execution n is a function of the seed and of the executions
// before it.
std::unique_ptr<Explorer> MakeCoverageExplorer(uint64_t seed, bool aims_crashes = false);

// Every choice within the bounds. Without a bound on preemptions, one execution per class of
// equivalent schedules, by source-set dynamic partial-order reduction with sleep sets (Abdulla et
// al., POPL 2014); with such a bound no reduction, because sleep sets would lose schedules within
// it. Dies if the program does not do the same thing again when it is given the same answers. What
// comes after a crash is explored once for each state that it leaves, if these are known.
std::unique_ptr<Explorer> MakeExhaustiveExplorer(const Bounds& bounds);

// Answers with `deviations` where they are named and the default elsewhere.
class ReplayExplorer final : public Explorer {
 public:
  explicit ReplayExplorer(std::span<const Deviation> deviations);
  ~ReplayExplorer() override;

  uint32_t Choose(const Name& name, uint32_t alternatives) override;
  bool Begin(const Scheduler& scheduler) override;
  bool End() override;
  std::optional<uint64_t> operation_list() const override { return std::nullopt; }

  // Deviations that were not asked for, or asked for with too few alternatives, in the last
  // execution.
  const std::vector<Deviation>& unused() const { return unused_; }
  // In the last execution, how many steps had been taken at each of the scheduler's deviations, in
  // their order.
  const std::vector<uint32_t>& deviation_steps() const { return deviation_steps_; }

 private:
  const Scheduler* scheduler_ = nullptr;
  std::vector<Deviation> sorted_;
  std::vector<uint8_t> used_;  // parallel to sorted_
  std::vector<Deviation> unused_;
  std::vector<uint32_t> deviation_steps_;
};

// The explorer that `options` describes; INVALID_ARGUMENT naming the choices if there is none of
// that name.
absl::StatusOr<std::unique_ptr<Explorer>> MakeExplorer(const ExplorerOptions& options,
                                                       const Bounds& bounds);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_EXPLORERS_H_
