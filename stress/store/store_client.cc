// Opening, closing, mutations and reads: what their answers mean to the oracle, and what is
// demanded beside that. Operations that look at the store as a whole are in
// store_client_inspection.cc, those that look at all memories in store_client_walks.cc.

#include "stress/store/store_client.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/world/allocation_faults.h"

namespace engram::stress {
namespace {

using model::Call;
using model::CallKind;
using model::CallOutcome;
using world::AllocationScope;
using world::Operation;

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
}

std::string TextOf(const Call& call) {
  switch (call.outcome) {
    case CallOutcome::kPending:
      return "never returns";
    case CallOutcome::kAbsent:
      return "there is none";
    case CallOutcome::kRejected:
      return "refused";
    case CallOutcome::kUnknown:
      return "outcome unknown";
    case CallOutcome::kDamaged:
      return "DATA_LOSS";
    case CallOutcome::kOk:
      break;
  }
  return call.result.has_value() ? *call.result->content : std::string("done");
}

// What an error of a call that the oracle knows means to it.
CallOutcome OutcomeOf(const absl::Status& status) {
  if (absl::IsDataLoss(status)) return CallOutcome::kDamaged;
  return UnknownOutcomeOf(status).has_value() ? CallOutcome::kUnknown : CallOutcome::kRejected;
}

}  // namespace

// ---- Demands.

void StoreClient::Demand(bool condition, std::string_view claim, std::string_view detail) {
  if (condition || died()) return;
  const AllocationScope scope;
  world_.Fail(std::string(claim), std::string(detail));
}

uint64_t StoreClient::Faults() const {
  return world_.disk().counts().faults + world::AllocationFailures();
}

bool StoreClient::Excused(const absl::Status& status, uint64_t faults_before) const {
  if (!excuses_.faults) return false;
  if (absl::IsFailedPrecondition(status)) return store_ != nullptr && store_->Stats().read_only;
  return Faults() != faults_before &&
         (absl::IsUnavailable(status) || absl::IsResourceExhausted(status));
}

// A sync that fails may take back what no earlier one covered, also from those who look at it.
bool StoreClient::LostBySync() const { return excuses_.faults && store_->Stats().read_only; }

void StoreClient::DemandExcuse(std::string_view call, const absl::Status& status,
                               uint64_t faults_before) {
  if (status.ok() || died() || Excused(status, faults_before)) return;
  const AllocationScope scope;
  world_.Fail(absl::IsDataLoss(status) ? "false corruption" : "error without a cause",
              absl::StrCat(std::string(call), " returned ", TextOf(status)));
}

// ---- Opening and closing.

// Faults may hit the opening, as many as the bounds allow; then opening it again must work.
absl::StatusOr<std::unique_ptr<MemoryStore>> StoreClient::OpenPatiently(std::string_view path,
                                                                        EventListener* listener) {
  std::string name;
  Options options = options_;
  {
    const AllocationScope scope;
    name = path;
  }
  options.listener = listener;
  for (;;) {
    const uint64_t faults = Faults();
    auto opened = open_(world_.file_system(), name, options);
    if (opened.ok() || died() || !Excused(opened.status(), faults)) return opened;
  }
}

bool StoreClient::Open(bool was_torn) {
  auto opened = OpenPatiently(kStorePath, &recorder_);
  if (died()) return false;
  if (!opened.ok()) {
    const AllocationScope scope;
    world_.Fail("cannot be opened",
                absl::StrCat("Opening the store failed: ", TextOf(opened.status())));
    return false;
  }
  store_ = *std::move(opened);
  DemandNoDamage(was_torn || excuses_.faults);
  return true;
}

void StoreClient::DemandNoDamage(bool was_torn) {
  const RecoveryReport& report = store_->recovery();
  if (!report.damages.empty()) {
    const AllocationScope scope;
    const Damage& damage = report.damages.front();
    world_.Fail("false corruption",
                absl::StrCat(
                    "The recovery report lists damage, and nothing was damaged: ", damage.structure,
                    " at ", damage.offset.value, ": ", damage.explanation));
  }
  Demand(was_torn || !report.superblock_restored, "false corruption",
         "A superblock is not intact, and nothing was damaged.");
}

void StoreClient::ReadInto(Call& call, Verb verb) {
  const uint64_t faults = Faults();
  absl::StatusOr<Presence> seen = ReadBy(verb, call.argument.id, call);
  if (died()) return;
  if (absl::IsDataLoss(seen.status()) && LostBySync()) {
    call.outcome = CallOutcome::kRejected;
    return;
  }
  DemandExcuse("A read", seen.status(), faults);
  call.sequence = seen.ok() ? seen->sequence : Sequence{};
  if (!seen.ok()) {
    call.outcome = OutcomeOf(seen.status());
  } else {
    call.outcome = seen->present ? CallOutcome::kOk : CallOutcome::kAbsent;
  }
}

