// Every choice within the bounds, depth first, without storing states: the nodes of the current
// path through the tree of choices are all that is kept, and each execution replays the path up to
// the deepest node with something left to try. Long because the path, the reduction and the way
// back read and write the same nodes.
//
// Schedules: source-set dynamic partial-order reduction with sleep sets (Abdulla, Aronis, Jonsson,
// Sagonas, POPL 2014). A node begins with one candidate to try; each race found later between the
// step taken there and a step further on adds a candidate with which the reversed race can begin,
// unless one such candidate is already to be tried or asleep. A candidate falls asleep when all
// beginning with it has been explored, and wakes up when a dependent step is taken: what would
// begin with a sleeper is equivalent to what has been seen. An execution in which all candidates
// sleep is redundant: it is run to its end on defaults and not counted. All other choices are data:
// all alternatives are tried, in order, as parts of the step that asks.
//
// What the paper does not need:
//   - A yield makes a thread wait for any step of another, which no pair of steps shows. If a
//   reversed race would begin
//     with a yield that still waits, some step before the thread came to it is made to come after
//     instead, and whoever sleeps wakes up there; so with such yields some classes are visited more
//     than once.
//   - A loop that looks again after each yield has infinitely many executions. Looking again is
//   tried where something
//     has changed since, and kFutileLooksMax times in a row where nothing has; by default who
//     yields comes last.
//   - A notification that wakes a timed wait takes its time-out away: the other half of that race
//   never shows.
//   - An execution that a failure ends early hides what others would have done: its last step lets
//   all candidates
//     go first, and whoever has not ended is taken to want the mutexes that others hold. That also
//     finds the other orders behind a deadlock.
//   - What a step does to its object can depend on a choice, so a sleeper stands for all its step
//   was seen to do.
//   - After a crash only what it leaves matters. Where an earlier one has left the same, what comes
//     after it is counted, not run: depth first, the earlier one has been explored by then.
//   - A crash ends an era. What a sleeper would have done before it is independent of all that a
//     crash can tell, so crashes are tried only where nobody sleeps.

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/explore/crash_memory.h"
#include "model/explore/explorers.h"
#include "model/explore/happens_before.h"
#include "model/explore/tree_estimate.h"
#include "model/explore/waiting_loops.h"
#include "model/world/allocation_faults.h"

namespace engram::world {
namespace {

// One more than none, because loops may give up after some.
constexpr uint32_t kFutileLooksMax = 2;

constexpr uint32_t kNone = HappensBefore::kNone;

constexpr const char* kNotDeterministic =
    "the program does not do the same thing again when it is given the same answers: it must "
    "depend on nothing "
    "but its operations, src/sync, src/io and world::World::Choose (no time, no addresses, no "
    "state "
    "left by the last execution)";

constexpr uint64_t Bit(Actor actor) { return uint64_t{1} << actor; }

class ExhaustiveExplorer final : public Explorer {
 public:
  explicit ExhaustiveExplorer(const Bounds& bounds)
      : reduce_(bounds.preemptions_max == kUnbounded) {}

  bool Begin(const Scheduler& scheduler) override {
    scheduler_ = &scheduler;
    depth_ = 0;
    redundant_ = false;
    return !done_;
  }

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    if (depth_ < nodes_.size()) return ChooseAgain(name, alternatives);
    if (redundant_) return 0;
    const KernelScope scope;
    return ChooseNew(name, alternatives);
  }

  bool End() override {
    ENGRAM_CHECK(depth_ == nodes_.size(), kNotDeterministic);
    if (reduce_ && !redundant_) TakeSteps(scheduler_->step_count());
    if (reduce_ && !redundant_) LookBehindTheEnd();
    if (!redundant_) ++classes_;
    if (estimate_.is_due(classes_)) estimate_.Look(classes_, EstimateWhole());
    done_ = !Backtrack();
    return !redundant_;
  }

