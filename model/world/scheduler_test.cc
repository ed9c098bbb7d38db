// The scheduler by itself, driven by scripted and by random answers: what it calls a failure, what
// it allows, and that it is a pure function of the answers.

#include "model/world/scheduler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "model/world/sanitizers.h"
#include "model/world/scheduler_testing.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

TEST(Scheduler, DefaultScheduleRunsEachThreadUntilItBlocks) {
  std::string order;
  Defaults defaults;
  const Ran ran = RunOnce(defaults, [&] {
    sync::Mutex mutex;
    auto body = [&](char name) {
      return [&mutex, &order, name] {
        for (int i = 0; i < 2; ++i) {
          sync::MutexLock lock(mutex);
          order += name;
        }
      };
    };
    sync::Thread a("a", body('a')), b("b", body('b'));
  });
  EXPECT_FALSE(ran.failure.has_value());
  EXPECT_EQ(order, "aabb");  // main blocks in joining b; the next in cyclic order is a
  EXPECT_TRUE(ran.deviations.empty());
}

TEST(Scheduler, SameAnswersGiveTheSameRun) {
  const auto program = [] {
    sync::Atomic<int> count(0);
    sync::Mutex mutex;
    auto body = [&] {
      for (int i = 0; i < 3; ++i) {
        count.Store(count.Load(memory_order_relaxed) + 1, memory_order_release);
        sync::MutexLock lock(mutex);
      }
    };
    sync::Thread a("a", body), b("b", body), c("c", body);
  };
  std::set<uint64_t> hashes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    RandomAnswers first(seed), second(seed);
    const Ran one = RunOnce(first, program), two = RunOnce(second, program);
    EXPECT_EQ(one.hash, two.hash);
    EXPECT_EQ(one.deviations, two.deviations);
    hashes.insert(one.hash);
  }
  EXPECT_GT(hashes.size(), 190u) << "different schedules must have different hashes";
}

TEST(Scheduler, OppositeLockOrdersDeadlock) {
  Bounds bounds;
  bounds.check_lock_order = false;
  const auto program = [] {
    sync::Mutex first, second;
    sync::Thread a("a", [&]() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
      sync::MutexLock outer(first);
      sync::MutexLock inner(second);
    });
    sync::Thread b("b", [&]() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
      sync::MutexLock outer(second);
      sync::MutexLock inner(first);
    });
  };
  const auto kinds = FailuresOf(program, 300, bounds);
  EXPECT_EQ(kinds.size(), 1u);
  EXPECT_GT(kinds.at(FailureKind::kDeadlock), 10);
}

TEST(Scheduler, ADeadlockNamesWhoWaitsForWhatSinceWhere) {
  Defaults defaults;
  const Ran ran = RunOnce(defaults, [] {
    sync::Mutex mutex;
    mutex.Lock();
    sync::Thread a("a", [&]() ENGRAM_NO_THREAD_SAFETY_ANALYSIS { mutex.Lock(); });
    a.Join();
    mutex.Unlock();
  });
  ASSERT_TRUE(ran.failure.has_value());
  EXPECT_EQ(ran.failure->kind, FailureKind::kDeadlock);
  const std::string& detail = ran.failure->detail;
  EXPECT_NE(detail.find("thread 'a' waits for #1 of 'main' since scheduler_test.cc:"),
            std::string::npos)
      << detail;
  EXPECT_NE(detail.find("held by 'main' since scheduler_test.cc:"), std::string::npos) << detail;
  EXPECT_NE(detail.find("thread 'main' waits for the end of thread 'a'"), std::string::npos);
}

TEST(Scheduler, OppositeLockOrdersFailEvenWithoutADeadlock) {
  Defaults defaults;
  const Ran ran = RunOnce(defaults, [] {
    sync::Mutex first, second;
    {
      sync::MutexLock outer(first);
      sync::MutexLock inner(second);
    }
    sync::MutexLock outer(second);
    sync::MutexLock inner(first);
  });
  ASSERT_TRUE(ran.failure.has_value());
  EXPECT_EQ(ran.failure->kind, FailureKind::kLockOrder);
}

TEST(Scheduler, ACycleOfThreeLocksIsAnInversion) {
  Defaults defaults;
  const auto nest = [](sync::Mutex& outer_mutex, sync::Mutex& inner_mutex) {
    sync::MutexLock outer(outer_mutex);
    sync::MutexLock inner(inner_mutex);
  };
  const Ran bad = RunOnce(defaults, [&] {
    sync::Mutex a, b, c;
    nest(a, b), nest(b, c), nest(c, a);
  });
  ASSERT_TRUE(bad.failure.has_value());
  EXPECT_EQ(bad.failure->kind, FailureKind::kLockOrder);
  const Ran good = RunOnce(defaults, [&] {
    sync::Mutex a, b, c;
    nest(a, b), nest(b, c), nest(a, c);
  });
  EXPECT_FALSE(good.failure.has_value()) << good.failure->detail;
}

