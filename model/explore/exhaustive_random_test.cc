// The exhaustive explorer against plain depth-first search without reduction, on random small
// programs: it finds the same results and the same classes of equivalent executions, and each class
// once.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/explore/explorers_testing.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

constexpr auto kSeqCst = std::memory_order_seq_cst;
constexpr auto kRelaxed = std::memory_order_relaxed;

// What random programs are made of. What makes no sense where it stands (unlocking what is not
// held) does nothing.
enum class Do : uint8_t {
  kLoad,
  kStore,
  kStoreSeqCst,
  kAdd,
  kCompareExchange,
  kLock,
  kTryLock,
  kUnlock,
  kLockShared,
  kLockExclusive,
  kTryLockShared,
  kUnlockShared,
  kWait,
  kWaitFor,
  kNotifyOne,
  kNotifyAll,
  kSleep,
  kYield,
  kChoose,
  kExpectZero,
};
constexpr std::array<const char*, 20> kNames = {"load",
                                                "store",
                                                "store_seq_cst",
                                                "add",
                                                "compare_exchange",
                                                "lock",
                                                "try_lock",
                                                "unlock",
                                                "lock_shared",
                                                "lock_exclusive",
                                                "try_lock_shared",
                                                "unlock_shared",
                                                "wait",
                                                "wait_for",
                                                "notify_one",
                                                "notify_all",
                                                "sleep",
                                                "yield",
                                                "choose",
                                                "expect_zero"};

struct Action {
  Do what = Do::kLoad;
  size_t object = 0;  // of two
};
std::ostream& operator<<(std::ostream& out, const Action& action) {
  return out << kNames[static_cast<size_t>(action.what)] << action.object;
}

struct Threads {
  std::vector<std::vector<Action>> actions;  // of each thread; the first is the main thread
  Bounds bounds;
};
std::ostream& operator<<(std::ostream& out, const Threads& threads) {
  for (const auto& thread : threads.actions) {
    out << "\n  ";
    for (const Action& action : thread) out << action << " ";
  }
  return out << "\n  " << threads.bounds.spurious_wakeups_max << " spurious wake-ups, "
             << threads.bounds.weak_failures_max << " weak failures";
}

rc::Gen<Threads> AnyThreads(const std::vector<Do>& choice) {
  return rc::gen::exec([choice] {
    Threads threads;
    threads.bounds.check_lock_order = false;
    threads.bounds.steps_max = 500;
    threads.bounds.spurious_wakeups_max = *rc::gen::inRange(0u, 2u);
    threads.bounds.weak_failures_max = *rc::gen::inRange(0u, 2u);
    const int count = *rc::gen::inRange(2, 4);
    for (int i = 0; i < count; ++i) {
      const int size = *rc::gen::inRange(1, count == 2 ? 5 : 3);
      std::vector<Action>& actions = threads.actions.emplace_back();
      for (int k = 0; k < size; ++k) {
        actions.push_back({*rc::gen::elementOf(choice), *rc::gen::inRange<size_t>(0, 2)});
      }
    }
    return threads;
  });
}

struct Shared {
  std::array<sync::Atomic<int>, 2> atomics;
  std::array<sync::Mutex, 2> mutexes;
  std::array<sync::SharedMutex, 2> shared_mutexes;
  std::array<sync::CondVar, 2> conditions;
};

struct Seen {
  std::array<std::string, 3> by_thread;
  std::string at_end;
  int failed_thread = -1;
};

class Performer {
 public:
  Performer(Shared& shared, Seen& seen, size_t thread)
      : shared_(shared), seen_(seen), thread_(thread) {}

