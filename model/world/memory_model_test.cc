// What the simulated memory may do: store buffers as on x86, data races as ThreadSanitizer sees
// them, and the epoch that must hold under both.

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <utility>

#include "model/world/scheduler_testing.h"
#include "sync/atomic.h"
#include "sync/epoch.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

// Store buffering: the two threads of Dekker's algorithm.
std::set<std::pair<int, int>> StoreBufferingOutcomes(std::memory_order order, bool fence) {
  std::set<std::pair<int, int>> outcomes;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    RandomAnswers answers(seed);
    int left = -1, right = -1;
    RunOnce(answers, [&] {
      sync::Atomic<int> x(0), y(0);
      sync::Thread a("a", [&] {
        x.Store(1, order);
        if (fence) sync::ThreadFence(memory_order_seq_cst);
        left = y.Load(memory_order_acquire);
      });
      sync::Thread b("b", [&] {
        y.Store(1, order);
        if (fence) sync::ThreadFence(memory_order_seq_cst);
        right = x.Load(memory_order_acquire);
      });
    });
    outcomes.insert({left, right});
  }
  return outcomes;
}

TEST(StoreBuffer, StoresWeakerThanSeqCstAreBuffered) {
  const std::set<std::pair<int, int>> strong = {{0, 1}, {1, 0}, {1, 1}};
  std::set<std::pair<int, int>> weak = strong;
  weak.insert({0, 0});
  EXPECT_EQ(StoreBufferingOutcomes(memory_order_release, false), weak);
  EXPECT_EQ(StoreBufferingOutcomes(memory_order_relaxed, false), weak);
  EXPECT_EQ(StoreBufferingOutcomes(memory_order_relaxed, true), strong);
  EXPECT_EQ(StoreBufferingOutcomes(memory_order_seq_cst, false), strong);
}

TEST(StoreBuffer, BuffersKeepTheirOrderAndTheirThreadSeesItsOwnStores) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    RandomAnswers answers(seed);
    const Ran ran = RunOnce(answers, [] {
      sync::Atomic<int> data(0), flag(0);
      sync::Thread writer("writer", [&] {
        data.Store(1, memory_order_relaxed);
        flag.Store(1, memory_order_relaxed);
        if (data.Load(memory_order_relaxed) != 1) throw std::runtime_error("own store unseen");
      });
      const int seen_flag = flag.Load(memory_order_relaxed);
      const int seen_data = data.Load(memory_order_relaxed);
      if (seen_flag == 1 && seen_data == 0) throw std::runtime_error("stores were reordered");
    });
    EXPECT_FALSE(ran.failure.has_value()) << ran.failure->detail;
  }
}

TEST(DataRace, ThreadSanitizerSeesLogicalRaces) {
#if defined(__has_feature) && __has_feature(thread_sanitizer)
  const auto one_sided = [] {
    sync::Mutex mutex;
    int shared = 0;
    sync::Thread a("a", [&] {
      sync::MutexLock lock(mutex);
      ++shared;
    });
    ++shared;
  };
  const auto publish = [](std::memory_order order) {
    return [order] {
      int payload = 0;
      sync::Atomic<int> flag(0);
      sync::Thread writer("writer", [&] {
        payload = 42;
        flag.Store(1, order);
      });
      while (flag.Load(memory_order_acquire) == 0) sync::Yield();
      if (payload != 42) std::abort();
    };
  };
  EXPECT_GT(FailuresOf(one_sided)[FailureKind::kDataRace], 0);
  EXPECT_GT(FailuresOf(publish(memory_order_relaxed))[FailureKind::kDataRace], 0);
  EXPECT_TRUE(FailuresOf(publish(memory_order_release)).empty());
  EXPECT_TRUE(FailuresOf(publish(memory_order_seq_cst)).empty());
#else
  GTEST_SKIP() << "needs the tsan preset";
#endif
}

TEST(Epoch, NothingIsReusedUnderAReaderUnderAnySchedule) {
  const auto program = [] {
    sync::Epoch epoch;
    sync::Atomic<int> index(1);        // which of the rooms is current
    sync::Atomic<int> room_reused(0);  // set once room 1 was reused
    sync::Thread reader("reader", [&] {
      sync::Epoch::Guard guard(epoch);
      if (index.Load(memory_order_acquire) == 1 && room_reused.Load(memory_order_acquire) != 0) {
        throw std::runtime_error("reused under a reader");
      }
    });
    index.Store(2, memory_order_seq_cst);
    const uint64_t tag = epoch.Advance();
    if (epoch.Oldest() > tag) room_reused.Store(1, memory_order_seq_cst);
  };
  EXPECT_TRUE(FailuresOf(program, 500).empty());
}

}  // namespace
}  // namespace engram::world
