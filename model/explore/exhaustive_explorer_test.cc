// The exhaustive explorer on programs whose classes of executions are known: counted by hand,
// published, or counted by plain depth-first search. Random programs are in
// exhaustive_random_test.cc. Long because each program stands beside its count.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "model/explore/explorers_testing.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

using ::testing::UnorderedElementsAre;

constexpr auto kSeqCst = std::memory_order_seq_cst;
constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kRelease = std::memory_order_release;

using Threads = std::vector<sync::Thread>;  // joined when destroyed

Bounds NoLockOrder() {
  Bounds bounds;
  bounds.check_lock_order = false;
  return bounds;
}

TEST(ExhaustiveExplorer, ThreeThreadsLockingAMutexTwiceHaveNinetyClasses) {
  const Classes classes = CountClasses([] {
    sync::Mutex mutex;
    const auto twice = [&] {
      for (int i = 0; i < 2; ++i) sync::MutexLock lock(mutex);
    };
    Threads threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back("locker", twice);
  });
  EXPECT_EQ(classes.counted, 90u);  // 6! / (2! 2! 2!)
  EXPECT_EQ(classes.redundant, 0u);
}

TEST(ExhaustiveExplorer, IndependentIncrementsAreOneClass) {
  for (int n = 1; n <= 20; n *= 4) {
    const Classes classes = CountClasses([n] {
      sync::Atomic<int> x(0), y(0);
      sync::Thread a("a", [&] {
        for (int i = 0; i < n; ++i) x.FetchAdd(1, kSeqCst);
      });
      sync::Thread b("b", [&] {
        for (int i = 0; i < n; ++i) y.FetchAdd(1, kSeqCst);
      });
    });
    EXPECT_EQ(classes.counted, 1u);
    EXPECT_EQ(classes.redundant, 0u);
  }
}

TEST(ExhaustiveExplorer, WritersOfOneAtomicAreOrderedInEveryWay) {
  uint64_t factorial = 1;
  for (uint64_t n = 1; n <= 6; ++n) {
    factorial *= n;
    const Classes classes = CountClasses([n] {
      sync::Atomic<uint64_t> x(0);
      Threads threads;
      for (uint64_t i = 0; i < n; ++i) {
        threads.emplace_back("writer", [&x, i] { x.Store(i, kSeqCst); });
      }
    });
    EXPECT_EQ(classes.counted, factorial);
    EXPECT_EQ(classes.redundant, 0u);
  }
}

// Each reader comes before or after the one writer (Abdulla et al., POPL 2014, "readers").
TEST(ExhaustiveExplorer, ReadersOfOneWriterAreIndependentOfEachOther) {
  for (uint64_t n = 1; n <= 9; ++n) {
    const Classes classes = CountClasses([n] {
      sync::Atomic<int> x(0);
      Threads threads;
      threads.emplace_back("writer", [&x] { x.Store(1, kSeqCst); });
      for (uint64_t i = 0; i < n; ++i) threads.emplace_back("reader", [&x] { x.Load(kSeqCst); });
    });
    EXPECT_EQ(classes.counted, uint64_t{1} << n);
  }
}

// Thread j sets a[j] = a[j-1] + 1 while thread 0 looks for the last zero (Abdulla et al., POPL
// 2014, "lastzero": 64 classes for 5 threads, 3328 for 10).
Classes LastZero(int n) {
  return CountClasses([n] {
    std::array<sync::Atomic<int>, 12> a;
    Threads threads;
    threads.emplace_back("searcher", [&] {
      int i = n;
      while (a[static_cast<size_t>(i)].Load(kSeqCst) != 0) --i;
    });
    for (size_t j = 1; j <= static_cast<size_t>(n); ++j) {
      threads.emplace_back("setter", [&a, j] { a[j].Store(a[j - 1].Load(kSeqCst) + 1, kSeqCst); });
    }
  });
}

TEST(ExhaustiveExplorer, FindsTheClassesOfLastZero) {
  EXPECT_EQ(LastZero(5).counted, 64u);
  EXPECT_EQ(LastZero(8).counted, 704u);  // 2^(n-2) (n+3)
  EXPECT_EQ(LastZero(10).counted, 3328u);
}

