// Choosing what matters of an execution, and putting it into words.

#include "model/world/story.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "model/world/moment_text.h"
#include "model/world/object_names.h"
#include "model/world/words.h"

namespace engram::world {
namespace {

constexpr uint32_t kEverything = UINT32_MAX;

uint8_t ThreadOf(const Step& step) { return static_cast<uint8_t>(step.actor % kThreadsMax); }
uint8_t EraOf(const Name& name) { return static_cast<uint8_t>(name.thread / kThreadsMax); }
uint8_t DeciderOf(const Name& name) { return static_cast<uint8_t>(name.thread % kThreadsMax); }

// Beginning and end of threads and what only says that a result is told: shown by lanes and
// operations.
bool IsSilent(const Step& step) {
  return step.kind == StepKind::kStart || step.kind == StepKind::kExit ||
         step.kind == StepKind::kAcknowledge;
}

bool IsAboutThreads(const Step& step) {
  return step.kind == StepKind::kSpawn || step.kind == StepKind::kJoin;
}

// The number in the first "(operation N" of `text`, unless it is about a recovery rather than a
// call.
std::optional<uint32_t> FirstOperationIn(std::string_view text) {
  constexpr std::string_view kMark = "(operation ";
  const size_t at = text.find(kMark);
  if (at == std::string_view::npos || text.starts_with("The recovery")) return std::nullopt;
  uint32_t number = 0;
  text.remove_prefix(at + kMark.size());
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Builds a Story from a Replayed: first it finds out what matters, then it goes through the steps
// once.
class Teller {
 public:
  explicit Teller(const Replayed& replayed)
      : replayed_(replayed), names_(replayed.steps), steps_(replayed.steps) {
    FindShared();
    MeasureDistances();
  }

  Story Tell(uint32_t reach);

 private:
  uint8_t EraAt(size_t step) const { return step < steps_.size() ? replayed_.step_eras[step] : 0; }
  void FindShared();
  void MeasureDistances();
  bool Matters(uint32_t step, uint32_t reach) const;
  bool CouldGoOn(uint8_t thread, uint32_t step) const;

  void TellTwists(uint32_t step);
  void TellNotes(uint32_t step);
  void TellSwitches(uint32_t step);
  void TellStep(uint32_t step, uint32_t reach);
  void TellFailure();
  void DropBystanders(EraStory& era);
  EraStory& EraFor(uint8_t era);

  const Replayed& replayed_;
  const ObjectNames names_;
  const std::vector<Step>& steps_;
  std::set<std::pair<uint8_t, sync::ObjectId>> shared_;
  std::vector<uint32_t> distances_;  // from each step to the nearest choice of the world
  bool disk_matters_ = false;

  Story story_;
  size_t note_ = 0;                                        // the next one to tell
  std::map<std::pair<uint8_t, uint8_t>, uint16_t> doing_;  // era, thread -> operation
};

// An object is shared if two threads of one era touch it and one of them writes it.
void Teller::FindShared() {
  std::map<std::pair<uint8_t, sync::ObjectId>, std::pair<uint32_t, bool>> touched;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    if (step.access == Access::kLocal || IsSilent(step) || IsAboutThreads(step)) continue;
    auto& [threads, written] = touched[{EraAt(i), step.object}];
    threads |= uint32_t{1} << ThreadOf(step);
    written = written || step.access == Access::kWrite;
  }
  for (const auto& [object, use] : touched) {
    if (use.second && (use.first & (use.first - 1)) != 0) shared_.insert(object);
  }
}

void Teller::MeasureDistances() {
  distances_.assign(steps_.size(), kEverything - 1);
  for (size_t i = 0; i < replayed_.deviations.size(); ++i) {
    const ChoiceKind kind = replayed_.deviations[i].name.kind;
    disk_matters_ = disk_matters_ || kind == ChoiceKind::kCrash || IsFault(kind);
    if (i >= replayed_.deviation_steps.size()) continue;
    const uint32_t at = replayed_.deviation_steps[i];
    for (uint32_t step = 0; step < distances_.size(); ++step) {
      // The steps right before and right after the choice are at distance 0.
      distances_[step] = std::min(distances_[step], step < at ? at - 1 - step : step - at);
    }
  }
  // The end of a failing execution matters like a choice.
  for (uint32_t step = 0; replayed_.failure.has_value() && step < distances_.size(); ++step) {
    distances_[step] =
        std::min(distances_[step], static_cast<uint32_t>(distances_.size()) - 1 - step);
  }
}

bool Teller::Matters(uint32_t index, uint32_t reach) const {
  const Step& step = steps_[index];
  if (distances_[index] > reach || IsAboutThreads(step) || step.kind == StepKind::kYield) {
    return false;
  }
  if (shared_.contains({EraAt(index), step.object})) return true;
  return IsAboutFiles(step) && step.kind != StepKind::kStat && disk_matters_;
}

EraStory& Teller::EraFor(uint8_t era) {
  while (story_.eras.size() <= era) {
    EraStory& added = story_.eras.emplace_back();
    const size_t number = story_.eras.size() - 1;
    if (number < replayed_.thread_names.size()) added.thread_names = replayed_.thread_names[number];
  }
  return story_.eras[era];
}

// Whether `thread`, which the world does not let go on with step `step`, could have: judged by its
// next step in this era and the locks that are held.
bool Teller::CouldGoOn(uint8_t thread, uint32_t step) const {
  const uint8_t era = EraAt(step);
  uint32_t next = step;
  while (next < steps_.size() && (EraAt(next) != era || steps_[next].actor != thread)) ++next;
  for (uint32_t before = step; before-- > 0 && EraAt(before) == era;) {
    if (steps_[before].actor != thread) continue;
    const StepKind kind = steps_[before].kind;
    if (kind == StepKind::kWait || kind == StepKind::kYield || kind == StepKind::kSleep ||
        kind == StepKind::kExit) {
      return false;
    }
    break;
  }
  if (next == steps_.size()) return true;  // the execution ended before its turn came
  const Step& wanted = steps_[next];
  if (wanted.kind == StepKind::kJoin) return false;
  if (wanted.kind != StepKind::kLock && wanted.kind != StepKind::kLockShared) return true;
  int exclusive = 0, shared = 0;
  for (uint32_t before = 0; before < step; ++before) {
    const Step& past = steps_[before];
    const bool unlocks_in_wait = past.kind == StepKind::kWait && past.second == wanted.object;
    if (past.object != wanted.object && !unlocks_in_wait) continue;
    if (past.kind == StepKind::kLock) ++exclusive;
    if (past.kind == StepKind::kUnlock || unlocks_in_wait) --exclusive;
    if (past.kind == StepKind::kLockShared) ++shared;
    if (past.kind == StepKind::kUnlockShared) --shared;
  }
  return exclusive <= 0 && (shared <= 0 || wanted.kind == StepKind::kLockShared);
}

// What the world decided between step - 1 and step, schedules aside.
void Teller::TellTwists(uint32_t step) {
  for (size_t i = 0; i < replayed_.deviations.size(); ++i) {
    if (i >= replayed_.deviation_steps.size() || replayed_.deviation_steps[i] != step) continue;
    const Deviation& deviation = replayed_.deviations[i];
    const ChoiceKind kind = deviation.name.kind;
    const uint8_t era = EraOf(deviation.name);
    if (kind == ChoiceKind::kCrash) {
      EraFor(era).crash = CrashText(deviation);
    } else if (const std::string loss = LossText(deviation); !loss.empty()) {
      EraFor(era > 0 ? static_cast<uint8_t>(era - 1) : era).losses.push_back(loss);
    } else if (kind != ChoiceKind::kSchedule) {
      Moment moment;
      moment.kind = Moment::Kind::kTwist;
      // Decisions about a page are nobody's; they belong to whoever took the last step.
      moment.thread = DeciderOf(deviation.name) == kThreadsMax - 1 && step > 0
                          ? ThreadOf(steps_[step - 1])
                          : DeciderOf(deviation.name);
      moment.text = TwistText(deviation, step > 0 ? &steps_[step - 1] : nullptr);
      if (IsFault(kind)) story_.faults.push_back(moment.text);
      EraFor(era).moments.push_back(std::move(moment));
    }
  }
}

void Teller::TellNotes(uint32_t step) {
  for (; note_ < replayed_.notes.size() && replayed_.notes[note_].step <= step; ++note_) {
    const Note& note = replayed_.notes[note_];
    if (note.thread >= kThreadsMax) continue;
    Moment moment;
    moment.kind = note.kind == NoteKind::kBegin ? Moment::Kind::kBegin
                  : note.kind == NoteKind::kEnd ? Moment::Kind::kEnd
                                                : Moment::Kind::kRemark;
    moment.thread = note.thread;
    moment.text = note.text;
    // Until the fatal moment is known, `step` of an end says which operation it ends.
    if (note.kind == NoteKind::kBegin) doing_[{note.era, note.thread}] = note.operation;
    if (note.kind == NoteKind::kEnd) moment.step = doing_[{note.era, note.thread}];
    EraFor(note.era).moments.push_back(std::move(moment));
  }
}

void Teller::TellSwitches(uint32_t step) {
  if (step >= steps_.size() || steps_[step].actor >= kThreadsMax) return;
  for (size_t i = 0; i < replayed_.deviations.size(); ++i) {
    const Deviation& deviation = replayed_.deviations[i];
    if (i >= replayed_.deviation_steps.size() || replayed_.deviation_steps[i] != step ||
        deviation.name.kind != ChoiceKind::kSchedule) {
      continue;
    }
    const uint8_t from = DeciderOf(deviation.name);
    if (from == steps_[step].actor) continue;
    Moment moment;
    moment.kind = Moment::Kind::kSwitch;
    moment.thread = from;
    moment.to = steps_[step].actor;
    moment.interrupted = CouldGoOn(from, step);
    if (moment.interrupted) ++story_.interruptions;
    EraFor(EraOf(deviation.name)).moments.push_back(std::move(moment));
  }
}

void Teller::TellStep(uint32_t index, uint32_t reach) {
  const Step& step = steps_[index];
  if (IsSilent(step)) return;
  std::vector<Moment>& moments = EraFor(EraAt(index)).moments;
  Moment moment;
  moment.thread = ThreadOf(step);
  moment.step = index;
  if (!Matters(index, reach)) {
    ++story_.steps_folded;
    moment.kind = Moment::Kind::kFold;
    if (!moments.empty() && moments.back().kind == Moment::Kind::kFold &&
        moments.back().thread == moment.thread) {
      ++moments.back().count;
      return;
    }
  } else {
    moment.by_buffer = step.actor >= kThreadsMax;
    moment.text = StepText(step, names_, EraFor(EraAt(index)).thread_names);
    moment.place = PlaceText(step).value_or("");
    if (!moments.empty() && moments.back().kind == Moment::Kind::kStep &&
        moments.back().thread == moment.thread && moments.back().text == moment.text &&
        moments.back().place == moment.place) {
      ++moments.back().count;
      return;
    }
  }
  moments.push_back(std::move(moment));
}

// Marks where the promise was broken: the step at which a thread noticed, or the call that the
// verdict names.
void Teller::TellFailure() {
  if (!replayed_.failure.has_value() || story_.eras.empty()) return;
  EraStory& last = story_.eras.back();
  const FailureKind kind = replayed_.failure->kind;
  if (kind == FailureKind::kDeadlock || kind == FailureKind::kLostWakeup) {
    std::set<uint8_t> ended;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (EraAt(i) + 1u == story_.eras.size() && steps_[i].kind == StepKind::kExit) {
        ended.insert(steps_[i].actor);
      }
    }
    for (uint8_t thread = 0; thread < last.thread_names.size(); ++thread) {
      if (ended.contains(thread)) continue;
      Moment moment;
      moment.kind = Moment::Kind::kTwist;
      moment.thread = thread;
      moment.text = "waits forever";
      moment.fatal = true;
      last.moments.push_back(std::move(moment));
    }
    return;
  }
  // A verdict after the end names the call it is about first, as the oracle does; a verdict during
  // the execution is about the last step.
  const bool judged = !steps_.empty() && steps_.back().kind == StepKind::kExit;
  const std::optional<uint32_t> accused = FirstOperationIn(replayed_.failure->detail);
  Moment* fatal = nullptr;
  for (EraStory& era : story_.eras) {
    for (Moment& moment : era.moments) {
      if (judged && moment.kind == Moment::Kind::kEnd && moment.step == accused) fatal = &moment;
      if (!judged && &era == &last && moment.kind == Moment::Kind::kStep) fatal = &moment;
    }
  }
  if (fatal != nullptr) fatal->fatal = true;
}

// Leaves out threads of which nothing but folds is left: mostly the main thread, which waits for
// the others.
void Teller::DropBystanders(EraStory& era) {
  std::set<uint8_t> present;
  for (const Moment& moment : era.moments) {
    if (moment.kind != Moment::Kind::kFold && moment.kind != Moment::Kind::kSwitch) {
      present.insert(moment.thread);
    }
  }
  if (present.empty()) {
    for (const Moment& moment : era.moments) present.insert(moment.thread);
  }
  std::erase_if(era.moments, [&](const Moment& moment) {
    return !present.contains(moment.thread) ||
           (moment.kind == Moment::Kind::kSwitch && !present.contains(moment.to));
  });
  // What comes after the last thing that matters does not matter either.
  while (era.moments.size() > 1 && era.moments.back().kind == Moment::Kind::kFold) {
    era.moments.pop_back();
  }
  era.threads.assign(present.begin(), present.end());
}

Story Teller::Tell(uint32_t reach) {
  story_ = Story{};
  story_.failure = replayed_.failure;
  story_.steps = static_cast<uint32_t>(steps_.size());
  note_ = 0;
  doing_.clear();
  for (uint32_t step = 0; step <= steps_.size(); ++step) {
    TellTwists(step);
    TellNotes(step);
    TellSwitches(step);
    if (step < steps_.size()) TellStep(step, reach);
  }
  TellFailure();
  for (EraStory& era : story_.eras) DropBystanders(era);
  return std::move(story_);
}

}  // namespace

Story MakeStory(const Replayed& replayed, size_t moments_max) {
  Teller teller(replayed);
  Story story;
  for (const uint32_t reach : {kEverything, 24u, 12u, 6u, 3u, 1u, 0u}) {
    story = teller.Tell(reach);
    size_t moments = 0;
    for (const EraStory& era : story.eras) moments += era.moments.size();
    if (moments <= moments_max) break;
  }
  return story;
}

}  // namespace engram::world
