// The life of a trial: clients, crashes, and what is judged in the end.

#include "stress/store/store_scenario.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "model/history_oracle.h"
#include "model/world/allocation_faults.h"
#include "model/world/world.h"
#include "stress/store/history_recorder.h"
#include "stress/store/operations.h"
#include "stress/store/store_client.h"
#include "sync/thread.h"

namespace engram::stress {
namespace {

using world::Operation;
using world::World;

class StoreScenario final : public world::Scenario {
 public:
  StoreScenario(World& world, std::span<const Operation> operations,
                std::shared_ptr<const Trial> trial)
      : world_(world),
        operations_(operations),
        trial_(std::move(trial)),
        recorder_(world, trial_->listener_throws, trial_->stops_compactions) {
    if (trial_->images != nullptr) world_.disk().FingerprintImages();
  }

  void Run() override {
    recorder_.BeginEra({});
    HoldCrashes(true);
    StoreClient client = MakeClient();
    if (!client.Open(/*was_torn=*/false)) return;
    PerformAll(client, kBefore);
    HoldCrashes(false);
    RunThreads(client);
    HoldCrashes(true);
    PerformAll(client, kAfter);
    client.ReadAll(kAfter);
  }

  void Recover() override {
    HoldCrashes(false);
    StoreClient client = MakeClient();
    if (!client.Open(/*was_torn=*/true) || !client.ReadRecovered()) return;
    if (trial_->images != nullptr) {
      const world::AllocationScope scope;
      trial_->images->Add(world_.disk().ImageFingerprint());
    }
    PerformAll(client, kAfterCrash);
    client.ReadAll(kAfterCrash);
  }

  std::optional<uint64_t> Knowledge() const override { return recorder_.Knowledge(); }

  void Judge() override {
    model::ReferenceStore::Limits limits;
    limits.embedding_dimension = 0;  // of witnesses
    if (auto violation = model::JudgeHistory(recorder_.TakeHistory(), limits)) {
      world_.Fail(std::move(violation->claim), std::move(violation->detail));
    }
  }

 private:
  void HoldCrashes(bool held) {
    if (trial_->crashes_beside_only) world_.disk().HoldCrashes(held);
  }

  StoreClient MakeClient() {
    const world::AllocationScope scope;
    return StoreClient(world_, recorder_, trial_->open, OptionsOf(trial_->setup),
                       {.faults = trial_->faults_excuse});
  }

  // The last client among the threads that has anything to do. Those before it are started in any
  // case, so that leaving out what one of them does changes the number of no other.
  uint8_t LastThread() const {
    uint8_t last = kBefore;
    for (const Operation& operation : operations_) {
      if (operation.client <= kSyncer) last = std::max(last, operation.client);
    }
    return last;
  }

  void RunThreads(StoreClient& client) {
    if (trial_->stalls_housekeeping) recorder_.StallFor(std::min<int>(2, LastThread()));
    std::vector<sync::Thread> threads;
    for (uint8_t number = kFirst; number <= LastThread(); ++number) {
      const world::AllocationScope scope;
      threads.emplace_back(number == kSyncer ? "syncer" : "client " + std::to_string(number),
                           [this, number, &client] {
                             PerformAll(client, number);
                             if (number == kFirst || number == kSecond) EndAwaited();
                           });
    }
  }

  void EndAwaited() {
    if (trial_->stalls_housekeeping) recorder_.ClientEnded();
  }

  void PerformAll(StoreClient& client, uint8_t number) {
    for (const Operation& operation : operations_) {
      if (operation.client == number) client.Perform(operation);
    }
  }

  World& world_;
  const std::span<const Operation> operations_;
  const std::shared_ptr<const Trial> trial_;
  HistoryRecorder recorder_;
};

}  // namespace

world::Program MakeProgram(Trial trial) {
  auto shared = std::make_shared<const Trial>(std::move(trial));
  world::Program program;
  program.name = shared->name;
  program.bounds = shared->bounds;
  program.generate = shared->generate;
  program.describe = DescribeOperation;
  program.make = [shared](World& world, std::span<const Operation> operations) {
    return std::make_unique<StoreScenario>(world, operations, shared);
  };
  return program;
}

}  // namespace engram::stress
