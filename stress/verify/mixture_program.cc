// The mixture: three clients, one operation after the other, each on one of two sets of objects.
//
// Locks are taken one at a time and every wait has a time-out, so that no schedule can be stuck.

#include "stress/verify/mixture_program.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "model/explore/random.h"
#include "model/tell/words.h"
#include "model/world/world.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::verify {
namespace {

using world::Operation;
using world::Words;
using world::World;

constexpr uint8_t kClients = 3;
constexpr uint16_t kKeys = 2;
constexpr std::string_view kPath = "mixture";
constexpr uint8_t kAfterCrash = kClients + 1;  // a client of its own

enum Kind : uint8_t {
  kCritical,
  kReadLocked,
  kTryLock,
  kStoreBuffered,
  kStore,
  kLoad,
  kAdd,
  kCompareExchange,
  kFence,
  kNotify,
  kWaitFor,
  kSleep,
  kYield,
  kWriteFile,
  kSyncFile,
  kReadFile,
  kChoose,
  kKinds,
};
constexpr std::array<std::string_view, kKinds> kNames = {
    "critical", "read-locked", "try-lock", "buffered-store", "store", "load",
    "add",      "exchange",    "fence",    "notify",         "wait",  "sleep",
    "yield",    "write",       "sync",     "read",           "choose"};

// What the clients share, once for each key.
struct Shared {
  sync::Mutex mutex;
  sync::CondVar changed;
  int inside = 0;  // threads between lock and unlock of `mutex`
  uint64_t guarded = 0;
  sync::SharedMutex shared_mutex;
  uint64_t read_guarded = 0;
  sync::Atomic<uint64_t> value;
  sync::Atomic<uint64_t> sum;
};

class Mixture final : public world::Scenario {
 public:
  Mixture(World& world, std::span<const Operation> operations)
      : world_(world), operations_(operations.begin(), operations.end()) {}

  void Run() override {
    shared_ = std::make_unique<std::array<Shared, kKeys>>();
    OpenFile(io::OpenMode::kCreateNew);
    {
      std::vector<sync::Thread> threads;
      for (uint8_t client = 1; client <= kClients; ++client) {
        threads.emplace_back(Words("client ", client), [this, client] { PerformAll(client); });
      }
    }
    file_.reset();
  }

  void Recover() override {
    shared_ = std::make_unique<std::array<Shared, kKeys>>();
    added_.fill(0);
    OpenFile(io::OpenMode::kReadWrite);
    PerformAll(kAfterCrash);
    file_.reset();
  }

  void Judge() override {
    uint64_t added = 0, found = 0;
    for (const uint64_t of_client : added_) added += of_client;
    for (Shared& shared : *shared_) found += shared.sum.Load(std::memory_order_seq_cst);
    if (found != added) {
      world_.Fail("additions add up", Words("Added ", added, ", found ", found, "."));
    }
  }

 private:
  void OpenFile(io::OpenMode mode) {
    file_.reset();
    auto file = world_.file_system().Open(kPath, mode);
    world_.Observe(static_cast<uint64_t>(file.status().code()));
    if (!file.ok()) return;
    file_ = *std::move(file);
    world_.Observe(static_cast<uint64_t>(file_->Truncate(kKeys * io::kPageBytes).code()));
  }

  void PerformAll(uint8_t client) {
    for (const Operation& operation : operations_) {
      if (operation.client != client || world_.winding_down()) continue;
      world_.BeginOperation(operation.id, [&] { return Describe(operation); });
      const uint64_t seen = Perform(operation, (*shared_)[operation.key]);
      world_.Observe(seen);
      world_.EndOperation([&] { return Words("saw ", seen); });
    }
  }

  uint64_t Perform(const Operation& operation, Shared& shared) {
    switch (operation.kind) {
      case kCritical:
      case kReadLocked:
      case kTryLock:
      case kNotify:
      case kWaitFor:
        return PerformLocked(operation, shared);
      case kWriteFile:
      case kSyncFile:
      case kReadFile:
        return file_ == nullptr ? 0 : PerformOnFile(operation);
      case kStoreBuffered:
        shared.value.Store(operation.value, std::memory_order_release);
        return 0;
      case kStore:
        shared.value.Store(operation.value, std::memory_order_seq_cst);
        return 0;
      case kLoad:
        return shared.value.Load(std::memory_order_acquire);
      case kAdd:
        added_[operation.client] += operation.value;
        return shared.sum.FetchAdd(operation.value, std::memory_order_seq_cst);
      case kCompareExchange: {
        uint64_t expected = shared.value.Load(std::memory_order_relaxed);
        const bool done = shared.value.CompareExchangeWeak(
            expected, operation.value, std::memory_order_seq_cst, std::memory_order_relaxed);
        return 2 * expected + (done ? 1 : 0);
      }
      case kFence:
        sync::ThreadFence(std::memory_order_seq_cst);
        return 0;
      case kSleep:
        sync::SleepFor(std::chrono::microseconds(operation.value + 1));
        return 0;
      case kYield:
        sync::Yield();
        return 0;
      default:
        return world_.Choose(2 + operation.value % 3);
    }
  }

