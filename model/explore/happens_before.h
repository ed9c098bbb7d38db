// Which step of an execution happens before which, and which pairs of steps race: what
// partial-order reduction needs to know. It knows steps only, nothing of schedulers and explorers.
//
// Happens-before is the smallest transitive relation that contains
//   - the order of each actor's own steps (a thread and its store buffer are two actors);
//   - the order of dependent steps (step.h);
//   - Step::caused_by: a store before its draining, a notification before the lock that follows the
//   wait;
//   - the draining of a thread's buffer before its next step that flushes, and before a store for
//   which there
//     was no room until then.
// Steps of different eras are ordered, but hold no clocks of each other: nothing is asked across
// eras.
//
// Two steps race if they are dependent, of different actors, with nothing between them in that
// relation, and could have come in the other order. For mutexes that is lock against lock, whatever
// unlocks lie between (Abdulla et al., "Source Sets", J. ACM 2017).

#ifndef ENGRAM_MODEL_EXPLORE_HAPPENS_BEFORE_H_
#define ENGRAM_MODEL_EXPLORE_HAPPENS_BEFORE_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/world/step.h"

namespace engram::world {

// A growing and shrinking execution: steps are added and taken back at the end.
// Thread safety: thread-compatible.
class HappensBefore {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Appends a step. races() then says with which earlier steps it races.
  void Add(const Step& step);
  // Earlier steps that race with the last one added, latest first; valid until the next Add.
  std::span<const uint32_t> races() const { return races_; }
  // The actors who can take the first step when step `last` is to come before step `first`, and all
  // that happens after `first` is left out: the initials of the reversed race. One bit per actor.
  // REQUIRES: `last` is the last step added and `first` among races(); or `first` does not happen
  // before `last`.
  uint64_t Initials(uint32_t first, uint32_t last) const;

  // The steps from now on are those of the next era.
  void BeginEra();
  // Takes back all but the first `steps` steps and `eras` beginnings of eras.
  void Truncate(uint32_t steps, uint32_t eras);

  uint32_t size() const { return static_cast<uint32_t>(events_.size()); }
  uint32_t era_begin() const { return era_begin_; }  // the first step of the last era
  uint32_t eras() const { return static_cast<uint32_t>(eras_.size()); }
  const Step& step(uint32_t index) const { return events_[index].step; }
  // The step of the same actor and era before step `index`, or kNone.
  uint32_t Previous(uint32_t index) const { return events_[index].previous; }
  // The last step before step `index` that writes `object`, which step `index` touches; kNone if
  // there is none in this era.
  uint32_t LastWrite(uint32_t index, sync::ObjectId object) const;
  // Whether step `a` happens before step `b`. REQUIRES: a < b, both in the same era.
  bool Before(uint32_t a, uint32_t b) const { return Covers(Clock(b), a); }

  // A mutex that `holder` has at the end of the execution.
  struct Held {
    sync::ObjectId mutex;
    Actor holder = 0;
    bool shared = false;
  };
  // Of the last era. A lock that was tried counts as taken if it was free.
  std::vector<Held> HeldAtEnd() const;
  // Threads that have taken a step in the last era and not ended; one bit each.
  uint32_t Unfinished() const;

 private:
  // A step's place in the list of an object's steps.
  struct Touch {
    uint32_t object = kNone;  // index into objects_
    uint32_t previous = kNone;
    uint32_t previous_write = kNone;
  };
  struct Event {
    Step step;
    uint32_t ordinal = 0;       // among its actor's steps of this era, from 1
    uint32_t previous = kNone;  // of its actor in this era
    std::array<Touch, 2> touches;
  };
  struct Object {
    sync::ObjectId id;
    uint32_t last = kNone;
    uint32_t last_write = kNone;
  };
  struct Era {
    uint32_t begin = 0;
    std::array<uint32_t, 2 * kThreadsMax> last{};  // each actor's last step before it
  };

  // Clocks have a column for each actor, a thread's beside that of its buffer.
  static uint32_t Column(Actor actor) {
    return actor < kThreadsMax ? 2u * actor : 2u * (actor - kThreadsMax) + 1;
  }
  uint32_t* Clock(uint32_t event) { return &clocks_[size_t{event} * columns_]; }
  const uint32_t* Clock(uint32_t event) const { return &clocks_[size_t{event} * columns_]; }
  bool Covers(const uint32_t* clock, uint32_t event) const {
    return clock[Column(events_[event].step.actor)] >= events_[event].ordinal;
  }
  void Join(uint32_t* clock, uint32_t event) const;
  void Widen(uint32_t columns);
  bool InThisEra(uint32_t event) const { return event != kNone && event >= era_begin_; }

  uint32_t FindObject(sync::ObjectId id);
  void Grow();
  void JoinCauses(const Step& step, uint32_t* clock) const;
  uint32_t DrainThatMadeRoom(const Step& step) const;
  void CollectConflicts(Actor actor, Access access, const Touch& touch);
  void AddConflict(uint32_t event);
  void FindRaces(const Step& step, uint32_t* clock);
  uint32_t AcquisitionBehind(uint32_t release, sync::ObjectId mutex) const;
  uint32_t PreviousOn(uint32_t event, uint32_t object) const;

  std::vector<Event> events_;
  std::vector<uint32_t> clocks_;  // columns_ numbers per event
  uint32_t columns_ = 8;
  std::array<uint32_t, 2 * kThreadsMax> last_ = NoSteps();
  std::vector<Era> eras_;  // but the first
  uint32_t era_begin_ = 0;

  std::vector<Object> objects_;    // in order of first appearance; never taken back
  std::vector<uint32_t> buckets_;  // hash table over objects_, open addressing, a power of two

  std::vector<uint32_t> races_;
  std::vector<uint32_t>
      conflicts_;  // direct predecessors of the last step by dependence, latest first
  std::vector<uint32_t> acquisitions_;  // locks behind the unlocks among conflicts_
  // The clock of the last step added without what orders it after conflicting steps.
  std::vector<uint32_t> before_conflicts_;
  std::vector<uint32_t> scratch_;

  static constexpr std::array<uint32_t, 2 * kThreadsMax> NoSteps() {
    std::array<uint32_t, 2 * kThreadsMax> last{};
    last.fill(kNone);
    return last;
  }
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_HAPPENS_BEFORE_H_
