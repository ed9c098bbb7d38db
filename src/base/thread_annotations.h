// Clang's thread-safety attributes under short names; they expand to nothing elsewhere.
// Meaning and syntax: https://clang.llvm.org/docs/ThreadSafetyAnalysis.html

#ifndef ENGRAM_BASE_THREAD_ANNOTATIONS_H_
#define ENGRAM_BASE_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define ENGRAM_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define ENGRAM_THREAD_ATTRIBUTE(x)
#endif

#define ENGRAM_CAPABILITY(name) ENGRAM_THREAD_ATTRIBUTE(capability(name))
#define ENGRAM_SCOPED_CAPABILITY ENGRAM_THREAD_ATTRIBUTE(scoped_lockable)
#define ENGRAM_GUARDED_BY(x) ENGRAM_THREAD_ATTRIBUTE(guarded_by(x))
#define ENGRAM_PT_GUARDED_BY(x) ENGRAM_THREAD_ATTRIBUTE(pt_guarded_by(x))
#define ENGRAM_ACQUIRED_BEFORE(...) ENGRAM_THREAD_ATTRIBUTE(acquired_before(__VA_ARGS__))
#define ENGRAM_ACQUIRED_AFTER(...) ENGRAM_THREAD_ATTRIBUTE(acquired_after(__VA_ARGS__))
#define ENGRAM_REQUIRES(...) ENGRAM_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ENGRAM_REQUIRES_SHARED(...) ENGRAM_THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define ENGRAM_ACQUIRE(...) ENGRAM_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ENGRAM_ACQUIRE_SHARED(...) ENGRAM_THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define ENGRAM_RELEASE(...) ENGRAM_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define ENGRAM_RELEASE_SHARED(...) ENGRAM_THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define ENGRAM_RELEASE_GENERIC(...) ENGRAM_THREAD_ATTRIBUTE(release_generic_capability(__VA_ARGS__))
#define ENGRAM_TRY_ACQUIRE(...) ENGRAM_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define ENGRAM_TRY_ACQUIRE_SHARED(...) \
  ENGRAM_THREAD_ATTRIBUTE(try_acquire_shared_capability(__VA_ARGS__))
#define ENGRAM_EXCLUDES(...) ENGRAM_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ENGRAM_NO_THREAD_SAFETY_ANALYSIS ENGRAM_THREAD_ATTRIBUTE(no_thread_safety_analysis)

#endif  // ENGRAM_BASE_THREAD_ANNOTATIONS_H_
