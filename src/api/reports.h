// What a store tells about itself: what recovery found, what Verify found, and its statistics.

#ifndef ENGRAM_API_REPORTS_H_
#define ENGRAM_API_REPORTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/pressure.h"
#include "api/tier.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

// One place of the file whose bytes are not what was written there.
struct Damage {
  FileOffset offset;   // where the damaged structure begins
  uint64_t bytes = 0;  // its length, as far as it is known
  std::string
      structure;   // "superblock", "log entry", "embedding", "blob", "checkpoint bucket", ...
  std::string id;  // of the memory that it belongs to; empty if that is not known
  std::string explanation;  // what was expected, what was found
};

// What Open found and did.
struct RecoveryReport {
  bool created = false;           // the store is new
  bool clean = false;             // it had been closed: there was nothing to replay
  uint64_t entries_replayed = 0;  // log entries behind the checkpoint that were accepted

  // Where the log ends and what follows was not accepted, because nothing proves that it was ever
  // complete: a torn tail.
  bool tail_was_cut = false;
  FileOffset cut_at;
  // The cut lies in the last commit, which a completed Sync may have acknowledged: a tear and
  // damage cannot be told apart there. A commit at the log's end of which damage has left nothing
  // at all leaves no trace to be reported.
  bool possibly_acknowledged = false;

  // One copy of the superblock was not intact - torn by a crash, or damaged - and was made again.
  bool superblock_restored = false;

  // Of content: more than kFragmentationWarning of it is dead, and should be compacted.
  double fragmentation = 0;
  bool is_fragmented = false;

  // Damage found while opening, that is, outside of the cut tail. What it hides answers DATA_LOSS.
  std::vector<Damage> damages;
};

// What Verify found: everything whose checksum does not match.
struct VerifyReport {
  uint64_t memories_checked = 0;  // every byte of them
  uint64_t memories_cold = 0;     // of these
  uint64_t memories_damaged = 0;  // they answer DATA_LOSS
  uint64_t content_bytes = 0;     // room of their content; see api/fragmentation.h
  uint64_t checkpoint_buckets_checked = 0;
  std::vector<Damage> damages;
  // Statistics that differ from a recount, each as a sentence; a mistake of the store's own.
  std::vector<std::string> miscounts;

  bool sound() const { return damages.empty() && miscounts.empty(); }
};

// What one CompactContent did. Sizes are of the room of content, see api/fragmentation.h; while
// nothing else writes, old_size - bytes_reclaimed = new_size.
struct CompactionStats {
  uint64_t old_size = 0;  // Statistics::content_bytes_total before it
  uint64_t new_size = 0;  // and after it
  double fragmentation_before = 0;
  double fragmentation_after = 0;
  // Dead room that became free meanwhile, less what was written again; 0 if that was more. Room
  // that a reader still looks at is not free yet, and counts in no run.
  uint64_t bytes_reclaimed = 0;
  uint64_t bytes_given_back = 0;  // of the file: its size stays, but the file system has them
  uint64_t records_moved = 0;
  uint64_t extents_done = 0;     // log extents whose live records were moved
  uint64_t extents_damaged = 0;  // of these, such that hold what is damaged, and so stay
  uint64_t extents_left = 0;     // not done: it was cancelled, or a reader held too much room
  bool was_cancelled = false;
  uint64_t duration_ms = 0;
  // The longest time for which it held a lock that a writer may have waited for.
  uint64_t longest_pause_us = 0;
};

// What one Migrate did, by ids; each counts once, and the second time that one is named it is
// `unchanged`, but for a hot tier that is too small for all of them.
struct MigrationStats {
  uint64_t moved = 0;
  uint64_t bytes = 0;        // that were written for them
  uint64_t absent = 0;       // there is no such memory
  uint64_t unchanged = 0;    // it was in that tier, or it is too large to be hot
  uint64_t damaged = 0;      // it answers DATA_LOSS, and stays as it is
  uint64_t superseded = 0;   // it was stored, changed or removed meanwhile
  uint64_t left = 0;         // not moved, because it was stopped
  bool was_stopped = false;  // by the listener or by Close, before all was done
  uint64_t duration_ms = 0;
  // The longest time for which it held a lock that a writer may have waited for.
  uint64_t longest_pause_us = 0;
};

