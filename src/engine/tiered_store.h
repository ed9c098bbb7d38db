// The store behind api/memory_store.h: joins space, log, index, commit and recovery.
//
// A mutation, in order: what can fail or wait (a slot and its bytes, a blob, room in the index, the
// nodes of releases, room in the log); then, under the log's lock, its sequence and its entry in
// the log; then the index; then the accounts and releases. From the sequence on nothing can fail. A
// stripe's lock, by the hash of the id, is held throughout, so mutations of one id have one order.
//
// A read enters an epoch, looks into the index (a shard's lock, shared, for the look alone), reads
// and verifies without a lock, and leaves.
//
// Lock order: checkpoint, stripe (ascending), log, then space or shard; commit's locks are taken
// with none of these but checkpoint held.

#ifndef ENGRAM_ENGINE_TIERED_STORE_H_
#define ENGRAM_ENGINE_TIERED_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/event_listener.h"
#include "api/memory_store.h"
#include "base/body.h"
#include "base/units.h"
#include "cold/decompressors.h"
#include "cold/run_reader.h"
#include "engine/checkpoint.h"
#include "engine/checkpoint_writer.h"
#include "engine/chores.h"
#include "engine/group_commit.h"
#include "engine/index.h"
#include "engine/promotion_hints.h"
#include "engine/space.h"
#include "format/log_entry.h"
#include "format/superblock.h"
#include "hot/hot_table.h"
#include "io/file_system.h"
#include "sync/atomic.h"
#include "sync/cond_var.h"
#include "sync/epoch.h"
#include "sync/mutex.h"
#include "warm/content_log.h"

namespace engram::inline ENGRAM_BODY::engine {

// Bytes of the file that were looked at last, for telling what is damaged.
struct DamagedPlace {
  const char* structure = "index";
  FileOffset offset;
  uint64_t bytes = 0;
};

// What an id leads to.
struct Lookup {
  enum class State : uint8_t { kAbsent, kPresent, kRemoved, kDamaged };

  State state = State::kAbsent;
  Delta entry;  // not of kAbsent; of kDamaged, if there is one: see has_entry
  bool has_entry = false;
  Tier tier = Tier::kWarm;  // kPresent
  // kPresent, kRemoved; verified; views hold as long as the epoch and this. Of a cold memory or a
  // copy: what its record would say, without slot, blob and content.
  format::LogEntry record;
  std::optional<cold::RowReader> row;  // kPresent, cold
  cold::ContentBuffer content;         // what ContentOf had to decompress
  hot::Held copy;                      // kPresent, if that was read and not the home
  absl::Status damage;                 // kDamaged
  DamagedPlace place;                  // likewise
  bool has_room = true;                // see Candidates

  Sequence sequence() const { return has_entry ? entry.sequence : Sequence{}; }
};

struct Met;

class TieredStore final : public MemoryStore {
 public:
  static absl::StatusOr<std::unique_ptr<MemoryStore>> Open(io::FileSystem& files,
                                                           const std::string& path,
                                                           const Options& options);
  ~TieredStore() override;

  absl::StatusOr<Sequence> Store(const Memory& memory) override;
  absl::StatusOr<Sequence> Remove(std::string_view id) override;
  absl::StatusOr<Sequence> UpdateActivation(std::string_view id, float activation) override;

  absl::StatusOr<GetResult> Get(std::string_view id) override;
  absl::StatusOr<Presence> View(std::string_view id,
                                const std::function<void(const MemoryView&)>& visit) override;
  absl::StatusOr<Presence> Contains(std::string_view id) override;
  absl::Status Iterate(std::optional<Tier> tier,
                       const std::function<bool(const IterationItem&)>& visit) override;
  absl::StatusOr<Page> List(std::string_view cursor, size_t limit,
                            std::optional<Tier> tier) override;
  absl::StatusOr<RecallResult> Recall(std::span<const float> cue,
                                      const RecallOptions& options) override;
  uint64_t Count() const override;

  absl::Status Sync() override;
  absl::Status Checkpoint() override;
  absl::StatusOr<CompactionStats> CompactContent(bool force) override;
  void CancelCompaction() override;
  absl::StatusOr<MigrationStats> Migrate(std::span<const std::string> ids, Tier to) override;
  absl::StatusOr<ColdCompactionStats> CompactCold() override;
  absl::StatusOr<MaintenanceReport> RunMaintenance() override;
  absl::Status Backup(const std::string& path) override;
  absl::Status Close() override;

  absl::StatusOr<VerifyReport> Verify() override;
  absl::StatusOr<QuarantineReport> Quarantine(RemainsKeeper& keeper) override;
  Statistics Stats() const override;
  const RecoveryReport& recovery() const override { return report_; }

