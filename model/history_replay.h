// The replay of one timeline: can the calls to one id, within one chapter, be explained; and if a
// recovery follows, which positions of the timeline could be what survived?
//
// Method. Mutations are replayed in sequence order through the reference model. Where a mutation's
// outcome is unknown the replay forks: with it and without it. Branches that have come to the same
// state (the same mutation stored it, the same set its activation) go on as one, so there are as
// many as mutations of unknown outcome since the last certain Store or Remove, usually none.
//
// A read that names a sequence has its position. A read of absence that names none may stand at any
// position where there is nothing, not before its *floor* (the highest position of a call that
// returned before it began), and before every mutation and every such read that began after it
// returned. Reads of absence do not hinder each other: for one that returned before another began
// neither bound is higher, so each may take the first place that it finds. Hence a branch needs to
// remember only where the last time without a memory was. The later the better, so branches of the
// same state keep the latest; and whether a branch can go on to the end is a question of whether it
// is late enough, which the way back answers for each position.

#ifndef ENGRAM_MODEL_HISTORY_REPLAY_H_
#define ENGRAM_MODEL_HISTORY_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/body.h"
#include "model/history_chapters.h"
#include "model/history_diagnosis.h"
#include "model/reference_store.h"

namespace engram::inline ENGRAM_BODY::model {

// For moments: the highest position that something had reached by then, and who says so.
class HighestUntil {
 public:
  struct Reached {
    int64_t position = -1;  // -1: nothing yet
    const Call* by = nullptr;
  };

  void Add(const Call& call, int64_t position);
  // To be called once after the last Add.
  void Prepare();
  // The highest position of a call that ended before `moment`.
  Reached Before(uint64_t moment) const;

 private:
  struct Entry {
    uint64_t ended = 0;
    Reached reached;  // after Prepare: the highest up to here, the earliest of equals
  };
  std::vector<Entry> entries_;
};

// Use: Run, then, if it found nothing and a recovery follows, Survivors. Thread safety:
// thread-compatible. Ownership: the timeline must outlive it.
class TimelineReplay {
 public:
  TimelineReplay(std::string_view id, const Timeline& timeline,
                 const ReferenceStore::Limits& limits, bool recovery_follows);

  // What cannot be explained, or nothing.
  std::optional<Conflict> Run();

  // For each position: could it be the last that survived, given what the recovery showed? With
  // `heed_later_reads` also given what later reads say about which mutation that was.
  std::vector<bool> Survivors(bool heed_later_reads) const;

 private:
  // What distinguishes the states of branches: which Store or Remove made them, and which mutation
  // was the last.
  struct Branch {
    uint32_t source = 0;         // the position of that Store or Remove; 0: the beginning
    uint32_t last_mutation = 0;  // the position of the last; 0: none
    // Where the last time without a memory began. It lasts until the next mutation that happens,
    // and a read that may stand anywhere in it may stand at its beginning: no floor is a left out
    // mutation.
    int64_t last_absence = -1;
    ReferenceStore state;  // of this id alone
  };
  // A branch as it was at one position, with where it went from there.
  struct Node {
    uint32_t last_mutation = 0;
    int64_t last_absence = -1;
    bool present = false;
    bool shows_end = false;  // the state is what the recovery showed
    size_t without = kNone;  // index at the next position, if the next mutation did not happen
    size_t with = kNone;
    int64_t demand = -1;  // which last absence `with` requires
  };
  static constexpr size_t kNone = SIZE_MAX;

  static bool Present(const Branch& branch) { return branch.state.Count() != 0; }
  // Null: there is none. Of an id that no store can have there never is.
  const ReferenceStore::Version* VersionIn(const Branch& branch) const {
    return branch.state.Get(id_).value_or(nullptr);
  }
  // The reads that name `position`.
  std::span<const Timeline::Witnessed> ReadsAt(uint32_t position) const;

  // Does every read that names a position come late enough?
  std::optional<Conflict> CheckOrder() const;
  // Does every read that names `position` see what is there in `branch`?
  std::optional<Conflict> CheckReads(uint32_t position, const Branch& branch) const;
  // Has every read of absence that ended before `moment` found its place in `branch`?
  std::optional<Conflict> CheckAbsences(const Branch& branch, uint64_t moment) const;

  // Takes all branches to `position`.
  std::optional<Conflict> Step(uint32_t position);
  // Lets the mutation that leads to `position` happen to `branch`.
  std::optional<Conflict> Happen(uint32_t position, Branch& branch) const;
  // The last absence that a branch must have for that mutation to happen, and to be seen, if then
  // there is something (`present`) or nothing.
  int64_t Demand(uint32_t position, bool present) const;
  void NoteBranches();

  const std::string id_;
  const Timeline& timeline_;
  const ReferenceStore::Limits limits_;
  const bool recovery_follows_;
  HighestUntil floors_;    // positions that calls have shown to be reached
  HighestUntil absences_;  // floors of the reads of absence that name no sequence
  std::vector<Branch> branches_;
  std::vector<std::vector<Node>> nodes_;  // by position; only if a recovery follows
};

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_REPLAY_H_
