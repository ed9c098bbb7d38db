// Claim: a Quarantine that is cut off anywhere, by a loss of power or a kill, leaves each memory as
// it was, or, if it was damaged, absent and with the keeper, whose file had been durable before.
// One in which any one call of the file system or allocation fails says so, and every memory
// answers as before; or it succeeds, and has done all.
//
// Method: small stores with one flipped bit, installed in the simulated world; a keeper that writes
// a file of its own there. A crash anywhere during Quarantine and Close, what survives it drawn as
// well; after it the store is opened, every memory is read, and the keeper's file, too. And each
// single failure during Quarantine, exhaustively, for a few damages of each store.
//
// Not covered: damage of other kinds (engine/quarantine_test.cc, without crashes), two failures.
//
// Requirements: U3.

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/reference_store.h"
#include "model/world/allocation_faults.h"
#include "model/world/world.h"
#include "properties/explored/explored_trials.h"
#include "stress/store/damage.h"
#include "stress/store/small_store.h"
#include "stress/store/store_setup.h"

namespace engram::properties {
namespace {

using stress::Content;
using stress::Verb;

constexpr const char* kStorePath = "store";
constexpr const char* kKeptPath = "kept";

absl::StatusOr<std::unique_ptr<MemoryStore>> OpenTiered(io::FileSystem& files,
                                                        const std::string& path,
                                                        const Options& options) {
  return MemoryStore::Open(files, path, options);
}

// False: a crash came first.
bool Install(io::FileSystem& files, const std::string& path, std::span<const std::byte> bytes) {
  auto file = files.Open(path, io::OpenMode::kCreateNew);
  return file.ok() && io::WriteFully(**file, FileOffset{0}, bytes).ok() &&
         (*file)->SyncData().ok() && files.SyncDirectoryOf(path).ok();
}

// Keeps the bytes of everything, as they are.
class FileKeeper final : public RemainsKeeper {
 public:
  explicit FileKeeper(io::FileSystem& files) : files_(files) {}

  absl::Status Keep(const Remains& remains) override {
    if (remains.is_memory) hashes.insert(remains.id_hash);
    for (const RemainingBytes& left : remains.bytes) {
      bytes.insert(bytes.end(), left.bytes.begin(), left.bytes.end());
    }
    return absl::OkStatus();
  }
  absl::Status MakeDurable() override {
    if (!Install(files_, kKeptPath, bytes)) return absl::UnavailableError("a crash");
    is_durable = true;
    return absl::OkStatus();
  }

  std::set<uint64_t> hashes;
  std::vector<std::byte> bytes;
  bool is_durable = false;

 private:
  io::FileSystem& files_;
};

class QuarantineScenario final : public world::Scenario {
 public:
  QuarantineScenario(world::World& world, const stress::SmallStore& store,
                     const stress::DamageList& damages)
      : world_(world), store_(store), damages_(damages) {}

  void Run() override {
    damages_.Do(world_.Choose(damages_.count()), damaged_);
    world_.AddNote(damaged_.text);
    if (!Install(world_.file_system(), kStorePath, damaged_.image)) return;
    auto store = Open();
    if (!store.ok()) return;  // refused: suite `damage` judges that
    for (uint16_t key = 0; key < stress::kKeys; ++key) {
      before_.push_back((*store)->Get(stress::IdOf(key)));
    }
    if (!world_.winding_down()) is_ready_ = true;
    keeper_ = std::make_unique<FileKeeper>(world_.file_system());
    const auto report = (*store)->Quarantine(*keeper_);
    if (world_.winding_down()) return;
    if (!report.ok()) world_.Fail("cannot be quarantined", std::string(report.status().message()));
    CheckAnswers(**store, "at once");
    (void)(*store)->Close();  // a crash shows by what is read later
  }

  void Recover() override {
    if (!is_ready_) return;
    if (keeper_->is_durable) CheckKept();
    auto store = Open();
    if (world_.winding_down()) return;
    if (!store.ok()) world_.Fail("cannot be opened", std::string(store.status().message()));
    CheckAnswers(**store, "after the crash");
  }

 private:
  absl::StatusOr<std::unique_ptr<MemoryStore>> Open() {
    Options options = stress::OptionsOf(store_.setup);
    options.create_if_missing = false;
    return MemoryStore::Open(world_.file_system(), kStorePath, options);
  }

  void Fail(std::string_view claim, uint16_t key, const char* when) {
    world_.Fail(std::string(claim), absl::StrCat("After \"", damaged_.text, "\", ", when, ": ",
                                                 std::string(stress::KeyName(key))));
  }