  void Run(const std::vector<Action>& actions) ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
    for (const Action& action : actions) {
      ++value_;
      Act(action.what, action.object);
    }
    for (size_t i = 0; i < 2; ++i) {
      Act(Do::kUnlock, i);
      Act(Do::kUnlockShared, i);
    }
  }

 private:
  void Note(int value) { absl::StrAppend(&seen_.by_thread[thread_], value, ","); }

  void Act(Do what, size_t i) ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
    const int value = static_cast<int>(thread_) * 10 + value_;
    if (what >= Do::kLock && what <= Do::kUnlockShared) return ActOnMutex(what, i);
    switch (what) {
      case Do::kLoad:
        return Note(shared_.atomics[i].Load(kSeqCst));
      case Do::kStore:
        return shared_.atomics[i].Store(value, kRelaxed);
      case Do::kStoreSeqCst:
        return shared_.atomics[i].Store(value, kSeqCst);
      case Do::kAdd:
        return Note(shared_.atomics[i].FetchAdd(100, kSeqCst));
      case Do::kCompareExchange: {
        int expected = 0;
        Note(shared_.atomics[i].CompareExchangeWeak(expected, value, kSeqCst, kSeqCst) ? 1 : 0);
        return Note(expected);
      }
      case Do::kWait:
        ActOnMutex(Do::kLock, 0);
        return shared_.conditions[i].Wait(shared_.mutexes[0]);
      case Do::kWaitFor:
        ActOnMutex(Do::kLock, 0);
        return Note(shared_.conditions[i].WaitFor(shared_.mutexes[0], std::chrono::nanoseconds(5)));
      case Do::kNotifyOne:
        return shared_.conditions[i].NotifyOne();
      case Do::kNotifyAll:
        return shared_.conditions[i].NotifyAll();
      case Do::kSleep:
        return sync::SleepFor(std::chrono::nanoseconds(3));
      case Do::kYield:
        return sync::Yield();
      case Do::kChoose:
        return Note(static_cast<int>(RunningScheduler().Choose(ChoiceKind::kValue, 2)));
      case Do::kExpectZero:
        Note(shared_.atomics[i].Load(kSeqCst));
        if (!seen_.by_thread[thread_].ends_with("0,")) {
          seen_.failed_thread = static_cast<int>(thread_);
          RunningScheduler().Fail({FailureKind::kClaim, "not zero", ""});
        }
        return;
      default:
        return;
    }
  }

  void ActOnMutex(Do what, size_t i) ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
    sync::Mutex& mutex = shared_.mutexes[i];
    sync::SharedMutex& shared_mutex = shared_.shared_mutexes[i];
    const bool held = held_[i];
    const char holds = holds_[i];  // nothing, 's'hared or 'e'xclusively
    switch (what) {
      case Do::kLock:
        if (!held) mutex.Lock();
        held_[i] = true;
        return;
      case Do::kTryLock:
        if (!held) Note(held_[i] = mutex.TryLock());
        return;
      case Do::kUnlock:
        if (held) mutex.Unlock();
        held_[i] = false;
        return;
      case Do::kLockShared:
        if (holds == 0) shared_mutex.LockShared(), holds_[i] = 's';
        return;
      case Do::kLockExclusive:
        if (holds == 0) shared_mutex.Lock(), holds_[i] = 'e';
        return;
      case Do::kTryLockShared:
        if (holds == 0) Note(holds_[i] = shared_mutex.TryLockShared() ? 's' : '\0');
        return;
      case Do::kUnlockShared:
        if (holds == 's') shared_mutex.UnlockShared();
        if (holds == 'e') shared_mutex.Unlock();
        holds_[i] = 0;
        return;
      default:
        return;
    }
  }

  static Scheduler& RunningScheduler() { return static_cast<Scheduler&>(sync::Runtime::Current()); }

  Shared& shared_;
  Seen& seen_;
  const size_t thread_;
  int value_ = 0;
  std::array<bool, 2> held_{};
  std::array<char, 2> holds_{};
};

// All that can come of a program.
struct Explored {
  std::set<std::string> results;
  std::set<std::string> traces;
  uint64_t counted = 0;
};

constexpr uint64_t kExecutionsMax = 10'000;

