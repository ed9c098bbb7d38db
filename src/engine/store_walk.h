// Walking a store: from stretches of the index (index_walk.h) to memories and damage, in the order
// of (hash, id). Part of tiered_store_*.cc; not for others.
//
// A position says exactly what has been met, so a walk can end anywhere and be taken up by another
// one: at each hash, holes of the index come first, then memories by id, then log entries that
// cannot be read.

#ifndef ENGRAM_ENGINE_STORE_WALK_H_
#define ENGRAM_ENGINE_STORE_WALK_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "engine/index_walk.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {

// What comes next.
struct WalkPosition {
  bool at_end = false;
  uint64_t hash = 0;
  std::string id;           // of that hash: what has been met; empty: nothing has
  uint64_t told_until = 0;  // holes of the index that end up to here have been met
};

// As a text for callers, and back. INVALID_ARGUMENT: it is none. REQUIRES: not at the end.
std::string CursorOf(const WalkPosition& position);
absl::StatusOr<WalkPosition> PositionOf(std::string_view cursor);

// A memory, or damage.
struct Met {
  absl::Status status;  // OK or DATA_LOSS; embedding and content have not been looked at
  uint64_t hash = 0;
  uint64_t last_hash = 0;    // more than `hash` if it is a hole of the index
  Lookup* lookup = nullptr;  // null if nobody can tell the id
};

// Use: while not at the end, Fetch and then one of the ways to meet what was fetched. Thread
// safety: thread-compatible.
class TieredStore::Walk {
 public:
  // False: it is enough.
  using Visit = absl::FunctionRef<bool(Met&)>;

  Walk(const TieredStore& store, WalkPosition position)
      : store_(store), position_(std::move(position)) {}

  // Looks at what comes next, about `entries_max` entries. REQUIRES: inside of an epoch; not at the
  // end.
  void Fetch(size_t entries_max);
  // Meets it as it was fetched. REQUIRES: still inside of that epoch. False: `visit` said so, and
  // the position is behind what it saw last.
  bool MeetAsFetched(Visit visit);
  // Looks each of it up anew, in an epoch of its own, and so heeds what `visit` has done to it.
  // False: `visit` said so, and the walk is over.
  bool MeetAnew(Visit visit);

  bool is_at_end() const { return position_.at_end; }
  const WalkPosition& position() const { return position_; }

 private:
  using Entries = std::span<const Delta>;

  // Calls `meet(hash, entries)` for all entries of each hash, between the holes.
  bool MeetEach(Visit visit, absl::FunctionRef<bool(uint64_t, Entries)> meet);
  bool MeetHoles(uint64_t up_to, Visit visit);
  bool MeetHash(uint64_t hash, Entries entries, Visit visit);
  bool MeetHashAnew(uint64_t hash, Visit visit);
  // Decodes entries of one hash into memories_ and unreadable_.
  void Decode(uint64_t hash, Entries entries, const engine::Checkpoint& checkpoint);
  // The first of memories_ that has not been met.
  size_t FirstLeft() const;
  bool MeetMemory(uint64_t hash, Lookup& lookup, Visit visit);
  bool MeetUnreadable(uint64_t hash, Visit visit);
  void GoBehind(uint64_t hash);

  const TieredStore& store_;
  WalkPosition position_;
  Stretch stretch_;
  size_t next_hole_ = 0;
  // Of the hash that the walk is at: those whose ids are known, by id; and what is wrong with one
  // of those whose ids are not.
  std::vector<Lookup> memories_;
  absl::Status unreadable_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_STORE_WALK_H_