  std::optional<uint64_t> operation_list() const override { return std::nullopt; }
  void RememberCrashes(const StateAfter& state_after) override { state_after_ = state_after; }
  const CrashMemory* crash_memory() const override { return &memory_; }
  std::optional<ClassesLeft> classes_left() const override { return estimate_.Left(); }

 private:
  // A choice on the current path.
  struct Node {
    Name name;
    uint32_t alternatives = 0;
    uint32_t chosen = 0;
    uint32_t step = 0;            // how many steps had been taken before it
    uint32_t looked = 0;          // at how many of them steps_ had looked
    uint32_t eras = 0;            // how many eras had begun after the first
    uint32_t sleepers_begin = 0;  // in sleepers_: who sleeps here
    uint32_t sleepers_count = 0;
    bool crash_off = false;  // only the default is tried
    // Of choices of crashes: what each would leave, from alternative 1 on, if that is known.
    std::array<std::optional<uint64_t>, 2> states_after;
    // The classes found before it was met, and before the alternative being tried.
    uint64_t classes_begin = 0;
    uint64_t classes_before = 0;
    // Of choices among candidates only; sets of actors.
    bool schedule = false;
    bool look_up = false;      // `actor` is to be chosen next; which index it has is not known yet
    bool taken_known = false;  // whether `taken` says what `actor` did
    Actor actor = 0;           // the candidate chosen
    uint64_t candidates = 0;
    uint64_t todo = 0;  // to be tried, being tried or tried
    uint64_t asleep = 0;
    Step taken;
  };

  uint32_t ChooseAgain(const Name& name, uint32_t alternatives);
  uint32_t ChooseNew(const Name& name, uint32_t alternatives);
  bool Look(Node& node);
  bool ChooseCandidate(Node& node);
  void LetTimersGoFirst(Node& node);
  void TakeSteps(uint32_t end);
  void NoteTaken(const Step& step);
  void ReverseRaces();
  void Reverse(uint32_t first, uint32_t last);
  bool ReverseYields(uint64_t initials, uint32_t first, uint32_t last);
  void LookBehindTheEnd();
  bool Backtrack();
  bool NextAlternative(Node& node);
  double EstimateWhole() const;
  void ReturnTo(const Node& node);
  Node* NodeOf(uint32_t step);
  bool Sleeps(const Step& step) const;

  const bool reduce_;
  const Scheduler* scheduler_ = nullptr;
  std::vector<Node> nodes_;
  size_t depth_ = 0;  // how many nodes of the path have been passed in this execution
  bool redundant_ = false;
  bool done_ = false;
  uint64_t classes_ = 0;  // so far, those met again included
  StateAfter state_after_;
  CrashMemory memory_;
  TreeEstimate estimate_;