Explored ExploreThreads(const Threads& threads, const Bounds& bounds) {
  auto seen = std::make_shared<Seen>();
  const auto main = [&threads, seen] {
    *seen = Seen();
    // Owned by the threads: what is left of a failed execution may still refer to it.
    auto shared = std::make_shared<Shared>();
    std::vector<sync::Thread> spawned;
    for (size_t i = 1; i < threads.actions.size(); ++i) {
      spawned.emplace_back("thread", [shared, seen, i, &threads] {
        Performer(*shared, *seen, i).Run(threads.actions[i]);
      });
    }
    Performer(*shared, *seen, 0).Run(threads.actions[0]);
    spawned.clear();
    for (sync::Atomic<int>& atomic : shared->atomics) {
      absl::StrAppend(&seen->at_end, atomic.Load(kSeqCst), ",");
    }
  };
  Explored explored;
  const auto explorer = MakeExhaustiveExplorer(bounds);
  explored.counted = ExploreBare(
      *explorer, bounds, main,
      [&](const Scheduler& scheduler, bool counted) {
        if (!counted) return;
        explored.traces.insert(TraceOf(scheduler));
        std::string result;
        if (seen->failed_thread >= 0) {
          // What the others had done by then is no part of this failure.
          const auto thread = static_cast<size_t>(seen->failed_thread);
          result = absl::StrCat("thread ", thread, " fails: ", seen->by_thread[thread]);
        } else {
          for (const std::string& values : seen->by_thread) absl::StrAppend(&result, values, ";");
          absl::StrAppend(&result, seen->at_end);
          if (scheduler.failed()) result += std::string(FailureKindName(scheduler.failure()->kind));
        }
        explored.results.insert(result);
      },
      kExecutionsMax);
  return explored;
}

enum class Equal { kClassesOnce, kClasses, kResults };

void ExpectSameAsUnreduced(const Threads& threads, Equal equal) {
  const Explored all = ExploreThreads(threads, Unreduced(threads.bounds));
  RC_CLASSIFY(all.counted >= kExecutionsMax, "too large");
  if (all.counted >= kExecutionsMax) return;
  const Explored reduced = ExploreThreads(threads, threads.bounds);
  RC_ASSERT(reduced.results == all.results);
  if (equal == Equal::kResults) return;
  RC_ASSERT(reduced.traces == all.traces);
  if (equal == Equal::kClassesOnce) RC_ASSERT(reduced.counted == reduced.traces.size());
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, AtomicsAndMutexes, ()) {
  const auto threads = *AnyThreads({Do::kLoad, Do::kLoad, Do::kStore, Do::kStoreSeqCst, Do::kAdd,
                                    Do::kCompareExchange, Do::kLock, Do::kLock, Do::kTryLock,
                                    Do::kUnlock, Do::kUnlock, Do::kChoose});
  ExpectSameAsUnreduced(threads, Equal::kClassesOnce);
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, StoreBuffers, ()) {
  const auto threads =
      *AnyThreads({Do::kLoad, Do::kLoad, Do::kStore, Do::kStore, Do::kStoreSeqCst, Do::kAdd});
  ExpectSameAsUnreduced(threads, Equal::kClassesOnce);
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, NestedAndSharedLocks, ()) {
  const auto threads = *AnyThreads({Do::kLock, Do::kLock, Do::kUnlock, Do::kLockShared,
                                    Do::kLockExclusive, Do::kTryLockShared, Do::kUnlockShared});
  ExpectSameAsUnreduced(threads, Equal::kClassesOnce);
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, WaitsAndNotifications, ()) {
  const auto threads = *AnyThreads({Do::kLoad, Do::kStoreSeqCst, Do::kNotifyOne, Do::kNotifyOne,
                                    Do::kNotifyAll, Do::kWait, Do::kWait, Do::kLock, Do::kUnlock});
  ExpectSameAsUnreduced(threads, Equal::kClassesOnce);
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, TimedWaitsAndSleeps, ()) {
  const auto threads =
      *AnyThreads({Do::kLoad, Do::kStore, Do::kAdd, Do::kLock, Do::kUnlock, Do::kNotifyOne,
                   Do::kNotifyAll, Do::kWaitFor, Do::kWaitFor, Do::kWait, Do::kSleep, Do::kChoose});
  ExpectSameAsUnreduced(threads, Equal::kClassesOnce);
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, Yields, ()) {
  const auto threads = *AnyThreads(
      {Do::kLoad, Do::kStoreSeqCst, Do::kYield, Do::kYield, Do::kAdd, Do::kLock, Do::kUnlock});
  ExpectSameAsUnreduced(threads, Equal::kClasses);
}

RC_GTEST_PROP(ExhaustiveOnRandomPrograms, Failures, ()) {
  const auto threads =
      *AnyThreads({Do::kLoad, Do::kStore, Do::kStoreSeqCst, Do::kAdd, Do::kLock, Do::kLock,
                   Do::kUnlock, Do::kTryLock, Do::kExpectZero, Do::kExpectZero});
  ExpectSameAsUnreduced(threads, Equal::kResults);
}

}  // namespace
}  // namespace engram::world