 private:
  // The parts of an open store, in the order of their making.
  struct Parts {
    Parts(std::unique_ptr<io::File> opened, std::unique_ptr<io::Mapping> mapped, sync::Epoch& epoch,
          const format::Superblock& superblock, uint32_t extents_max)
        : file(std::move(opened)),
          mapping(std::move(mapped)),
          space(*file, *mapping, epoch, {superblock.extent_bytes}, superblock.store_id, extents_max,
                superblock.incarnation),
          log(*file, space, {superblock.extent_bytes}, superblock.store_id) {}

    const std::unique_ptr<io::File> file;
    const std::unique_ptr<io::Mapping> mapping;
    Space space;
    warm::ContentLog log;
    std::unique_ptr<Index> index;
    std::unique_ptr<GroupCommit> commit;
  };

  // Keeps a call's right to use the parts: refused once the store is closed.
  class Call;
  class LongCall;
  class StoppableCall;
  class AllStripes;
  class Compaction;
  class HashGroup;
  class Walk;
  class Sweep;
  class Migration;
  class Quarantining;
  struct Taken;
  struct Change;

  TieredStore(io::FileSystem& files, const Options& options);

  template <typename Function>
  auto Traced(Operation operation, std::string_view id, const Function& call)
      -> decltype(call(std::declval<Span&>()));

  // ---- Opening and closing: tiered_store_open.cc.
  absl::Status OpenFile(const std::string& path);
  absl::StatusOr<std::unique_ptr<io::File>> LockedFile(const std::string& path, bool& is_new);
  absl::Status CreateFile(io::File& file, const std::string& path);
  absl::Status Recover(std::unique_ptr<io::File> file);
  // How many the file may have.
  uint32_t ExtentsMax(const format::Geometry& geometry) const;
  absl::StatusOr<uint32_t> WholeExtents(io::File& file, const format::Superblock& superblock);
  absl::Status CloseNow();
  absl::Status CheckOpen() const;

  // ---- Reading: tiered_store_reads.cc.
  // kCopy: what is hot is not looked for in the file. kHome: only there.
  enum class From : uint8_t { kCopy, kHome };
  Lookup Find(std::string_view id, uint64_t hash, From from) const;
  // The hot copy of the value that `entry` names, as if it had been read at home. False: it has
  // none.
  bool CopyInto(const Delta& entry, Lookup& lookup) const;
  // kHot if there is a copy; else where its home is.
  Tier TierOf(const Lookup& lookup) const;
  // Decodes and verifies the log entry or the row of `entry` into `lookup`. False: it is damaged.
  bool DecodeInto(const Delta& entry, Lookup& lookup) const;
  absl::Status DecodeEntryInto(const Delta& entry, Lookup& lookup) const;
  absl::Status DecodeRowInto(const Delta& entry, Lookup& lookup) const;
  // What a memory that is present consists of, each part verified; valid as long as the epoch and
  // `lookup`.
  absl::StatusOr<std::span<const float, kEmbeddingDimension>> EmbeddingOf(Lookup& lookup) const;
  absl::StatusOr<std::optional<std::string_view>> ContentOf(Lookup& lookup) const;
  absl::StatusOr<MemoryView> ViewOf(Lookup& lookup) const;
  // The same from the hot copy, if there is one and its home is damaged.
  absl::StatusOr<MemoryView> ViewSomewhere(Lookup& lookup) const;
  // Makes `lookup` damaged if `checkpoint` knows of a loss that may have been a newer state.
  static void HeedLosses(const engine::Checkpoint& checkpoint, uint64_t hash, Lookup& lookup);
  static void MakeLost(Lookup& lookup);
  // What was met may be in this tier, or none is asked for.
  bool IsIn(std::optional<Tier> tier, const Met& met) const;
  // Orders entries as what they lead to stands in the file, about.
  uint64_t OrderOf(const Delta& entry) const;
  // What `entry` leads to will be read soon: hints, which need no epoch.
  void PrefetchRecord(const Delta& entry) const;
  void PrefetchEmbedding(const Delta& entry) const;

