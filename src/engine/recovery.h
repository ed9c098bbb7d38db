// Making a store of a file again: superblock, checkpoint, and the log behind it.
//
// Method. The log is scanned by itself (log_scan.h). Then, from what no frame proves durable, the
// embeddings and blobs that are live at its end are verified, and the log is cut before the first
// entry whose are not there; older records are not judged by their slots, which may have a next
// owner, and neither are copies of a compaction, whose slots are older than they. A run of cold
// memories was durable before a move to it was appended. Then every accepted entry is applied to
// the index and the accounts of space, each to the entry that it names as its predecessor. At last,
// what was accepted without proof is written again and synced: after a kill it may be in the page
// cache alone, and what Open shows must be durable.

#ifndef ENGRAM_ENGINE_RECOVERY_H_
#define ENGRAM_ENGINE_RECOVERY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/reports.h"
#include "base/body.h"
#include "base/units.h"
#include "engine/checkpoint.h"
#include "engine/index.h"
#include "engine/log_scan.h"
#include "engine/space.h"
#include "format/superblock.h"
#include "io/file_system.h"
#include "warm/content_log.h"

namespace engram::inline ENGRAM_BODY::engine {

// The newest intact superblock of `file`. UNIMPLEMENTED, DATA_LOSS: see DecodeSuperblock; a copy
// beside it that is not intact is added to `damages`. NOT_FOUND: the file is empty or all zero.
absl::StatusOr<format::Superblock> ReadSuperblock(io::File& file, std::vector<Damage>& damages);

// Whether what `superblock` says fits together and into a file of `extents` extents. REQUIRES: its
// incarnation is not the last one.
absl::Status CheckSuperblock(const format::Superblock& superblock, uint32_t extents);

// What the superblock says of the checkpoint.
CheckpointPlace PlaceOf(const format::Superblock& superblock);

// Thread safety: confined to one thread, before the store is shared. Ownership: all must outlive
// it.
class Recovery {
 public:
  // `space` is new.
  Recovery(io::File& file, Space& space, const format::Superblock& superblock,
           RecoveryReport& report)
      : file_(file), space_(space), superblock_(superblock), report_(report) {}

  // Reads the checkpoint's meta data (or recounts, if they are damaged) and scans the log. Returns
  // the checkpoint, with all losses.
  absl::StatusOr<std::unique_ptr<Checkpoint>> LoadCheckpoint(uint32_t extents);
  // Applies the log to `index`, which holds the checkpoint, and makes all of it durable.
  absl::Status Replay(Index& index);

  // What the log goes on from. REQUIRES: Replay.
  warm::ContentLog::Beginning LogBeginning();
  uint64_t memories() const { return memories_; }

 private:
  absl::Status LoadMeta(const CheckpointPlace& place, uint32_t extents,
                        std::vector<format::Loss>& losses);
  absl::Status Recount(const Checkpoint& checkpoint);
  void RecountEntry(const format::IndexEntry& entry);
  absl::Status AdoptLogExtentOf(const format::IndexEntry& entry);

  absl::Status CutWhatIsNotThere(Index& index);
  absl::StatusOr<bool> IsThere(const format::LogEntry& entry);

  absl::Status Apply(Index& index, const ScannedEntry& scanned);
  void ApplyRecord(Index& index, const ScannedEntry& scanned, uint64_t hash);
  void ApplyRelocated(Index& index, const ScannedEntry& scanned, uint64_t hash);
  absl::Status ApplyMove(Index& index, const ScannedEntry& scanned, uint64_t hash);
  void ApplyRemoval(Index& index, const ScannedEntry& scanned, uint64_t hash);
  bool FindEntry(Index& index, uint64_t hash, Sequence sequence, Delta& found);
  // Of what nothing proves: the newest entry of each id, if the slot that it names was filled for
  // it or for another such entry.
  std::vector<const format::LogEntry*> UnprovenValues(Index& index);
  bool BringsSlot(Index& index, const format::LogEntry& entry, const format::LogEntry* before,
                  bool before_brings);
  // Whether the row exists, in a run whose extents are used for it from here on.
  absl::StatusOr<bool> AdoptColdRow(FileOffset place, uint64_t row);
  absl::StatusOr<std::optional<ColdRunUse>> ReadColdRun(FileOffset place);
  // What `old` holds besides its blob is not held any more.
  void LetGoOf(const Delta& old);
  void AdoptValue(Index& index, const format::Record& record);
  bool TakeSlot(Index& index, SlotIndex slot);
  void ReleaseBlobOf(const format::LogEntry& entry);
  void LoseOwnerOf(Index& index, SlotIndex slot);
  void LoseMissing(Index& index);

  absl::Status WriteAgain(const std::vector<const format::LogEntry*>& values);
  absl::Status WriteValueAgain(const format::LogEntry& entry);

  io::File& file_;
  Space& space_;
  const format::Superblock& superblock_;
  RecoveryReport& report_;
  LogScan scan_;
  // What a recount found in the checkpoint and not in the file.
  std::vector<format::IndexEntry> missing_;
  uint64_t memories_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_RECOVERY_H_
