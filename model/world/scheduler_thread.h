// The scheduler's record of one simulated thread. Private to scheduler*.cc.

#ifndef ENGRAM_MODEL_WORLD_SCHEDULER_THREAD_H_
#define ENGRAM_MODEL_WORLD_SCHEDULER_THREAD_H_

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "model/world/fiber.h"
#include "model/world/scheduler.h"

namespace engram::world {

// Invariant: the thread's bit in Scheduler::runnable_ says whether `pending` can be taken now.
struct Scheduler::Thread {
  // x86 has room for some fifty stores; more than these few only repeat what shorter delays show.
  static constexpr uint32_t kBufferedStoresMax = 8;
  static constexpr uint32_t kHeldMax = 16;

  struct BufferedStore {
    sync::AtomicCell* cell = nullptr;
    uint64_t bits = 0;
    void* happens_before = nullptr;
    uint32_t step = 0;  // 1 + the index of its kBufferedStore
    sync::Location where;
  };
  struct Held {
    sync::MutexState* mutex = nullptr;
    sync::Location where;
  };

  Scheduler* scheduler = nullptr;
  uint32_t number = 0;
  std::unique_ptr<Fiber> fiber;
  std::function<void()> body;
  std::string name;

  Step pending;
  Step drain;  // the step of the store buffer, if it is not empty
  // What the pending step needs: a mutex (locks), a thread (joins), or a wake-up (waits and
  // sleeps).
  sync::MutexState* mutex = nullptr;
  uint32_t join_target = 0;
  bool asleep = false;  // neither notified nor timed out yet
  sync::CondVarState* condition = nullptr;
  sync::LockMode wait_mode = sync::LockMode::kExclusive;
  sync::Location wait_where;
  bool timed_out = false;
  int64_t deadline_ns = 0;

  uint16_t operation = 0;
  uint32_t objects = 0;  // how many it has made in this era
  // Of each kind of choice: how many there were in this operation, and until it began outside of
  // any, where counting goes on when it has ended.
  std::array<uint32_t, kChoiceKinds> occurrences{};
  std::array<uint32_t, kChoiceKinds> occurrences_outside{};

  std::array<BufferedStore, kBufferedStoresMax> buffer;
  uint32_t buffer_first = 0;
  uint32_t buffer_count = 0;

  std::array<Held, kHeldMax> held;
  uint32_t held_count = 0;

  BufferedStore& Buffered(uint32_t index) {
    return buffer[(buffer_first + index) % kBufferedStoresMax];
  }
  uint32_t bit() const { return uint32_t{1} << number; }
};

inline Step StepOn(StepKind kind, sync::ObjectId object, Access access, const sync::Location& where,
                   bool flushes = false) {
  Step step;
  step.kind = kind;
  step.access = access;
  step.flushes = flushes;
  step.object = object;
  step.where = where;
  return step;
}

inline Scheduler::Thread& Scheduler::Self() { return threads_[current_]; }

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SCHEDULER_THREAD_H_