  // ---- Mutations: tiered_store_mutations.cc.
  absl::StatusOr<Sequence> StoreOnce(const Memory& memory, uint64_t hash);
  absl::StatusOr<Sequence> RemoveOnce(std::string_view id, uint64_t hash);
  absl::StatusOr<Sequence> UpdateOnce(std::string_view id, uint64_t hash, float activation);
  template <typename Once>
  absl::StatusOr<Sequence> Mutate(const Once& once);
  absl::StatusOr<Presence> ViewNow(std::string_view id, Span& span,
                                   const std::function<void(const MemoryView&)>& visit);
  // A value that needs a slot, and perhaps a blob.
  struct Value {
    std::span<const float, kEmbeddingDimension> embedding;
    std::optional<std::string_view> content;
  };
  // The longest content that stands in a record.
  uint64_t InlineBytesMax() const;
  absl::Status TakeRoom(const Value& value, Taken& taken);
  absl::Status TakeAndAppend(const Value& value, Change& change, Taken& taken);
  static void SetValue(const Value& value, const Taken& taken, format::Record& record);
  // Appends a record with room of its own. On an error all of it is given back.
  absl::Status AppendValue(const Value& value, Change& change);
  void GiveBack(const Taken& taken);
  // A copy for the hot tier, if a memory with this value belongs there, or `is_wanted` there, and
  // it and memory have room for it.
  std::unique_ptr<hot::Copy> HotCopyOf(const MemoryView& view, bool is_wanted = false) const;
  absl::StatusOr<Sequence> Append(Change& change);
  void Settle(Change& change);
  void KeepHouse();
  bool EmptiedExtentsAreDue() const;
  bool TryCheckpoint(bool for_want_of_room);
  absl::StatusOr<bool> FreeRoom();
  absl::StatusOr<bool> FreeRoomNow();  // within a call
  absl::Status MakeDurable(Sequence sequence);

  // ---- Durability: tiered_store_checkpoints.cc. Within a call.
  absl::Status SyncNow();
  void NoteDurable(Sequence sequence);
  bool CheckpointIsDue() const;
  enum class CutFor : uint8_t { kUse, kClosing, kCompaction };
  absl::Status CutCheckpoint(CutFor purpose) ENGRAM_REQUIRES(checkpoint_mutex_);
  void Freeze(CutFor purpose, CheckpointCut& cut, format::LogSegment& position)
      ENGRAM_REQUIRES(checkpoint_mutex_);
  absl::Status WriteAndName(CheckpointCut& cut, const format::LogSegment& position, bool clean)
      ENGRAM_REQUIRES(checkpoint_mutex_);
  format::Superblock NamingOf(const CheckpointPlace& place, const format::LogSegment& position,
                              bool clean) const ENGRAM_REQUIRES(checkpoint_mutex_);
  absl::Status WriteSuperblocks(format::Superblock superblock) ENGRAM_REQUIRES(checkpoint_mutex_);
  absl::Status CloseSuperblock() ENGRAM_REQUIRES(checkpoint_mutex_);
  absl::Status CutAndCopy(const std::string& path) ENGRAM_REQUIRES(checkpoint_mutex_);
  absl::Status CopyTo(io::File& target) ENGRAM_REQUIRES(checkpoint_mutex_);
  void TellBackup(uint64_t bytes_done, uint64_t bytes_to_do) const;

  // ---- Compaction: compaction.cc. Within a call.
  absl::StatusOr<CompactionStats> CompactNow(bool force);
  bool ThresholdsAreExceeded() const;
  // By the thresholds, or whenever it may make room.
  bool CompactionIsDue(bool for_want_of_room) const;
  // As CutCheckpoint, and compacts a part of the log with it.
  absl::Status CutAndCompact() ENGRAM_REQUIRES(checkpoint_mutex_);

  // ---- Migration: tiered_store_migrations.cc.
  // kNo: ABORTED if a checkpoint, a compaction or another migration is at work.
  enum class Wait : bool { kNo, kYes };
  absl::StatusOr<MigrationStats> MigrateNow(std::span<const std::string> ids, Tier to, Wait wait);
  // What Migrate does to `ids` from `next` on, one batch of it; moves `next`. For policies, too.
  absl::Status MigrateBatch(std::span<const std::string> ids, Tier to, Wait wait, size_t& next,
                            MigrationStats& stats) ENGRAM_EXCLUDES(checkpoint_mutex_);
  bool HasWastefulRuns() const;
  absl::StatusOr<ColdCompactionStats> RewriteColdRuns() ENGRAM_EXCLUDES(checkpoint_mutex_);

  // ---- Maintenance: maintenance.cc. Within a stoppable call.
  void StartChores();
  // Close is waiting for what can be stopped.
  bool IsStopping() const { return stop_requested_.Load(std::memory_order_relaxed); }
  Pressure PressureNow() const;
  uint64_t WarmBytes() const;
  absl::Status FollowHints(MaintenanceReport& report);
  // Holds a copy of the value that was read, if it is still the memory's and deserves to be hot; a
  // cold one becomes warm first. Where it was; nothing if it stays there.
  absl::StatusOr<std::optional<Tier>> MakeHot(const PromotionHint& hint);
  // Calls `visit` for the memories of a stretch of the index that are warm and can be decoded;
  // `from` goes behind it.
  void ForEachWarm(uint64_t& from, bool& is_at_end,
                   absl::FunctionRef<void(const Delta&, Lookup&)> visit) const;
  absl::Status MakeOldCold(MaintenanceReport& report);
  absl::Status MakeTooManyCold(Wait wait, MaintenanceReport& report);
  absl::StatusOr<uint64_t> MakeColdNow(const std::vector<std::string>& ids, Wait wait,
                                       MaintenanceReport& report);
  // As MakeTooManyCold, unless somebody else is at something of the kind.
  void EvictToCold();
  absl::Status CompactIfDue(MaintenanceReport& report);
  absl::Status CompactColdIfDue(MaintenanceReport& report);

