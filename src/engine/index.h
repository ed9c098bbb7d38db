// Where each memory is: what has changed since the checkpoint, in RAM, over the checkpoint.
//
// Layers, newest first: *active* (changes since the last cut), *frozen* (changes that a checkpoint
// under way is writing out; usually none), and the checkpoint. An entry of a newer layer says which
// entry of an older one it supersedes; superseded entries are never followed, because the room they
// name may have been used again.
//
// Shards by the high bits of the hash. A shard's lock is held for the look at its tables or the
// change of them alone, never during I/O. Lock order: stripe, log, shard.

#ifndef ENGRAM_ENGINE_INDEX_H_
#define ENGRAM_ENGINE_INDEX_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "base/body.h"
#include "base/units.h"
#include "engine/checkpoint.h"
#include "engine/delta_table.h"
#include "sync/mutex.h"

namespace engram::inline ENGRAM_BODY::engine {

// What a checkpoint knows, as if it had changed just now.
inline Delta ToDelta(const format::IndexEntry& entry) {
  Delta delta;
  delta.hash = entry.hash;
  delta.sequence = entry.sequence;
  delta.place = entry.place;
  delta.slot = entry.slot;
  delta.room_bytes = entry.room_bytes;
  return delta;
}

// Entries with one hash, which may be of several ids.
struct Candidates {
  absl::InlinedVector<Delta, 2> entries;  // newer layers first; superseded ones left out
  // Set if a part of the index that might hold more is damaged.
  absl::Status damage;
  // The checkpoint that was looked into; never null.
  const Checkpoint* checkpoint = nullptr;
  // The shard has room for an insertion by each of the writers there can be.
  bool has_room = true;
};

// What is in the newer layers, of a range of hashes.
struct Changes {
  std::vector<Delta> entries;  // by hash; superseded ones left out
  uint64_t last = 0;           // the last hash of the range
  // As in Candidates.
  const Checkpoint* checkpoint = nullptr;
};

// Thread safety: thread-safe. Readers call Find inside of an epoch, which keeps checkpoints and
// tables alive.
class Index {
 public:
  // `writers_max` mutations run at once. Takes over `checkpoint`.
  Index(uint32_t shards, uint32_t writers_max, std::unique_ptr<Checkpoint> checkpoint);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The entries with this hash in the newer layers.
  void FindInDelta(uint64_t hash, Candidates& found) const;
  // Adds those of the checkpoint that FindInDelta looked at and that nothing supersedes.
  void FindInCheckpoint(uint64_t hash, Candidates& found) const;

  // What the newer layers know of the hashes from `from` on: as many of them as the checkpoint has
  // about `entries_max` entries for, and the newer layers no more than that, if one hash has not;
  // all in one shard. All of it is as of one moment.
  void ChangesFrom(uint64_t from, size_t entries_max, Changes& changes) const;

  // Whether `entry`, of which WalkIndex said that it was the only one with its hash, over the
  // checkpoint of this generation, still is so. Then `found` is as Find would make it. Says no if
  // it cannot tell soon; then `found` is as it was.
  bool IsStillAll(const Delta& entry, Generation checkpoint, Candidates& found) const;

  // Makes room in the shard of `hash`. May throw std::bad_alloc; then nothing has changed.
  void MakeRoom(uint64_t hash);
  // Puts `entry` in the place of the entry of its id with sequence `old` (0: there is none).
  // REQUIRES: the id's stripe is held and has_room was seen or MakeRoom called since. Cannot fail.
  void Put(Sequence old, const Delta& entry);

  // ---- Checkpoints. The caller is the only one, and lets no mutation run during Freeze.

  // Tables for Freeze, made beforehand.
  using FreshTables = std::vector<std::unique_ptr<DeltaTable>>;
  FreshTables MakeTables() const;
  // The active tables become the frozen ones. REQUIRES: nothing is frozen. Cannot fail.
  void Freeze(FreshTables fresh);
  // Whether something is frozen: a checkpoint is under way, or failed and was not thawed.
  bool is_frozen() const { return is_frozen_; }
  // Makes the frozen changes active again after a failure. May throw std::bad_alloc; then they
  // stay frozen.
  void Thaw();
  // The frozen entries of all shards, by hash, then sequence.
  std::vector<Delta> FrozenInOrder() const;
  // What Install replaces: readers may still be looking at it.
  struct Replaced final : Retired {
    std::unique_ptr<Checkpoint> checkpoint;
    std::vector<std::unique_ptr<DeltaTable>> tables;
  };
  // An empty one, made beforehand.
  std::unique_ptr<Replaced> MakeReplaced() const;
  // `checkpoint` holds what was frozen. Returns `replaced`, filled. Cannot fail.
  std::unique_ptr<Retired> Install(std::unique_ptr<Checkpoint> checkpoint,
                                   std::unique_ptr<Replaced> replaced);

  // ---- Looking at all of it.

  // The present checkpoint. REQUIRES: inside of an epoch, or while nothing is used again.
  const Checkpoint& CheckpointNow() const;
  // The hashes of all that is in the newer layers, ascending, each once. Consistent per shard.
  std::vector<uint64_t> ChangedHashes() const;
  uint64_t changed() const;
  uint64_t bytes() const;

 private:
  struct Shard {
    mutable sync::SharedMutex mutex;
    std::unique_ptr<DeltaTable> active ENGRAM_GUARDED_BY(mutex);
    std::unique_ptr<DeltaTable> frozen ENGRAM_GUARDED_BY(mutex);
    const Checkpoint* checkpoint ENGRAM_GUARDED_BY(mutex) = nullptr;
  };

  // Shards divide hashes as the homes of a checkpoint do.
  uint64_t ShardNumberOf(uint64_t hash) const { return format::HomeBucket(hash, shard_count_); }
  Shard& ShardOf(uint64_t hash) const { return shards_[ShardNumberOf(hash)]; }

  const uint32_t shard_count_;
  const uint32_t writers_max_;
  const std::unique_ptr<Shard[]> shards_;
  std::unique_ptr<Checkpoint> checkpoint_;
  bool is_frozen_ = false;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_INDEX_H_
