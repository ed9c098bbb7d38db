// The file: a header {incarnation, end of the log if it was closed, else 0} in the first page, then
// records {length, checksum over what follows, what log_store_records.h says}.

#include "stress/store/log_store_testing.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "api/event_listener.h"
#include "api/fragmentation.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "base/status_macros.h"
#include "io/clock.h"
#include "model/reference_store.h"
#include "model/reference_tiers.h"
#include "stress/store/log_store_records.h"
#include "stress/store/log_store_walks.h"
#include "sync/mutex.h"

namespace engram::stress {
namespace {

constexpr uint64_t kLogBegin = 4096;
constexpr uint64_t kPrefixBytes = 16;
constexpr uint64_t kRecordBytesMax = 128 * kKiB;
constexpr int kIncarnationShift = 40;

class LogStore final : public MemoryStore {
 public:
  LogStore(io::FileSystem& files, std::string path, const Options& options, Flaw flaw)
      : files_(files), path_(std::move(path)), options_(options), flaw_(flaw) {}

  absl::Status Recover() {
    ENGRAM_ASSIGN_OR_RETURN(const bool exists, files_.Exists(path_));
    if (!exists && !options_.create_if_missing) return absl::NotFoundError(path_);
    ENGRAM_ASSIGN_OR_RETURN(
        file_, files_.Open(path_, exists ? io::OpenMode::kReadWrite : io::OpenMode::kCreateNew));
    ENGRAM_RETURN_IF_ERROR(files_.SyncDirectoryOf(path_));
    ENGRAM_RETURN_IF_ERROR(file_->Lock());
    ENGRAM_ASSIGN_OR_RETURN(const uint64_t size, file_->Size());
    Bytes bytes(size);
    if (size > 0) ENGRAM_RETURN_IF_ERROR(io::ReadFully(*file_, FileOffset{0}, bytes));
    const bool has_header = size >= 16;
    const uint64_t incarnation = has_header ? LoadLittleEndian<uint64_t>(bytes.data()) : 0;
    const uint64_t closed_at = has_header ? LoadLittleEndian<uint64_t>(bytes.data() + 8) : 0;
    report_.created = incarnation == 0;
    end_ = kLogBegin;
    while (TakeRecord(bytes)) {
    }
    report_.clean = closed_at == end_;
    report_.tail_was_cut = !report_.clean && size > end_;
    report_.cut_at = FileOffset{end_};
    if (report_.clean) report_.entries_replayed = 0;
    if (flaw_ != Flaw::kTailIsNotChecked && size > end_) {
      ENGRAM_RETURN_IF_ERROR(file_->Truncate(end_));
    }
    incarnation_ = incarnation + 1;
    next_ = flaw_ == Flaw::kSequencesRestart ? model_.Count() + 1
                                             : (incarnation_ << kIncarnationShift) + 1;
    return WriteHeader(0);
  }

