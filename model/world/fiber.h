// Fibers: stacks that the scheduler switches between, with what AddressSanitizer, ThreadSanitizer
// and the C++ runtime must be told at each switch. A fiber knows nothing of threads or scheduling.

#ifndef ENGRAM_MODEL_WORLD_FIBER_H_
#define ENGRAM_MODEL_WORLD_FIBER_H_

#include <cstddef>
#include <cstdint>

namespace engram::world {

// What the C++ runtime keeps per OS thread about exceptions being handled; each fiber has its own
// (Itanium C++ ABI, 2.2.2: __cxa_eh_globals).
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

// Thread safety: confined to one OS thread. Ownership: owns its stack.
class Fiber {
 public:
  static constexpr size_t kStackBytes = 256 * 1024;

  // The stack that the caller runs on already.
  struct ThisStack {};
  explicit Fiber(ThisStack);

  // A stack of its own on which `entry(argument)` begins at the first switch to it. `entry` must
  // not return.
  Fiber(void (*entry)(void*), void* argument);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Leaves the running fiber, `from`, for `to`; returns when somebody switches back to `from`. No
  // happens-before.
  static void Switch(Fiber& from, Fiber& to);

  // Forgets what the fiber was doing, without unwinding its stack: it begins anew at the next
  // switch to it. REQUIRES: it is not running.
  void Abandon();

  // Makes everything that this fiber did so far happen before what `running` does next. REQUIRES:
  // it is not running, `running` is.
  void HappensBefore(Fiber& running);

 private:
  void Prepare();

  void* context_ = nullptr;  // where to go on; boost's fcontext_t
  ExceptionState exceptions_;
  std::byte* stack_ = nullptr;  // lowest address, above the guard page; null: ThisStack
  size_t stack_bytes_ = 0;
  const void* asan_bottom_ = nullptr;
  size_t asan_bytes_ = 0;
  void* asan_fake_stack_ = nullptr;
  [[maybe_unused]] void* tsan_fiber_ = nullptr;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;

  friend struct FiberEntry;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_FIBER_H_
