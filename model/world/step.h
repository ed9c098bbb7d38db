// A step: what a simulated thread is about to do, or has done, at a scheduling point; and which
// steps depend on each other. This is all that schedulers, partial-order reduction and diagrams
// know of an operation.

#ifndef ENGRAM_MODEL_WORLD_STEP_H_
#define ENGRAM_MODEL_WORLD_STEP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sync/runtime.h"

namespace engram::world {

enum class StepKind : uint8_t {
  kStart,
  kExit,
  kSpawn,
  kJoin,
  kLock,
  kLockShared,
  kTryLock,
  kTryLockShared,
  kUnlock,
  kUnlockShared,
  kWait,     // releases the mutex and begins to wait
  kTimeout,  // a timed wait or a sleep ends because simulated time has come
  kNotifyOne,
  kNotifyAll,
  kLoad,
  kStore,
  kBufferedStore,
  kDrain,
  kReadModifyWrite,
  kFence,
  kYield,
  kSleep,
  kOpen,
  kRead,
  kWrite,
  kSync,
  kResize,
  kMap,
  kView,
  kFileLock,
  kRemove,
  kSyncDirectory,
  kStat,
  kAcknowledge,  // a client learns the result of its operation
};
inline constexpr size_t kStepKinds = 34;

std::string_view StepKindName(StepKind kind);

enum class Access : uint8_t { kLocal, kRead, kWrite };

// Who takes a step: a thread (its number, 0..31), or its store buffer letting out its oldest store
// (32 + number).
using Actor = uint8_t;
inline constexpr Actor kThreadsMax = 32;
inline constexpr Actor BufferOf(uint32_t thread) {
  return static_cast<Actor>(kThreadsMax + thread);
}

// Stands for the order in which effects reach the disk; every effect and every acknowledgement
// writes it while crashes are explored, because a crash can tell their order.
inline constexpr sync::ObjectId kDiskOrder{0xFFFFFFFFu};

struct Step {
  StepKind kind = StepKind::kStart;
  Access access = Access::kLocal;         // to `object`
  Access second_access = Access::kLocal;  // to `second`
  Actor actor = 0;
  bool flushes = false;  // could only be taken with the thread's store buffer empty
  sync::ObjectId object;
  sync::ObjectId
      second;  // kWait: the mutex; kSpawn: the thread; kJoin, kExit: none; I/O: kDiskOrder
  // 1 + the index in Scheduler::steps() of the step of another actor that made this one possible,
  // where program order and objects in common do not say so: a kDrain's store, the lock after a
  // wait's notification. Set when taken.
  uint32_t caused_by = 0;
  sync::Location where;
};

// Whether the order of two steps of different actors can matter: they touch an object in common and
// at least one writes it.
bool Dependent(const Step& a, const Step& b);

// Whether two dependent steps of different actors can ever be possible in the same state. False for
// the pairs of which one enables the other: unlock and lock, spawn and start, exit and join.
bool MayBeCoEnabled(const Step& a, const Step& b);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_STEP_H_
