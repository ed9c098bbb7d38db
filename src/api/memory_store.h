// The store: every promise made to a caller.
//
//   auto store = MemoryStore::Open("agent.engram", {.create_if_missing = true});
//   Memory memory{.id = "first", .embedding = std::vector<float>(kEmbeddingDimension, 0.5f)};
//   absl::StatusOr<Sequence> stored = (*store)->Store(memory);
//   absl::StatusOr<GetResult> got = (*store)->Get("first");
//   absl::Status durable = (*store)->Sync();
//
// Order. Operations on one id are linearizable. Every mutation takes a *sequence*; sequences are
// unique, never repeat, also not after a crash, and grow with real time; a read says which sequence
// it saw. A mutation that changes nothing takes none.
//
// Durability. After Sync has returned OK, everything that was acknowledged before it survives a
// crash, a power loss included. After a crash the store holds exactly the state after some prefix
// of the sequence order, at least up to the last completed Sync; what Open shows is durable.
//
// Damage. Every read verifies a checksum over id, scalars, embedding and content. Bytes that are
// not what was written are DATA_LOSS, naming their offset in the file where they are what is left;
// never absence, never another value. A damaged memory hides no other, and storing it again heals
// it.
//
// Errors. INVALID_ARGUMENT: the argument breaks a bound of api/memory.h. NOT_FOUND, as documented.
// FAILED_PRECONDITION: closed, or read-only after a failed write or sync; reopen it.
// RESOURCE_EXHAUSTED: no disk space, address space or memory; reads and removals still work.
// DATA_LOSS: see above. UNAVAILABLE: an I/O error. Every error means that nothing happened, except
// UNAVAILABLE from a mutation that carries a sequence (UnknownOutcomeOf; unless memory has run out
// for that, too): whether that happened shows after reopening. An I/O error or disk full before a
// sequence is taken fails one operation; a failed sync, or a failed write of the log, makes the
// store read-only: repeating proves nothing.
//
// Thread safety: thread-safe, except Close and the destructor, for which see there. Readers never
// wait for a writer's I/O.

#ifndef ENGRAM_API_MEMORY_STORE_H_
#define ENGRAM_API_MEMORY_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/memory.h"
#include "api/memory_view.h"
#include "api/options.h"
#include "api/quarantine.h"
#include "api/recall.h"
#include "api/reports.h"
#include "api/tier.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

namespace io {
class FileSystem;
}

// What a Get found. Absent: `sequence` is that of the Remove, if the store still remembers it, or
// 0.
struct GetResult {
  std::optional<Memory> memory;
  Sequence sequence;
  Tier tier = Tier::kWarm;  // of the memory, if there is one
};

// Whether there is a memory, and the sequence as in GetResult.
struct Presence {
  bool present = false;
  Sequence sequence;
  Tier tier = Tier::kWarm;  // likewise
};

// What an iteration meets: a memory, or damage that a Get would answer with DATA_LOSS.
struct IterationItem {
  // OK, or DATA_LOSS: then there is no memory to be seen.
  absl::Status status;
  // Hashes of ids that it is about, both included: one and the same, unless a part of the index is
  // damaged and nobody can tell which memories there were.
  uint64_t id_hash = 0;
  uint64_t id_hash_last = 0;
  std::string_view id;               // empty if damage hides it
  const MemoryView* view = nullptr;  // null unless `status` is OK; valid during the callback only
};

// As IterationItem, a copy.
struct PageItem {
  absl::Status status;
  uint64_t id_hash = 0;
  uint64_t id_hash_last = 0;
  Memory memory;  // if `status` is not OK nothing but its id, or not even that
  Sequence sequence;
  Tier tier = Tier::kWarm;
};

// A piece of an iteration.
struct Page {
  std::vector<PageItem> items;
  // Where the next page begins; empty if this was the last. What is in it is the store's affair,
  // but its characters are letters, digits, '-' and '_'.
  std::string cursor;
};
inline constexpr size_t kPageLimitMax = 1000;

