// The file as extents: who uses which, growing it, and giving room back only when nobody can miss
// it.
//
// Room that is released - a slot, a blob, extents, and buffers in RAM - is used again only when two
// conditions hold: the log entry that released it is durable (a crash would bring its owner back
// otherwise), and no reader that began before the release is left. Until then it stays in a queue.
//
// What a file says of itself can contradict itself though all checksums match, by a mistake of ours
// or somebody else's. So releasing looks first; what cannot be released is left as it is and
// counted as a contradiction, unless damage explains it.
//
// A reserve of free extents is kept for what a full disk must not stop: removals, checkpoints, the
// moves of a compaction.
//
// A free extent may be *bare*: its blocks were given back to the file system, or nobody knows. It
// gets blocks before it is used, so that no write of the store finds the disk full; bare ones are
// no reserve.
//
// Thread safety: thread-safe. Readers call Bytes and GenerationOf inside of an epoch, without a
// lock, for extents that the index led them to.

#ifndef ENGRAM_ENGINE_SPACE_H_
#define ENGRAM_ENGINE_SPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "cold/run_reader.h"
#include "format/checkpoint_pages.h"
#include "format/extent_header.h"
#include "format/geometry.h"
#include "format/superblock.h"
#include "io/file_system.h"
#include "sync/atomic.h"
#include "sync/epoch.h"
#include "sync/mutex.h"
#include "warm/content_log.h"
#include "warm/slot_table.h"

namespace engram::inline ENGRAM_BODY::engine {

// Something in RAM that readers may be looking at when it is replaced.
class Retired {
 public:
  virtual ~Retired() = default;
};

// What waits for its release to become durable and for readers to leave. Made beforehand, because
// releasing cannot fail.
struct Release {
  enum class What : uint8_t { kNothing, kSlot, kBlob, kRun };

  What what = What::kNothing;
  SlotIndex slot;
  FileOffset blob;
  uint64_t blob_bytes = 0;
  ExtentId run;
  // Destroyed with the release.
  warm::LogBuffer buffer;
  std::unique_ptr<Retired> memory;

  LogNumber number;    // of the entry that must be durable
  uint64_t epoch = 0;  // the tag of Epoch::Advance
  std::unique_ptr<Release> next;
};
using ReleaseNode = std::unique_ptr<Release>;

// Room of content: a record or a blob.
struct ContentRoom {
  FileOffset place;
  uint64_t bytes = 0;  // 0: there is none
};

// A full extent of the log, with content in it.
struct LogExtentUse {
  ExtentId extent;
  Generation generation;  // it is the same use while this is the same
  uint64_t live_bytes = 0;
  uint64_t dead_bytes = 0;
};

// A run of cold memories.
struct ColdRunUse {
  format::ExtentRun run;
  Generation generation;
  uint32_t live_rows = 0;
  uint32_t total_rows = 0;
};

class Space final : public warm::LogExtents {
 public:
  struct Counts {
    std::array<uint64_t, 7> extents{};  // by format::ExtentType
    uint64_t blob_extents = 0;          // continued ones included
    uint64_t checkpoint_extents = 0;    // likewise
    uint64_t cold_extents = 0;          // likewise
    uint64_t cold_rows_live = 0;
    uint64_t cold_rows_total = 0;
    uint64_t file_bytes = 0;
    uint64_t slots_used = 0;
    uint64_t slots_free = 0;
    uint64_t slots_releasing = 0;  // used ones, of nobody any more
    uint64_t releases_pending = 0;
    uint64_t content_live = 0;
    uint64_t content_total = 0;
    uint64_t contradictions = 0;     // releases of what was not held
    bool may_be_miscounted = false;  // damage has hidden what was released
  };
  struct ContentCounts {
    uint64_t live = 0;
    uint64_t total = 0;
    uint64_t freed = 0;  // of extents that became free, since the store was opened
  };

  // A file of at most `extents_max` extents. `incarnation` numbers the generations.
  Space(io::File& file, io::Mapping& mapping, sync::Epoch& epoch, const format::Geometry& geometry,
        uint64_t store_id, uint32_t extents_max, uint64_t incarnation);
  ~Space() override;
  Space(const Space&) = delete;
  Space& operator=(const Space&) = delete;