// Threads insert into a hash table; from 12 threads on some collide (Flanagan and Godefroid, POPL
// 2005, "indexer": 1 class for 11 threads, 8 for 12, 64 for 13).
Classes Indexer(int n) {
  return CountClasses([n] {
    std::array<sync::Atomic<int>, 128> table;
    Threads threads;
    for (int thread = 0; thread < n; ++thread) {
      threads.emplace_back("inserter", [&table, thread] {
        for (int m = 1; m <= 4; ++m) {
          const int word = m * 11 + thread;
          size_t slot = static_cast<size_t>(word * 7) % 128;
          for (int empty = 0; !table[slot].CompareExchangeStrong(empty, word, kSeqCst, kSeqCst);
               empty = 0) {
            slot = (slot + 1) % 128;
          }
        }
      });
    }
  });
}

TEST(ExhaustiveExplorer, FindsTheClassesOfIndexer) {
  EXPECT_EQ(Indexer(11).counted, 1u);
  EXPECT_EQ(Indexer(12).counted, 8u);
  EXPECT_EQ(Indexer(13).counted, 64u);
}

// Threads allocate blocks for inodes; from 14 threads on some want the same one (Flanagan and
// Godefroid, POPL 2005, "file system": 2 classes for 14 threads, 8 for 16, 32 for 18).
Classes FileSystemProgram(size_t n) {
  return CountClasses(
      [n]() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
        constexpr size_t kInodes = 32, kBlocks = 26;
        std::array<sync::Mutex, kInodes> inode_locks;
        std::array<sync::Mutex, kBlocks> block_locks;
        std::array<size_t, kInodes> inodes{};
        std::array<bool, kBlocks> busy{};
        Threads threads;
        for (size_t thread = 0; thread < n; ++thread) {
          threads.emplace_back("allocator", [&, thread]() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
            const size_t inode = thread % kInodes;
            sync::MutexLock inode_lock(inode_locks[inode]);
            if (inodes[inode] != 0) return;
            for (size_t block = (inode * 2) % kBlocks;; block = (block + 1) % kBlocks) {
              sync::MutexLock block_lock(block_locks[block]);
              if (busy[block]) continue;
              busy[block] = true;
              inodes[inode] = block + 1;
              return;
            }
          });
        }
      },
      NoLockOrder());
}

TEST(ExhaustiveExplorer, FindsTheClassesOfFileSystem) {
  EXPECT_EQ(FileSystemProgram(13).counted, 1u);
  EXPECT_EQ(FileSystemProgram(14).counted, 2u);
  EXPECT_EQ(FileSystemProgram(16).counted, 8u);
  EXPECT_EQ(FileSystemProgram(18).counted, 32u);
}

// ---- Litmus tests: what two or four threads can see of each other's stores.

// The results of all executions of `main`, which returns one.
template <typename Result>
std::set<Result> ResultsOf(const std::function<Result()>& main, const Bounds& bounds = {}) {
  std::set<Result> results;
  std::optional<Result> result;
  const auto explorer = MakeExhaustiveExplorer(bounds);
  ExploreBare(
      *explorer, bounds, [&] { result = main(); },
      [&](const Scheduler&, bool counted) {
        if (counted) results.insert(*result);
      });
  return results;
}

using Two = std::tuple<int, int>;

std::set<Two> StoreBuffering(std::memory_order order) {
  return ResultsOf<Two>([order] {
    sync::Atomic<int> x(0), y(0);
    int a = -1, b = -1;
    {
      sync::Thread first("first", [&] {
        x.Store(1, order);
        a = y.Load(kSeqCst);
      });
      sync::Thread second("second", [&] {
        y.Store(1, order);
        b = x.Load(kSeqCst);
      });
    }
    return Two(a, b);
  });
}

