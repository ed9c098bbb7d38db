// Mutexes, atomics and litmus tests (Alglave, Maranget, "Herding cats", TOPLAS 2014) with counted
// classes. Two executions are equivalent if each pair of steps on one object, one of them writing,
// comes in the same order.

#include "stress/verify/self_programs.h"

#include <array>
#include <functional>
#include <utility>

#include "model/tell/words.h"
#include "stress/verify/self_scenarios.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::verify {
namespace {

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;
using sync::Atomic;
using sync::Thread;
using world::Words;

// A program whose `body` says what the execution came to.
KnownProgram Known(std::string name, std::string title, uint64_t classes, Outcomes possible,
                   std::function<std::string()> body) {
  KnownProgram known;
  known.title = std::move(title);
  known.classes = classes;
  known.possible = std::move(possible);
  known.seen = std::make_shared<Outcomes>();
  known.program = world::FromFunction(
      std::move(name), [seen = known.seen, body = std::move(body)] { seen->insert(body()); });
  return known;
}

// A program that `body` lets fail with `claim` under some schedules.
KnownProgram Wrong(std::string name, std::string title, std::string claim,
                   std::function<void()> body) {
  KnownProgram known;
  known.title = std::move(title);
  known.claim = std::move(claim);
  known.seen = std::make_shared<Outcomes>();
  known.program = world::FromFunction(std::move(name), std::move(body));
  return known;
}

// Runs `bodies` side by side to their end.
void Together(const std::vector<std::function<void()>>& bodies) {
  std::vector<Thread> threads;
  for (size_t i = 0; i < bodies.size(); ++i) {
    threads.emplace_back(std::string(1, static_cast<char>('A' + i)), bodies[i]);
  }
}

// ---- Mutexes.

// The six critical sections come in any order that keeps each thread's two in order: 6! / (2! 2!
// 2!) = 90.
std::string ThreeThreadsOneMutex() {
  sync::Mutex mutex;
  int inside = 0;
  const auto body = [&] {
    for (int i = 0; i < 2; ++i) {
      sync::MutexLock lock(mutex);
      ++inside;
    }
  };
  Together({body, body, body});
  return Words(inside);
}

// Nothing is shared: all schedules are equivalent.
std::string MutexesOfTheirOwn() {
  std::array<sync::Mutex, 3> mutexes;
  std::vector<std::function<void()>> bodies;
  for (sync::Mutex& mutex : mutexes) bodies.push_back([&mutex] { sync::MutexLock lock(mutex); });
  Together(bodies);
  return "done";
}

// ---- Atomics.

// n stores to one atomic come in n! orders, and the last one stays.
std::string Writers(int count) {
  Atomic<int> last(0);
  std::vector<std::function<void()>> bodies;
  for (int i = 1; i <= count; ++i) {
    bodies.push_back([&last, i] { last.Store(i, memory_order_seq_cst); });
  }
  Together(bodies);
  return Words(last.Load(memory_order_seq_cst));
}

// n atomic additions come in n! orders, and none is lost.
std::string Adders() {
  Atomic<int> sum(0);
  const auto body = [&] { sum.FetchAdd(1, memory_order_seq_cst); };
  Together({body, body, body});
  return Words(sum.Load(memory_order_seq_cst));
}

// Two stores and two loads in program order on one atomic: 4! / 2 orders.
std::string Coherence() {
  Atomic<int> x(0);
  int first = -1, second = -1;
  Together({[&] { x.Store(1, memory_order_seq_cst); }, [&] { x.Store(2, memory_order_seq_cst); },
            [&] {
              first = x.Load(memory_order_seq_cst);
              second = x.Load(memory_order_seq_cst);
            }});
  return Words(first, second);
}

// ---- Litmus tests. A store's place in the order is that of its arrival in memory.

// x=1 r=y | y=1 s=x. The orders of (x=1, s) and (y=1, r) are free, four combinations, if a store
// may arrive after the load behind it; without buffers r=s=0 would be a circle, and three are left.
std::string StoreBuffering(std::memory_order order, bool fence) {
  Atomic<int> x(0), y(0);
  int r = -1, s = -1;
  const auto half = [order, fence](Atomic<int>& mine, Atomic<int>& other, int& seen) {
    mine.Store(1, order);
    if (fence) sync::ThreadFence(memory_order_seq_cst);
    seen = other.Load(memory_order_acquire);
  };
  Together({[&] { half(x, y, r); }, [&] { half(y, x, s); }});
  return Words(r, s);
}

// data=1 flag=1 | r=flag s=data. Buffers keep their order: r=1 s=0 is a circle, three are left.
std::string MessagePassing() {
  Atomic<int> data(0), flag(0);
  int r = -1, s = -1;
  Together({[&] {
              data.Store(1, memory_order_relaxed);
              flag.Store(1, memory_order_release);  // partner of the load of flag
            },
            [&] {
              r = flag.Load(memory_order_acquire);
              s = data.Load(memory_order_relaxed);
            }});
  return Words(r, s);
}

// r=x y=1 | s=y x=1. Loads are not delayed beyond later stores: r=s=1 is a circle, three are left.
std::string LoadBuffering() {
  Atomic<int> x(0), y(0);
  int r = -1, s = -1;
  const auto half = [](Atomic<int>& read, Atomic<int>& written, int& seen) {
    seen = read.Load(memory_order_acquire);
    written.Store(1, memory_order_relaxed);
  };
  Together({[&] { half(x, y, r); }, [&] { half(y, x, s); }});
  return Words(r, s);
}

// x=1 | y=1 | a=x b=y | c=y d=x. Four free pairs, sixteen combinations; that the readers disagree
// about which store came first (1010) is a circle.
std::string IndependentReads() {
  Atomic<int> x(0), y(0);
  int a = -1, b = -1, c = -1, d = -1;
  Together({[&] { x.Store(1, memory_order_seq_cst); }, [&] { y.Store(1, memory_order_seq_cst); },
            [&] {
              a = x.Load(memory_order_seq_cst);
              b = y.Load(memory_order_seq_cst);
            },
            [&] {
              c = y.Load(memory_order_seq_cst);
              d = x.Load(memory_order_seq_cst);
            }});
  return Words(a, b, c, d);
}

Outcomes AllButDisagreement() {
  Outcomes outcomes;
  for (int bits = 0; bits < 16; ++bits) {
    outcomes.insert(Words(bits >> 3 & 1, bits >> 2 & 1, bits >> 1 & 1, bits & 1));
  }
  outcomes.erase("1010");
  return outcomes;
}

// ---- The world's other choices.

std::string TwoChoices() {
  const uint32_t first = world::CurrentWorld().Choose(3);
  const uint32_t second = world::CurrentWorld().Choose(3);
  return Words(first, second);
}

// ---- Mistakes.

void LostUpdate() {
  Atomic<int> count(0);
  const auto increment = [&] {
    const int seen = count.Load(memory_order_seq_cst);
    count.Store(seen + 1, memory_order_seq_cst);
  };
  Together({increment, increment});
  world::Expect(count.Load(memory_order_seq_cst) == 2, "no increment is lost");
}

void Philosophers() {
  std::array<sync::Mutex, 3> forks;
  std::vector<std::function<void()>> bodies;
  for (size_t i = 0; i < forks.size(); ++i) {
    bodies.push_back([&forks, i] {
      sync::MutexLock left(forks[i]);
      sync::MutexLock right(forks[(i + 1) % forks.size()]);
    });
  }
  Together(bodies);
}

// Never at the same time, so they never wait for each other - here.
void OppositeOrders() {
  sync::Mutex first, second;
  const auto lock_both = [](sync::Mutex& outer, sync::Mutex& inner) {
    sync::MutexLock outer_lock(outer);
    sync::MutexLock inner_lock(inner);
  };
  Together({[&] { lock_both(first, second); }});
  Together({[&] { lock_both(second, first); }});
}

// The condition is looked at outside of the lock: the notification can fall between the look and
// the wait.
void LookThenWait() {
  sync::Mutex mutex;
  sync::CondVar ready;
  Atomic<bool> is_ready(false);
  Together({[&] {
              if (is_ready.Load(memory_order_seq_cst)) return;
              sync::MutexLock lock(mutex);
              ready.Wait(mutex);
            },
            [&] {
              is_ready.Store(true, memory_order_seq_cst);
              ready.NotifyOne();
            }});
}

void AddSchedules(std::vector<KnownProgram>& known) {
  known.push_back(Known("three_threads_one_mutex", "three threads take one mutex twice each", 90,
                        {"6"}, ThreeThreadsOneMutex));
  known.push_back(Known("mutexes_of_their_own", "three threads, each with a mutex of its own", 1,
                        {"done"}, MutexesOfTheirOwn));
  known.push_back(
      Known("two_writers", "2 stores to one atomic", 2, {"1", "2"}, [] { return Writers(2); }));
  known.push_back(Known("three_writers", "3 stores to one atomic", 6, {"1", "2", "3"},
                        [] { return Writers(3); }));
  known.push_back(Known("four_writers", "4 stores to one atomic", 24, {"1", "2", "3", "4"},
                        [] { return Writers(4); }));
  known.push_back(Known("three_adders", "3 atomic additions", 6, {"3"}, Adders));
  known.push_back(Known("coherence", "two stores, two loads of one atomic", 12,
                        {"00", "01", "02", "11", "12", "21", "22"}, Coherence));
}

void AddLitmusTests(std::vector<KnownProgram>& known) {
  known.push_back(Known("store_buffering", "store buffering, release stores", 4,
                        {"00", "01", "10", "11"},
                        [] { return StoreBuffering(memory_order_release, false); }));
  known.push_back(Known("store_buffering_fenced", "store buffering, with fences", 3,
                        {"01", "10", "11"},
                        [] { return StoreBuffering(memory_order_release, true); }));
  known.push_back(Known("store_buffering_seq_cst", "store buffering, seq_cst stores", 3,
                        {"01", "10", "11"},
                        [] { return StoreBuffering(memory_order_seq_cst, false); }));
  known.push_back(
      Known("message_passing", "message passing", 3, {"00", "01", "11"}, MessagePassing));
  known.push_back(Known("load_buffering", "load buffering", 3, {"00", "01", "10"}, LoadBuffering));
  known.push_back(Known("independent_reads", "independent reads of independent writes", 15,
                        AllButDisagreement(), IndependentReads));
}

void AddMistakes(std::vector<KnownProgram>& known) {
  known.push_back(
      Wrong("lost_update", "an increment in two steps", "no increment is lost", LostUpdate));
  known.push_back(Wrong("opposite_orders", "two locks in opposite orders", "lock-order inversion",
                        OppositeOrders));
  known.push_back(Wrong("philosophers", "forks taken in a circle", "deadlock", Philosophers));
  known.back().program.bounds.check_lock_order = false;
  known.push_back(Wrong("look_then_wait", "a look, then a wait", "lost wake-up", LookThenWait));
}

}  // namespace

std::vector<KnownProgram> KnownPrograms() {
  std::vector<KnownProgram> known;
  AddSchedules(known);
  AddLitmusTests(known);
  known.push_back(Known("two_choices", "two choices of three", 9,
                        {"00", "01", "02", "10", "11", "12", "20", "21", "22"}, TwoChoices));
  known.push_back(PowerLossProgram("power_loss", "two pages, then a sync, and power losses", false,
                                   {"00", "01", "10", "11"}));
  known.push_back(PowerLossProgram("power_loss_synced", "a page, a sync, a page, and power losses",
                                   true, {"00", "10", "11"}));
  AddMistakes(known);
  return known;
}

}  // namespace engram::verify