  // ---- Recovery; before anything else runs.

  // Takes over the file's extents as a checkpoint knew them; those without a row are free.
  void Load(const std::vector<format::ExtentRow>& rows, uint32_t extents);
  // An extent, or a run, turns out to be in use. False: it is in use otherwise, or not in the file;
  // then nothing has changed.
  bool AdoptRun(format::ExtentRun run, format::ExtentType type, Generation generation,
                LogNumber first_log_number);
  // A slot turns out to be in use. False: by another memory, or it is no slot.
  bool AdoptSlot(SlotIndex slot);
  // A blob of `bytes` turns out to be in use. False: as AdoptRun.
  bool AdoptBlob(FileOffset offset, uint64_t bytes);
  // A run of cold memories turns out to be in use; none of its rows is live yet. False: as
  // AdoptRun.
  bool AdoptColdRun(const ColdRunUse& use) ENGRAM_EXCLUDES(mutex_);
  // Slots and blobs whose release was found in the log; no reader is there.
  void FreeSlot(SlotIndex slot) { GiveBackSlot(slot); }
  void FreeBlob(FileOffset offset, uint64_t bytes) { GiveBackBlob(offset, bytes); }
  // Damage has hidden what was released: accounts need not agree any more.
  void TolerateMiscounts() ENGRAM_EXCLUDES(mutex_);
  // Slots and blobs of the adopted extents need headers, too.
  absl::Status WriteAdoptedHeaders();

  // ---- Readers.

  // `bytes` bytes from `offset`, all in one extent or run: in a buffer of the log or in the file.
  // Valid as long as the caller's epoch. REQUIRES: the range lies within the file.
  const std::byte* Bytes(FileOffset offset, uint64_t bytes);
  // The log entry at `place`, of which `room_bytes` count as room: as many bytes as it can have.
  std::span<const std::byte> EntryBytes(FileOffset place, uint64_t room_bytes);
  // The range will be read soon, if it is in the file: a hint, which needs no epoch.
  void Prefetch(FileOffset offset, uint64_t bytes) { mapping_.Prefetch(offset, bytes); }
  // Whether a range that the disk names lies within extents of the file.
  bool Contains(FileOffset offset, uint64_t bytes) const;
  bool Contains(SlotIndex slot) const;
  bool IsFree(ExtentId extent) const ENGRAM_EXCLUDES(mutex_);
  Generation GenerationOf(ExtentId extent) const { return RowOf(extent).generation; }
  LogNumber FirstLogNumberOf(ExtentId extent) const { return RowOf(extent).first_log_number; }

  // The run of cold memories that begins at `place`, as the disk names it; nothing: none does.
  std::optional<cold::MappedRun> ColdRunAt(FileOffset place);

  // ---- Taking room. RESOURCE_EXHAUSTED: the disk or the file's address space is full.

  absl::StatusOr<SlotIndex> TakeSlot() ENGRAM_EXCLUDES(mutex_);
  // Room for a blob of `bytes`, contiguous.
  absl::StatusOr<FileOffset> TakeBlob(uint64_t bytes) ENGRAM_EXCLUDES(mutex_);
  // A run of extents for a checkpoint, its header written.
  absl::StatusOr<format::ExtentRun> TakeCheckpointRun(uint64_t extents, Generation generation)
      ENGRAM_EXCLUDES(mutex_);
  // A run of extents for cold memories, of `rows` rows, none of which is live yet. Its header is
  // the caller's to write.
  absl::StatusOr<ColdRunUse> TakeColdRun(uint32_t extents, uint32_t rows) ENGRAM_EXCLUDES(mutex_);
  Generation NewGeneration() ENGRAM_EXCLUDES(mutex_);

  // Gives back at once what was taken and never became visible.
  void GiveBackSlot(SlotIndex slot) ENGRAM_EXCLUDES(mutex_);
  void GiveBackBlob(FileOffset offset, uint64_t bytes) ENGRAM_EXCLUDES(mutex_);
  void GiveBackRun(format::ExtentRun run) ENGRAM_EXCLUDES(mutex_);

  // ---- Releasing room: when nothing leads there any more. Cannot fail.