TEST(ExhaustiveExplorer, StoreBufferingIsSeenUnlessStoresAreSequentiallyConsistent) {
  const std::set<Two> all = {Two(0, 0), Two(0, 1), Two(1, 0), Two(1, 1)};
  const std::set<Two> without = {Two(0, 1), Two(1, 0), Two(1, 1)};
  EXPECT_EQ(StoreBuffering(kRelaxed), all);
  EXPECT_EQ(StoreBuffering(kRelease), all);
  EXPECT_EQ(StoreBuffering(kSeqCst), without);
}

TEST(ExhaustiveExplorer, MessagesArriveInOrder) {
  const auto results = ResultsOf<Two>([] {
    sync::Atomic<int> data(0), flag(0);
    int seen_flag = 0, seen_data = 0;
    {
      sync::Thread writer("writer", [&] {
        data.Store(1, kRelaxed);
        flag.Store(1, kRelaxed);
      });
      sync::Thread reader("reader", [&] {
        seen_flag = flag.Load(kSeqCst);
        seen_data = data.Load(kSeqCst);
      });
    }
    return Two(seen_flag, seen_data);
  });
  EXPECT_THAT(results, UnorderedElementsAre(Two(0, 0), Two(0, 1), Two(1, 1)));
}

TEST(ExhaustiveExplorer, LoadsAreNotOvertakenByLaterStores) {
  const auto results = ResultsOf<Two>([] {
    sync::Atomic<int> x(0), y(0);
    int a = 0, b = 0;
    {
      sync::Thread first("first", [&] {
        a = x.Load(kSeqCst);
        y.Store(1, kRelaxed);
      });
      sync::Thread second("second", [&] {
        b = y.Load(kSeqCst);
        x.Store(1, kRelaxed);
      });
    }
    return Two(a, b);
  });
  EXPECT_THAT(results, UnorderedElementsAre(Two(0, 0), Two(0, 1), Two(1, 0)));
}

TEST(ExhaustiveExplorer, AllReadersAgreeOnTheOrderOfIndependentWrites) {
  using Four = std::tuple<int, int, int, int>;
  const auto results = ResultsOf<Four>([] {
    sync::Atomic<int> x(0), y(0);
    int a = 0, b = 0, c = 0, d = 0;
    {
      sync::Thread one("one", [&] { x.Store(1, kRelaxed); });
      sync::Thread two("two", [&] { y.Store(1, kRelaxed); });
      sync::Thread three("three", [&] {
        a = x.Load(kSeqCst);
        b = y.Load(kSeqCst);
      });
      sync::Thread four("four", [&] {
        c = y.Load(kSeqCst);
        d = x.Load(kSeqCst);
      });
    }
    return Four(a, b, c, d);
  });
  EXPECT_EQ(results.size(), 15u);  // all but one
  EXPECT_FALSE(results.contains(Four(1, 0, 1, 0)));
}

// A thread's ninth buffered store waits for the first to drain: what happens_before.cc says of full
// buffers.
TEST(ExhaustiveExplorer, BuffersHoldAsManyStoresAsHappensBeforeKnows) {
  Scheduler scheduler;
  class HoldBack final : public Choices {
   public:
    explicit HoldBack(const Scheduler& scheduler) : scheduler_(scheduler) {}
    uint32_t Choose(const Name&, uint32_t alternatives) override {
      for (uint32_t i = 0; i < alternatives; ++i) {
        if (scheduler_.CandidateAt(i).actor < kThreadsMax) return i;
      }
      return 0;
    }

   private:
    const Scheduler& scheduler_;
  } hold_back(scheduler);
  scheduler.Begin(Bounds(), hold_back);
  scheduler.RunEra([] {
    sync::Atomic<int> x(0);
    for (int i = 0; i < 10; ++i) x.Store(i, kRelaxed);
  });
  std::string order;
  for (uint32_t i = 0; i < scheduler.step_count(); ++i) {
    if (scheduler.steps()[i].kind == StepKind::kBufferedStore) order += 's';
    if (scheduler.steps()[i].kind == StepKind::kDrain) order += 'd';
  }
  scheduler.End();
  EXPECT_EQ(order.substr(0, 12), "ssssssssdsds");
}

