// Sweeping over a store in about the order in which embeddings stand in the file, because memory is
// read several times faster in order than at random. Part of tiered_store_*.cc; not for others.
//
// What there is comes from the index in the order of hashes, up to a million entries at once; then
// those are sorted by place. So each memory is met once, whatever moves, and a store of up to that
// many memories is read from its beginning to its end.

#ifndef ENGRAM_ENGINE_STORE_SWEEP_H_
#define ENGRAM_ENGINE_STORE_SWEEP_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/body.h"
#include "engine/index_walk.h"
#include "engine/store_walk.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {

// Use: while not at the end, one of the ways to gather, and the way to meet that fits. Thread
// safety: thread-compatible.
class TieredStore::Sweep {
 public:
  explicit Sweep(const TieredStore& store) : store_(store), group_(store) {}

  bool is_at_end() const { return is_at_end_; }

  // Gathers and meets within the caller's epoch. False: `visit` said so. REQUIRES: inside of one.
  bool MeetNext(VisitMet visit);
  // Looks each memory up anew, in an epoch of its own, and so heeds what `visit` has done to it.
  bool MeetNextAnew(VisitMet visit);

 private:
  struct Ordered {
    uint64_t place = 0;
    uint32_t entry = 0;  // of entries_
  };

  void Clear();
  // A stretch more.
  void Gather();
  bool HasRoom() const;
  void Sort();
  // Hints that what is met soon will be read.
  void PrefetchBehind(size_t position) const;
  bool MeetHoles(VisitMet visit);
  bool IsInHole(uint64_t hash) const;
  bool MeetAnew(const Delta& entry, VisitMet visit);

  const TieredStore& store_;
  uint64_t next_hash_ = 0;
  bool is_at_end_ = false;
  uint64_t told_until_ = 0;  // holes that end up to here have been met

  // What is gathered: the entries, by hash; those of them that a loss may have made old; the holes
  // of their hashes. The checkpoint that all of it is over; 0: there were several.
  std::vector<Delta> entries_;
  std::vector<Delta> lost_;
  std::vector<IndexHole> holes_;
  Generation checkpoint_;
  std::vector<Ordered> order_;

  Stretch stretch_;
  HashGroup group_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_STORE_SWEEP_H_
