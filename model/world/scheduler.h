// The scheduler of the simulated world: runs the program's threads as fibers of one OS thread,
// stops each before every operation of sync/ and io/, and lets Choices decide who goes on.
//
// What it promises: an execution is a pure function of the program, its operations and the answers
// of Choices; the event hash is the same in every build. Deadlock, lost wake-up, lock-order
// inversion and starvation end the execution as failures. It is not an explorer: it decides nothing
// itself.
//
// Default schedule: the current thread goes on until it blocks, yields or ends; then store buffers
// drain, then the next thread in cyclic order runs; simulated time advances when nobody else can go
// on.
//
// Executions that fail in mid-way leave their fibers' stacks behind unwound: what those own is
// leaked, and leak checking is off for the rest of the process.

#ifndef ENGRAM_MODEL_WORLD_SCHEDULER_H_
#define ENGRAM_MODEL_WORLD_SCHEDULER_H_

#include <array>
#include <cstddef>
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
  bool timed = false;          // would end a sleep or a timed wait by letting simulated time pass
  const Step* step = nullptr;  // what it would do
};

// Thread safety: confined to one OS thread. One execution at a time: Begin, then RunEra (once, and
// once more after each crash), then End.
class Scheduler final : public sync::Runtime {
 public:
  Scheduler();
  ~Scheduler() override;

  // ---- For the driver of executions; called on the main stack.

  // Forgets the last execution. `choices` must outlive End.
  void Begin(const Bounds& bounds, Choices& choices);
  // Runs `main` as thread 0, and everything it spawns, until all have ended, the execution failed,
  // or it crashed. After a crash the threads run out with default choices on dead files, unhashed
  // and bounded.
  void RunEra(std::function<void()> main);
  void End();

  bool crashed() const { return crashed_; }  // the last era ended in a crash
  bool failed() const { return failure_.has_value(); }
  const std::optional<Failure>& failure() const { return failure_; }
  // Everything that was decided, done and seen, as one number.
  uint64_t event_hash() const { return event_hash_; }
  // Decisions other than the default, in the order in which they were made.
  const std::vector<Deviation>& deviations() const { return deviations_; }
  uint32_t step_count() const { return step_count_; }
  // Stands for what an era finds here of those before it: the time, and what is left of the bounds
  // but for steps_max.
  uint64_t StateBetweenEras() const;
  // Steps in order, of all eras; valid until the next Begin.
  const Step* steps() const { return steps_; }

  // ---- For explorers; valid inside Choices::Choose for a kSchedule choice.

  // Alternative `index`: the current thread if it can go on, then store buffers, then the other
  // runnable threads in cyclic order, then those that wait for time. What a used-up bound on
  // preemptions takes away stands at the end, so that an index means the same with and without it.
  Candidate CandidateAt(uint32_t index) const;
  // Whether alternative 0 is the thread that took the last step, so that any other is a preemption.
  bool current_continues() const { return current_continues_; }

  // ---- For the rest of the world; called on a thread's fiber, except where noted.

  // Stops before `step` (actor is filled in), returns when it may take effect. Outside of RunEra
  // returns at once.
  void TakeStep(Step step);
  // Decides a matter of the calling thread; 0 without asking if `alternatives` < 2 or while winding
  // down.
  uint32_t Choose(ChoiceKind kind, uint32_t alternatives);
  // As Choose, for a decision whose operation and occurrence name a page or a file instead.
  uint32_t ChooseAbout(ChoiceKind kind, uint16_t operation, uint32_t occurrence,
                       uint32_t alternatives);
  // Mixes what a thread saw into the event hash. No effect while winding down.
  void Observe(uint64_t value);
  // Enters (id > 0) or leaves (0) an operation: decisions are named after it.
  void SetOperation(uint16_t id);
  // Ends the execution with `failure`. On a fiber it does not return; elsewhere it does. The first
  // failure counts.
  void Fail(Failure failure);
  // The world has crashed: this thread and all others wind down. Returns.
  void Crash();
  // Whether a crash has happened and threads are running out: I/O must fail with UNAVAILABLE.
  bool winding_down() const { return winding_down_; }
  // Whether the caller is a simulated thread (not the main stack).
  bool on_fiber() const { return current_ != kNobody; }
  uint32_t era() const { return era_; }
  const Bounds& bounds() const { return bounds_; }
  // How many threads the last era has had, and what thread `number` of it is called.
  uint32_t thread_count() const { return thread_count_; }
  const std::string& thread_name(uint32_t number) const;

  // ---- sync::Runtime.

  sync::ObjectId NameObject(sync::ObjectKind kind) override;
  void Lock(sync::MutexState& mutex, sync::LockMode mode, const sync::Location& where) override;
  bool TryLock(sync::MutexState& mutex, sync::LockMode mode, const sync::Location& where) override;
  void Unlock(sync::MutexState& mutex, sync::LockMode mode, const sync::Location& where) override;
  void DestroyMutex(sync::MutexState& mutex) override;
  bool Holds(const sync::MutexState& mutex, sync::LockMode mode) const override;
  bool Wait(sync::CondVarState& condition, sync::MutexState& mutex, const int64_t* deadline_ns,
            const sync::Location& where) override;
  void Notify(sync::CondVarState& condition, bool all, const sync::Location& where) override;
  void DestroyCondVar(sync::CondVarState& condition) override;
  uint64_t Load(const sync::AtomicCell& cell, std::memory_order order,
                const sync::Location& where) override;
  void Store(sync::AtomicCell& cell, uint64_t bits, std::memory_order order,
             const sync::Location& where) override;
  uint64_t ReadModifyWrite(sync::AtomicCell& cell, sync::ModifyFunction modify, uint64_t operand,
                           std::memory_order order, const sync::Location& where) override;
  bool CompareExchange(sync::AtomicCell& cell, uint64_t& expected, uint64_t desired, bool weak,
                       std::memory_order success, std::memory_order failure,
                       const sync::Location& where) override;
  void DestroyAtomic(sync::AtomicCell& cell) override;
  void Fence(const sync::Location& where) override;
  uint32_t Spawn(std::string name, std::function<void()> body,
                 const sync::Location& where) override;
  void Join(uint32_t thread, const sync::Location& where) override;
  uint32_t CurrentThread() const override;
  void Yield(const sync::Location& where) override;
  void SleepFor(int64_t duration_ns, const sync::Location& where) override;
  int64_t NowNs() override { return now_ns_; }

