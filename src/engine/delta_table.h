// What has changed since a checkpoint, by the hashes of ids: a hash table in RAM.
//
// Open addressing with linear probing; entries are overwritten but never erased, the whole table is
// dropped at once. Order and growth depend on hashes alone. Several entries may have one hash: of
// different ids, which only their log entries tell apart.

#ifndef ENGRAM_ENGINE_DELTA_TABLE_H_
#define ENGRAM_ENGINE_DELTA_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/body.h"
#include "base/units.h"
#include "format/checkpoint_pages.h"

namespace engram::inline ENGRAM_BODY::engine {

// Stands in place of a slot: the id was removed, or is lost.
inline constexpr SlotIndex kNoSlot{UINT32_MAX};

// The newest mutation of an id.
struct Delta {
  uint64_t hash = 0;  // 0: this place is empty
  Sequence sequence;
  FileOffset place;     // of its log entry, which tells the id; of a cold memory: of its run
  Sequence supersedes;  // the id's entry in older layers of the index; 0: none
  SlotIndex slot;       // kNoSlot: a removal; of a cold memory: its row in the run
  // Of the log entry, without the blob that it may release: as room of content is counted. 0 of a
  // cold memory, which has none.
  uint32_t room_bytes = 0;

  bool is_removal() const { return slot == kNoSlot; }
  // Nothing is left of the memory, not even its log entry; recovery found it so.
  bool is_lost() const { return place.value == 0; }
  // It lives in a row of a run, and has no slot.
  bool is_cold() const { return room_bytes == 0 && !is_lost() && !is_removal(); }
};
static_assert(sizeof(Delta) == 40, "index RAM: at most 100 bytes per changed memory");

// Thread safety: thread-compatible.
class DeltaTable {
 public:
  // Room for `entries` entries. May throw std::bad_alloc; nothing else here does, but Grow.
  explicit DeltaTable(uint64_t entries);

  // Calls `visit(delta)` for each entry with this hash until it returns false.
  template <typename Visit>
  void ForEachOf(uint64_t hash, const Visit& visit) const {
    for (size_t i = HomeOf(hash); places_[i].hash != 0; i = Next(i)) {
      if (places_[i].hash == hash && !visit(places_[i])) return;
    }
  }
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Delta& delta : places_) {
      if (delta.hash != 0) visit(delta);
    }
  }

  // The entry with this hash and sequence, or null.
  Delta* Find(uint64_t hash, Sequence sequence);
  // REQUIRES: free() > 0.
  void Insert(const Delta& delta);

  // How many more entries fit before Grow.
  uint64_t free() const { return places_.size() / 8 * 7 - size_; }
  // Doubles the room. May throw std::bad_alloc; then nothing has changed.
  void Grow();

  uint64_t size() const { return size_; }
  uint64_t bytes() const { return places_.size() * sizeof(Delta); }

 private:
  // The high bits choose the shard.
  size_t HomeOf(uint64_t hash) const { return hash & (places_.size() - 1); }
  size_t Next(size_t place) const { return (place + 1) & (places_.size() - 1); }

  std::vector<Delta> places_;  // a power of two of them
  uint64_t size_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_DELTA_TABLE_H_
