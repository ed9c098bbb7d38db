// Fibers over Boost's fcontext (5 ns a switch) with own sanitizer hooks.

#include "model/world/fiber.h"

#include <cxxabi.h>
#include <sys/mman.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstring>

#include "base/check.h"
#include "model/world/sanitizers.h"

namespace engram::world {
namespace {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

constexpr size_t kGuardBytes = 4096;

ExceptionState& RunningExceptions() {
  return *reinterpret_cast<ExceptionState*>(abi::__cxa_get_globals());
}

}  // namespace

// Gives the entry function of a context access to its Fiber.
struct FiberEntry {
  static void Begin(transfer_t transfer) {
    // The first to switch here passed the pair (from, to).
    auto** pair = static_cast<Fiber**>(transfer.data);
    Fiber& from = *pair[0];
    Fiber& to = *pair[1];
    from.context_ = transfer.fctx;
#ifdef ENGRAM_ASAN
    __sanitizer_finish_switch_fiber(nullptr, &from.asan_bottom_, &from.asan_bytes_);
#endif
    to.entry_(to.argument_);
    CheckFailed("entry does not return", "a fiber's entry function has returned");
  }
};

Fiber::Fiber(ThisStack) {
#ifdef ENGRAM_TSAN
  tsan_fiber_ = __tsan_get_current_fiber();
#endif
}

Fiber::Fiber(void (*entry)(void*), void* argument) : entry_(entry), argument_(argument) {
  void* memory = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  ENGRAM_CHECK(memory != MAP_FAILED, "no address space for a fiber's stack");
  ENGRAM_CHECK(mprotect(memory, kGuardBytes, PROT_NONE) == 0, "cannot protect a guard page");
  stack_ = static_cast<std::byte*>(memory) + kGuardBytes;
  stack_bytes_ = kStackBytes;
  asan_bottom_ = stack_;
  asan_bytes_ = stack_bytes_;
  Prepare();
}

Fiber::~Fiber() {
  if (stack_ == nullptr) return;
#ifdef ENGRAM_TSAN
  __tsan_destroy_fiber(tsan_fiber_);
#endif
  munmap(stack_ - kGuardBytes, stack_bytes_ + kGuardBytes);
}

void Fiber::Prepare() {
  context_ = make_fcontext(stack_ + stack_bytes_, stack_bytes_, &FiberEntry::Begin);
  exceptions_ = ExceptionState{};
  asan_fake_stack_ = nullptr;
#ifdef ENGRAM_TSAN
  tsan_fiber_ = __tsan_create_fiber(0);
#endif
}

void Fiber::Abandon() {
#ifdef ENGRAM_ASAN
  __asan_unpoison_memory_region(stack_, stack_bytes_);
#endif
#ifdef ENGRAM_TSAN
  __tsan_destroy_fiber(tsan_fiber_);
#endif
  Prepare();
}

void Fiber::HappensBefore([[maybe_unused]] Fiber& running) {
#ifdef ENGRAM_TSAN
  __tsan_switch_to_fiber(tsan_fiber_, __tsan_switch_to_fiber_no_sync);
  __tsan_switch_to_fiber(running.tsan_fiber_, 0);
#endif
}

void Fiber::Switch(Fiber& from, Fiber& to) {
  ExceptionState& running = RunningExceptions();
  from.exceptions_ = running;
  running = to.exceptions_;
#ifdef ENGRAM_ASAN
  __sanitizer_start_switch_fiber(&from.asan_fake_stack_, to.asan_bottom_, to.asan_bytes_);
#endif
#ifdef ENGRAM_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber_, __tsan_switch_to_fiber_no_sync);
#endif
  Fiber* pair[2] = {&from, &to};
  const transfer_t transfer = jump_fcontext(static_cast<fcontext_t>(to.context_), pair);
  // Somebody switched back to `from`.
  Fiber& came_from = *static_cast<Fiber**>(transfer.data)[0];
  came_from.context_ = transfer.fctx;
#ifdef ENGRAM_ASAN
  __sanitizer_finish_switch_fiber(from.asan_fake_stack_, &came_from.asan_bottom_,
                                  &came_from.asan_bytes_);
#endif
}

}  // namespace engram::world
