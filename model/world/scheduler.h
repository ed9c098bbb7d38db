// The scheduler of the simulated world: runs the program's threads as fibers of one OS thread, stops each
// before every operation of sync/ and io/, and lets Choices decide who goes on.
//
// What it promises: an execution is a pure function of the program, its operations and the answers of
// Choices; the event hash is the same in every build. Deadlock, lost wake-up, lock-order inversion and
// starvation end the execution as failures. It is not an explorer: it decides nothing itself.
//
// Default schedule: the current thread goes on until it blocks, yields or ends; then store buffers drain, then
// the next thread in cyclic order runs; simulated time advances when nobody else can go on.
//
// Executions that fail in mid-way leave their fibers' stacks behind unwound: what those own is leaked, and
// leak checking is off for the rest of the process.

#ifndef ENGRAM_MODEL_WORLD_SCHEDULER_H_
#define ENGRAM_MODEL_WORLD_SCHEDULER_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/bounds.h"
#include "model/world/choices.h"
#include "model/world/failure.h"
#include "model/world/step.h"
#include "sync/runtime.h"

namespace engram::world {

class Fiber;

// One of those who could take the next step.
struct Candidate {
  Actor actor = 0;
  bool timed = false;  // would end a sleep or a timed wait by letting simulated time pass
  const Step* step = nullptr;  // what it would do
};

// Thread safety: confined to one OS thread. One execution at a time: Begin, then RunEra (once, and once
// more after each crash), then End.
class Scheduler final : public sync::Runtime {
 public:
  Scheduler();
  ~Scheduler() override;

  // ---- For the driver of executions; called on the main stack.

  // Forgets the last execution. `choices` must outlive End.
  void Begin(const Bounds& bounds, Choices& choices);
  // Runs `main` as thread 0, and everything it spawns, until all have ended, the execution failed, or it
  // crashed. After a crash the threads run out with default choices on dead files, unhashed and bounded.
  void RunEra(std::function<void()> main);
  void End();

  bool crashed() const { return crashed_; }    // the last era ended in a crash
  bool failed() const { return failure_.has_value(); }
  const std::optional<Failure>& failure() const { return failure_; }
  // Everything that was decided, done and seen, as one number.
  uint64_t event_hash() const { return event_hash_; }
  // Decisions other than the default, in the order in which they were made.
  const std::vector<Deviation>& deviations() const { return deviations_; }
  // How many deviations were among the answers so far to choices of `kind`.
  uint32_t step_count() const { return step_count_; }
  // Steps in order, of all eras; valid until the next Begin.
  const Step* steps() const { return steps_.get(); }

  // ---- For explorers; valid inside Choices::Choose for a kSchedule choice.

  // Alternative `index`: the current thread if it can go on, then the other runnable threads in cyclic order,
  // then store buffers, then those that wait for time; but store buffers come before threads when the current
  // thread cannot go on.
  Candidate CandidateAt(uint32_t index) const;
  // Whether alternative 0 is the thread that took the last step, so that any other is a preemption.
  bool current_continues() const { return current_continues_; }
  // Choices of the current decision's candidates that are drained into memory at once, by number.
  const Step& pending(uint32_t thread) const;

  // ---- For the rest of the world; called on a thread's fiber, except where noted.

  // Stops before `step` (actor is filled in), returns when it may take effect. Outside of RunEra returns at once.
  void TakeStep(Step step);
  // Decides a matter of the calling thread; 0 without asking if `alternatives` < 2 or while winding down.
  uint32_t Choose(ChoiceKind kind, uint32_t alternatives);
  // As Choose, for a decision whose operation and occurrence name a page or a file instead.
  uint32_t ChooseAbout(ChoiceKind kind, uint16_t operation, uint32_t occurrence, uint32_t alternatives);
  // Mixes what a thread saw into the event hash. No effect while winding down.
  void Observe(uint64_t value);
  // Enters (id > 0) or leaves (0) an operation: decisions are named after it.
  void SetOperation(uint16_t id);
  // Ends the execution with `failure`. On a fiber it does not return; elsewhere it does. The first failure counts.
  void Fail(Failure failure);
  // The world has crashed: this thread and all others wind down. Returns.
  void Crash();
  // Whether a crash has happened and threads are running out: I/O must fail with UNAVAILABLE.
  bool winding_down() const { return winding_down_; }
  // Whether the caller is a simulated thread (not the main stack).
  bool on_fiber() const { return current_ != kNobody; }
  uint32_t era() const { return era_; }
  const Bounds& bounds() const { return bounds_; }
  // What thread `number` of this era is called.
  const std::string& thread_name(uint32_t number) const;
  // Called with each report of ThreadSanitizer; the execution fails when it ends.
  void ReportDataRace(std::string text);

  // ---- sync::Runtime.
