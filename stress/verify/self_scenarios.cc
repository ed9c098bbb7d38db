// Scenarios with recoveries and operations, for the harness to be tested on.

#include "stress/verify/self_scenarios.h"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "model/explore/random.h"
#include "model/tell/words.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::verify {
namespace {

using world::Operation;
using world::Words;
using world::World;

// ---- Power loss.

constexpr std::string_view kPath = "pages";

class PowerLoss final : public world::Scenario {
 public:
  PowerLoss(World& world, bool sync_between, std::shared_ptr<Outcomes> seen)
      : world_(world), sync_between_(sync_between), seen_(std::move(seen)) {}

  void Run() override {
    auto file = world_.file_system().Open(kPath, io::OpenMode::kCreateNew);
    if (!file.ok()) return;
    if (!(*file)->Truncate(2 * io::kPageBytes).ok()) return;
    if (!(*file)->SyncData().ok() || !world_.file_system().SyncDirectoryOf(kPath).ok()) return;
    made_ = !world_.winding_down();
    if (!Write(**file, 0)) return;
    if (sync_between_ && !(*file)->SyncData().ok()) return;
    if (!Write(**file, 1)) return;
    if (!(*file)->SyncData().ok()) return;
    synced_ = !world_.winding_down();
  }

  void Recover() override {
    if (!made_) return;
    auto file = world_.file_system().Open(kPath, io::OpenMode::kReadWrite);
    if (!file.ok()) {
      world_.Fail("the file is gone", "its creation was synced, and then it could not be opened");
      return;
    }
    std::string found;
    for (uint64_t page = 0; page < 2; ++page) {
      std::byte first{};
      if (!io::ReadFully(**file, FileOffset{page * io::kPageBytes}, {&first, 1}).ok()) return;
      found += first == std::byte{0} ? '0' : '1';
    }
    seen_->insert(found);
    world_.Observe(found == "11");
    if (synced_ && found != "11") {
      world_.Fail("lost after sync", "both pages were synced, and not both were found");
    }
  }

 private:
  static bool Write(io::File& file, uint64_t page) {
    const std::array<std::byte, 8> bytes = {std::byte{1}};
    return io::WriteFully(file, FileOffset{page * io::kPageBytes}, bytes).ok();
  }

  World& world_;
  const bool sync_between_;
  const std::shared_ptr<Outcomes> seen_;
  bool made_ = false;  // what an observer knows
  bool synced_ = false;
};

// ---- A planted bug.

enum PlantedKind : uint8_t { kAdd, kAddInTwoSteps, kRead };
constexpr uint16_t kCounters = 3;
constexpr uint16_t kPlantedCounter = 1;

class Planted final : public world::Scenario {
 public:
  Planted(World& world, std::span<const Operation> operations)
      : world_(world), operations_(operations.begin(), operations.end()) {}

  void Run() override {
    std::vector<sync::Thread> threads;
    for (uint8_t client = 1; client <= 2; ++client) {
      threads.emplace_back(Words("client ", client), [this, client] {
        for (const Operation& operation : operations_) {
          if (operation.client == client) Perform(operation);
        }
      });
    }
  }

  void Judge() override {
    for (uint16_t key = 0; key < kCounters; ++key) {
      uint64_t expected = 0;
      for (const Operation& operation : operations_) {
        if (operation.key == key && operation.kind != kRead) expected += operation.value;
      }
      const uint64_t found = counters_[key].Load(std::memory_order_seq_cst);
      if (found == expected) continue;
      world_.Fail("lost update", Words("Counter ", key, " was increased by ", expected,
                                       " altogether, and is ", found, "."));
    }
  }

 private:
  void Perform(const Operation& operation) {
    sync::Atomic<uint64_t>& counter = counters_[operation.key];
    world_.BeginOperation(operation.id, [&] { return Describe(operation); });
    uint64_t seen = 0;
    switch (operation.kind) {
      case kAdd:
        seen = counter.FetchAdd(operation.value, std::memory_order_seq_cst);
        break;
      case kAddInTwoSteps:
        seen = counter.Load(std::memory_order_seq_cst);
        counter.Store(seen + operation.value, std::memory_order_seq_cst);
        break;
      default:
        seen = counter.Load(std::memory_order_seq_cst);
    }
    world_.EndOperation([&] { return Words("it was ", seen); });
  }

 public:
  static std::string Describe(const Operation& operation) {
    if (operation.kind == kRead) return Words("read counter ", operation.key);
    return Words("add ", operation.value, " to counter ", operation.key,
                 operation.kind == kAddInTwoSteps ? ", reading it first" : "");
  }

 private:
  World& world_;
  const std::vector<Operation> operations_;
  std::array<sync::Atomic<uint64_t>, kCounters> counters_;
};

// The two planted operations stand somewhere among twenty others.
std::vector<Operation> PlantedOperations(uint64_t seed) {
  constexpr size_t kSuperfluous = 20;
  world::Random random(seed, 0);
  std::vector<Operation> operations(kSuperfluous + 2);
  for (Operation& operation : operations) {
    operation.client = static_cast<uint8_t>(1 + random.Below(2));
    operation.kind = random.OneIn(3) ? kRead : kAdd;
    // Anything that touches the planted counter would be a second way to see the bug.
    operation.key = random.OneIn(2) ? 0 : 2;
    operation.value = 1 + random.Below(9);
  }
  const uint32_t first = random.Below(kSuperfluous / 2);
  const uint32_t second = kSuperfluous / 2 + random.Below(kSuperfluous / 2);
  for (const uint32_t index : {first, second}) {
    Operation& planted = operations[index];
    planted.client = index == first ? 1 : 2;
    planted.kind = kAddInTwoSteps;
    planted.key = kPlantedCounter;
    planted.value = 1;
  }
  for (size_t i = 0; i < operations.size(); ++i) operations[i].id = static_cast<uint16_t>(i + 1);
  return operations;
}

}  // namespace

KnownProgram PowerLossProgram(std::string name, std::string title, bool sync_between,
                              Outcomes possible) {
  KnownProgram known;
  known.title = std::move(title);
  known.seen = std::make_shared<Outcomes>();
  known.possible = std::move(possible);
  known.program.name = std::move(name);
  known.program.bounds.crashes_max = 1;
  known.program.make = [sync_between, seen = known.seen](World& world, std::span<const Operation>) {
    return std::make_unique<PowerLoss>(world, sync_between, seen);
  };
  return known;
}

world::Program PlantedBug() {
  world::Program program;
  program.name = "planted_bug";
  program.generate = PlantedOperations;
  program.describe = Planted::Describe;
  program.make = [](World& world, std::span<const Operation> operations) {
    return std::make_unique<Planted>(world, operations);
  };
  return program;
}

}  // namespace engram::verify
