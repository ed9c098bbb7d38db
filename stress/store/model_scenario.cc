// Each operation on both, and comparing what came of it. Long because it does so for each verb.

#include "stress/store/model_scenario.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/fragmentation.h"
#include "model/reference_store.h"
#include "model/reference_tiers.h"
#include "model/world/world.h"
#include "stress/store/model_walks.h"
#include "stress/store/operations.h"
#include "stress/store/store_client.h"

namespace engram::stress {
namespace {

using model::ReferenceStore;
using world::Operation;
using world::World;

// Of an extent of the log, what holds no entries.
constexpr uint64_t kLogHeaderBytes = 512;
// The log's last extents: being filled, taken beforehand, and filled while it was compacted.
constexpr uint64_t kLogExtentsMore = 4;

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
}

Options WithClock(Options options, World& world) {
  options.clock = &world.clock();
  return options;
}

// The store, the reference, and whether they agree.
class Comparison {
 public:
  Comparison(World& world, const OpenStore& open, const Options& options)
      : world_(world), open_(open), options_(WithClock(options, world)) {}

  void Open(bool after_closing) {
    auto opened = open_(world_.file_system(), std::string(kStorePath), options_);
    Demand(opened.ok(), "cannot be opened", opened.ok() ? "" : TextOf(opened.status()));
    store_ = *std::move(opened);
    tiers_.Reopened();
    const RecoveryReport& report = store_->recovery();
    Demand(report.damages.empty() && !report.superblock_restored, "false corruption",
           "The recovery report lists damages.");
    Demand(report.created != after_closing, "wrong answer",
           "The recovery report is wrong about whether the store is new.");
    if (after_closing) {
      Demand(report.clean && !report.tail_was_cut && report.entries_replayed == 0, "wrong answer",
             "Opening a store that was closed was not a clean reopening.");
    }
  }

  void Do(const Operation& operation) {
    const std::string& id = IdOf(operation.key);
    switch (VerbOf(operation)) {
      case Verb::kStore: {
        const Memory& memory = MemoryOf(operation.key, operation.value);
        return Agree(operation, store_->Store(memory),
                     [&](Sequence at) { return reference_.Store(memory, at); });
      }
      case Verb::kRemove:
        return Agree(operation, store_->Remove(id),
                     [&](Sequence at) { return reference_.Remove(id, at); });
      case Verb::kActivate: {
        const float activation = ActivationOf(operation.value);
        return Agree(operation, store_->UpdateActivation(id, activation),
                     [&](Sequence at) { return reference_.UpdateActivation(id, activation, at); });
      }
      case Verb::kGet:
        return Get(*store_, operation.key, "wrong answer");
      case Verb::kView:
        return View(operation.key);
      case Verb::kContains:
        return Contains(operation.key);
      case Verb::kIterate:
        return DemandNothing(WrongIteration(*store_, reference_, operation,
                                            [this](const Operation& inside) { Do(inside); }));
      case Verb::kList:
        return DemandNothing(WrongPages(*store_, reference_, PageLimitOf(operation.value)));
      case Verb::kRecall:
        return DemandNothing(WrongRecall(*store_, reference_, operation));
      case Verb::kSync:
        return Synced("Sync", store_->Sync());
      case Verb::kCheckpoint:
        return Synced("Checkpoint", store_->Checkpoint());
      case Verb::kCompact:
        return Compact(operation);
      case Verb::kMigrate:
        return Migrate(operation);
      case Verb::kCompactCold:
        return CompactCold();
      case Verb::kMaintain:
        return Maintain();
      case Verb::kReopen:
        return Reopen();
      case Verb::kCount:
        return Demand(store_->Count() == reference_.Count(), "wrong answer",
                      absl::StrCat("Count is ", store_->Count(), ", not ", reference_.Count()));
      case Verb::kVerify:
        return Verify();
      case Verb::kStats:
        return CheckStatistics();
      case Verb::kBackup:
        return Backup();
      case Verb::kCheckBackup:  // there are no others
        return;
      case Verb::kRefuse: {
        const absl::Status status = HandInInvalid(*store_, operation.value);
        return Demand(absl::IsInvalidArgument(status), "wrong answer",
                      absl::StrCat("It was not refused but answered ", TextOf(status)));
      }
    }
  }