  void CheckAnswers(MemoryStore& store, const char* when) {
    for (uint16_t key = 0; key < stress::kKeys; ++key) {
      const auto now = store.Get(stress::IdOf(key));
      if (world_.winding_down()) return;
      const auto& before = before_[key];
      // What was damaged may stay so: nobody can tell, or the crash came first.
      if (absl::IsDataLoss(now.status())) {
        if (before.ok() && before->memory) Fail("an intact memory is damaged", key, when);
        continue;
      }
      if (!now.ok()) Fail("a read fails", key, when);
      if (!now->memory) {
        if (before.ok() && before->memory) Fail("an intact memory is gone", key, when);
        if (!before.ok() && !keeper_->is_durable) Fail("gone and not kept", key, when);
        continue;
      }
      if (!before.ok()) Fail("a damaged memory is back", key, when);
      if (!before->memory || !model::SameBits(*now->memory, *before->memory)) {
        Fail("another value", key, when);
      }
    }
  }

  void CheckKept() {
    const auto file = world_.file_system().Open(kKeptPath, io::OpenMode::kReadOnly);
    if (world_.winding_down()) return;
    if (!file.ok()) world_.Fail("what was kept is lost", std::string(file.status().message()));
    std::vector<std::byte> bytes(keeper_->bytes.size());
    const absl::Status read = io::ReadFully(**file, FileOffset{0}, bytes);
    if (world_.winding_down()) return;
    if (!read.ok() || bytes != keeper_->bytes) {
      world_.Fail("what was kept is lost", "The keeper's file has other bytes.");
    }
  }

  world::World& world_;
  const stress::SmallStore& store_;
  const stress::DamageList& damages_;
  // The observer's knowledge, over the crash.
  stress::DamageList::Damaged damaged_;
  std::vector<absl::StatusOr<GetResult>> before_;
  std::unique_ptr<FileKeeper> keeper_;
  bool is_ready_ = false;
};

world::Operation Op(Verb verb, uint16_t key = 0, uint32_t value = 0) {
  return stress::MakeOperation(stress::kBefore, verb, key, value);
}
world::Operation Store(uint16_t key, Content content) {
  return Op(Verb::kStore, key, static_cast<uint32_t>(content));
}

std::vector<stress::SmallStore> Stores() {
  const auto all_to_cold = static_cast<uint32_t>(stress::Migrating::kAllToCold);
  std::vector<stress::SmallStore> stores;
  stores.push_back(MakeSmallStore(
      "warm", OpenTiered, stress::Setup::kNarrow, /*closed=*/true,
      std::vector{Store(0, Content::kShort), Store(1, Content::kSmallBlob), Op(Verb::kSync),
                  Store(2, Content::kRunBlob), Store(0, Content::kOther), Op(Verb::kRemove, 1)}));
  stores.push_back(
      MakeSmallStore("cold", OpenTiered, stress::Setup::kNarrow, /*closed=*/true,
                     std::vector{Store(0, Content::kShort), Store(1, Content::kSmallBlob),
                                 Store(2, Content::kNone), Op(Verb::kMigrate, 0, all_to_cold),
                                 Store(3, Content::kShort)}));
  stores.push_back(MakeSmallStore(
      "tail", OpenTiered, stress::Setup::kRare, /*closed=*/false,
      std::vector{Store(0, Content::kShort), Op(Verb::kCheckpoint), Store(1, Content::kSmallBlob),
                  Op(Verb::kSync), Store(2, Content::kOther), Op(Verb::kSync)}));
  return stores;
}

// What the executions of a FailingScenario came to.
struct Tally {
  uint64_t done = 0;       // with something taken out
  uint64_t unchanged = 0;  // an error, over damage
};

// Nothing fails but during Quarantine: memory is not short elsewhere, and where a call of the file
// system has failed before it, there is nothing to see.
class FailingScenario final : public world::Scenario {
 public:
  FailingScenario(world::World& world, const stress::SmallStore& store,
                  const stress::DamageList::Damaged& damaged, Tally& tally)
      : world_(world), store_(store), damaged_(damaged), tally_(tally) {}

  void Run() override {
    std::optional<world::AllocationScope> memory_is_there(std::in_place);
    world_.AddNote(damaged_.text);
    if (!Install(world_.file_system(), kStorePath, damaged_.image)) return;
    auto store = Open();
    if (!store.ok()) return;
    const Answers before = AnswersOf(**store);
    const uint64_t count = (*store)->Count();
    FileKeeper keeper(world_.file_system());
    memory_is_there.reset();
    const auto report = (*store)->Quarantine(keeper);
    memory_is_there.emplace();
    const Answers after = AnswersOf(**store);
    if (report.ok()) {
      CheckDone(before, after, keeper);
      if (report->memories_taken_out > 0) ++tally_.done;
    } else {
      if (report.status().message().empty() && world::AllocationFailures() == 0) {
        Fail("an error without words", 0);
      }
      for (uint16_t key = 0; key < stress::kKeys; ++key) {
        if (!IsSame(before[key], after[key])) Fail("a failure has changed an answer", key);
      }
      if ((*store)->Count() != count) Fail("a failure has changed the count", 0);
      const bool is_damaged = std::any_of(before.begin(), before.end(),
                                          [](const auto& answer) { return !answer.ok(); });
      if (is_damaged) ++tally_.unchanged;
    }
    (void)(*store)->Close();  // an error is that of the failure
    store->reset();
    store = Open();
    if (!store.ok()) store = Open();  // the failure came only there
    if (!store.ok()) world_.Fail("cannot be opened", std::string(store.status().message()));
    CheckDone(before, AnswersOf(**store), keeper);
  }

