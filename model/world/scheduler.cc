// Dispatching: who takes the next step, and the life of threads, eras and executions.
// The operations of sync/ are in scheduler_{locks,atomics,threads}.cc, what a failure says in
// scheduler_failures.cc.

#include "model/world/scheduler.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <exception>
#include <string>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "model/world/allocation_faults.h"
#include "model/world/sanitizers.h"
#include "model/world/scheduler_thread.h"
#include "model/world/state_hash.h"

namespace engram::world {
namespace {

// The `index`-th member of `set` in cyclic order, beginning after `after`.
uint32_t NthAfter(uint32_t set, uint32_t after, uint32_t index) {
  uint32_t rotated = std::rotr(set, static_cast<int>((after + 1) % kThreadsMax));
  for (; index > 0; --index) rotated &= rotated - 1;
  return (static_cast<uint32_t>(std::countr_zero(rotated)) + after + 1) % kThreadsMax;
}

uint32_t CountOf(uint32_t set) { return static_cast<uint32_t>(std::popcount(set)); }

}  // namespace

Scheduler::Scheduler()
    : threads_(std::make_unique<Thread[]>(kThreadsMax)),
      main_fiber_(std::make_unique<Fiber>(Fiber::ThisStack{})) {
  for (uint32_t i = 0; i < kThreadsMax; ++i) {
    threads_[i].scheduler = this;
    threads_[i].number = i;
  }
  SilenceReports();
}

Scheduler::~Scheduler() = default;

void Scheduler::Begin(const Bounds& bounds, Choices& choices) {
  bounds_ = bounds;
  choices_ = &choices;
  if (steps_capacity_ < bounds.steps_max) {
    steps_capacity_ = bounds.steps_max;
    // Room that nobody touches before there is a step for it: most executions are short.
    static_assert(std::is_trivially_copyable_v<Step> && std::is_trivially_destructible_v<Step>);
    step_room_ = std::make_unique_for_overwrite<std::byte[]>(steps_capacity_ * sizeof(Step));
    steps_ = reinterpret_cast<Step*>(step_room_.get());
  }
  step_count_ = 0;
  deviations_.clear();
  lock_order_.clear();
  failure_.reset();
  event_hash_ = 0;
  era_ = 0;
  now_ns_ = 0;
  crashed_ = false;
  preemptions_ = spurious_wakeups_ = weak_failures_ = 0;
  main_objects_ = 0;
  thread_count_ = 0;
  sync::Runtime::SetCurrent(this);
}

void Scheduler::End() {
  choices_ = nullptr;
  sync::Runtime::SetCurrent(nullptr);
}

uint64_t Scheduler::StateBetweenEras() const {
  StateHash state;
  state.Add(static_cast<uint64_t>(now_ns_));
  if (bounds_.preemptions_max != kUnbounded) state.Add(preemptions_);
  state.Add(spurious_wakeups_);
  state.Add(weak_failures_);
  return state.value();
}

void Scheduler::RunEra(std::function<void()> main) {
  ENGRAM_CHECK(!on_fiber(), "RunEra is called on the main stack");
  if (crashed_) {
    ++era_;
    ENGRAM_CHECK(era_ < 8, "names have room for eight eras");
  }
  crashed_ = false;
  winding_down_ = false;
  runnable_ = drainable_ = timed_ = yielded_ = finished_ = 0;
  slice_steps_ = winding_steps_ = idle_yields_ = 0;
  thread_count_ = 0;
  StartThread(0, "main", std::move(main));
  current_ = 0;
  Fiber::Switch(*main_fiber_, *threads_[0].fiber);
  current_ = kNobody;
  AbandonThreads();
  winding_down_ = false;
  if (std::string race = TakeRaceReport(); !race.empty()) {
    Fail({FailureKind::kDataRace, "data race", std::move(race)});
  }
}

// Takes the stacks back. After a failure some threads have not ended: they are left as they are.
void Scheduler::AbandonThreads() {
  for (uint32_t i = 0; i < thread_count_; ++i) {
    Thread& thread = threads_[i];
    thread.fiber->HappensBefore(*main_fiber_);
    if ((finished_ & thread.bit()) != 0) {
      thread.body = nullptr;
    } else {
      // Nobody will ever return to the stack, which may refer to what the body has captured.
      static_cast<void>(new std::function<void()>(std::move(thread.body)));
      thread.body = nullptr;
      for (uint32_t held = 0; held < std::min(thread.held_count, Thread::kHeldMax); ++held) {
        TsanForgetMutex(thread.held[held].mutex);
      }
      thread.fiber->Abandon();
      StopLookingForLeaks();
    }
  }
}

void Scheduler::StartThread(uint32_t number, std::string name, std::function<void()> body) {
  Thread& thread = threads_[number];
  if (thread.fiber == nullptr) thread.fiber = std::make_unique<Fiber>(&FiberMain, &thread);
  thread.body = std::move(body);
  thread.name = std::move(name);
  Reset(thread);
  thread.pending = Step();
  thread.pending.access = Access::kRead;
  thread.pending.object = sync::ObjectId{(era_ << 28) | (0xFEu << 20) | number};
  thread_count_ = number + 1;
  UpdateRunnable(number);
  TsanRelease(&thread);
}

void Scheduler::Reset(Thread& thread) {
  thread.mutex = nullptr;
  thread.condition = nullptr;
  thread.asleep = thread.timed_out = false;
  thread.operation = 0;
  thread.objects = 0;
  thread.occurrences.fill(0);
  thread.occurrences_outside.fill(0);
  thread.buffer_first = thread.buffer_count = 0;
  thread.held_count = 0;
}

// Each fiber serves one thread number, execution after execution.
void Scheduler::FiberMain(void* argument) {
  auto& thread = *static_cast<Thread*>(argument);
  for (;;) {
    TsanAcquire(&thread);
    Scheduler& scheduler = *thread.scheduler;
    scheduler.Record(thread.pending);
    std::string exception_text;
    try {
      thread.body();
    } catch (const std::exception& exception) {
      exception_text = exception.what();
    } catch (...) {
      exception_text = "of a type not derived from std::exception";
    }
    if (!exception_text.empty()) {
      scheduler.Fail({FailureKind::kException, "exception left a thread",
                      "thread '" + thread.name + "' ended with an exception: " + exception_text});
    }
    scheduler.FinishThread();
  }
}

void Scheduler::FinishThread() {
  Thread& self = Self();
  self.pending = Step();
  self.pending.kind = StepKind::kExit;
  self.pending.access = Access::kWrite;
  self.pending.flushes = true;
  self.pending.object = sync::ObjectId{(era_ << 28) | (0xFEu << 20) | self.number};
  Await(self);
  TsanRelease(&self.pending);
  finished_ |= self.bit();
  runnable_ &= ~self.bit();
  for (uint32_t i = 0; i < thread_count_; ++i) {
    if (threads_[i].pending.kind == StepKind::kJoin) UpdateRunnable(i);
  }
  if (CountOf(finished_) == thread_count_) {
    LeaveToMain();
  } else {
    Dispatch(self);
  }
}

void Scheduler::Await(Thread& self) {
  UpdateRunnable(self.number);
  Dispatch(self);
  Record(self.pending);
}

// Counts who could take the next step. What the alternatives mean, in order, is CandidateAt's
// contract.
void Scheduler::CountCandidates() {
  candidate_threads_ = runnable_ & ~yielded_;
  candidate_buffers_ = drainable_;
  candidate_timers_ = timed_;
  current_continues_ = current_ < kThreadsMax && ((candidate_threads_ >> current_) & 1) != 0;
  if (candidate_threads_ == 0) candidate_threads_ = runnable_;
  // Those who can run only wait for each other: let buffers drain, then time pass, then them.
  timers_first_ = !current_continues_ && idle_yields_ >= kIdleYieldsMax;
  if (current_continues_ && preemptions_ >= bounds_.preemptions_max) {
    candidate_threads_ = uint32_t{1} << current_;
    candidate_timers_ = 0;
  }
}

Actor Scheduler::ActorAt(uint32_t index, bool* timed) const {
  *timed = false;
  uint32_t threads = candidate_threads_;
  if (current_continues_) {
    if (index == 0) return static_cast<Actor>(current_);
    --index;
    threads &= ~(uint32_t{1} << current_);
  }
  const uint32_t buffers = CountOf(candidate_buffers_);
  if (index < buffers) return BufferOf(NthAfter(candidate_buffers_, current_, index));
  index -= buffers;
  const uint32_t firsts = timers_first_ ? candidate_timers_ : threads;
  const uint32_t seconds = timers_first_ ? threads : candidate_timers_;
  const bool among_firsts = index < CountOf(firsts);
  *timed = among_firsts == timers_first_;
  return static_cast<Actor>(among_firsts ? NthAfter(firsts, current_, index)
                                         : NthAfter(seconds, current_, index - CountOf(firsts)));
}

Candidate Scheduler::CandidateAt(uint32_t index) const {
  Candidate candidate;
  candidate.actor = ActorAt(index, &candidate.timed);
  candidate.step = candidate.actor < kThreadsMax ? &threads_[candidate.actor].pending
                                                 : &threads_[candidate.actor - kThreadsMax].drain;
  return candidate;
}

void Scheduler::Dispatch(Thread& self) {
  for (;;) {
    CountCandidates();
    const uint32_t alternatives =
        CountOf(candidate_threads_) + CountOf(candidate_buffers_) + CountOf(candidate_timers_);
    if (alternatives == 0) [[unlikely]] {
      FailStuck();
      LeaveToMain();
    }
    uint32_t index = 0;
    const Name name = NameOf(self, ChoiceKind::kSchedule);
    if (alternatives > 1 && !winding_down_) index = Ask(name, alternatives);
    bool timed = false;
    const Actor actor =
        index == 0 && current_continues_ ? static_cast<Actor>(current_) : ActorAt(index, &timed);
    if (actor >= kThreadsMax) {
      DrainOldest(threads_[actor - kThreadsMax]);
    } else if (timed) {
      ExpireTimer(threads_[actor]);
    } else {
      if (actor == self.number) return;
      if (current_continues_) ++preemptions_;
      slice_steps_ = 0;
      SwitchTo(threads_[actor]);
      return;  // chosen by somebody else
    }
  }
}

void Scheduler::SwitchTo(Thread& next) {
  Thread& self = Self();
  current_ = next.number;
  Fiber::Switch(*self.fiber, *next.fiber);
}

void Scheduler::LeaveToMain() {
  Thread& self = Self();
  Fiber::Switch(*self.fiber, *main_fiber_);
}

void Scheduler::Record(Step& step) {
  Thread& self = Self();
  step.actor = static_cast<Actor>(current_);
  yielded_ = 0;  // who yielded may go again once somebody has taken a step
  if (step.kind == StepKind::kYield) ++idle_yields_;
  if (++slice_steps_ >= kSliceStepsMax) {
    yielded_ |= self.bit();
    slice_steps_ = 0;
  }
  if (winding_down_) [[unlikely]] {
    if (++winding_steps_ > bounds_.steps_max) FailStarved();
    return;
  }
  if (step_count_ >= bounds_.steps_max) [[unlikely]]
    FailStarved();
  Mix((uint64_t{static_cast<uint8_t>(step.kind)} << 40) | (uint64_t{step.actor} << 32) |
      step.object.value);
  steps_[step_count_++] = step;
  step.caused_by = 0;
}

Name Scheduler::NameOf(Thread& thread, ChoiceKind kind) {
  return Name{static_cast<uint8_t>((era_ << 5) | thread.number), kind, thread.operation,
              thread.occurrences[static_cast<size_t>(kind)]++};
}

uint32_t Scheduler::Ask(const Name& name, uint32_t alternatives) {
  uint32_t value = 0;
  {
    const KernelScope kernel;  // explorers keep their books on whatever stack they are asked
    value = choices_->Choose(name, alternatives);
  }
  ENGRAM_CHECK(value < alternatives, "an explorer chose an alternative that does not exist");
  if (value != 0) RecordDeviation(name, value);
  Mix((uint64_t{static_cast<uint8_t>(name.kind)} << 56) | (uint64_t{name.thread} << 48) |
      (uint64_t{name.occurrence} << 16) | value);
  return value;
}

void Scheduler::RecordDeviation(const Name& name, uint32_t value) {
  const KernelScope kernel;
  deviations_.push_back({name, value});
}

void Scheduler::TakeStep(Step step) {
  if (!on_fiber()) return;
  Thread& self = Self();
  self.pending = step;
  Await(self);
}

uint32_t Scheduler::Choose(ChoiceKind kind, uint32_t alternatives) {
  if (!on_fiber() || winding_down_ || alternatives < 2) return 0;
  return Ask(NameOf(Self(), kind), alternatives);
}

uint32_t Scheduler::ChooseAbout(ChoiceKind kind, uint16_t operation, uint32_t occurrence,
                                uint32_t alternatives) {
  if (winding_down_ || alternatives < 2 || choices_ == nullptr) return 0;
  return Ask(Name{static_cast<uint8_t>((era_ << 5) | 31), kind, operation, occurrence},
             alternatives);
}

void Scheduler::Observe(uint64_t value) {
  if (!winding_down_) Mix(value);
}

void Scheduler::SetOperation(uint16_t id) {
  if (!on_fiber()) return;
  Thread& self = Self();
  if (self.operation == id) return;
  if (self.operation == 0) self.occurrences_outside = self.occurrences;
  self.operation = id;
  if (id == 0) {
    self.occurrences = self.occurrences_outside;
  } else {
    self.occurrences.fill(0);
  }
}

void Scheduler::Fail(Failure failure) {
  {
    const KernelScope kernel;
    if (!failed()) failure_ = std::move(failure);
  }
  if (on_fiber()) LeaveToMain();
}

void Scheduler::Crash() {
  crashed_ = true;
  winding_down_ = true;
}

const std::string& Scheduler::thread_name(uint32_t number) const { return threads_[number].name; }

}  // namespace engram::world
