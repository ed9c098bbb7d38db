// How much a call allocates, for claims that bytes from outside cannot make it allocate more than
// they are worth. Counts in builds with a sanitizer, whose runtime says so; 0 in others.

#ifndef ENGRAM_FUZZ_BOUNDED_ALLOCATION_H_
#define ENGRAM_FUZZ_BOUNDED_ALLOCATION_H_

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
    bytes_ = 0;
    counts_ = true;
  }
  ~AllocationCount() { counts_ = false; }
  AllocationCount(const AllocationCount&) = delete;
  AllocationCount& operator=(const AllocationCount&) = delete;

  // Since it was made, by whatever thread.
  static size_t bytes() { return bytes_; }

 private:
  static void Count(const volatile void* /*memory*/, size_t bytes) {
    if (counts_) bytes_ += bytes;
  }

  static inline bool counts_ = false;
  static inline size_t bytes_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_BOUNDED_ALLOCATION_H_