 private:
  using Answers = std::vector<absl::StatusOr<GetResult>>;

  absl::StatusOr<std::unique_ptr<MemoryStore>> Open() {
    Options options = stress::OptionsOf(store_.setup);
    options.create_if_missing = false;
    return MemoryStore::Open(world_.file_system(), kStorePath, options);
  }
  static Answers AnswersOf(MemoryStore& store) {
    Answers answers;
    for (uint16_t key = 0; key < stress::kKeys; ++key) {
      answers.push_back(store.Get(stress::IdOf(key)));
    }
    return answers;
  }
  static bool IsSame(const absl::StatusOr<GetResult>& a, const absl::StatusOr<GetResult>& b) {
    if (!a.ok() || !b.ok()) return a.status().code() == b.status().code();
    if (!a->memory || !b->memory) return a->memory.has_value() == b->memory.has_value();
    return model::SameBits(*a->memory, *b->memory);
  }
  void Fail(std::string_view claim, uint16_t key) {
    world_.Fail(std::string(claim),
                absl::StrCat("After \"", damaged_.text, "\": ", std::string(stress::KeyName(key))));
  }
  // What was intact is as it was; what was damaged is gone and kept, or such as nobody can tell.
  void CheckDone(const Answers& before, const Answers& after, const FileKeeper& keeper) {
    for (uint16_t key = 0; key < stress::kKeys; ++key) {
      if (before[key].ok()) {
        if (!IsSame(before[key], after[key])) Fail("an intact memory has changed", key);
        continue;
      }
      if (absl::IsDataLoss(after[key].status())) continue;
      if (!after[key].ok() || after[key]->memory) Fail("a damaged memory is back", key);
      if (!keeper.is_durable) Fail("gone and not kept", key);
    }
  }

  world::World& world_;
  const stress::SmallStore& store_;
  const stress::DamageList::Damaged& damaged_;
  Tally& tally_;
};

TEST(AQuarantineLosesNothing, WhateverFailsOnce) {
  constexpr uint32_t kDamages = 12;
  for (const stress::SmallStore& store : Stores()) {
    const stress::DamageList damages(store, stress::DamageKind::kFlip);
    Tally tally;
    for (uint32_t number = 0; number < kDamages; ++number) {
      stress::DamageList::Damaged damaged;
      damages.Do(number, damaged);
      world::Program program;
      program.name = absl::StrCat("failing_quarantine_", store.name, "_", number);
      program.bounds.steps_max = 200'000;
      program.make = [&](world::World& world, std::span<const world::Operation>) {
        return std::make_unique<FailingScenario>(world, store, damaged, tally);
      };
      for (const bool is_memory : {false, true}) {
        program.bounds.faults_max = is_memory ? 0 : 1;
        program.bounds.allocation_failures_max = is_memory ? 1 : 0;
        const world::Outcome outcome = world::Explore(program, {"exhaustive"}, program.bounds);
        if (outcome.finding) ADD_FAILURE() << world::Tell(program, *outcome.finding);
        EXPECT_TRUE(outcome.exhausted || outcome.finding) << program.name;
      }
    }
    EXPECT_GT(tally.done, 0u) << store.name;
    EXPECT_GT(tally.unchanged, 0u) << store.name;
  }
}

TEST(AQuarantineLosesNothing, WhereverItIsCutOff) {
  for (const stress::SmallStore& store : Stores()) {
    const stress::DamageList damages(store, stress::DamageKind::kFlip);
    world::Program program;
    program.name = absl::StrCat("quarantine_", store.name);
    program.bounds.crashes_max = 2;
    program.bounds.steps_max = 200'000;
    program.make = [&](world::World& world, std::span<const world::Operation>) {
      return std::make_unique<QuarantineScenario>(world, store, damages);
    };
    world::ExplorerOptions options;
    options.aims_crashes = true;
    world::Budget budget;
    budget.executions_max = 4'000;
    const world::Outcome outcome = world::Explore(program, options, program.bounds, budget);
    EXPECT_GT(outcome.crashes, budget.executions_max / 4) << store.name;
    if (outcome.finding) ADD_FAILURE() << world::Tell(program, *outcome.finding);
  }
}

}  // namespace
}  // namespace engram::properties