  void ReadAll(MemoryStore& store, std::string_view claim) {
    for (uint16_t key = 0; key < kKeys; ++key) Get(store, key, claim);
    Demand(store.Count() == reference_.Count(), claim,
           absl::StrCat("Count is ", store.Count(), ", not ", reference_.Count()));
  }

  void CloseAtTheEnd() {
    ReadAll(*store_, "wrong answer");
    CheckStatistics();
    Reopen();
    Verify();
  }

 private:
  void Demand(bool condition, std::string_view claim, std::string detail) {
    if (!condition) world_.Fail(std::string(claim), std::move(detail));
  }

  void DemandNothing(const std::optional<std::string>& wrong) {
    Demand(!wrong.has_value(), "wrong answer", wrong.value_or(""));
  }

  // A mutation of both: the reference's with the sequence that the store took.
  template <typename Mutate>
  void Agree(const Operation& operation, const absl::StatusOr<Sequence>& answer,
             const Mutate& mutate) {
    const Sequence at = answer.ok() ? *answer : Sequence{};
    const absl::StatusOr<Sequence> expected = mutate(at);
    const bool changes = expected.ok() && expected->value != 0;
    Demand(answer.status().code() == expected.status().code() &&
               (!answer.ok() || (answer->value != 0) == changes),
           "wrong answer",
           absl::StrCat("It answered ", TextOf(answer.status()), ", sequence ", at.value,
                        "; the reference ", TextOf(expected.status())));
    if (!changes) return;
    Demand(at > highest_, "wrong answer",
           absl::StrCat("Sequence ", at.value, " came after ", highest_.value));
    highest_ = at;
    const ReferenceStore::Version* const now = *reference_.Get(IdOf(operation.key));
    if (now == nullptr) {
      tiers_.Removed(IdOf(operation.key));
      removed_[operation.key] = at;
    } else {
      tiers_.Written(now->memory);
    }
    world_.Observe(at.value);
  }

  // The sequence that a read of absence may name, or 0.
  bool AbsenceMayName(uint16_t key, Sequence sequence) const {
    return sequence.value == 0 || sequence == removed_[key];
  }

  void Get(MemoryStore& store, uint16_t key, std::string_view claim) {
    const absl::StatusOr<GetResult> got = store.Get(IdOf(key));
    Demand(!absl::IsDataLoss(got.status()), "false corruption",
           got.ok() ? "" : TextOf(got.status()));
    Demand(got.ok(), claim, got.ok() ? "" : TextOf(got.status()));
    const ReferenceStore::Version* const expected = *reference_.Get(IdOf(key));
    if (expected == nullptr) {
      Demand(!got->memory.has_value() && AbsenceMayName(key, got->sequence), claim,
             absl::StrCat("Get of ", std::string(KeyName(key)),
                          " found what is not there, or names a wrong sequence."));
      return;
    }
    Demand(got->memory.has_value() && model::SameBits(*got->memory, expected->memory) &&
               got->sequence == expected->sequence && got->tier == TierOf(key, store),
           claim,
           absl::StrCat("Get of ", std::string(KeyName(key)),
                        " is not what was stored, or names a wrong sequence or tier."));
    if (&store == store_.get()) tiers_.Read(expected->memory);
  }

  // A copy of a backup has no copies in RAM.
  Tier TierOf(uint16_t key, const MemoryStore& store) {
    const Tier tier = tiers_.TierOf(IdOf(key));
    return tier == Tier::kHot && &store != store_.get() ? Tier::kWarm : tier;
  }