  // With reduction only.
  HappensBefore steps_;                 // of the current execution as far as looked at
  std::vector<uint32_t> node_of_step_;  // by step, kNone where there was no choice; may be shorter
  std::vector<Step> asleep_;            // who sleeps now, with the step that each would take
  std::vector<Step> sleepers_;          // of all nodes, in their order
  OtherYields yields_;
};

uint32_t ExhaustiveExplorer::ChooseAgain(const Name& name, uint32_t alternatives) {
  Node& node = nodes_[depth_++];
  ENGRAM_CHECK(node.name == name && node.alternatives == alternatives, kNotDeterministic);
  if (depth_ < nodes_.size() || !reduce_) return node.chosen;
  const KernelScope scope;
  ENGRAM_CHECK(node.step == scheduler_->step_count(), kNotDeterministic);
  const auto sleepers = sleepers_.begin() + node.sleepers_begin;
  asleep_.assign(sleepers, sleepers + node.sleepers_count);
  if (node.look_up) {
    uint32_t index = 0;
    while (scheduler_->CandidateAt(index).actor != node.actor) {
      ENGRAM_CHECK(++index < alternatives, kNotDeterministic);
    }
    node.chosen = index;
    node.look_up = false;
    LetTimersGoFirst(node);
  } else if (node.name.kind == ChoiceKind::kCrash && node.chosen != 0) {
    steps_.BeginEra();
    asleep_.clear();
  }
  return node.chosen;
}

uint32_t ExhaustiveExplorer::ChooseNew(const Name& name, uint32_t alternatives) {
  Node node;
  node.name = name;
  node.alternatives = alternatives;
  node.classes_begin = node.classes_before = classes_;
  if (reduce_ && !Look(node)) {
    redundant_ = true;
    return 0;
  }
  if (name.kind == ChoiceKind::kCrash && !node.crash_off && state_after_ != nullptr) {
    ENGRAM_CHECK(alternatives - 1 <= node.states_after.size(), "there is another kind of crash");
    for (uint32_t i = 1; i < alternatives; ++i) node.states_after[i - 1] = state_after_(i);
  }
  nodes_.push_back(node);
  depth_ = nodes_.size();
  return node.chosen;
}

// Looks at what led to a new node. False if going on from there is redundant.
bool ExhaustiveExplorer::Look(Node& node) {
  const bool schedule = node.name.kind == ChoiceKind::kSchedule;
  node.step = scheduler_->step_count();
  if (schedule || node.name.kind == ChoiceKind::kCrash || node.step == 0) {
    TakeSteps(node.step);
  } else {
    // The choice may belong to the last step, whose accesses are not known before its effect.
    TakeSteps(node.step - 1);
    if (!redundant_ && Sleeps(scheduler_->steps()[node.step - 1])) return false;
  }
  if (redundant_) return false;
  node.looked = steps_.size();
  node.eras = steps_.eras();
  if (schedule) {
    if (!ChooseCandidate(node)) return false;
    node_of_step_.resize(node.step, kNone);
    node_of_step_.push_back(static_cast<uint32_t>(nodes_.size()));
  }
  node.crash_off = node.name.kind == ChoiceKind::kCrash && !asleep_.empty();
  node.sleepers_begin = static_cast<uint32_t>(sleepers_.size());
  node.sleepers_count = static_cast<uint32_t>(asleep_.size());
  sleepers_.insert(sleepers_.end(), asleep_.begin(), asleep_.end());
  return true;
}

// Chooses the first candidate that is awake, one who yields only if there is nobody else. False if
// all sleep.
bool ExhaustiveExplorer::ChooseCandidate(Node& node) {
  node.schedule = true;
  bool found = false;
  bool found_yield = false;
  for (uint32_t i = 0; i < node.alternatives; ++i) {
    const Candidate candidate = scheduler_->CandidateAt(i);
    node.candidates |= Bit(candidate.actor);
    Step step = *candidate.step;
    step.actor = candidate.actor;
    if (!asleep_.empty() && Sleeps(step)) {
      node.asleep |= Bit(candidate.actor);
      continue;
    }
    const bool yields = step.kind == StepKind::kYield;
    if (found && !(found_yield && !yields && !candidate.timed)) continue;
    found = true;
    found_yield = yields;
    node.actor = candidate.actor;
    node.chosen = i;
  }
  if (!found) return false;
  node.todo = Bit(node.actor);
  LetTimersGoFirst(node);
  return true;
}

void ExhaustiveExplorer::LetTimersGoFirst(Node& node) {
  const Step& step = *scheduler_->CandidateAt(node.chosen).step;
  if (step.kind != StepKind::kNotifyOne && step.kind != StepKind::kNotifyAll) return;
  for (uint32_t i = 0; i < node.alternatives; ++i) {
    const Candidate candidate = scheduler_->CandidateAt(i);
    if (candidate.timed && candidate.step->object == step.object) {
      node.todo |= Bit(candidate.actor) & ~node.asleep;
    }
  }
}

bool ExhaustiveExplorer::Sleeps(const Step& step) const {
  for (const Step& sleeper : asleep_) {
    if (sleeper.actor == step.actor) {
      // A buffer whose stores were dropped with their atomic is not what fell asleep.
      return sleeper.kind == step.kind && sleeper.object == step.object;
    }
  }
  return false;
}

// The node that chose who took step `step`; null if there was nobody else who could have.
ExhaustiveExplorer::Node* ExhaustiveExplorer::NodeOf(uint32_t step) {
  if (step >= node_of_step_.size() || node_of_step_[step] == kNone) return nullptr;
  return &nodes_[node_of_step_[step]];
}

// Looks at the steps up to `end` that it has not looked at yet.
void ExhaustiveExplorer::TakeSteps(uint32_t end) {
  while (steps_.size() < end) {
    const Step& step = scheduler_->steps()[steps_.size()];
    if (Sleeps(step)) {
      redundant_ = true;
      return;
    }
    NoteTaken(step);
    steps_.Add(step);
    yields_.Learn(steps_);
    ReverseRaces();
    const bool all = yields_.MayFollow(step);
    std::erase_if(asleep_, [&](const Step& sleeper) {
      return all || sleeper.actor == step.actor || Dependent(sleeper, step);
    });
  }
}

// Keeps the step about to be added for when its actor falls asleep.
void ExhaustiveExplorer::NoteTaken(const Step& step) {
  Node* const node = NodeOf(steps_.size());
  if (node == nullptr) return;
  if (node->taken_known) {
    node->taken.access = std::max(node->taken.access, step.access);
    node->taken.second_access = std::max(node->taken.second_access, step.second_access);
  } else {
    node->taken = step;
    node->taken_known = true;
  }
}

// Sees to it that the races of the last step are also explored in the other order.
void ExhaustiveExplorer::ReverseRaces() {
  const uint32_t last = steps_.size() - 1;
  for (const uint32_t first : steps_.races()) Reverse(first, last);
}

// Sees to it that step `last` is also explored before step `first`.
void ExhaustiveExplorer::Reverse(uint32_t first, uint32_t last) {
  if (FutileLooks(steps_, first, last) >= kFutileLooksMax) return;
  const uint64_t initials = steps_.Initials(first, last);
  Node* const node = NodeOf(first);
  if (node != nullptr) {
    if ((initials & (node->todo | node->asleep)) != 0) return;
    if (const uint64_t possible = initials & node->candidates; possible != 0) {
      const uint64_t reversed = possible & Bit(steps_.step(last).actor);
      node->todo |= reversed != 0 ? reversed : possible & (~possible + 1);
      return;
    }
  }
  if (!ReverseYields(initials, first, last) || node == nullptr) return;
  node->todo |= node->candidates & ~node->asleep;
}

// If the reversed race would begin with a yield that still waits for another thread's step: lets
// the thread come to the yield before the last step that does not have to precede it. Returns false
// if there are such yields and all are those of loops that look again, so that nothing is missed.
bool ExhaustiveExplorer::ReverseYields(uint64_t initials, uint32_t first, uint32_t last) {
  bool only_looks = false;
  for (uint32_t i = first + 1; i <= last && initials != 0; ++i) {
    const uint64_t bit = Bit(steps_.step(i).actor);
    if ((initials & bit) == 0 || steps_.Before(first, i)) continue;
    initials &= ~bit;
    const uint32_t arrival = steps_.Previous(i);
    if (steps_.step(i).kind != StepKind::kYield || arrival == kNone) continue;
    if (i == last ? !yields_.MayFollow(steps_.step(arrival)) : LooksAgain(steps_, i, last)) {
      only_looks = true;
      continue;
    }
    for (uint32_t other = arrival; other-- > steps_.era_begin();) {
      if (steps_.step(other).actor == steps_.step(arrival).actor) continue;
      if (steps_.Before(other, arrival)) continue;
      Reverse(other, arrival);
      break;
    }
    return true;
  }
  return !only_looks;
}

// After an execution that ended before all threads did.
void ExhaustiveExplorer::LookBehindTheEnd() {
  if (!scheduler_->failed() || steps_.size() == 0) return;
  const FailureKind kind = scheduler_->failure()->kind;
  const uint32_t unfinished = steps_.Unfinished();
  if (unfinished == 0 || kind == FailureKind::kStarvation) return;
  const uint32_t last = steps_.size() - 1;
  const bool stuck = kind == FailureKind::kDeadlock || kind == FailureKind::kLostWakeup;
  if (Node* const node = NodeOf(last); node != nullptr && !stuck) {
    node->todo |= node->candidates & ~node->asleep;
  }
  for (const HappensBefore::Held& held : steps_.HeldAtEnd()) {
    for (uint32_t rest = unfinished; rest != 0; rest &= rest - 1) {
      const auto thread = static_cast<Actor>(std::countr_zero(rest));
      if (thread == held.holder) continue;
      Step lock;
      lock.kind = StepKind::kLock;
      lock.access = Access::kWrite;
      lock.actor = thread;
      lock.flushes = true;
      lock.object = held.mutex;
      steps_.Add(lock);
      ReverseRaces();
      steps_.Truncate(last + 1, steps_.eras());
    }
  }
}

// Goes back to the deepest node with something left to try. False if there is none.
bool ExhaustiveExplorer::Backtrack() {
  for (; !nodes_.empty(); nodes_.pop_back()) {
    Node& node = nodes_.back();
    if (!node.schedule) {
      if (!NextAlternative(node)) continue;
      node.classes_before = classes_;
      ReturnTo(node);
      return true;
    }
    sleepers_.resize(node.sleepers_begin + node.sleepers_count);
    if (node.taken_known) {  // not forbidden by a bound
      sleepers_.push_back(node.taken);
      ++node.sleepers_count;
      node.taken_known = false;
    }
    node.asleep |= Bit(node.actor);
    const uint64_t left = node.todo & ~node.asleep;
    if (left == 0) continue;
    node.actor = static_cast<Actor>(std::countr_zero(left));
    node.look_up = true;
    node.classes_before = classes_;
    ReturnTo(node);
    return true;
  }
  return false;
}

// Goes on to the next alternative of a choice that is not among candidates. False if there is none.
bool ExhaustiveExplorer::NextAlternative(Node& node) {
  if (node.crash_off) return false;
  const bool crashes = node.name.kind == ChoiceKind::kCrash;
  if (crashes && node.chosen > 0 && node.states_after[node.chosen - 1].has_value()) {
    memory_.Keep(*node.states_after[node.chosen - 1], classes_ - node.classes_before);
  }
  while (++node.chosen < node.alternatives) {
    if (!crashes || !node.states_after[node.chosen - 1].has_value()) return true;
    const std::optional<uint64_t> classes = memory_.Meet(*node.states_after[node.chosen - 1]);
    if (!classes.has_value()) return true;
    classes_ += *classes;
  }
  return false;
}

// See tree_estimate.h. The execution that has just ended is the one class below the last node.
double ExhaustiveExplorer::EstimateWhole() const {
  double below = 1;
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    double done = node.chosen;
    double left = node.crash_off ? 0 : node.alternatives - node.chosen - 1.0;
    if (node.schedule) {
      const uint64_t tried = node.todo & node.asleep;
      done = std::popcount(tried);
      left = std::popcount(node.todo & ~node.asleep & ~Bit(node.actor));
    }
    below += static_cast<double>(node.classes_before - node.classes_begin);
    below += left * below / (done + 1);
  }
  return below;
}

void ExhaustiveExplorer::ReturnTo(const Node& node) {
  if (!reduce_) return;
  sleepers_.resize(node.sleepers_begin + node.sleepers_count);
  steps_.Truncate(node.looked, node.eras);
  const size_t kept = node.step + (node.schedule ? 1u : 0u);
  if (node_of_step_.size() > kept) node_of_step_.resize(kept);
}

}  // namespace

std::unique_ptr<Explorer> MakeExhaustiveExplorer(const Bounds& bounds) {
  return std::make_unique<ExhaustiveExplorer>(bounds);
}

}  // namespace engram::world
