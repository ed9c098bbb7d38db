// The sanitizers' interfaces as functions that do nothing in builds without them.

#ifndef ENGRAM_MODEL_WORLD_SANITIZERS_H_
#define ENGRAM_MODEL_WORLD_SANITIZERS_H_

#include <cstddef>
#include <string>

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
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
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

// There is no mutex at this address any more, held or not.
inline void TsanForgetMutex([[maybe_unused]] void* mutex) {
#ifdef ENGRAM_TSAN
  __tsan_mutex_destroy(mutex, 0);
#endif
}

// Called when stacks are abandoned without unwinding: what they own is lost, and no leak checker
// may complain.
void StopLookingForLeaks();

// From now on ThreadSanitizer's reports fail the execution in which they occur instead of being
// printed.
void SilenceReports();

// `callback` is called when a sanitizer has reported what it ends the process for, just before
// that.
void OnSanitizersDeath(void (*callback)());

// The first report since the last call, as a text that names both accesses; empty if there was
// none. A race outside of any world stops the process instead.
std::string TakeRaceReport();

// Hides the scheduler's own memory accesses and allocations from ThreadSanitizer for a scope: the
// world's code runs on every fiber in turn, which is ordered by construction but not in a way that
// it is told.
class TsanIgnoreScope {
 public:
#ifdef ENGRAM_TSAN
  TsanIgnoreScope() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~TsanIgnoreScope() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  TsanIgnoreScope() {}
  ~TsanIgnoreScope() {}
#endif
  TsanIgnoreScope(const TsanIgnoreScope&) = delete;
  TsanIgnoreScope& operator=(const TsanIgnoreScope&) = delete;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SANITIZERS_H_
