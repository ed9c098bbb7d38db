// The production body costs nothing, as far as types can say it: each type is its std type in size,
// alignment and what the compiler may do with it. That their operations compile to the same
// instructions is tested by ci/disassembly.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <type_traits>

#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::sync {
namespace {

// Whether Ours can stand where Std stood: same size and alignment, and construction, destruction
// and copying as cheap or as forbidden. std types refuse to be copied, so ours must.
template <typename Ours, typename Std>
constexpr bool kCostsNoMoreThan =
    sizeof(Ours) == sizeof(Std) && alignof(Ours) == alignof(Std) &&
    std::is_standard_layout_v<Ours> == std::is_standard_layout_v<Std> &&
    std::is_trivially_destructible_v<Ours> == std::is_trivially_destructible_v<Std> &&
    std::is_nothrow_destructible_v<Ours> && !std::is_copy_constructible_v<Ours> &&
    !std::is_copy_assignable_v<Ours> && !std::is_polymorphic_v<Ours>;

static_assert(kCostsNoMoreThan<Mutex, std::mutex>);
static_assert(kCostsNoMoreThan<SharedMutex, std::shared_mutex>);
static_assert(kCostsNoMoreThan<CondVar, std::condition_variable>);
static_assert(kCostsNoMoreThan<Atomic<bool>, std::atomic<bool>>);
static_assert(kCostsNoMoreThan<Atomic<uint8_t>, std::atomic<uint8_t>>);
static_assert(kCostsNoMoreThan<Atomic<int32_t>, std::atomic<int32_t>>);
static_assert(kCostsNoMoreThan<Atomic<uint64_t>, std::atomic<uint64_t>>);
static_assert(kCostsNoMoreThan<Atomic<void*>, std::atomic<void*>>);

// The measure itself: it must refuse what is larger or costlier to destroy.
struct Padded {
  Mutex mutex;
  int more;
};
struct Counted : std::atomic<int> {
  ~Counted() { store(0); }
};
static_assert(!kCostsNoMoreThan<Padded, std::mutex>);
static_assert(!kCostsNoMoreThan<Counted, std::atomic<int>>);

// No lock hides in an atomic.
static_assert(std::atomic<uint64_t>::is_always_lock_free &&
              std::atomic<void*>::is_always_lock_free);

// A thread carries no more than its std::thread and whether it was joined.
static_assert(sizeof(Thread) <= 2 * sizeof(std::thread));

TEST(ProductionCost, AnAtomicIsUsableWhereMemoryIsCountedInBytes) {
  // An array of atomics is as dense as an array of their values: counters per slot rely on it.
  EXPECT_EQ(sizeof(Atomic<uint8_t>[64]), 64u);
  EXPECT_EQ(sizeof(Atomic<uint64_t>[64]), 64u * 8u);
}

}  // namespace
}  // namespace engram::sync
