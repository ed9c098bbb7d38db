// The one interface that decides everything that is not determined.
//
// A run is a pure function of an operation list and a sparse list of deviations. Each decision has
// a *name* - who, during which operation, of what kind, for the how many-eth time - rather than a
// position, so that leaving out an operation or another deviation does not shift what the others
// mean. Alternative 0 is always the default: go on with this thread, no fault, everything survives.

#ifndef ENGRAM_MODEL_WORLD_CHOICES_H_
#define ENGRAM_MODEL_WORLD_CHOICES_H_

#include <compare>
#include <cstdint>
#include <string_view>

namespace engram::world {

enum class ChoiceKind : uint8_t {
  kSchedule,  // who takes the next step; see Scheduler::CandidateAt for what the alternatives are
  kWake,      // which waiter a NotifyOne wakes, in cyclic order after the notifier
  kSpuriousWake,   // 1: this Wait returns at once, for no reason
  kWeakFailure,    // 1: this CompareExchangeWeak fails, for no reason
  kCrash,          // 1: power loss here, 2: the process is killed here
  kFault,          // which error this I/O call returns; see SimulatedFileSystem
  kShortTransfer,  // 1: this read or write moves only half of its bytes
  kRevert,         // 1: the pages of this failed sync go back to their old bytes
  kMetadata,    // how many of the last size changes and reservations a file lost in the power loss
  kSurvive,     // how many of the last writes to a page were lost in the power loss
  kTear,        // which sectors of the first lost write to that page survived all the same
  kAllocation,  // 1: this allocation throws std::bad_alloc
  kValue,       // a program's own choice
};
inline constexpr int kChoiceKinds = 13;

// One word for each kind, for texts and tokens.
std::string_view ChoiceKindName(ChoiceKind kind);

// Identifies a decision within a run.
struct Name {
  uint8_t thread = 0;  // era (crashes before it) * 32 + thread number
  ChoiceKind kind = ChoiceKind::kSchedule;
  uint16_t operation = 0;  // the Operation::id the thread is in, 0 outside of any
  uint32_t occurrence =
      0;  // counts decisions of this kind in this operation; for kSurvive, kTear: the page

  friend constexpr auto operator<=>(const Name&, const Name&) = default;
};

// A decision other than the default.
struct Deviation {
  Name name;
  uint32_t value = 0;

  friend constexpr auto operator<=>(const Deviation&, const Deviation&) = default;
};

class Choices {
 public:
  virtual ~Choices() = default;

  // Returns a number below `alternatives`. REQUIRES: alternatives >= 2.
  virtual uint32_t Choose(const Name& name, uint32_t alternatives) = 0;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_CHOICES_H_
