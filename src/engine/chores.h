// A thread that does from time to time what nobody asks for.

#ifndef ENGRAM_ENGINE_CHORES_H_
#define ENGRAM_ENGINE_CHORES_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/body.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::engine {

struct Chore {
  std::chrono::nanoseconds interval;  // from the end of one run to the beginning of the next
  std::function<void()> run;          // throws nothing
};

// Thread safety: confined to its owner; the chores run on a thread of their own, one at a time.
class Chores {
 public:
  // May throw std::bad_alloc, also if there can be no more threads. REQUIRES: intervals above 0.
  explicit Chores(std::vector<Chore> chores);
  // Waits for the chore that is running; it should be told to stop.
  ~Chores();
  Chores(const Chores&) = delete;
  Chores& operator=(const Chores&) = delete;

 private:
  void Run();
  int64_t DueAfterNow(size_t chore) const;

  const std::vector<Chore> chores_;
  sync::Mutex mutex_;
  sync::CondVar stops_;
  bool is_stopping_ ENGRAM_GUARDED_BY(mutex_) = false;
  std::vector<int64_t> due_ns_ ENGRAM_GUARDED_BY(mutex_);  // by sync::MonotonicNs, of each chore
  std::optional<sync::Thread> thread_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_CHORES_H_