class MemoryStore {
 public:
  // Opens the store in the file `path`, of the operating system or of `files` (which must outlive
  // it), recovering what a crash left. FAILED_PRECONDITION: another process or object has it open.
  // NOT_FOUND: no file, and create_if_missing is off. UNIMPLEMENTED, naming the version: the file
  // is of another version of the format. DATA_LOSS: no superblock is intact, or it is no store. A
  // file that is not accepted keeps its bytes; one that ends within an extent may have become
  // longer by zeros. INVALID_ARGUMENT: options out of bounds, or the file is larger than
  // file_bytes_max.
  static absl::StatusOr<std::unique_ptr<MemoryStore>> Open(const std::string& path,
                                                           const Options& options);
  static absl::StatusOr<std::unique_ptr<MemoryStore>> Open(io::FileSystem& files,
                                                           const std::string& path,
                                                           const Options& options);

  // Closes it if Close has not been called; errors are lost. REQUIRES: no call is under way.
  virtual ~MemoryStore() = default;

  // ---- Mutations. Each returns its sequence.

  // Inserts `memory`, or replaces the one with its id entirely, damaged or not.
  virtual absl::StatusOr<Sequence> Store(const Memory& memory) = 0;
  // Removes a memory. Sequence 0: there was none, nothing happened.
  virtual absl::StatusOr<Sequence> Remove(std::string_view id) = 0;
  // Sets the activation and nothing else. NOT_FOUND: there is no such memory.
  virtual absl::StatusOr<Sequence> UpdateActivation(std::string_view id, float activation) = 0;

  // ---- Reads.

  // A copy of the memory, or its absence.
  virtual absl::StatusOr<GetResult> Get(std::string_view id) = 0;
  // Calls `visit` with the memory in place, if there is one; as Get otherwise. `visit` may call the
  // store, except Close; while it runs, room that is released meanwhile is not used again.
  virtual absl::StatusOr<Presence> View(std::string_view id,
                                        const std::function<void(const MemoryView&)>& visit) = 0;
  // Whether there is a memory, without looking at its embedding and blob.
  virtual absl::StatusOr<Presence> Contains(std::string_view id) = 0;

  // ---- Looking at all of them. Each memory that is there throughout the call is met exactly once,
  // whatever is stored, removed or moved meanwhile; one that is not, at most once. What is seen of
  // each is what a Get would have seen at some moment during the call; there is no snapshot across
  // ids. Damage is an item of its own and hides no other.

  // Calls `visit` for each memory, of `tier` alone if one is given, until it returns false; in no
  // order that means anything. What is shown is looked up anew for each, so what `visit` has
  // changed it also meets. It may call the store, except Close; storing new memories does not make
  // it endless.
  virtual absl::Status Iterate(std::optional<Tier> tier,
                               const std::function<bool(const IterationItem&)>& visit) = 0;
  // The first `limit` items behind `cursor` (empty: from the beginning), or fewer, if there are no
  // more or they are large; by (hash of the id, id), an order that never changes. Pages together
  // are an iteration that lasts from the first to the last call. A cursor never expires, also not
  // by reopening, and may be used more than once. INVALID_ARGUMENT: `limit` is not
  // within 1..kPageLimitMax, or no store gave out this cursor.
  virtual absl::StatusOr<Page> List(std::string_view cursor, size_t limit,
                                    std::optional<Tier> tier) = 0;
  // The memories most like `cue`, which is as an embedding must be: see api/recall.h. Content is
  // not looked at. INVALID_ARGUMENT: cue or options are out of bounds.
  virtual absl::StatusOr<RecallResult> Recall(std::span<const float> cue,
                                              const RecallOptions& options) = 0;
  // How many memories there are, damaged ones included. Exact when no mutation is under way.
  virtual uint64_t Count() const = 0;

  // ---- Durability.

