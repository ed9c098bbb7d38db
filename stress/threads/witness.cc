// Keeps what each thread was told until its client asks.

#include "stress/threads/witness.h"

#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"

namespace engram::stress {
namespace {

thread_local std::vector<Witness::Assignment> told_to_this_thread;

}  // namespace

// Relaxed: threads that are spawned later see it.
void Witness::BeginAfter(Sequence last) {
  assigned_max_.Store(last.value, std::memory_order_relaxed);
}

// Relaxed, so that ThreadSanitizer does not take the stamps for what orders the store's own
// accesses. To the processor it is a full fence all the same (x86), and no compiler moves a call
// into the store across it.
uint64_t Witness::Stamp() { return clock_.FetchAdd(1, std::memory_order_relaxed); }

std::vector<Witness::Assignment> Witness::TakeAssignments() {
  return std::exchange(told_to_this_thread, {});
}

std::optional<std::string> Witness::complaint() const {
  sync::MutexLock lock(mutex_);
  return complaint_;
}

void Witness::OnSequenceAssigned(MutationKind kind, std::string_view id, Sequence sequence) {
  told_to_this_thread.push_back({kind, std::string(id), sequence});
  // Relaxed: what says that the sequence is durable has heard of it through the store.
  uint64_t seen = assigned_max_.Load(std::memory_order_relaxed);
  while (seen < sequence.value &&
         !assigned_max_.CompareExchangeWeak(seen, sequence.value, std::memory_order_relaxed,
                                            std::memory_order_relaxed)) {
  }
}

void Witness::OnDurable(Sequence sequence) {
  const uint64_t assigned = assigned_max_.Load(std::memory_order_relaxed);
  if (sequence.value > assigned) {
    Complain(absl::StrCat("sequence ", sequence.value, " is said to be durable, but the highest ",
                          "that was assigned is ", assigned));
  }
}

void Witness::Complain(std::string what) {
  sync::MutexLock lock(mutex_);
  if (!complaint_) complaint_ = std::move(what);
}

}  // namespace engram::stress