// What one CompactCold did.
struct ColdCompactionStats {
  uint64_t runs_done = 0;  // whose live rows were moved
  uint64_t rows_moved = 0;
  uint64_t rows_reclaimed = 0;  // dead ones, of runs in which nothing lives any more
  uint64_t bytes = 0;           // that were written
  uint64_t duration_ms = 0;
  uint64_t longest_pause_us = 0;  // as in MigrationStats
};

// What one RunMaintenance did.
struct MaintenanceReport {
  Pressure pressure_before = Pressure::kNone;
  Pressure pressure_after = Pressure::kNone;
  // There was something to do, whether or not it could be done.
  bool maintenance_triggered = false;
  // How many memories went from one tier to another: [from][to].
  std::array<std::array<uint64_t, kTiers>, kTiers> migrations{};
  std::optional<CompactionStats> compaction;           // if one was due
  std::optional<ColdCompactionStats> cold_compaction;  // likewise
  // By Close or the listener, before all was done.
  bool was_stopped = false;
  // What could not be done, as sentences. The store is as usable as before.
  std::vector<std::string> errors;

  uint64_t& migrated(Tier from, Tier to) {
    return migrations[static_cast<size_t>(from)][static_cast<size_t>(to)];
  }
};

// Exact when no mutation is under way; otherwise of about now.
struct Statistics {
  uint64_t memories = 0;
  // Of these, by tier. Of a memory of which damage has left nothing nobody knows; it counts as
  // warm.
  uint64_t memories_hot = 0;
  uint64_t memories_warm = 0;
  uint64_t memories_cold = 0;
  uint64_t hot_bytes = 0;      // of RAM for copies of hot memories; see HotCopyBytes
  uint64_t warm_bytes = 0;     // of the file for the homes of warm ones; see WarmBytesOf
  uint64_t hot_evictions = 0;  // that this process did
  uint64_t maintenances = 0;   // likewise, by itself or called for
  Pressure pressure = Pressure::kNone;
  Sequence last_sequence;     // the highest assigned
  Sequence durable_sequence;  // every mutation up to here survives a crash

  // Room of content: see api/fragmentation.h.
  uint64_t content_bytes_live = 0;
  uint64_t content_bytes_total = 0;
  double fragmentation = 0;

  uint64_t file_bytes = 0;
  uint64_t extent_bytes = 0;
  uint64_t extents_free = 0;
  uint64_t extents_of_slots = 0;
  uint64_t extents_of_log = 0;
  uint64_t extents_of_blobs = 0;
  uint64_t extents_of_checkpoint = 0;
  uint64_t extents_of_cold = 0;
  // Of the runs of cold memories. Rows that are not live any more - removed, replaced, moved - keep
  // their room until their run is rewritten, or holds no other.
  uint64_t cold_rows_live = 0;
  uint64_t cold_rows_total = 0;
  uint64_t slots_used = 0;
  uint64_t slots_free = 0;
  uint64_t releases_pending = 0;  // rooms that wait for a sync or a reader

  uint64_t syncs = 0;                       // that this process did
  uint64_t checkpoints = 0;                 // likewise
  uint64_t compactions = 0;                 // that came to their end, by itself or called for
  uint64_t compaction_bytes_reclaimed = 0;  // by all of them
  uint64_t memories_made_cold = 0;          // by migrations of this process
  uint64_t memories_made_warm = 0;          // likewise
  uint64_t cold_rows_rewritten = 0;         // moved from run to run, likewise
  uint64_t entries_since_checkpoint = 0;    // about; a checkpoint is due by it
  uint64_t changed_memories = 0;            // that the index holds in RAM
  uint64_t index_bytes = 0;                 // of RAM for them
  uint64_t oldest_reader_epochs = 0;  // how many epochs ago the oldest reader began; 0 if none did

  bool read_only = false;  // after a failed sync; see MemoryStore
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_REPORTS_H_