TEST(Scheduler, ANotificationBeforeTheWaitIsALostWakeup) {
  const auto program = [](bool looks_first) {
    return [looks_first] {
      sync::Mutex mutex;
      sync::CondVar condition;
      bool ready = false;
      sync::Thread waiter("waiter", [&] {
        sync::MutexLock lock(mutex);
        if (looks_first) {
          while (!ready) condition.Wait(mutex);
        } else {
          condition.Wait(mutex);
        }
      });
      {
        sync::MutexLock lock(mutex);
        ready = true;
      }
      condition.NotifyOne();
    };
  };
  const auto kinds = FailuresOf(program(false));
  EXPECT_EQ(kinds.size(), 1u);
  EXPECT_GT(kinds.at(FailureKind::kLostWakeup), 10);
  EXPECT_TRUE(FailuresOf(program(true)).empty());
}

TEST(Scheduler, NotifyOneMayWakeAnyWaiterAndOnlyOne) {
  std::set<int> woken;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    RandomAnswers answers(seed);
    int first = -1;
    const Ran ran = RunOnce(answers, [&] {
      sync::Mutex mutex;
      sync::CondVar condition;
      int waiting = 0;
      bool go = false;
      auto body = [&](int number) {
        return [&, number] {
          sync::MutexLock lock(mutex);
          ++waiting;
          while (!go) condition.Wait(mutex);
          go = false;
          if (first < 0) first = number;
        };
      };
      sync::Thread a("a", body(0)), b("b", body(1)), c("c", body(2));
      for (int i = 0; i < 3; ++i) {
        for (;;) {
          sync::MutexLock lock(mutex);
          if (waiting == 3 && !go) break;
          sync::Yield();
        }
        sync::MutexLock lock(mutex);
        go = true;
        condition.NotifyOne();
      }
    });
    EXPECT_FALSE(ran.failure.has_value()) << ran.failure->detail;
    woken.insert(first);
  }
  EXPECT_EQ(woken, (std::set<int>{0, 1, 2}));
}

TEST(Scheduler, SpuriousWakeupsComeOnlyWithinTheirBound) {
  Bounds bounds;
  bounds.spurious_wakeups_max = 1;
  const auto program = [] {
    sync::Mutex mutex;
    sync::CondVar condition;
    bool ready = false;
    sync::Thread waiter("waiter", [&] {
      sync::MutexLock lock(mutex);
      if (!ready) condition.Wait(mutex);  // wrong: no loop
      if (!ready) throw std::runtime_error("woken for no reason");
    });
    sync::MutexLock lock(mutex);
    ready = true;
    condition.NotifyAll();
  };
  EXPECT_GT(FailuresOf(program, 300, bounds)[FailureKind::kException], 5);
  EXPECT_TRUE(FailuresOf(program).empty());
}

TEST(Scheduler, AnEndlessLoopIsStarvation) {
  Defaults defaults;
  Bounds bounds;
  bounds.steps_max = 5000;
  const Ran ran = RunOnce(
      defaults,
      [] {
        sync::Atomic<bool> flag(false);
        while (!flag.Load(memory_order_acquire)) {
        }
      },
      bounds);
  ASSERT_TRUE(ran.failure.has_value());
  EXPECT_EQ(ran.failure->kind, FailureKind::kStarvation);
}

TEST(Scheduler, SpinningForAnotherThreadEndsWithAndWithoutYield) {
  for (const bool yields : {true, false}) {
    Defaults defaults;
    const Ran ran = RunOnce(defaults, [yields] {
      sync::Atomic<bool> flag(false);
      sync::Thread setter("setter", [&] { flag.Store(true, memory_order_release); });
      while (!flag.Load(memory_order_acquire)) {
        if (yields) sync::Yield();
      }
    });
    EXPECT_FALSE(ran.failure.has_value()) << ran.failure->detail;
    EXPECT_LT(ran.steps.size(), yields ? 20u : 3000u);
  }
}