// ---- Waiting.

TEST(ExhaustiveExplorer, FindsADeadlockAndTheOrdersAroundIt) {
  const auto program = [] {
    sync::Mutex m, n;
    sync::Thread first("first", [&] {
      sync::MutexLock outer(m);
      sync::MutexLock inner(n);
    });
    sync::Thread second("second", [&] {
      sync::MutexLock outer(n);
      sync::MutexLock inner(m);
    });
  };
  const Classes classes = CountClasses(program, NoLockOrder());
  EXPECT_EQ(classes.counted, 3u);  // one after the other, the other after the one, deadlock
  EXPECT_EQ(classes.failed, 1u);
}

// The first execution ends in a deadlock that hides the order in which there is none.
TEST(ExhaustiveExplorer, LooksBehindADeadlock) {
  const Classes classes = CountClasses([]() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
    auto mutex = std::make_shared<sync::Mutex>();
    sync::Thread thread("thread", [mutex] { sync::MutexLock lock(*mutex); });
    mutex->Lock();
    thread.Join();
    mutex->Unlock();
  });
  EXPECT_EQ(classes.counted, 2u);
  EXPECT_EQ(classes.failed, 1u);
}

TEST(ExhaustiveExplorer, FindsALostWakeUp) {
  std::set<FailureKind> failures;
  const auto explorer = MakeExhaustiveExplorer({});
  ExploreBare(
      *explorer, {},
      [] {
        struct Shared {
          sync::Mutex mutex;
          sync::CondVar changed;
        };
        auto shared = std::make_shared<Shared>();
        sync::Thread waiter("waiter", [shared] {
          sync::MutexLock lock(shared->mutex);
          shared->changed.Wait(shared->mutex);
        });
        shared->changed.NotifyOne();
      },
      [&](const Scheduler& scheduler, bool) {
        if (scheduler.failed()) failures.insert(scheduler.failure()->kind);
      });
  EXPECT_THAT(failures, UnorderedElementsAre(FailureKind::kLostWakeup));
}

TEST(ExhaustiveExplorer, ATimedWaitEndsInBothWays) {
  const auto results = ResultsOf<bool>([] {
    sync::Mutex mutex;
    sync::CondVar changed;
    bool notified = false;
    {
      sync::Thread waiter("waiter", [&] {
        sync::MutexLock lock(mutex);
        notified = changed.WaitFor(mutex, std::chrono::milliseconds(1));
      });
      sync::MutexLock lock(mutex);
      changed.NotifyOne();
    }
    return notified;
  });
  EXPECT_THAT(results, UnorderedElementsAre(false, true));
}

// ---- Loops that wait by looking again.

TEST(ExhaustiveExplorer, ALoopThatWaitsForAFlagEnds) {
  const Classes classes = CountClasses([] {
    sync::Atomic<int> data(0), flag(0);
    sync::Thread writer("writer", [&] {
      data.Store(1, kRelaxed);
      flag.Store(1, kRelease);
    });
    sync::Thread reader("reader", [&] {
      while (flag.Load(std::memory_order_acquire) == 0) sync::Yield();
      data.Load(kSeqCst);
    });
  });
  EXPECT_LE(classes.counted, 10u);
  EXPECT_EQ(classes.failed, 0u);
}

TEST(ExhaustiveExplorer, ASpinLockExcludes) {
  uint64_t violations = 0;
  const Classes classes = CountClasses([&violations] {
    sync::Atomic<int> locked(0);
    int inside = 0;
    const auto enter = [&] {
      for (int free = 0; !locked.CompareExchangeStrong(free, 1, kSeqCst, kSeqCst); free = 0) {
        sync::Yield();
      }
      violations += inside++ == 0 ? 0 : 1;
      --inside;
      locked.Store(0, kRelease);
    };
    sync::Thread first("first", enter), second("second", enter);
  });
  EXPECT_LE(classes.counted, 20u);
  EXPECT_EQ(classes.failed, 0u);
  EXPECT_EQ(violations, 0u);
}