  absl::StatusOr<Sequence> Store(const Memory& memory) override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    ENGRAM_RETURN_IF_ERROR(model::ReferenceStore::Check(memory, {}));
    return Apply(MutationKind::kStore, memory);
  }
  absl::StatusOr<Sequence> Remove(std::string_view id) override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    ENGRAM_RETURN_IF_ERROR(model::ReferenceStore::CheckId(id));
    if (!*model_.Contains(id)) return Sequence{};
    Memory gone;
    gone.id = id;
    return Apply(MutationKind::kRemove, gone);
  }
  absl::StatusOr<Sequence> UpdateActivation(std::string_view id, float activation) override {
    mutex_.Lock();
    absl::StatusOr<const model::ReferenceStore::Version*> version = model_.Get(id);
    absl::Status valid = closed_ ? absl::FailedPreconditionError("closed")
                                 : model::ReferenceStore::CheckFraction("activation", activation);
    if (version.ok() && *version == nullptr && valid.ok()) valid = absl::NotFoundError("none");
    if (!version.ok()) valid = version.status();
    if (!valid.ok()) {
      mutex_.Unlock();
      return valid;
    }
    Memory updated = (*version)->memory;
    updated.activation = activation;
    if (flaw_ == Flaw::kActivationRace) {
      mutex_.Unlock();
      mutex_.Lock();
    }
    absl::StatusOr<Sequence> applied = Apply(MutationKind::kUpdateActivation, updated);
    mutex_.Unlock();
    return applied;
  }
  absl::StatusOr<GetResult> Get(std::string_view id) override { return Read(id, /*whole=*/true); }
  absl::StatusOr<GetResult> Read(std::string_view id, bool whole) {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    ENGRAM_RETURN_IF_ERROR(model::ReferenceStore::CheckId(id));
    if (flaw_ == Flaw::kReadsAreDamaged && ++reads_ % 3 == 0) return absl::DataLossError("flaw");
    const auto found = model_.memories().find(id);
    if (found == model_.memories().end()) return GetResult{};
    GetResult result{found->second.memory, found->second.sequence, TierAt(id)};
    if (whole) tiers_.Read(found->second.memory);
    const Memory& first = model_.memories().begin()->second.memory;
    if (flaw_ == Flaw::kForeignContent && first.content) result.memory->content = first.content;
    return result;
  }
  absl::StatusOr<Presence> View(std::string_view id,
                                const std::function<void(const MemoryView&)>& visit) override {
    ENGRAM_ASSIGN_OR_RETURN(const GetResult got, Get(id));
    if (!got.memory.has_value()) return Presence{false, got.sequence, got.tier};
    visit(ViewOf(*got.memory, got.sequence, got.tier));
    return Presence{true, got.sequence, got.tier};
  }
  absl::StatusOr<Presence> Contains(std::string_view id) override {
    ENGRAM_ASSIGN_OR_RETURN(const GetResult got, Read(id, /*whole=*/false));
    return Presence{got.memory.has_value(), got.sequence, got.tier};
  }
  absl::Status Iterate(std::optional<Tier> tier,
                       const std::function<bool(const IterationItem&)>& visit) override {
    if (closed_) return absl::FailedPreconditionError("closed");
    const auto next = [&](std::string_view id) {
      const sync::MutexLock lock(mutex_);
      return NextOf(model_, tier_of_, tier, id);
    };
    return IterateBy(next, visit, flaw_);
  }
  absl::StatusOr<Page> List(std::string_view cursor, size_t limit,
                            std::optional<Tier> tier) override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    return ListOf(model_, tier_of_, tier, cursor, limit, flaw_);
  }
  absl::StatusOr<RecallResult> Recall(std::span<const float> cue,
                                      const RecallOptions& options) override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    return RecallOf(model_, tier_of_, cue, options, flaw_);
  }
  uint64_t Count() const override {
    const sync::MutexLock lock(mutex_);
    return model_.Count() + (flaw_ == Flaw::kCountIsOff && removed_ ? 1 : 0);
  }

  absl::Status Sync() override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    if (flaw_ == Flaw::kSyncIsNoSync) return absl::OkStatus();
    ENGRAM_RETURN_IF_ERROR(file_->SyncData());
    durable_ = last_;
    try {
      if (options_.listener != nullptr) options_.listener->OnDurable(durable_);
    } catch (...) {  // NOLINT(bugprone-empty-catch): a listener's mistakes are its own
    }
    return absl::OkStatus();
  }
  absl::Status Checkpoint() override { return Sync(); }
  absl::StatusOr<CompactionStats> CompactContent(bool force) override {
    if (!force) return absl::FailedPreconditionError("nothing is dead");
    const Statistics stats = Stats();
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    ++compactions_;
    const uint64_t size = stats.content_bytes_total;
    const uint64_t hoped_for = flaw_ == Flaw::kReclaimedByHope ? 8 : 0;
    return CompactionStats{.old_size = size, .new_size = size, .bytes_reclaimed = hoped_for};
  }
  void CancelCompaction() override {}
  absl::StatusOr<MaintenanceReport> RunMaintenance() override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    MaintenanceReport report;
    const int64_t now = options_.clock == nullptr ? 0 : options_.clock->NowNs();
    report.pressure_before = PressureNow();
    report.migrations = tiers_.Maintained(now);
    report.pressure_after = PressureNow();
    report.maintenance_triggered = report.migrations != model::ReferenceTiers::Moves{};
    return report;
  }
  absl::StatusOr<MigrationStats> Migrate(std::span<const std::string> ids, Tier to) override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    MigrationStats stats;
    for (const std::string& id : ids) {
      const absl::StatusOr<const model::ReferenceStore::Version*> version = model_.Get(id);
      if (!version.ok()) return version.status();
      ++(*version == nullptr                       ? stats.absent
         : tiers_.Migrated((*version)->memory, to) ? stats.moved
                                                   : stats.unchanged);
    }
    return stats;
  }
  absl::StatusOr<ColdCompactionStats> CompactCold() override { return ColdCompactionStats{}; }
  absl::Status Backup(const std::string& path) override {
    const sync::MutexLock lock(mutex_);
    if (closed_) return absl::FailedPreconditionError("closed");
    ENGRAM_ASSIGN_OR_RETURN(const bool exists, files_.Exists(path));
    if (exists) return absl::AlreadyExistsError(path);
    Options options = options_;
    options.create_if_missing = true;
    options.listener = nullptr;
    LogStore copy(files_, path, options, Flaw::kNone);
    ENGRAM_RETURN_IF_ERROR(copy.Recover());
    for (const auto& [id, version] : model_.memories()) {
      if (flaw_ == Flaw::kBackupIsStale && version.sequence == last_) continue;
      ENGRAM_RETURN_IF_ERROR(copy.Append({LogKind::kStored, version.sequence, version.memory}));
    }
    ENGRAM_RETURN_IF_ERROR(AppendHomesTo(copy));
    return copy.CloseFile();
  }
  absl::Status Close() override {
    if (closed_) return absl::OkStatus();
    ENGRAM_RETURN_IF_ERROR(AppendHomesTo(*this));
    ENGRAM_RETURN_IF_ERROR(Sync());
    return CloseFile();
  }
  absl::StatusOr<QuarantineReport> Quarantine(RemainsKeeper&) override {
    return QuarantineReport{};
  }
  absl::StatusOr<VerifyReport> Verify() override {
    if (closed_) return absl::FailedPreconditionError("closed");
    VerifyReport report;
    report.memories_checked = Count();
    report.memories_cold = tiers_.cold();
    return report;
  }
  Statistics Stats() const override {
    Statistics stats;
    const sync::MutexLock lock(mutex_);
    stats.memories = model_.Count();
    stats.memories_hot = tiers_.hot();
    stats.memories_warm = tiers_.warm();
    stats.memories_cold = stats.cold_rows_live = stats.cold_rows_total = tiers_.cold();
    stats.hot_bytes = tiers_.hot_bytes();
    stats.warm_bytes = tiers_.warm_bytes();
    stats.pressure = PressureNow();
    stats.last_sequence = last_;
    stats.durable_sequence = durable_;
    stats.content_bytes_live = tiers_.live_bytes();
    if (flaw_ == Flaw::kLiveBytesAreOff) stats.content_bytes_live /= 2;
    stats.content_bytes_total = stats.content_bytes_live;
    stats.extent_bytes = options_.extent_bytes;
    stats.compactions = compactions_;
    return stats;
  }
  const RecoveryReport& recovery() const override { return report_; }

 private:
  absl::Status CloseFile() {
    ENGRAM_RETURN_IF_ERROR(file_->SyncData());
    ENGRAM_RETURN_IF_ERROR(WriteHeader(end_));
    file_.reset();
    closed_ = true;
    return absl::OkStatus();
  }

  absl::Status WriteHeader(uint64_t closed_at) {
    Bytes header;
    Put(header, incarnation_);
    Put(header, closed_at);
    ENGRAM_RETURN_IF_ERROR(io::WriteFully(*file_, FileOffset{0}, header));
    return file_->SyncData();
  }

  absl::Status Append(const LogRecord& logged) {
    if (flaw_ == Flaw::kRemoveIsNotLogged && logged.kind == LogKind::kRemoved) return {};
    const Bytes payload = Encode(logged);
    Bytes record;
    Put(record, static_cast<uint64_t>(payload.size()));
    Put(record, Checksum(payload, end_));
    record.insert(record.end(), payload.begin(), payload.end());
    end_ += record.size();
    return io::WriteFully(*file_, FileOffset{end_ - record.size()}, record);
  }

  absl::StatusOr<Sequence> Apply(MutationKind kind, const Memory& memory) {
    last_ = Sequence{next_++};
    if (options_.listener != nullptr) Tell(kind, memory.id);
    const Sequence sequence = last_;
    const LogKind logged = kind == MutationKind::kRemove ? LogKind::kRemoved : LogKind::kStored;
    ENGRAM_RETURN_IF_ERROR(Append({logged, sequence, memory}));
    Change(logged, sequence, memory);
    if (options_.sync_mode == SyncMode::kEachWrite) ENGRAM_RETURN_IF_ERROR(file_->SyncData());
    return sequence;
  }
  void Tell(MutationKind kind, const std::string& id) {
    try {
      options_.listener->OnSequenceAssigned(kind, id, last_);
    } catch (...) {
      if (flaw_ == Flaw::kListenerEscapes) throw;
    }
  }

  void Change(LogKind kind, Sequence sequence, const Memory& memory) {
    removed_ = kind == LogKind::kRemoved;
    if (removed_) {
      model_.Remove(memory.id, sequence).IgnoreError();
      if (flaw_ != Flaw::kHotIsLeaked) tiers_.Removed(memory.id);
    } else {
      model_.Store(memory, sequence).IgnoreError();
      tiers_.Written(memory);
    }
  }

  // Takes the record at end_; false if there is none that counts.
  bool TakeRecord(const Bytes& bytes) {
    if (bytes.size() < end_ + kPrefixBytes) return false;
    const auto length = LoadLittleEndian<uint64_t>(bytes.data() + end_);
    const auto checksum = LoadLittleEndian<uint64_t>(bytes.data() + end_ + 8);
    if (length == 0 || length > kRecordBytesMax || bytes.size() - end_ - kPrefixBytes < length) {
      return false;
    }
    const auto payload = std::span(bytes).subspan(end_ + kPrefixBytes, length);
    const bool verifies = Checksum(payload, end_) == checksum;
    const bool believes = flaw_ == Flaw::kTailIsNotChecked || flaw_ == Flaw::kDamageIsBelieved;
    if (!verifies && !believes && flaw_ != Flaw::kDamageIsAbsence) return false;
    end_ += kPrefixBytes + length;
    if (!verifies && flaw_ == Flaw::kDamageIsAbsence) return true;
    Replay(Decode(payload));
    return true;
  }

  void Replay(const LogRecord& record) {
    const std::string& id = record.memory.id;
    switch (record.kind) {
      case LogKind::kStored:
      case LogKind::kRemoved:
        Change(record.kind, record.sequence, record.memory);
        last_ = durable_ = std::max(last_, record.sequence);
        break;
      case LogKind::kMadeWarm:
      case LogKind::kMadeCold:
        if (const auto found = model_.memories().find(id); found != model_.memories().end()) {
          tiers_.Migrated(found->second.memory,
                          record.kind == LogKind::kMadeCold ? Tier::kCold : Tier::kWarm);
        }
    }
    tiers_.Reopened();
    ++report_.entries_replayed;
  }

  // Where each memory is, for the next life; `log` is this store's, or that of its backup.
  absl::Status AppendHomesTo(LogStore& log) {
    for (const auto& [id, version] : model_.memories()) {
      LogRecord record;
      record.kind = TierAt(id) == Tier::kCold ? LogKind::kMadeCold : LogKind::kMadeWarm;
      record.memory.id = id;
      ENGRAM_RETURN_IF_ERROR(log.Append(record));
    }
    return absl::OkStatus();
  }

  Pressure PressureNow() const {
    return HigherOf(PressureOf(tiers_.hot_bytes(), options_.hot_capacity_bytes),
                    PressureOf(tiers_.warm_bytes(), options_.warm_capacity_bytes));
  }
  Tier TierAt(std::string_view id) { return tiers_.TierOf(id); }

  io::FileSystem& files_;
  const std::string path_;
  const Options options_;
  const Flaw flaw_;
  mutable sync::Mutex mutex_;
  std::unique_ptr<io::File> file_;
  model::ReferenceStore model_;
  mutable model::ReferenceTiers tiers_{model_, options_};
  const TierOf tier_of_ = [this](const std::string& id) { return TierAt(id); };
  RecoveryReport report_;
  uint64_t end_ = 0;
  uint64_t incarnation_ = 0;
  uint64_t next_ = 1;
  uint64_t reads_ = 0;
  uint64_t compactions_ = 0;
  Sequence last_, durable_;
  bool removed_ = false, closed_ = false;
};

}  // namespace

OpenStore OpenLogStore(Flaw flaw) {
  return [flaw](io::FileSystem& files, const std::string& path,
                const Options& options) -> absl::StatusOr<std::unique_ptr<MemoryStore>> {
    auto store = std::make_unique<LogStore>(files, path, options, flaw);
    ENGRAM_RETURN_IF_ERROR(store->Recover());
    return store;
  };
}

}  // namespace engram::stress