  void View(uint16_t key) {
    const ReferenceStore::Version* const expected = *reference_.Get(IdOf(key));
    bool same = false;
    uint32_t calls = 0;
    const absl::StatusOr<Presence> seen = store_->View(IdOf(key), [&](const MemoryView& view) {
      ++calls;
      same = expected != nullptr && SameBits(view, expected->memory) &&
             view.sequence == expected->sequence && view.tier == TierOf(key, *store_);
    });
    Demand(seen.ok(), "wrong answer", seen.ok() ? "" : TextOf(seen.status()));
    const bool right = expected == nullptr
                           ? !seen->present && calls == 0 && AbsenceMayName(key, seen->sequence)
                           : seen->present && calls == 1 && same &&
                                 seen->sequence == expected->sequence &&
                                 seen->tier == TierOf(key, *store_);
    Demand(right, "wrong answer",
           absl::StrCat("View of ", std::string(KeyName(key)), " is not what was stored."));
    if (expected == nullptr) return;
    tiers_.Read(expected->memory);
  }

  void Contains(uint16_t key) {
    const ReferenceStore::Version* const expected = *reference_.Get(IdOf(key));
    const absl::StatusOr<Presence> seen = store_->Contains(IdOf(key));
    const bool right = seen.ok() && seen->present == (expected != nullptr) &&
                       (expected == nullptr ? AbsenceMayName(key, seen->sequence)
                                            : seen->sequence == expected->sequence &&
                                                  seen->tier == TierOf(key, *store_));
    Demand(right, "wrong answer",
           absl::StrCat("Contains of ", std::string(KeyName(key)), " is wrong."));
  }

  void Synced(std::string_view call, const absl::Status& status) {
    Demand(status.ok(), "wrong answer", absl::StrCat(std::string(call), ": ", TextOf(status)));
    const Statistics stats = store_->Stats();
    Demand(stats.durable_sequence == stats.last_sequence, "wrong statistics",
           absl::StrCat("After ", std::string(call), " durable_sequence is ",
                        stats.durable_sequence.value, ", not ", stats.last_sequence.value));
  }

  void Reopen() {
    const absl::Status closed = store_->Close();
    Demand(closed.ok(), "wrong answer", TextOf(closed));
    Demand(store_->Close().ok(), "wrong answer", "Closing twice is not OK.");
    Demand(absl::IsFailedPrecondition(store_->Get(IdOf(0)).status()), "wrong answer",
           "A closed store answered a Get.");
    store_.reset();
    Open(/*after_closing=*/true);
    ReadAll(*store_, "wrong answer");
  }

  void Verify() {
    const absl::StatusOr<VerifyReport> report = store_->Verify();
    Demand(report.ok(), "wrong answer", report.ok() ? "" : TextOf(report.status()));
    Demand(report->damages.empty() && report->memories_damaged == 0, "false corruption",
           report->damages.empty()
               ? "memories_damaged is not 0"
               : absl::StrCat(report->damages[0].structure, ": ", report->damages[0].explanation));
    Demand(report->miscounts.empty(), "wrong statistics",
           report->miscounts.empty() ? "" : report->miscounts[0]);
    Demand(report->memories_checked == reference_.Count() && report->memories_cold == tiers_.cold(),
           "wrong answer",
           absl::StrCat("Verify checked ", report->memories_checked, " memories, not ",
                        reference_.Count(), "; ", report->memories_cold, " of them cold, not ",
                        tiers_.cold()));
  }