  // REQUIRES: `release` says what; it was unlinked before this call, by the log entry `number`.
  void ReleaseLater(ReleaseNode release, LogNumber number) ENGRAM_EXCLUDES(mutex_);
  // Every log entry before `durable` is durable: uses again what may be. Cheap if there is nothing.
  void Collect(LogNumber durable) ENGRAM_EXCLUDES(mutex_);
  // Whether the release that has waited longest waits for its log entry to be durable.
  bool WaitsForSync(LogNumber durable) const ENGRAM_EXCLUDES(mutex_);
  uint64_t releases_pending() const {
    return pending_count_.Load(std::memory_order_relaxed);  // a hint, no partner
  }
  // How many extents hold nothing any more and wait for a checkpoint to forget them.
  uint64_t emptied_extents() const {
    return emptied_extents_.Load(std::memory_order_relaxed);  // a hint, no partner
  }
  // While it exists, nothing that is released is used again. May nest.
  class Pinned {
   public:
    explicit Pinned(Space& space) : space_(space) { space_.ChangePins(+1); }
    ~Pinned() { space_.ChangePins(-1); }
    Pinned(const Pinned&) = delete;
    Pinned& operator=(const Pinned&) = delete;

   private:
    Space& space_;
  };

  // ---- Accounts of content, by extent: what was written, and what of it is live.

  void AddContent(ContentRoom written) ENGRAM_EXCLUDES(mutex_);
  void DropContent(ContentRoom dead) ENGRAM_EXCLUDES(mutex_);
  // The same content is at `to` now, and dead where it was.
  void MoveContent(ContentRoom from, ContentRoom to) ENGRAM_EXCLUDES(mutex_);
  // Only so many bytes of blobs live in the extent or run `first`; who owned the others is unknown.
  void SettleBlobs(ExtentId first, uint64_t live_bytes) ENGRAM_EXCLUDES(mutex_);
  ContentCounts content() const ENGRAM_EXCLUDES(mutex_);
  uint64_t LiveBytesOf(ExtentId extent) const ENGRAM_EXCLUDES(mutex_);

  // ---- Accounts of rows, by run: cold memories are not content.

  // A row of the run at `place` has become a memory's home, or has ceased to be it. A run without
  // live rows is released by the next checkpoint, as an extent of the log is.
  void AddColdRow(FileOffset place) ENGRAM_EXCLUDES(mutex_);
  void DropColdRow(FileOffset place) ENGRAM_EXCLUDES(mutex_);
  uint64_t cold_rows() const ENGRAM_EXCLUDES(mutex_);
  // 0 if the extents are used otherwise by now.
  uint32_t LiveRowsOf(const ColdRunUse& use) const ENGRAM_EXCLUDES(mutex_);
  // All runs that are not released.
  std::vector<ColdRunUse> ColdRuns() const ENGRAM_EXCLUDES(mutex_);

  // ---- Compaction.

  // The log's extents with live content that are written and come before `position`.
  std::vector<LogExtentUse> LogExtentsBefore(const format::LogSegment& position) const
      ENGRAM_EXCLUDES(mutex_);
  // Whether an extent of slots could be used otherwise.
  bool HasEmptySlotExtent() const ENGRAM_EXCLUDES(mutex_);
  // Whether it is still that use, and not about to be released.
  bool IsStillUsed(const LogExtentUse& use) const ENGRAM_EXCLUDES(mutex_);
  // How many runs of extents are released and not free yet.
  uint64_t runs_pending() const {
    return runs_pending_.Load(std::memory_order_relaxed);  // a hint, no partner
  }
  // Gives the blocks of free extents back to the file system, but for the reserve. Returns how many
  // bytes; an I/O error leaves the rest for another time.
  uint64_t PunchFreeExtents() ENGRAM_EXCLUDES(mutex_);

  // ---- Checkpoints.