// The interruption that matters lies behind a yield that is not part of such a loop.
TEST(ExhaustiveExplorer, APoliteYieldHidesNothing) {
  const auto results = ResultsOf<int>([] {
    sync::Atomic<int> x(0);
    int seen = 0;
    {
      sync::Thread polite("polite", [&] {
        sync::Yield();
        x.FetchAdd(1, kSeqCst);
        x.FetchAdd(1, kSeqCst);
      });
      sync::Atomic<int> other(0);
      other.Load(kSeqCst);
      seen = x.Load(kSeqCst);
    }
    return seen;
  });
  EXPECT_THAT(results, UnorderedElementsAre(0, 1, 2));
}

// ---- Failures and other choices.

TEST(ExhaustiveExplorer, AFailureDoesNotHideOtherOrders) {
  std::set<std::string> ends;
  const auto explorer = MakeExhaustiveExplorer({});
  ExploreBare(
      *explorer, {},
      [] {
        auto x = std::make_shared<sync::Atomic<int>>(0);
        sync::Thread writer("writer", [x] {
          x->Store(1, kSeqCst);
          x->Store(2, kSeqCst);
        });
        const int seen = x->Load(kSeqCst);
        if (seen == 2) return;
        auto& scheduler = static_cast<Scheduler&>(sync::Runtime::Current());
        scheduler.Fail({FailureKind::kClaim, std::to_string(seen), ""});
      },
      [&](const Scheduler& scheduler, bool counted) {
        if (counted) ends.insert(scheduler.failed() ? scheduler.failure()->claim : "passed");
      });
  EXPECT_THAT(ends, UnorderedElementsAre("0", "1", "passed"));
}

TEST(ExhaustiveExplorer, TriesAllValuesOfEveryClass) {
  using Three = std::tuple<uint32_t, uint32_t, int>;
  const auto results = ResultsOf<Three>([] {
    auto& scheduler = static_cast<Scheduler&>(sync::Runtime::Current());
    sync::Atomic<int> x(0);
    uint32_t a = 0, b = 0;
    {
      sync::Thread first("first", [&] {
        a = scheduler.Choose(ChoiceKind::kValue, 3);
        x.Store(1, kSeqCst);
      });
      sync::Thread second("second", [&] {
        b = scheduler.Choose(ChoiceKind::kValue, 2);
        x.Store(2, kSeqCst);
      });
    }
    return Three(a, b, x.Load(kSeqCst));
  });
  EXPECT_EQ(results.size(), 12u);
}

TEST(ExhaustiveExplorer, ABoundOnPreemptionsIsKept) {
  // Two threads of k steps without blocking: with c preemptions there are few schedules, and they
  // grow with c.
  const auto program = [] {
    sync::Atomic<int> x(0);
    const auto thrice = [&] {
      for (int i = 0; i < 3; ++i) x.FetchAdd(1, kSeqCst);
    };
    sync::Thread first("first", thrice), second("second", thrice);
  };
  std::vector<uint64_t> counts;
  for (uint32_t preemptions = 0; preemptions < 4; ++preemptions) {
    Bounds bounds;
    bounds.preemptions_max = preemptions;
    const Classes classes = CountClasses(program, bounds);
    EXPECT_EQ(classes.redundant, 0u);
    counts.push_back(classes.counted);
  }
  EXPECT_LT(counts[0], counts[1]);
  EXPECT_LT(counts[1], counts[2]);
  EXPECT_LT(counts[2], counts[3]);
  EXPECT_EQ(CountClasses(program).counted, 20u);  // 6! / (3! 3!)
}

TEST(ExhaustiveExplorerDeathTest, AProgramThatIsNotDeterministicIsRefused) {
  EXPECT_DEATH(
      {
        int runs = 0;
        CountClasses([&runs] {
          sync::Atomic<int> x(0);
          Threads threads;
          for (int left = 2 + ++runs % 2; left > 0; --left) {
            threads.emplace_back("writer", [&x] { x.Store(1, kSeqCst); });
          }
        });
      },
      "does not do the same thing again");
}

}  // namespace
}  // namespace engram::world
