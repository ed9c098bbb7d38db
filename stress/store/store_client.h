// One store under trial, and those who call it: performs operations, writes down what came of them,
// and demands what a history does not say (see store_scenario.h).

#ifndef ENGRAM_STRESS_STORE_STORE_CLIENT_H_
#define ENGRAM_STRESS_STORE_STORE_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/memory_store.h"
#include "model/history_oracle.h"
#include "model/world/world.h"
#include "stress/store/history_recorder.h"
#include "stress/store/operations.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// What an operation may be excused by.
struct Excuses {
  bool faults = false;  // what fails by choice
};

// Thread safety: Perform from several threads at once, if the operation may run beside others;
// everything else by the main thread alone. Ownership: world and recorder must outlive it.
class StoreClient {
 public:
  StoreClient(world::World& world, HistoryRecorder& recorder, OpenStore open,
              const Options& options, Excuses excuses)
      : world_(world),
        recorder_(recorder),
        open_(std::move(open)),
        options_(options),
        excuses_(excuses) {
    options_.clock = &world.clock();
  }

  // Opens the store. False if the world crashed meanwhile; what must not fail has failed the
  // execution. `was_torn`: a crash or a failed write may have torn a superblock.
  bool Open(bool was_torn);
  // Reads everything and begins an era with it: what a recovery has shown. False as above.
  bool ReadRecovered();
  // Does an operation of any client. Nothing that happens after a crash has been seen by anybody.
  void Perform(const world::Operation& operation);
  // Reads everything as calls of `client`.
  void ReadAll(Client client);
  // Closes and opens it again, reads everything. False if the world crashed meanwhile.
  bool Reopen(uint16_t operation);
  // Lets go of it, as at the end of a process.
  void Drop() { store_.reset(); }

 private:
  class Look;

  // How many calls and allocations have failed by choice, short transfers included.
  uint64_t Faults() const;
  // Whether an error may come of a call during which there were faults (`faults_before`: when it
  // began).
  bool Excused(const absl::Status& status, uint64_t faults_before) const;
  void DemandNoDamage(bool was_torn);
  bool LostBySync() const;
  void DemandExcuse(std::string_view call, const absl::Status& status, uint64_t faults_before);
  void Demand(bool condition, std::string_view claim, std::string_view detail);

  void Do(const world::Operation& operation);
  void Mutate(const world::Operation& operation);
  void Read(const world::Operation& operation);
  void Iterate(const world::Operation& operation);
  void List(const world::Operation& operation);
  void Recall(const world::Operation& operation);
  void Sync(const world::Operation& operation);
  void CheckCount();
  void Verify(bool beside_others);
  void Compact(const world::Operation& operation);
  void Maintain();
  void Migrate(const world::Operation& operation);
  void CompactCold();
  void CheckStatistics();
  void CheckStatisticsBesideOthers();
  void CheckTiers();
  void Backup(bool beside_others);
  void CheckBackup();
  void CompareBackup(MemoryStore& backup);
  void Refuse(const world::Operation& operation);
  absl::StatusOr<std::unique_ptr<MemoryStore>> OpenPatiently(std::string_view path,
                                                             EventListener* listener);
  void Settle(model::Call& call, const absl::StatusOr<Sequence>& answer, uint64_t faults_before);
  absl::StatusOr<Presence> ReadBy(Verb verb, const std::string& id, model::Call& call);
  void ReadInto(model::Call& call, Verb verb);
  bool died() const { return world_.winding_down(); }

  world::World& world_;
  HistoryRecorder& recorder_;
  const OpenStore open_;
  Options options_;
  const Excuses excuses_;
  std::unique_ptr<MemoryStore> store_;
};

// Compacts as Compacting says; `id` is for kInside.
absl::StatusOr<CompactionStats> CompactAs(MemoryStore& store, uint32_t how, const std::string& id);

// Migrates as Migrating says; `key` is for one, and for kInside.
absl::StatusOr<MigrationStats> MigrateAs(MemoryStore& store, Migrating how, uint16_t key);
// Where kMigrate moves to.
Tier TierOf(Migrating how);

// Hands in what breaks a bound, the `which`-th way of kRefusals.
absl::Status HandInInvalid(MemoryStore& store, uint32_t which);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_STORE_CLIENT_H_