  // A row for each extent, as a checkpoint cut now must know them: what is released is free, the
  // log's `spare` too, and what is *forgotten*: extents of blobs of which none is left, runs
  // without live rows, and extents of the
  // log without live content, whose entries all come before `position`, where the checkpoint's log
  // begins. With `forgets_slots` also extents of slots of which none is used. The caller lets no
  // mutation run.
  std::vector<format::ExtentRow> Rows(const format::LogSegment& position, ExtentId spare,
                                      bool forgets_slots) ENGRAM_EXCLUDES(mutex_);
  // Releases what the last Rows has forgotten. Only now that no superblock names a checkpoint that
  // knows it can it be used otherwise: recovery would find it in use twice.
  void ReleaseForgotten() ENGRAM_EXCLUDES(mutex_);
  // Nothing came of the checkpoint: nothing is forgotten. Cannot fail.
  void KeepForgotten() ENGRAM_EXCLUDES(mutex_);
  // What the header of an extent must say, if it is in the file: of none that is free, continues
  // another, or is filled in RAM.
  std::optional<format::ExtentHeader> HeaderInFile(ExtentId extent) const ENGRAM_EXCLUDES(mutex_);
  // Writes the header of an extent again that HeaderInFile says something of.
  absl::Status RestoreHeader(ExtentId extent) ENGRAM_EXCLUDES(mutex_);
  // How many extents the next checkpoint may need: part of the reserve.
  void SetCheckpointExtents(uint64_t extents) ENGRAM_EXCLUDES(mutex_);

  Counts counts() const ENGRAM_EXCLUDES(mutex_);
  uint32_t extents() const { return extents_.Load(std::memory_order_acquire); }
  const format::Geometry& geometry() const { return geometry_; }
  uint64_t store_id() const { return store_id_; }

  // ---- For the log.

  absl::StatusOr<Fresh> TakeLogExtent(warm::Need need) override;
  void GiveBackLogExtent(ExtentId extent) override;
  void BeginLogExtent(ExtentId extent, LogNumber first, const std::byte* buffer) override;
  void EndLogExtent(ExtentId extent, warm::LogBuffer buffer) override;

 private:
  struct Row {
    format::ExtentType type = format::ExtentType::kFree;
    uint32_t run_extents = 1;
    Generation generation;
    LogNumber first_log_number;
    uint64_t held_bytes = 0;     // kBlob: of blobs that a reader may still look at
    bool releasing = false;      // it is in the queue: free for the next checkpoint
    bool forgotten = false;      // the checkpoint being cut takes it for free
    bool adopted = false;        // by recovery, so that its header may be missing
    bool bare = false;           // kFree: perhaps without blocks
    bool punching = false;       // kFree: PunchFreeExtents is at it
    ReleaseNode buffer_release;  // kLog, while it has a buffer: for the time when it has none
    // kLog, kBlob: of content. kCold: rows.
    uint64_t live_bytes = 0;
    uint64_t total_bytes = 0;
    // Null: look into the mapping. release, partner of the acquire in Bytes.
    sync::Atomic<const std::byte*> buffer{nullptr};
  };
  static constexpr uint32_t kRowsPerChunk = 16;
  using Chunk = std::array<Row, kRowsPerChunk>;

