// The sanitizers' interfaces as functions that do nothing in builds without them.

#ifndef ENGRAM_MODEL_WORLD_SANITIZERS_H_
#define ENGRAM_MODEL_WORLD_SANITIZERS_H_

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ENGRAM_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define ENGRAM_TSAN 1
#endif
#endif
// The world's own files are compiled without ThreadSanitizer, so the build says whether the program
// has it.
#ifdef ENGRAM_WORLD_WITH_TSAN
#define ENGRAM_TSAN 1
#endif

#ifdef ENGRAM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef ENGRAM_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsAndWritesBegin(const char* file, int line);
void AnnotateIgnoreReadsAndWritesEnd(const char* file, int line);
}
#endif

namespace engram::world {

// What comes after a Release of `tag` by one fiber and an Acquire of it by another is ordered.
inline void TsanRelease([[maybe_unused]] void* tag) {
#ifdef ENGRAM_TSAN
  __tsan_release(tag);
#endif
}
inline void TsanAcquire([[maybe_unused]] void* tag) {
#ifdef ENGRAM_TSAN
  __tsan_acquire(tag);
#endif
}

// Called when stacks are abandoned without unwinding: what they own is lost, and no leak checker
// may complain.
void StopLookingForLeaks();

// Hides the scheduler's own memory accesses and allocations from ThreadSanitizer for a scope: the
// world's code runs on every fiber in turn, which is ordered by construction but not in a way that
// it is told.
class TsanIgnoreScope {
 public:
#ifdef ENGRAM_TSAN
  TsanIgnoreScope() { AnnotateIgnoreReadsAndWritesBegin(__FILE__, __LINE__); }
  ~TsanIgnoreScope() { AnnotateIgnoreReadsAndWritesEnd(__FILE__, __LINE__); }
#else
  TsanIgnoreScope() {}
  ~TsanIgnoreScope() {}
#endif
  TsanIgnoreScope(const TsanIgnoreScope&) = delete;
  TsanIgnoreScope& operator=(const TsanIgnoreScope&) = delete;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SANITIZERS_H_
