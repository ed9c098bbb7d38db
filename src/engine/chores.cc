// When which chore is due.

#include "engine/chores.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>
#include <utility>

namespace engram::inline ENGRAM_BODY::engine {

Chores::Chores(std::vector<Chore> chores) : chores_(std::move(chores)) {
  for (size_t i = 0; i < chores_.size(); ++i) due_ns_.push_back(DueAfterNow(i));
  try {
    thread_.emplace("chores", [this] { Run(); });
  } catch (const std::system_error&) {
    throw std::bad_alloc();
  }
}

Chores::~Chores() {
  {
    sync::MutexLock lock(mutex_);
    is_stopping_ = true;
    stops_.NotifyAll();
  }
  thread_.reset();  // joins
}

int64_t Chores::DueAfterNow(size_t chore) const {
  constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);
  return sync::MonotonicNs() + std::min(chores_[chore].interval, kLongest).count();
}

void Chores::Run() {
  sync::MutexLock lock(mutex_);
  while (!is_stopping_) {
    const auto next = std::min_element(due_ns_.begin(), due_ns_.end());
    const int64_t wait_ns = *next - sync::MonotonicNs();
    if (wait_ns > 0) {
      stops_.WaitFor(mutex_, std::chrono::nanoseconds(wait_ns));
      continue;
    }
    const auto chore = static_cast<size_t>(next - due_ns_.begin());
    mutex_.Unlock();
    chores_[chore].run();
    mutex_.Lock();
    *next = DueAfterNow(chore);
  }
}

}  // namespace engram::inline ENGRAM_BODY::engine
