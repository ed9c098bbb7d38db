// Replaces the global operators new and delete; whether one fails is a choice like any other.
//
// ArmAllocationFaults is called by the world, so that this file is linked wherever a world is.

#include "model/world/allocation_faults.h"

#include <malloc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include "model/world/scheduler.h"

namespace engram::world {

constinit bool allocation_faults_armed = false;

namespace {

constinit Scheduler* armed = nullptr;
constinit uint32_t failures = 0;
// Of each thread of era `depths_era`: in how many scopes it is.
constinit std::array<uint32_t, kThreadsMax> depths{};
constinit uint32_t depths_era = 0;

// REQUIRES: armed, and the caller is one of its threads.
uint32_t& DepthOfCaller() {
  if (depths_era != armed->era()) {
    depths.fill(0);  // threads that never left their scopes went down with their world
    depths_era = armed->era();
  }
  return depths[armed->CurrentThread()];
}

bool ShouldFail() {
  if (!armed->on_fiber() || armed->winding_down()) return false;
  if (failures >= armed->bounds().allocation_failures_max || DepthOfCaller() > 0) return false;
  const AllocationScope choosing;
  if (armed->Choose(ChoiceKind::kAllocation, 2) == 0) return false;
  ++failures;
  return true;
}

// Null if there is no memory, or by choice. `alignment` 0: what malloc gives.
void* Allocate(size_t bytes, size_t alignment) {
  if (armed != nullptr && ShouldFail()) [[unlikely]]
    return nullptr;
  if (bytes == 0) bytes = 1;
  if (alignment == 0) return std::malloc(bytes);
  void* memory = nullptr;
  if (alignment < sizeof(void*)) alignment = sizeof(void*);
  return posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

void* AllocateOrThrow(size_t bytes, size_t alignment) {
  void* const memory = Allocate(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

// Overwrites what is freed: whoever uses it still finds neither what was there nor a pointer. Of
// large blocks the beginning, which costs nothing. Sanitizers see that for themselves.
void Free(void* memory) {
#if !defined(ENGRAM_ASAN) && !defined(ENGRAM_TSAN)
  constexpr int kFreedByte = 0xDB;  // the pointer is none, the flag neither, the count absurd
  constexpr size_t kBytesMax = 4096;
  if (memory != nullptr) {
    std::memset(memory, kFreedByte, std::min(malloc_usable_size(memory), kBytesMax));
  }
#endif
  std::free(memory);
}

}  // namespace

void ArmAllocationFaults(Scheduler* scheduler) {
  armed = scheduler;
  allocation_faults_armed = scheduler != nullptr;
  failures = 0;
  depths.fill(0);
  depths_era = 0;
}

uint32_t AllocationFailures() { return failures; }

uint32_t* AllocationScope::Enter() {
  if (!armed->on_fiber()) return nullptr;
  uint32_t& depth = DepthOfCaller();
  ++depth;
  return &depth;
}

}  // namespace engram::world

// ---- The replaced forms (ISO C++20, 17.6.3).

// ThreadSanitizer's runtime has its own, which cannot be defined twice: programs with it are linked
// with -fno-sanitize-link-c++-runtime, or allocations do not fail in them.
#ifdef ENGRAM_TSAN
#define ENGRAM_REPLACES __attribute__((weak))
#else
#define ENGRAM_REPLACES
#endif

using engram::world::Allocate;
using engram::world::AllocateOrThrow;
using engram::world::Free;

ENGRAM_REPLACES void* operator new(size_t bytes) { return AllocateOrThrow(bytes, 0); }
ENGRAM_REPLACES void* operator new[](size_t bytes) { return AllocateOrThrow(bytes, 0); }
ENGRAM_REPLACES void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes, 0);
}
ENGRAM_REPLACES void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes, 0);
}
ENGRAM_REPLACES void* operator new(size_t bytes, std::align_val_t alignment) {
  return AllocateOrThrow(bytes, static_cast<size_t>(alignment));
}
ENGRAM_REPLACES void* operator new[](size_t bytes, std::align_val_t alignment) {
  return AllocateOrThrow(bytes, static_cast<size_t>(alignment));
}
ENGRAM_REPLACES void* operator new(size_t bytes, std::align_val_t alignment,
                                   const std::nothrow_t&) noexcept {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
ENGRAM_REPLACES void* operator new[](size_t bytes, std::align_val_t alignment,
                                     const std::nothrow_t&) noexcept {
  return Allocate(bytes, static_cast<size_t>(alignment));
}
ENGRAM_REPLACES void operator delete(void* memory) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete[](void* memory) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete(void* memory, size_t) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete[](void* memory, size_t) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete(void* memory, const std::nothrow_t&) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  Free(memory);
}
ENGRAM_REPLACES void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete[](void* memory, std::align_val_t) noexcept { Free(memory); }
ENGRAM_REPLACES void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  Free(memory);
}
ENGRAM_REPLACES void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  Free(memory);
}
ENGRAM_REPLACES void operator delete(void* memory, std::align_val_t,
                                     const std::nothrow_t&) noexcept {
  Free(memory);
}
ENGRAM_REPLACES void operator delete[](void* memory, std::align_val_t,
                                       const std::nothrow_t&) noexcept {
  Free(memory);
}
