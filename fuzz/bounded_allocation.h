// How much a call allocates, for claims that bytes from outside cannot make it allocate more than
// they are worth. Counts in builds with a sanitizer, whose runtime says so; 0 in others.

#ifndef ENGRAM_FUZZ_BOUNDED_ALLOCATION_H_
#define ENGRAM_FUZZ_BOUNDED_ALLOCATION_H_

#include <atomic>
#include <cstddef>

#include "base/body.h"
#include "base/check.h"

// Of the sanitizers' runtime: calls the first function for each allocation. Null without one.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the name is theirs.
extern "C" __attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void*, size_t), void (*freed)(const volatile void*));

namespace engram::inline ENGRAM_BODY::fuzz {

// Thread safety: confined to one OS thread; only one counts at a time.
class AllocationCount {
 public:
  AllocationCount() {
    // The runtime has room for few hooks: installed once.
    static const bool installed =
        __sanitizer_install_malloc_and_free_hooks == nullptr ||
        __sanitizer_install_malloc_and_free_hooks(Count, [](const volatile void*) {}) != 0;
    ENGRAM_CHECK(installed, "allocations cannot be counted");
    allocated = 0;
    is_counting = true;
  }
  ~AllocationCount() { is_counting = false; }
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  // Since it was made, by whatever thread.
  static size_t bytes() { return allocated; }

 private:
  static void Count(const volatile void* /*memory*/, size_t bytes) {
    if (is_counting) allocated += bytes;
  }

  // Stores have threads of their own.
  static inline std::atomic<bool> is_counting = false;
  static inline std::atomic<size_t> allocated = 0;
};

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_BOUNDED_ALLOCATION_H_
