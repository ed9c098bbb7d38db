// Allocations that fail by choice: the global operators new and delete of every program with a
// world in it.
//
// While a world whose bounds allow it runs, each allocation by one of its threads asks whether to
// throw std::bad_alloc (or to return null, where the form is nothrow). Everything else, always:
// malloc and free. When off, an allocation costs one load and one branch more than malloc. In
// builds without a sanitizer what is freed is overwritten, so that its use afterwards shows.
//
// An allocation is named by its thread, operation and ordinal there, so everything the *harness*
// allocates on a thread's behalf must be kept out of the count by an AllocationScope: its caches
// fill differently from one execution to the next.

#ifndef ENGRAM_MODEL_WORLD_ALLOCATION_FAULTS_H_
#define ENGRAM_MODEL_WORLD_ALLOCATION_FAULTS_H_

#include <cstdint>

#include "model/world/sanitizers.h"

namespace engram::world {

class Scheduler;

// From now on allocations on the threads of `scheduler` may fail, as often as its bounds allow;
// null: none does. Forgets how many have failed. Called on the main stack.
void ArmAllocationFaults(Scheduler* scheduler);

// How many allocations have failed by choice since faults were armed.
uint32_t AllocationFailures();

// Whether allocations may fail at all at the moment; ArmAllocationFaults says when.
extern constinit bool allocation_faults_armed;

// What the calling thread allocates while it is inside never fails and is not counted. May nest,
// and may contain scheduling points: what other threads do meanwhile is their own affair.
class AllocationScope {
 public:
  AllocationScope() : depth_(allocation_faults_armed ? Enter() : nullptr) {}
  ~AllocationScope() {
    if (depth_ != nullptr) --*depth_;
  }
  AllocationScope(const AllocationScope&) = delete;
  AllocationScope& operator=(const AllocationScope&) = delete;

 private:
  static uint32_t* Enter();

  uint32_t* const depth_;  // how many scopes the thread is in; null: it does not matter
};

// The world's own code on a thread's stack: ThreadSanitizer does not see its memory accesses, and
// its allocations do not count. Contains no scheduling point.
class KernelScope {
 public:
  KernelScope() = default;
  ~KernelScope() = default;

 private:
  AllocationScope allocations_;
  TsanIgnoreScope accesses_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_ALLOCATION_FAULTS_H_
