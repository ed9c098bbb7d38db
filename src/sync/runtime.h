// What the simulated body of src/sync asks of the world: one call per operation of a mutex, a
// condition variable, an atomic or a thread. model/world implements it; production never sees it.
//
// Every call is a scheduling point: the calling simulated thread stops *before* the operation, the
// world decides who goes on, and the operation takes effect when this thread is chosen again.

#ifndef ENGRAM_SYNC_RUNTIME_H_
#define ENGRAM_SYNC_RUNTIME_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <source_location>
#include <string>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::sync {

using Location = std::source_location;

// Names an object by its creation, not by its address: era * 2^28 + (creating thread) * 2^20 + (how
// many objects that thread made before). The same in every interleaving and every build. 0 is no
// object.
struct ObjectId {
  uint32_t value = 0;
  friend constexpr auto operator<=>(ObjectId, ObjectId) = default;
};

enum class ObjectKind : uint8_t {
  kNone,
  kMutex,
  kCondVar,
  kAtomic,
  kThread,
  kFile,
  kClock,
  kSpawner
};

enum class LockMode : uint8_t { kExclusive, kShared };

// State of a simulated mutex or shared mutex; written only by the Runtime.
struct MutexState {
  ObjectId id;
  int32_t owner = -1;    // thread holding it exclusively, or -1
  uint32_t readers = 0;  // set of threads holding it shared
  uint32_t waiters = 0;  // set of threads whose next operation is to lock it
  Location locked_at;    // where the present owner took it
};

// State of a simulated condition variable; written only by the Runtime.
struct CondVarState {
  ObjectId id;
  uint32_t waiters = 0;           // set of threads waiting to be notified
  uint32_t notifies_unheard = 0;  // how many notifications found nobody waiting
  Location last_notify_unheard_at;
};

// A simulated atomic of up to eight bytes: the value as memory holds it, store buffers aside.
struct AtomicCell {
  ObjectId id;
  uint32_t bytes = 0;
  uint64_t bits = 0;
  void* happens_before = nullptr;  // ThreadSanitizer's release tag of the store that wrote `bits`
};

// What a read-modify-write computes: the new bits from the old bits and an operand.
using ModifyFunction = uint64_t (*)(uint64_t old_bits, uint64_t operand);

// Thread safety: confined to the OS thread that runs the world; called from its fibers.
class Runtime {
 public:
  virtual ~Runtime() = default;

  // The world that runs on this OS thread. Dies with a clear message if there is none: objects of
  // the simulated body cannot be used outside of a world.
  static Runtime& Current();
  static Runtime* CurrentOrNull();
  static void SetCurrent(Runtime* runtime);  // nullptr: none

  virtual ObjectId NameObject(ObjectKind kind) = 0;

  virtual void Lock(MutexState& mutex, LockMode mode, const Location& where) = 0;
  virtual bool TryLock(MutexState& mutex, LockMode mode, const Location& where) = 0;
  virtual void Unlock(MutexState& mutex, LockMode mode, const Location& where) = 0;
  virtual void DestroyMutex(MutexState& mutex) = 0;
  // Whether the calling thread holds `mutex` in `mode` (exclusive counts as shared). No scheduling
  // point.
  virtual bool Holds(const MutexState& mutex, LockMode mode) const = 0;

  // Releases `mutex`, waits for a notification (or, with a deadline, for simulated time to reach
  // it; or wakes for no reason, where the bounds allow it), takes `mutex` again. Returns false on a
  // time-out.
  virtual bool Wait(CondVarState& condition, MutexState& mutex, const int64_t* deadline_ns,
                    const Location& where) = 0;
  virtual void Notify(CondVarState& condition, bool all, const Location& where) = 0;
  virtual void DestroyCondVar(CondVarState& condition) = 0;

  virtual uint64_t Load(const AtomicCell& cell, std::memory_order order, const Location& where) = 0;
  virtual void Store(AtomicCell& cell, uint64_t bits, std::memory_order order,
                     const Location& where) = 0;
  virtual uint64_t ReadModifyWrite(AtomicCell& cell, ModifyFunction modify, uint64_t operand,
                                   std::memory_order order, const Location& where) = 0;
  // Returns whether `desired` was stored; if not, `expected` receives what was there.
  virtual bool CompareExchange(AtomicCell& cell, uint64_t& expected, uint64_t desired, bool weak,
                               std::memory_order success, std::memory_order failure,
                               const Location& where) = 0;
  virtual void DestroyAtomic(AtomicCell& cell) = 0;
  // A full fence: waits until the calling thread's store buffer is empty.
  virtual void Fence(const Location& where) = 0;

  virtual uint32_t Spawn(std::string name, std::function<void()> body, const Location& where) = 0;
  virtual void Join(uint32_t thread, const Location& where) = 0;
  // The number of the calling thread: 0 is the program's main thread.
  virtual uint32_t CurrentThread() const = 0;
  virtual void Yield(const Location& where) = 0;
  virtual void SleepFor(int64_t duration_ns, const Location& where) = 0;
  virtual int64_t NowNs() = 0;  // simulated monotonic time
};

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_RUNTIME_H_
