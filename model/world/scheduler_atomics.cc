// Atomics as steps, with x86-TSO store buffers: a store weaker than seq_cst waits in its thread's
// buffer until the world lets it out; a thread sees its own buffered stores; read-modify-writes,
// fences and seq_cst stores wait until the buffer is empty.

#include <algorithm>
#include <atomic>
#include <bit>
#include <string>
#include <utility>

#include "base/check.h"
#include "model/world/sanitizers.h"
#include "model/world/scheduler.h"
#include "model/world/scheduler_thread.h"

namespace engram::world {
namespace {

// Each release store gives ThreadSanitizer an address of its own to order by; the next execution
// reuses them.
#ifdef ENGRAM_TSAN
constexpr uint32_t kReleaseTags = 1u << 16;
char release_tags[kReleaseTags];
#endif

void* ReleaseTag([[maybe_unused]] uint32_t step, [[maybe_unused]] std::memory_order order) {
#ifdef ENGRAM_TSAN
  if (order == std::memory_order_relaxed || order == std::memory_order_acquire) return nullptr;
  void* tag = &release_tags[step % kReleaseTags];
  __tsan_release(tag);
  return tag;
#else
  return nullptr;
#endif
}

void AcquireTag([[maybe_unused]] void* tag, [[maybe_unused]] std::memory_order order) {
#ifdef ENGRAM_TSAN
  if (tag != nullptr && order != std::memory_order_relaxed && order != std::memory_order_release) {
    __tsan_acquire(tag);
  }
#endif
}

}  // namespace

uint64_t Scheduler::Load(const sync::AtomicCell& cell, std::memory_order order,
                         const sync::Location& where) {
  if (!on_fiber()) return cell.bits;
  Thread& self = Self();
  self.pending = StepOn(StepKind::kLoad, cell.id, Access::kRead, where);
  Await(self);
  for (uint32_t i = self.buffer_count; i-- > 0;) {  // a thread sees its own stores at once
    if (self.Buffered(i).cell == &cell) return self.Buffered(i).bits;
  }
  AcquireTag(cell.happens_before, order);
  return cell.bits;
}

void Scheduler::Store(sync::AtomicCell& cell, uint64_t bits, std::memory_order order,
                      const sync::Location& where) {
  if (!on_fiber()) {
    cell.bits = bits;
    return;
  }
  Thread& self = Self();
  if (order == std::memory_order_seq_cst) {
    self.pending = StepOn(StepKind::kStore, cell.id, Access::kWrite, where, /*flushes=*/true);
    Await(self);
    cell.bits = bits;
    cell.happens_before = ReleaseTag(step_count_, order);
    return;
  }
  self.pending = StepOn(StepKind::kBufferedStore, sync::ObjectId{}, Access::kLocal, where);
  Await(self);
  ++self.buffer_count;
  self.Buffered(self.buffer_count - 1) = {&cell, bits, ReleaseTag(step_count_, order), step_count_,
                                          where};
  UpdateDrainable(self);
}

// Sets what the thread's store buffer would do next.
void Scheduler::UpdateDrainable(Thread& thread) {
  if (thread.buffer_count == 0) {
    drainable_ &= ~thread.bit();
    return;
  }
  const Thread::BufferedStore& oldest = thread.Buffered(0);
  thread.drain = StepOn(StepKind::kDrain, oldest.cell->id, Access::kWrite, oldest.where);
  thread.drain.actor = BufferOf(thread.number);
  thread.drain.caused_by = oldest.step;
  drainable_ |= thread.bit();
}

void Scheduler::DrainOldest(Thread& thread) {
  const Thread::BufferedStore oldest = thread.Buffered(0);
  if (!winding_down_) {
    if (step_count_ >= bounds_.steps_max) FailStarved();
    Mix((uint64_t{static_cast<uint8_t>(StepKind::kDrain)} << 40) |
        (uint64_t{thread.drain.actor} << 32) | oldest.cell->id.value);
    steps_[step_count_++] = thread.drain;
  }
  oldest.cell->bits = oldest.bits;
  oldest.cell->happens_before = oldest.happens_before;
  thread.buffer_first = (thread.buffer_first + 1) % Thread::kBufferedStoresMax;
  --thread.buffer_count;
  yielded_ = 0;
  UpdateDrainable(thread);
  if ((finished_ & thread.bit()) == 0) UpdateRunnable(thread.number);
}

uint64_t Scheduler::ReadModifyWrite(sync::AtomicCell& cell, sync::ModifyFunction modify,
                                    uint64_t operand, std::memory_order order,
                                    const sync::Location& where) {
  const uint64_t old_bits = cell.bits;
  if (!on_fiber()) {
    cell.bits = modify(old_bits, operand);
    return old_bits;
  }
  Thread& self = Self();
  self.pending =
      StepOn(StepKind::kReadModifyWrite, cell.id, Access::kWrite, where, /*flushes=*/true);
  Await(self);
  return Modify(cell, modify(cell.bits, operand), order);
}

// The effect of a read-modify-write. It continues the release sequence of the store that it read
// from.
uint64_t Scheduler::Modify(sync::AtomicCell& cell, uint64_t bits, std::memory_order order) {
  const uint64_t old_bits = cell.bits;
  AcquireTag(cell.happens_before, order);
  if (cell.happens_before == nullptr) {
    cell.happens_before = ReleaseTag(step_count_, order);
  } else if (order != std::memory_order_relaxed && order != std::memory_order_acquire) {
    TsanRelease(cell.happens_before);
  }
  cell.bits = bits;
  return old_bits;
}

bool Scheduler::CompareExchange(sync::AtomicCell& cell, uint64_t& expected, uint64_t desired,
                                bool weak, std::memory_order success, std::memory_order failure,
                                const sync::Location& where) {
  if (on_fiber()) {
    Thread& self = Self();
    self.pending =
        StepOn(StepKind::kReadModifyWrite, cell.id, Access::kWrite, where, /*flushes=*/true);
    Await(self);
  }
  bool stored = cell.bits == expected;
  if (stored && weak && weak_failures_ < bounds_.weak_failures_max &&
      Choose(ChoiceKind::kWeakFailure, 2) == 1) {
    ++weak_failures_;
    stored = false;
  }
  if (!stored) {
    AcquireTag(cell.happens_before, failure);
    expected = cell.bits;
  } else if (on_fiber()) {
    Modify(cell, desired, success);
  } else {
    cell.bits = desired;
  }
  return stored;
}

void Scheduler::DestroyAtomic(sync::AtomicCell& cell) {
  for (uint32_t set = drainable_; set != 0; set &= set - 1) {
    Thread& thread = threads_[static_cast<uint32_t>(std::countr_zero(set))];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < thread.buffer_count; ++i) {
      if (thread.Buffered(i).cell != &cell) thread.Buffered(kept++) = thread.Buffered(i);
    }
    thread.buffer_count = kept;
    UpdateDrainable(thread);
    if ((finished_ & thread.bit()) == 0) UpdateRunnable(thread.number);
  }
}

void Scheduler::Fence(const sync::Location& where) {
  TakeStep(StepOn(StepKind::kFence, sync::ObjectId{}, Access::kLocal, where, /*flushes=*/true));
}

}  // namespace engram::world