bool StoreClient::ReadRecovered() {
  model::RecoveredState state;
  state.shown_at = world_.Now();
  std::array<Call, kKeys> reads;
  for (uint16_t key = 0; key < kKeys; ++key) {
    Call& call = reads[key];
    {
      const AllocationScope scope;
      call.argument.id = IdOf(key);
    }
    call.client = kAfterCrash;
    call.invoked_at = world_.Now();
    do {
      ReadInto(call, Verb::kGet);  // what fails has its excuse, and is read again
    } while (!died() && call.outcome == CallOutcome::kRejected && !LostBySync());
    if (died()) return false;
    call.returned_at = world_.Now();
    Demand(call.outcome != CallOutcome::kDamaged, "false corruption",
           "A read after opening answered DATA_LOSS, and nothing was damaged.");
    if (call.outcome == CallOutcome::kOk) {
      const AllocationScope scope;
      state.memories.push_back(*call.result);
      world_.Observe(HashOf(*call.result));
    }
    world_.Observe(call.sequence.value);
  }
  Demand(store_->Count() == state.memories.size(), "wrong answer",
         "Count after opening is not the number of memories that can be read.");
  recorder_.BeginEra(std::move(state));
  for (const Call& call : reads) recorder_.Note(call);
  return !died();
}

bool StoreClient::Reopen(uint16_t operation) {
  Operation as_sync = MakeOperation(kAfter, Verb::kSync);
  as_sync.id = operation;
  Call& call = recorder_.Invoke(as_sync, CallKind::kSync);
  const bool was_read_only = store_->Stats().read_only;
  const uint64_t faults = Faults();
  const absl::Status closed = store_->Close();
  if (died()) return false;
  if (!was_read_only) DemandExcuse("Close", closed, faults);
  call.outcome = closed.ok() ? CallOutcome::kOk : CallOutcome::kRejected;
  recorder_.Return(call);
  const absl::Status synced = store_->Sync();
  Demand(absl::IsFailedPrecondition(synced) || Excused(synced, faults), "wrong answer",
         "A closed store did not refuse to sync.");
  store_.reset();
  const uint64_t faults_of_closing = Faults();
  if (died() || !Open(/*was_torn=*/!closed.ok())) return false;
  // What fails to open it may have begun to change it.
  const bool is_clean = closed.ok() && Faults() == faults_of_closing;
  const RecoveryReport& report = store_->recovery();
  Demand(!is_clean || (report.clean && !report.created && !report.tail_was_cut &&
                       report.entries_replayed == 0),
         "wrong answer", "Opening a store that was closed was not a clean reopening.");
  return ReadRecovered();
}

// ---- Operations.

void StoreClient::Perform(const Operation& operation) {
  if (died()) return;
  world_.BeginOperation(operation.id, [&] {
    const AllocationScope scope;
    return DescribeOperation(operation);
  });
  Do(operation);
  world_.EndOperation([] { return std::string("done"); });
}

void StoreClient::Do(const Operation& operation) {
  switch (VerbOf(operation)) {
    case Verb::kStore:
    case Verb::kRemove:
    case Verb::kActivate:
      return Mutate(operation);
    case Verb::kGet:
    case Verb::kView:
    case Verb::kContains:
      return Read(operation);
    case Verb::kIterate:
      return Iterate(operation);
    case Verb::kList:
      return List(operation);
    case Verb::kRecall:
      return Recall(operation);
    case Verb::kSync:
    case Verb::kCheckpoint:
      return Sync(operation);
    case Verb::kCompact:
      return Compact(operation);
    case Verb::kMaintain:
      return Maintain();
    case Verb::kMigrate:
      return Migrate(operation);
    case Verb::kCompactCold:
      return CompactCold();
    case Verb::kReopen:
      Reopen(operation.id);
      return;
    case Verb::kCount:
      return CheckCount();
    case Verb::kVerify:
      return Verify(IsBesideOthers(operation));
    case Verb::kStats:
      return IsBesideOthers(operation) ? CheckStatisticsBesideOthers() : CheckStatistics();
    case Verb::kBackup:
      return Backup(IsBesideOthers(operation));
    case Verb::kCheckBackup:
      return CheckBackup();
    case Verb::kRefuse:
      return Refuse(operation);
  }
}

