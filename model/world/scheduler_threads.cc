// Threads, yielding and simulated time as steps.

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "base/check.h"
#include "model/world/sanitizers.h"
#include "model/world/scheduler.h"
#include "model/world/scheduler_thread.h"

namespace engram::world {
namespace {

constexpr sync::ObjectId kClock{0xFFFFFFFEu};
constexpr sync::ObjectId kSpawner{0xFFFFFFFDu};

}  // namespace

uint32_t Scheduler::Spawn(std::string name, std::function<void()> body,
                          const sync::Location& where) {
  ENGRAM_CHECK(on_fiber(), "threads are spawned by the program, not by its judge or constructor");
  ENGRAM_CHECK(thread_count_ < kThreadsMax - 1, "a world has room for 31 threads");
  Thread& self = Self();
  self.pending = StepOn(StepKind::kSpawn, kSpawner, Access::kWrite, where, /*flushes=*/true);
  self.pending.second = sync::ObjectId{(era_ << 28) | (0xFEu << 20) | thread_count_};
  self.pending.second_access = Access::kWrite;
  Await(self);
  const uint32_t number = thread_count_;
  // Others may have spawned threads while this one waited for its turn.
  if (!winding_down_) steps_[step_count_ - 1].second.value = (era_ << 28) | (0xFEu << 20) | number;
  StartThread(number, std::move(name), std::move(body));
  return number;
}

void Scheduler::Join(uint32_t thread, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kJoin, sync::ObjectId{(era_ << 28) | (0xFEu << 20) | thread},
                        Access::kRead, where, /*flushes=*/true);
  self.join_target = thread;
  Await(self);
  TsanAcquire(&threads_[thread].pending);
}

uint32_t Scheduler::CurrentThread() const { return on_fiber() ? current_ : 0; }

void Scheduler::Yield(const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kYield, sync::ObjectId{}, Access::kLocal, where);
  yielded_ |= self.bit();
  Await(self);
}

void Scheduler::SleepFor(int64_t duration_ns, const sync::Location& where) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kTimeout, kClock, Access::kWrite, where);
  self.deadline_ns = now_ns_ + std::max<int64_t>(duration_ns, 0);
  self.asleep = true;
  self.condition = nullptr;
  timed_ |= self.bit();
  Await(self);
}

// Simulated time reaches the deadline of a sleeping thread. Later deadlines may come first: a
// thread can be late.
void Scheduler::ExpireTimer(Thread& thread) {
  now_ns_ = std::max(now_ns_, thread.deadline_ns);
  idle_yields_ = 0;
  yielded_ = 0;
  Step step = thread.pending;
  step.actor = static_cast<Actor>(thread.number);
  if (!winding_down_) {
    if (step_count_ >= bounds_.steps_max) FailStarved();
    Mix((uint64_t{static_cast<uint8_t>(step.kind)} << 40) | (uint64_t{step.actor} << 32) |
        step.object.value);
    steps_[step_count_++] = step;
  }
  timed_ &= ~thread.bit();
  if (thread.condition != nullptr) {
    thread.timed_out = true;
    Wake(thread.number, 0);
  } else {
    thread.asleep = false;
    thread.pending = StepOn(StepKind::kSleep, sync::ObjectId{}, Access::kLocal, step.where);
    UpdateRunnable(thread.number);
  }
}

}  // namespace engram::world