  // Makes everything that was acknowledged before this call durable. Calls that come together share
  // one sync. UNAVAILABLE: it failed; the store is read-only from here on, and what no earlier
  // Sync covered may be lost.
  virtual absl::Status Sync() = 0;
  // Syncs, and writes the index out, so that a crash reopen has nothing to replay and dead log
  // extents can be used again. Happens by itself, too; see Options::checkpoint_entries_min.
  // ABORTED: another one, a Backup, a Verify or a step of a compaction is under way.
  virtual absl::Status Checkpoint() = 0;
  // Makes room of dead content usable again: moves the live records of log extents with much dead
  // room, emptiest first, to the end of the log, and gives what is empty then back to the file
  // system before it returns, empty extents of slots too. Reads and mutations go on; none waits for
  // more than the move of one record and what a checkpoint needs. Takes a few extents of room
  // besides that of a checkpoint. A failure at any point, a crash too, loses nothing: what was
  // moved was moved. Blobs are not moved; their extents are given back when the last one is dead.
  // FAILED_PRECONDITION: below the thresholds of Options, and not `force`. ABORTED: another
  // compaction is under way. RESOURCE_EXHAUSTED: there is no room for it.
  virtual absl::StatusOr<CompactionStats> CompactContent(bool force) = 0;
  // A compaction that is under way stops soon, and returns OK with what it has done.
  virtual void CancelCompaction() = 0;
  // Moves the memories with these ids to a tier, in batches, whatever Options say of their
  // activation and age; hot and warm ones are at home in the same place. A memory is never seen
  // twice, nor not at all, nor as an older one, and its sequence stays. Reads and mutations go on;
  // none waits for more than the move of one memory. Ids without an intact memory are counted, no
  // errors. INVALID_ARGUMENT: one is no id, and nothing has happened. Any other error: what was
  // moved before it stays moved, and everything is where it can be read. RESOURCE_EXHAUSTED: there
  // is no room; a move to cold needs up to a few extents before it gives any back.
  virtual absl::StatusOr<MigrationStats> Migrate(std::span<const std::string> ids, Tier to) = 0;
  // Writes the rows that are live in runs of cold memories with more than half of their rows dead
  // into new ones, together with those of runs that fill less than half of their extents if that
  // makes fewer, and gives the room back. As Migrate otherwise.
  virtual absl::StatusOr<ColdCompactionStats> CompactCold() = 0;
  // Does what makes the tiers what Options want: makes memories hot that were read and deserve it,
  // makes warm ones cold that are old or too many, and compacts content and cold runs if that is
  // due. Reads and mutations go on. Stops soon when Close is called. What
  // goes wrong is in the report, and leaves the store as usable as before. ABORTED: another one is
  // under way. See also Options::maintenance_interval.
  virtual absl::StatusOr<MaintenanceReport> RunMaintenance() = 0;
  // Writes a complete store with the state of some moment during the call to the new file `path`,
  // durably, while everything else goes on; room that is released meanwhile is not used again until
  // it is done. ALREADY_EXISTS: the file exists. On an error, or when it is killed, an incomplete
  // file may be left, which Open refuses unless it is empty.
  virtual absl::Status Backup(const std::string& path) = 0;
  // Syncs, cuts a checkpoint if anything has changed, and gives the file's lock back; afterwards
  // every call returns FAILED_PRECONDITION (Count and Stats go on). Compactions, migrations and
  // maintenance that are under way stop soon, and it waits for them. FAILED_PRECONDITION, and
  // nothing happened: another call is under way, such as one whose callback calls this. An error of
  // the checkpoint is returned, but the store is closed, as after a crash. Closing twice is OK.
  virtual absl::Status Close() = 0;

  // ---- Inspection.

  // Reads every byte of every memory and of what leads to it - superblocks, checkpoint, headers,
  // the entries that the index names - and recounts the statistics. OK also if it finds damage: see
  // the report. Takes as long as reading the file; other calls go on.
  virtual absl::StatusOr<VerifyReport> Verify() = 0;
  // Looks for damage as Verify does, gives what is left of it to `keeper`, and, once that is
  // durable, takes the damaged memories out: they are absent then. Headers and directories that are
  // known otherwise are written again, and a checkpoint makes all of it durable at once: a crash
  // leaves the store as it was, or done. Everything else stays as it is; so does a memory that has
  // changed meanwhile, and what is lost of the index or of the log: see Verify. An error of
  // `keeper`, or UNAVAILABLE because the device cannot deliver what is to be kept: nothing has
  // changed; copy the file first. Another error after that: memories answer as before, and the
  // store is read-only; reopen it, which shows it as before, or done.
  virtual absl::StatusOr<QuarantineReport> Quarantine(RemainsKeeper& keeper) = 0;
  virtual Statistics Stats() const = 0;
  // What Open found and did.
  virtual const RecoveryReport& recovery() const = 0;
};

// The sequence of the mutation whose outcome is unknown, if `status` is UNAVAILABLE and carries
// one.
std::optional<Sequence> UnknownOutcomeOf(const absl::Status& status);

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_MEMORY_STORE_H_