  uint64_t PerformLocked(const Operation& operation, Shared& shared) {
    switch (operation.kind) {
      case kCritical: {
        sync::MutexLock lock(shared.mutex);
        Enter(shared);
        if (operation.value % 2 == 0) sync::Yield();
        shared.guarded += operation.value;
        --shared.inside;
        return shared.guarded;
      }
      case kReadLocked: {
        sync::ReaderLock lock(shared.shared_mutex);
        return shared.read_guarded;
      }
      case kTryLock: {
        if (!shared.shared_mutex.TryLock()) return 0;
        ++shared.read_guarded;
        shared.shared_mutex.Unlock();
        return 1;
      }
      case kNotify: {
        sync::MutexLock lock(shared.mutex);
        ++shared.guarded;
        operation.value % 2 == 0 ? shared.changed.NotifyAll() : shared.changed.NotifyOne();
        return 0;
      }
      default: {
        sync::MutexLock lock(shared.mutex);
        const uint64_t before = shared.guarded;
        const bool in_time =
            shared.changed.WaitFor(shared.mutex, std::chrono::microseconds(operation.value + 1));
        Enter(shared);
        --shared.inside;
        return 2 * (shared.guarded - before) + (in_time ? 1 : 0);
      }
    }
  }

  void Enter(Shared& shared) {
    if (++shared.inside > 1 && !world_.winding_down()) {
      world_.Fail("a mutex excludes", "Two threads were between lock and unlock of one mutex.");
    }
  }

  uint64_t PerformOnFile(const Operation& operation) {
    const FileOffset offset{operation.key * io::kPageBytes + 8 * (operation.value % 4)};
    std::array<std::byte, 1024> bytes{};
    switch (operation.kind) {
      case kWriteFile:
        bytes.fill(static_cast<std::byte>(operation.value));
        return static_cast<uint64_t>(io::WriteFully(*file_, offset, bytes).code());
      case kSyncFile:
        return static_cast<uint64_t>(file_->SyncData().code());
      default: {
        const absl::StatusOr<size_t> count = file_->Read(offset, bytes);
        if (!count.ok()) return static_cast<uint64_t>(count.status().code());
        uint64_t sum = *count;
        for (size_t i = 0; i < *count; ++i) sum = 31 * sum + static_cast<uint64_t>(bytes[i]);
        return sum;
      }
    }
  }

 public:
  static std::string Describe(const Operation& operation) {
    return Words(kNames[operation.kind], " ", operation.key, " ", operation.value);
  }

 private:
  World& world_;
  const std::vector<Operation> operations_;
  std::unique_ptr<std::array<Shared, kKeys>> shared_;
  std::unique_ptr<io::File> file_;
  std::array<uint64_t, kAfterCrash + 1> added_{};  // by client
};

std::vector<Operation> Generate(uint64_t seed) {
  constexpr uint32_t kOperationsMax = 12;
  world::Random random(seed, 1);
  std::vector<Operation> operations(2 + random.Below(kOperationsMax - 1));
  for (size_t i = 0; i < operations.size(); ++i) {
    Operation& operation = operations[i];
    operation.id = static_cast<uint16_t>(i + 1);
    operation.client = static_cast<uint8_t>(1 + random.Below(kClients));
    if (random.OneIn(5)) operation.client = kAfterCrash;
    operation.kind = static_cast<uint8_t>(random.Below(kKinds));
    operation.key = static_cast<uint16_t>(random.Below(kKeys));
    operation.value = random.Below(100);
  }
  return operations;
}

}  // namespace

world::Program MixtureProgram() {
  world::Program program;
  program.name = "mixture";
  program.bounds.crashes_max = 1;
  program.bounds.faults_max = 1;
  program.bounds.short_transfers_max = 1;
  program.bounds.spurious_wakeups_max = 1;
  program.bounds.weak_failures_max = 1;
  program.generate = Generate;
  program.describe = Mixture::Describe;
  program.make = [](World& world, std::span<const Operation> operations) {
    return std::make_unique<Mixture>(world, operations);
  };
  return program;
}

}  // namespace engram::verify