void StoreClient::Settle(Call& call, const absl::StatusOr<Sequence>& answer,
                         uint64_t faults_before) {
  if (answer.ok()) {
    Demand(*answer == call.sequence, "wrong answer",
           "A mutation returned another sequence than its event had told.");
    const bool found_nothing = call.kind == CallKind::kRemove && answer->value == 0;
    call.outcome = found_nothing ? CallOutcome::kAbsent : CallOutcome::kOk;
  } else if (absl::IsNotFound(answer.status()) && call.kind == CallKind::kUpdateActivation) {
    call.outcome = CallOutcome::kAbsent;
  } else {
    DemandExcuse("A mutation", answer.status(), faults_before);
    call.outcome = OutcomeOf(answer.status());
    const std::optional<Sequence> unknown = UnknownOutcomeOf(answer.status());
    Demand(call.sequence == unknown.value_or(Sequence{}), "wrong answer",
           "A mutation that had got a sequence returned an error that does not carry it.");
  }
}

void StoreClient::Mutate(const Operation& operation) {
  const Verb verb = VerbOf(operation);
  Call& call = recorder_.Invoke(operation, verb == Verb::kStore    ? CallKind::kStore
                                           : verb == Verb::kRemove ? CallKind::kRemove
                                                                   : CallKind::kUpdateActivation);
  const uint64_t faults = Faults();
  const absl::StatusOr<Sequence> answer =
      verb == Verb::kStore ? store_->Store(MemoryOf(operation.key, operation.value))
      : verb == Verb::kRemove
          ? store_->Remove(IdOf(operation.key))
          : store_->UpdateActivation(IdOf(operation.key), ActivationOf(operation.value));
  if (died()) return;
  Settle(call, answer, faults);
  recorder_.Return(call);
  if (options_.sync_mode == SyncMode::kEachWrite && call.outcome == CallOutcome::kOk) {
    const AllocationScope scope;
    Call sync = call;
    sync.kind = CallKind::kSync;
    sync.argument = Memory{};
    sync.sequence = Sequence{};
    sync.invoked_at = call.returned_at;
    recorder_.Note(sync);
  }
}

absl::StatusOr<Presence> StoreClient::ReadBy(Verb verb, const std::string& id, Call& call) {
  if (verb == Verb::kContains) return store_->Contains(id);
  if (verb == Verb::kView) {
    return store_->View(id, [&call](const MemoryView& seen) {
      const AllocationScope scope;
      call.result = WitnessOf(seen);
    });
  }
  absl::StatusOr<GetResult> got = store_->Get(id);
  if (!got.ok()) return got.status();
  if (got->memory.has_value()) {
    const AllocationScope scope;
    call.result = WitnessOf(*got->memory);
  }
  return Presence{got->memory.has_value(), got->sequence, got->tier};
}

void StoreClient::Read(const Operation& operation) {
  const bool contains = VerbOf(operation) == Verb::kContains;
  Call& call = recorder_.Invoke(operation, contains ? CallKind::kContains : CallKind::kGet);
  ReadInto(call, VerbOf(operation));
  if (died()) return;
  {
    const AllocationScope scope;
    world_.AddNote(TextOf(call));
  }
  recorder_.Return(call);
}

void StoreClient::ReadAll(Client client) {
  uint64_t present = 0;
  for (uint16_t key = 0; key < kKeys && !died(); ++key) {
    Call& call = recorder_.Invoke(MakeOperation(client, Verb::kGet, key), CallKind::kGet);
    ReadInto(call, Verb::kGet);
    if (died()) return;
    if (call.outcome == CallOutcome::kRejected) return;  // excused by a fault
    recorder_.Return(call);
    if (call.outcome != CallOutcome::kAbsent) ++present;
  }
  if (died()) return;
  Demand(store_->Count() == present, "wrong answer",
         "Count is not the number of memories that can be read.");
}

void StoreClient::Sync(const Operation& operation) {
  Call& call = recorder_.Invoke(operation, CallKind::kSync);
  const uint64_t faults = Faults();
  const bool checkpoints = VerbOf(operation) == Verb::kCheckpoint;
  const absl::Status status = checkpoints ? store_->Checkpoint() : store_->Sync();
  if (died()) return;
  if (!checkpoints || !absl::IsAborted(status)) DemandExcuse("Syncing", status, faults);
  call.outcome = status.ok() ? CallOutcome::kOk : CallOutcome::kRejected;
  recorder_.Return(call);
}

}  // namespace engram::stress