  void Compact(const Operation& operation) {
    const Statistics before = store_->Stats();
    const auto how = static_cast<Compacting>(operation.value);
    const bool is_due = before.fragmentation > options_.compaction_fragmentation_min &&
                        before.content_bytes_total > options_.compaction_content_bytes_min;
    const absl::StatusOr<CompactionStats> answer =
        CompactAs(*store_, operation.value, IdOf(operation.key));
    const ReferenceStore::Version* const viewed = *reference_.Get(IdOf(operation.key));
    if (how == Compacting::kInside && viewed != nullptr) tiers_.Read(viewed->memory);
    const Statistics after = store_->Stats();
    if (how == Compacting::kIfDue && !is_due) {
      return Demand(
          absl::IsFailedPrecondition(answer.status()) &&
              after.content_bytes_total == before.content_bytes_total,
          "wrong answer",
          absl::StrCat("Compacting below the thresholds answered ", TextOf(answer.status())));
    }
    Demand(answer.ok(), "wrong answer", TextOf(answer.status()));
    const auto wrong = WrongCompaction(*answer, before, after);
    Demand(!wrong.has_value(), "wrong statistics", wrong.value_or(""));
    const bool holds_room = how == Compacting::kInside && reference_.Count() > 0;
    // Of each extent of the log a part in four may be other than live content, but for the last
    // ones.
    const uint64_t payload = options_.extent_bytes - kLogHeaderBytes;
    const uint64_t extents_max = after.content_bytes_live * 4 / 3 / payload + kLogExtentsMore;
    Demand(holds_room || after.extents_of_log <= extents_max, "room is not given back",
           absl::StrCat("The log has ", after.extents_of_log, " extents for ",
                        after.content_bytes_live, " live bytes."));
    ReadAll(*store_, "wrong answer");
    CheckStatistics();
  }

  void Maintain() {
    const Statistics before = store_->Stats();
    const bool had_rows = before.cold_rows_total > 0;  // perhaps worth rewriting
    const model::ReferenceTiers::Moves moves = tiers_.Maintained(world_.clock().NowNs());
    const absl::StatusOr<MaintenanceReport> report = store_->RunMaintenance();
    Demand(report.ok() && report->errors.empty() && !report->was_stopped, "wrong answer",
           report.ok() ? "A maintenance was stopped, or has errors." : TextOf(report.status()));
    Demand(report->migrations == moves, "wrong tier",
           "A maintenance moved other memories than it should have.");
    const bool is_fragmented = before.fragmentation > options_.compaction_fragmentation_min &&
                               before.content_bytes_total > options_.compaction_content_bytes_min;
    const bool moved_nothing = moves == model::ReferenceTiers::Moves{};
    Demand((is_fragmented || !moved_nothing || had_rows) ||
               (!report->maintenance_triggered && !report->compaction),
           "wrong answer", "A maintenance did what was not due.");
    Demand((!is_fragmented && moved_nothing) || report->maintenance_triggered, "wrong answer",
           "A maintenance did not do what was due.");
    Demand(!is_fragmented || !moved_nothing || report->compaction || report->cold_compaction,
           "wrong answer", "A maintenance did not compact.");
    Demand(report->pressure_before == before.pressure &&
               report->pressure_after == store_->Stats().pressure,
           "wrong statistics", "A maintenance is wrong about the pressure.");
    ReadAll(*store_, "wrong answer");
    CheckStatistics();
  }

  // What a compaction told, against what the store tells, while nobody else is at work.
  static std::optional<std::string> WrongCompaction(const CompactionStats& told,
                                                    const Statistics& before,
                                                    const Statistics& after) {
    if (told.old_size != before.content_bytes_total || told.new_size != after.content_bytes_total ||
        told.fragmentation_before != before.fragmentation ||
        told.fragmentation_after != after.fragmentation) {
      return "The sizes and fragmentations of a compaction are not those of the store.";
    }
    const bool balances = told.bytes_reclaimed == 0
                              ? told.new_size >= told.old_size
                              : told.old_size - told.bytes_reclaimed == told.new_size;
    if (!balances || after.content_bytes_live != before.content_bytes_live ||
        after.compactions != before.compactions + 1 ||
        after.compaction_bytes_reclaimed !=
            before.compaction_bytes_reclaimed + told.bytes_reclaimed) {
      return absl::StrCat("A compaction reclaimed ", told.bytes_reclaimed, " bytes of ",
                          told.old_size, ", and ", told.new_size, " are left.");
    }
    if (told.records_moved > before.memories || told.extents_damaged > 0 || told.was_cancelled ||
        told.bytes_given_back > after.extents_free * after.extent_bytes) {
      return "A compaction tells what cannot be.";
    }
    return std::nullopt;
  }