 private:
  static constexpr uint32_t kNobody = 255;  // the main stack
  // A thread that takes this many steps in a row while others could go on is treated as if it had
  // yielded, so that a loop that spins without Yield cannot keep the default schedule from ending.
  static constexpr uint32_t kSliceStepsMax = 1000;
  // After so many yields without time passing, time passes by default before those who yield go on.
  static constexpr uint32_t kIdleYieldsMax = 64;

  struct Thread;

  // ---- Dispatching (scheduler.cc).
  static void FiberMain(void* thread);
  void StartThread(uint32_t number, std::string name, std::function<void()> body);
  void FinishThread();
  void Reset(Thread& thread);
  // Stops the calling thread before its `pending` step and lets others go first as decided. Returns
  // when it is chosen. The step is then recorded.
  void Await(Thread& self);
  void Dispatch(Thread& self);
  void CountCandidates();
  Actor ActorAt(uint32_t index, bool* timed) const;
  void SwitchTo(Thread& next);
  void LeaveToMain();
  void AbandonThreads();
  void Record(Step& step);
  void RecordDeviation(const Name& name, uint32_t value);
  uint32_t Ask(const Name& name, uint32_t alternatives);
  void Mix(uint64_t value) {
    event_hash_ = (event_hash_ ^ value) * 0x9E3779B97F4A7C15u;
    event_hash_ ^= event_hash_ >> 29;
  }
  Name NameOf(Thread& thread, ChoiceKind kind);
  Thread& Self();

  // ---- What threads wait for (scheduler_locks.cc, scheduler_atomics.cc, scheduler_threads.cc).
  bool Enabled(const Thread& thread) const;
  void UpdateRunnable(uint32_t thread);
  void UpdateWaiters(const sync::MutexState& mutex);
  // Adds `thread` to those whose next step is to lock `mutex`; sets its pending step.
  void AwaitLock(Thread& thread, sync::MutexState& mutex, sync::LockMode mode,
                 const sync::Location& where);
  void TakeLock(Thread& self, sync::MutexState& mutex, sync::LockMode mode,
                const sync::Location& where, bool blocking);
  void ReleaseLock(Thread& self, sync::MutexState& mutex, sync::LockMode mode);
  void Wake(uint32_t thread, uint32_t caused_by);
  void ExpireTimer(Thread& thread);
  uint64_t Modify(sync::AtomicCell& cell, uint64_t bits, std::memory_order order);
  void DrainOldest(Thread& thread);
  void UpdateDrainable(Thread& thread);

  // ---- Failures (scheduler_failures.cc).
  void FailStuck();    // nobody can go on
  void FailStarved();  // too many steps
  std::string DescribeThread(const Thread& thread) const;
  std::string DescribeObject(sync::ObjectId object) const;
  // Notes that `self` takes `mutex` while holding others; fails on a cycle.
  void CheckLockOrder(const Thread& self, const sync::MutexState& mutex,
                      const sync::Location& where);

  // Sets of threads, one bit each.
  uint32_t runnable_ = 0;   // their pending step can be taken
  uint32_t drainable_ = 0;  // their store buffer is not empty
  uint32_t timed_ = 0;      // they wait for simulated time
  uint32_t yielded_ = 0;    // they let others go first
  uint32_t finished_ = 0;

  // The decision being made.
  uint32_t candidate_threads_ = 0;
  uint32_t candidate_buffers_ = 0;
  uint32_t candidate_timers_ = 0;
  bool current_continues_ = false;
  bool timers_first_ = false;

  uint32_t current_ = kNobody;
  uint32_t thread_count_ = 0;
  uint32_t slice_steps_ = 0;
  uint32_t idle_yields_ = 0;
  uint32_t preemptions_ = 0;
  uint32_t spurious_wakeups_ = 0;
  uint32_t weak_failures_ = 0;
  uint32_t winding_steps_ = 0;
  uint32_t era_ = 0;
  uint32_t main_objects_ = 0;
  bool winding_down_ = false;
  bool crashed_ = false;
  int64_t now_ns_ = 0;

  Choices* choices_ = nullptr;
  Bounds bounds_;
  uint64_t event_hash_ = 0;
  std::unique_ptr<std::byte[]> step_room_;
  Step* steps_ = nullptr;  // in step_room_
  uint32_t steps_capacity_ = 0;
  uint32_t step_count_ = 0;
  std::vector<Deviation> deviations_;
  std::optional<Failure> failure_;

  // "While holding `first`, `second` was taken", in the order in which it was first seen.
  struct LockOrder {
    sync::ObjectId first, second;
    uint32_t thread = 0;
    sync::Location first_at, second_at;
  };
  std::vector<LockOrder> lock_order_;

  std::unique_ptr<Thread[]> threads_;
  std::unique_ptr<Fiber> main_fiber_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SCHEDULER_H_