  Row& RowOf(ExtentId extent) const {
    return (*chunks_[extent.value / kRowsPerChunk])[extent.value % kRowsPerChunk];
  }
  bool IsDead(ExtentId extent, const format::LogSegment& position) const ENGRAM_REQUIRES(mutex_);
  uint64_t Reserve() const ENGRAM_REQUIRES(mutex_);
  // What must stay of the reserve.
  uint64_t KeptFrom(warm::Need need) const ENGRAM_REQUIRES(mutex_);
  absl::StatusOr<ExtentId> TakeRun(uint32_t extents, format::ExtentType type, warm::Need need)
      ENGRAM_REQUIRES(mutex_);
  enum class Bare : bool { kNo, kToo };
  bool FindFreeRun(uint32_t extents, Bare bare, ExtentId& first) const ENGRAM_REQUIRES(mutex_);
  // Makes `lacking` more free extents that are not bare, among them a run of `run` if lacking >=
  // run.
  absl::Status Provide(uint32_t run, uint64_t lacking) ENGRAM_REQUIRES(mutex_);
  // Gives blocks to the bare ones of a run of free extents; `backed` says to how many.
  absl::Status Back(ExtentId first, uint32_t extents, uint64_t& backed) ENGRAM_REQUIRES(mutex_);
  absl::Status Grow(uint64_t extents) ENGRAM_REQUIRES(mutex_);
  absl::Status WriteHeader(ExtentId first) ENGRAM_REQUIRES(mutex_);
  void FreeRun(ExtentId first) ENGRAM_REQUIRES(mutex_);
  void FreeSlotIfUsed(SlotIndex slot) ENGRAM_REQUIRES(mutex_);
  void Contradicted() ENGRAM_REQUIRES(mutex_);
  void LetGoOfBlob(FileOffset offset, uint64_t bytes) ENGRAM_REQUIRES(mutex_);
  void UseAgain(Release& release) ENGRAM_REQUIRES(mutex_);
  void ChangePins(int change) ENGRAM_EXCLUDES(mutex_);
  void Add(ContentRoom written) ENGRAM_REQUIRES(mutex_);
  void Drop(ContentRoom dead) ENGRAM_REQUIRES(mutex_);
  bool NextToPunch(ExtentId& extent) ENGRAM_EXCLUDES(mutex_);
  void EndPunch(ExtentId extent) ENGRAM_EXCLUDES(mutex_);
  void Enqueue(ReleaseNode release, LogNumber number) ENGRAM_REQUIRES(mutex_);
  void CountIn(const Row& row) ENGRAM_REQUIRES(mutex_);
  void CountOut(const Row& row) ENGRAM_REQUIRES(mutex_);
  Row* ColdRowAt(FileOffset place) ENGRAM_REQUIRES(mutex_);
  void MarkRun(ExtentId first, uint32_t extents, format::ExtentType type) ENGRAM_REQUIRES(mutex_);

  io::File& file_;
  io::Mapping& mapping_;
  sync::Epoch& epoch_;
  const format::Geometry geometry_;
  const uint64_t store_id_;
  const uint32_t extents_max_;
  // A fixed table, so that readers need no lock; entries are set before the index leads to them.
  const std::unique_ptr<std::unique_ptr<Chunk>[]> chunks_;

  mutable sync::Mutex mutex_;
  // Written under the mutex; release, partner of the acquire of readers without it.
  sync::Atomic<uint32_t> extents_{0};
  uint64_t next_generation_ ENGRAM_GUARDED_BY(mutex_);
  warm::SlotTable slots_ ENGRAM_GUARDED_BY(mutex_);
  uint64_t free_extents_ ENGRAM_GUARDED_BY(mutex_) = 0;  // not those being punched
  uint64_t bare_extents_ ENGRAM_GUARDED_BY(mutex_) = 0;  // of these
  uint64_t checkpoint_extents_ ENGRAM_GUARDED_BY(mutex_) = 1;
  // Where the blob extent that is being filled goes on; 0: none is. Within it: its very end is the
  // beginning of the next extent, which may be anybody's.
  FileOffset blob_end_ ENGRAM_GUARDED_BY(mutex_);
  ReleaseNode pending_ ENGRAM_GUARDED_BY(mutex_);  // oldest first
  Release* pending_last_ ENGRAM_GUARDED_BY(mutex_) = nullptr;
  uint64_t slots_releasing_ ENGRAM_GUARDED_BY(mutex_) = 0;
  int pins_ ENGRAM_GUARDED_BY(mutex_) = 0;
  bool tolerates_miscounts_ ENGRAM_GUARDED_BY(mutex_) = false;
  uint64_t contradictions_ ENGRAM_GUARDED_BY(mutex_) = 0;
  sync::Atomic<uint64_t> pending_count_{0};
  sync::Atomic<uint64_t> runs_pending_{0};
  sync::Atomic<uint64_t> emptied_extents_{0};
  uint64_t content_live_ ENGRAM_GUARDED_BY(mutex_) = 0;
  uint64_t content_total_ ENGRAM_GUARDED_BY(mutex_) = 0;
  uint64_t content_freed_ ENGRAM_GUARDED_BY(mutex_) = 0;
  uint64_t cold_rows_live_ ENGRAM_GUARDED_BY(mutex_) = 0;
  uint64_t cold_rows_total_ ENGRAM_GUARDED_BY(mutex_) = 0;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_SPACE_H_