  // Hot memories are at home where warm ones are.
  void Migrate(const Operation& operation) {
    const Migrating how = MigratingOf(operation);
    const bool is_one = how == Migrating::kOneToCold || how == Migrating::kOneToWarm;
    MigrationStats expected;
    const auto move = [&](uint16_t key) {
      const ReferenceStore::Version* const version = *reference_.Get(IdOf(key));
      if (version == nullptr) {
        ++expected.absent;
      } else {
        ++(tiers_.Migrated(version->memory, engram::stress::TierOf(how)) ? expected.moved
                                                                         : expected.unchanged);
      }
    };
    const ReferenceStore::Version* const viewed = *reference_.Get(IdOf(operation.key));
    if (how == Migrating::kInside && viewed != nullptr) tiers_.Read(viewed->memory);
    for (uint16_t key = 0; key < kKeys && !is_one; ++key) move(key);
    move(is_one ? operation.key : uint16_t{0});
    const absl::StatusOr<MigrationStats> answer = MigrateAs(*store_, how, operation.key);
    Demand(answer.ok(), "wrong answer", answer.ok() ? "" : TextOf(answer.status()));
    Demand(answer->moved == expected.moved && answer->absent == expected.absent &&
               answer->unchanged == expected.unchanged && answer->damaged == 0 &&
               answer->superseded == 0,
           "wrong statistics",
           absl::StrCat("A migration moved ", answer->moved, " memories, not ", expected.moved,
                        "; ", answer->absent, " were absent, not ", expected.absent));
    ReadAll(*store_, "wrong answer");
    CheckStatistics();
  }

  void CompactCold() {
    const Statistics before = store_->Stats();
    const absl::StatusOr<ColdCompactionStats> answer = store_->CompactCold();
    Demand(answer.ok(), "wrong answer", answer.ok() ? "" : TextOf(answer.status()));
    const Statistics after = store_->Stats();
    Demand(after.cold_rows_live == before.cold_rows_live &&
               after.extents_of_cold <= before.extents_of_cold,
           "wrong statistics",
           absl::StrCat("Of ", before.cold_rows_live, " live rows in ", before.extents_of_cold,
                        " extents ", after.cold_rows_live, " in ", after.extents_of_cold,
                        " are left"));
    Demand(after.cold_rows_total <= 2 * after.cold_rows_live, "room is not given back",
           absl::StrCat("Of ", after.cold_rows_total, " rows ", after.cold_rows_live,
                        " are live after rewriting"));
    ReadAll(*store_, "wrong answer");
    CheckStatistics();
  }

  void CheckStatistics() {
    const Statistics stats = store_->Stats();
    const uint64_t live = tiers_.live_bytes();
    Demand(stats.memories == reference_.Count(), "wrong statistics",
           absl::StrCat("memories is ", stats.memories, ", not ", reference_.Count()));
    Demand(stats.memories_hot == tiers_.hot() && stats.memories_warm == tiers_.warm() &&
               stats.memories_cold == tiers_.cold(),
           "wrong statistics",
           absl::StrCat("Of the memories ", stats.memories_hot, ", ", stats.memories_warm, ", ",
                        stats.memories_cold, " are hot, warm and cold, not ", tiers_.hot(), ", ",
                        tiers_.warm(), ", ", tiers_.cold()));
    Demand(stats.hot_bytes == tiers_.hot_bytes() && stats.warm_bytes == tiers_.warm_bytes(),
           "wrong statistics",
           absl::StrCat("hot_bytes is ", stats.hot_bytes, ", not ", tiers_.hot_bytes(),
                        ", or warm_bytes ", stats.warm_bytes, ", not ", tiers_.warm_bytes()));
    Demand(stats.content_bytes_live == live, "wrong statistics",
           absl::StrCat("content_bytes_live is ", stats.content_bytes_live, ", not ", live));
    Demand(stats.cold_rows_live == tiers_.cold() && stats.cold_rows_total >= tiers_.cold(),
           "wrong statistics",
           absl::StrCat("Of ", stats.cold_rows_total, " rows ", stats.cold_rows_live,
                        " are live, not ", tiers_.cold()));
    Demand(stats.content_bytes_total >= live &&
               stats.fragmentation == Fragmentation(live, stats.content_bytes_total),
           "wrong statistics",
           absl::StrCat("fragmentation is ", stats.fragmentation, " with ", live, " of ",
                        stats.content_bytes_total, " bytes live"));
    Demand(
        stats.last_sequence >= highest_ && stats.durable_sequence <= stats.last_sequence,
        "wrong statistics",
        absl::StrCat("last_sequence is ", stats.last_sequence.value, ", durable_sequence ",
                     stats.durable_sequence.value, "; the highest assigned was ", highest_.value));
    Demand(stats.file_bytes <= options_.file_bytes_max && !stats.read_only, "wrong statistics",
           "The file is larger than it may be, or the store is read-only for no reason.");
  }