  // ---- Inspection: tiered_store_inspection.cc.
  Sequence SettledSequence();
  // REQUIRES: no mutation is under way.
  void CompareCounts(VerifyReport& report) const;
  struct Inspection;
  absl::Status Inspect(Inspection& inspection) ENGRAM_REQUIRES(checkpoint_mutex_);
  void VerifyHash(uint64_t hash, Inspection& inspection) const;
  absl::Status VerifyHeaders(Inspection& inspection) const;
  absl::Status VerifyColdRuns(Inspection& inspection) const;
  absl::Status VerifyMeta(const CheckpointPlace& place, VerifyReport& report) const;
  absl::Status VerifyCheckpoint(const std::vector<uint64_t>& changed, Inspection& inspection) const;
  absl::Status VerifySuperblocks(VerifyReport& report) const;
  Statistics StatsNow() const;

  Sequence last_sequence() const {
    return {last_sequence_.Load(std::memory_order_acquire)};  // partner of the store in Append
  }

  io::FileSystem& files_;
  const Options options_;
  RecoveryReport report_;

  mutable sync::Epoch epoch_;
  // seq_cst: a call announces itself in the epoch, then looks here; Close stores here, then looks
  // for calls in the epoch.
  sync::Atomic<bool> closed_{true};
  std::unique_ptr<Parts> parts_;
  const std::unique_ptr<sync::Mutex[]> stripes_;
  hot::HotTable hot_;
  PromotionHints hints_;
  mutable cold::Decompressors decompressors_;

  sync::Atomic<uint64_t> memories_{0};
  // Under the log's mutex, so that sequences follow the log; read anywhere.
  sync::Atomic<uint64_t> last_sequence_{0};
  uint64_t next_sequence_ = 0;
  sync::Atomic<uint64_t> durable_sequence_{0};
  sync::Atomic<uint64_t> entries_since_checkpoint_{0};
  sync::Atomic<uint64_t> checkpoint_due_at_{0};
  sync::Atomic<bool> room_is_due_{false};  // the next mutation should give room back first

  mutable sync::Mutex checkpoint_mutex_;  // one checkpoint, backup or verification at a time
  format::Superblock superblock_ ENGRAM_GUARDED_BY(checkpoint_mutex_);
  sync::Atomic<uint64_t> checkpoints_{0};
  // For how long the last checkpoint let no mutation run.
  int64_t cut_pause_ns_ ENGRAM_GUARDED_BY(checkpoint_mutex_) = 0;

  // One compaction at a time; see Turn.
  sync::Atomic<bool> is_compacting_{false};
  sync::Atomic<bool> compaction_is_cancelled_{false};  // relaxed: nothing else is told by it
  sync::Atomic<uint64_t> compactions_{0};              // counts, no partners
  sync::Atomic<uint64_t> compaction_bytes_reclaimed_{0};
  sync::Atomic<uint64_t> made_cold_{0};  // counts, no partners
  sync::Atomic<uint64_t> made_warm_{0};
  sync::Atomic<uint64_t> rows_rewritten_{0};
  // Dead bytes at which compacting by itself is worth another try.
  sync::Atomic<uint64_t> compaction_due_at_{0};

  sync::Atomic<bool> is_maintaining_{false};  // likewise
  sync::Atomic<uint64_t> maintenances_{0};

  mutable sync::Mutex lifecycle_mutex_;
  sync::CondVar stopped_;                     // no stoppable call is left
  sync::Atomic<bool> stop_requested_{false};  // relaxed: nothing else is told by it
  uint32_t stoppable_calls_ ENGRAM_GUARDED_BY(lifecycle_mutex_) = 0;
  uint32_t long_calls_ ENGRAM_GUARDED_BY(lifecycle_mutex_) = 0;
  bool is_closing_ ENGRAM_GUARDED_BY(lifecycle_mutex_) = false;     // a Close is under way
  Statistics last_statistics_ ENGRAM_GUARDED_BY(lifecycle_mutex_);  // of the closed store

  // Last, as they call the store. A thread for each, so that none holds up another.
  std::vector<std::unique_ptr<Chores>> chores_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_TIERED_STORE_H_