TEST(Scheduler, TimePassesWhenAllOthersWaitForIt) {
  Defaults defaults;
  int slept = 0;
  const Ran ran = RunOnce(defaults, [&slept] {
    sync::Atomic<bool> flag(false);
    sync::Atomic<int> count(0);
    auto sleep = [&](int ms) {
      return [&, ms] {
        sync::SleepFor(std::chrono::milliseconds(ms));
        count.FetchAdd(1, memory_order_seq_cst);
      };
    };
    sync::Thread late("late", sleep(20)), early("early", sleep(10));
    sync::Thread setter("setter", [&] {
      sync::SleepFor(std::chrono::seconds(1));
      flag.Store(true, memory_order_release);
    });
    while (!flag.Load(memory_order_acquire)) sync::Yield();
    late.Join();
    early.Join();
    slept = count.Load(memory_order_seq_cst);
  });
  EXPECT_FALSE(ran.failure.has_value()) << ran.failure->detail;
  EXPECT_EQ(slept, 2);
}

TEST(Scheduler, ATimedWaitMayTimeOutOrBeNotified) {
  std::set<bool> results;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    RandomAnswers answers(seed);
    const Ran ran = RunOnce(answers, [&] {
      sync::Mutex mutex;
      sync::CondVar condition;
      sync::Thread waiter("waiter", [&] {
        sync::MutexLock lock(mutex);
        results.insert(condition.WaitFor(mutex, std::chrono::milliseconds(5)));
      });
      condition.NotifyAll();
    });
    EXPECT_FALSE(ran.failure.has_value()) << ran.failure->detail;
  }
  EXPECT_EQ(results.size(), 2u);
}

TEST(Scheduler, ExceptionsOfDifferentFibersDoNotMix) {
  const auto program = [] {
    sync::Mutex mutex;
    auto body = [&](int number) {
      return [&mutex, number] {
        try {
          throw number;
        } catch (int caught) {
          for (int i = 0; i < 3; ++i) sync::MutexLock lock(mutex);
          try {
            throw;  // rethrows what this fiber caught
          } catch (int again) {
            if (again != number || caught != number) std::abort();
          }
        }
      };
    };
    sync::Thread a("a", body(1)), b("b", body(2)), c("c", body(3));
  };
  EXPECT_TRUE(FailuresOf(program).empty());
}

TEST(Scheduler, AnExceptionThatLeavesAThreadIsAFailure) {
  Defaults defaults;
  const Ran ran = RunOnce(
      defaults, [] { sync::Thread a("a", [] { throw std::runtime_error("out of cheese"); }); });
  ASSERT_TRUE(ran.failure.has_value());
  EXPECT_EQ(ran.failure->kind, FailureKind::kException);
  EXPECT_NE(ran.failure->detail.find("out of cheese"), std::string::npos);
}

TEST(Scheduler, SharedLocksAdmitReadersTogetherAndWritersAlone) {
  bool readers_met = false;
  const auto program = [&] {
    sync::SharedMutex mutex;
    sync::Atomic<int> readers(0), writers(0), met(0);
    auto read = [&] {
      sync::ReaderLock lock(mutex);
      if (readers.FetchAdd(1, memory_order_seq_cst) == 1) met.Store(1, memory_order_seq_cst);
      sync::Yield();
      if (writers.Load(memory_order_seq_cst) != 0) {
        throw std::runtime_error("a writer inside with a reader");
      }
      readers.FetchSub(1, memory_order_seq_cst);
    };
    sync::Thread a("a", read), b("b", read);
    sync::Thread w("w", [&] {
      sync::WriterLock lock(mutex);
      writers.FetchAdd(1, memory_order_seq_cst);
      sync::Yield();
      if (readers.Load(memory_order_seq_cst) != 0) {
        throw std::runtime_error("a reader inside with a writer");
      }
      writers.FetchSub(1, memory_order_seq_cst);
    });
    a.Join();
    b.Join();
    readers_met |= met.Load(memory_order_seq_cst) != 0;
  };
  EXPECT_TRUE(FailuresOf(program).empty());
  EXPECT_TRUE(readers_met);
}

TEST(Scheduler, PreemptionsStayWithinTheirBound) {
  Bounds bounds;
  bounds.preemptions_max = 1;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    RandomAnswers answers(seed);
    const Ran ran = RunOnce(
        answers,
        [] {
          sync::Atomic<int> count(0);
          auto body = [&] {
            for (int i = 0; i < 5; ++i) count.FetchAdd(1, memory_order_seq_cst);
          };
          sync::Thread a("a", body), b("b", body);
        },
        bounds);
    int switches = 0;
    for (size_t i = 1; i < ran.steps.size(); ++i) {
      const Step& last = ran.steps[i - 1];
      if (ran.steps[i].actor != last.actor && last.kind != StepKind::kExit &&
          ran.steps[i].kind != StepKind::kJoin && last.kind != StepKind::kSpawn) {
        ++switches;
      }
    }
    EXPECT_LE(switches, 3);
  }
}

}  // namespace
}  // namespace engram::world