  void Backup() {
    const std::string path(kBackupPath);
    const absl::Status written = store_->Backup(path);
    Demand(written.ok(), "wrong backup", TextOf(written));
    Demand(absl::IsAlreadyExists(store_->Backup(path)), "wrong backup",
           "A second backup to the same path was not refused.");
    Options options = options_;
    options.create_if_missing = false;
    auto opened = open_(world_.file_system(), path, options);
    Demand(opened.ok(), "wrong backup", opened.ok() ? "" : TextOf(opened.status()));
    Demand((*opened)->recovery().damages.empty(), "wrong backup", "The backup reports damages.");
    ReadAll(**opened, "wrong backup");
    const absl::StatusOr<VerifyReport> report = (*opened)->Verify();
    Demand(report.ok() && report->sound(), "wrong backup", "The backup is not sound.");
    const absl::Status closed = (*opened)->Close();
    Demand(closed.ok(), "wrong backup", TextOf(closed));
    opened->reset();
    const absl::Status removed = world_.file_system().Remove(path);
    Demand(removed.ok(), "wrong backup", TextOf(removed));
  }

  World& world_;
  const OpenStore& open_;
  const Options options_;
  std::unique_ptr<MemoryStore> store_;
  ReferenceStore reference_;
  model::ReferenceTiers tiers_{reference_, options_};
  Sequence highest_;
  std::array<Sequence, kKeys> removed_;  // by the last Remove of each id
};

class ModelScenario final : public world::Scenario {
 public:
  ModelScenario(World& world, std::span<const Operation> operations, const OpenStore& open,
                Setup setup)
      : world_(world), operations_(operations), open_(open), options_(OptionsOf(setup)) {}

  void Run() override {
    Comparison comparison(world_, open_, options_);
    comparison.Open(/*after_closing=*/false);
    for (const Operation& operation : operations_) {
      world_.BeginOperation(operation.id, [&] { return DescribeOperation(operation); });
      comparison.Do(operation);
      world_.EndOperation([] { return std::string("agrees"); });
    }
    comparison.CloseAtTheEnd();
  }

 private:
  World& world_;
  const std::span<const Operation> operations_;
  const OpenStore& open_;
  const Options options_;
};

}  // namespace

world::Program MakeModelProgram(std::string name, OpenStore open, Setup setup,
                                std::function<std::vector<Operation>(uint64_t seed)> generate) {
  world::Program program;
  program.name = std::move(name);
  program.bounds.steps_max = 2'000'000;
  program.generate = std::move(generate);
  program.describe = DescribeOperation;
  program.make = [open = std::make_shared<const OpenStore>(std::move(open)), setup](
                     World& world, std::span<const Operation> operations) {
    return std::make_unique<ModelScenario>(world, operations, *open, setup);
  };
  return program;
}

}  // namespace engram::stress
