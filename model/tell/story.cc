// Choosing what matters of an execution, and putting it into words.

#include "model/tell/story.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "model/tell/condensing.h"
#include "model/tell/moment_text.h"
#include "model/tell/object_names.h"
#include "model/tell/relevance.h"
#include "model/tell/words.h"

namespace engram::world {
namespace {

uint8_t EraOf(const Name& name) { return static_cast<uint8_t>(name.thread / kThreadsMax); }
uint8_t DeciderOf(const Name& name) { return static_cast<uint8_t>(name.thread % kThreadsMax); }

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
      : replayed_(replayed), names_(replayed.steps), steps_(replayed.steps), relevance_(replayed) {
    FindCalls();
  }

  Story Tell(uint32_t reach);

 private:
  uint8_t EraAt(size_t step) const { return step < steps_.size() ? replayed_.step_eras[step] : 0; }
  void FindCalls();
  std::string CallBefore(uint32_t step) const;

  void TellTwists(uint32_t step);
  void TellNotes(uint32_t step);
  void TellSwitches(uint32_t step);
  void TellWaiting(uint32_t step, uint32_t reach);
  void TellStep(uint32_t step, uint32_t reach);
  void TellFailure();
  EraStory& EraFor(uint8_t era);

  const Replayed& replayed_;
  const ObjectNames names_;
  const std::vector<Step>& steps_;
  const Relevance relevance_;
  std::map<uint32_t, std::string> calls_;  // of the file system, by step

  Story story_;
  size_t note_ = 0;                                        // the next one to tell
  std::map<std::pair<uint8_t, uint8_t>, uint16_t> doing_;  // era, thread -> operation
};

void Teller::FindCalls() {
  for (const Note& note : replayed_.notes) {
    if (note.kind == NoteKind::kCall && note.step > 0) {
      calls_[static_cast<uint32_t>(note.step) - 1] = note.text;
    }
  }
}

EraStory& Teller::EraFor(uint8_t era) {
  while (story_.eras.size() <= era) {
    EraStory& added = story_.eras.emplace_back();
    const size_t number = story_.eras.size() - 1;
    if (number < replayed_.thread_names.size()) added.thread_names = replayed_.thread_names[number];
    if (number > 0 && !added.thread_names.empty()) added.thread_names[0] += ", after the crash";
  }
  return story_.eras[era];
}

// What the call of the file system right before `step` is called, if there is one.
std::string Teller::CallBefore(uint32_t step) const {
  if (step == 0) return "";
  const auto call = calls_.find(step - 1);
  if (call != calls_.end()) return call->second;
  return IsAboutFiles(steps_[step - 1]) ? std::string(StepKindName(steps_[step - 1].kind)) : "";
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
    } else if (const std::string loss = LossText(deviation, replayed_.file_paths); !loss.empty()) {
      EraFor(era > 0 ? static_cast<uint8_t>(era - 1) : era).losses.push_back(loss);
    } else if (kind != ChoiceKind::kSchedule) {
      Moment moment;
      moment.kind = Moment::Kind::kTwist;
      // Decisions about a page are nobody's; they belong to whoever took the last step.
      moment.thread = DeciderOf(deviation.name) == kThreadsMax - 1 && step > 0
                          ? ThreadOf(steps_[step - 1])
                          : DeciderOf(deviation.name);
      moment.text = TwistText(deviation);
      if (IsFault(kind)) {
        const std::string call = CallBefore(step);
        story_.faults.push_back(call.empty() ? moment.text : Words(call, " ", moment.text));
      }
      EraFor(era).moments.push_back(std::move(moment));
    }
  }
}

void Teller::TellNotes(uint32_t step) {
  for (; note_ < replayed_.notes.size() && replayed_.notes[note_].step <= step; ++note_) {
    const Note& note = replayed_.notes[note_];
    if (note.thread >= kThreadsMax || note.kind == NoteKind::kCall) continue;
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
    // Who goes first when nobody is stopped is shown by the order alone.
    if (!relevance_.CouldGoOn(from, step)) continue;
    ++story_.interruptions;
    EraFor(EraOf(deviation.name)).moments.push_back(std::move(moment));
  }
}

// A thread that is not the next to go on because somebody else holds what it wants to lock.
void Teller::TellWaiting(uint32_t step, uint32_t reach) {
  if (step == 0 || step >= steps_.size() || EraAt(step) != EraAt(step - 1)) return;
  const uint8_t thread = ThreadOf(steps_[step - 1]);
  if (thread == ThreadOf(steps_[step])) return;
  const std::optional<uint32_t> next = relevance_.NextStepOf(thread, step);
  if (!next.has_value() || !IsLock(steps_[*next]) || !relevance_.Matters(*next, reach)) return;
  if (relevance_.CouldGoOn(thread, step)) return;
  Moment moment;
  moment.kind = Moment::Kind::kRemark;
  moment.thread = thread;
  moment.text = Words("waits for ", names_.Of(steps_[*next].object));
  EraFor(EraAt(step)).moments.push_back(std::move(moment));
}

void Teller::TellStep(uint32_t index, uint32_t reach) {
  const Step& step = steps_[index];
  if (IsSilent(step)) return;
  std::vector<Moment>& moments = EraFor(EraAt(index)).moments;
  Moment moment;
  moment.thread = ThreadOf(step);
  moment.step = index;
  if (!relevance_.Matters(index, reach)) {
    ++story_.steps_folded;
    moment.kind = Moment::Kind::kFold;
    if (!moments.empty() && moments.back().kind == Moment::Kind::kFold &&
        moments.back().thread == moment.thread) {
      ++moments.back().count;
      return;
    }
  } else {
    moment.by_buffer = step.actor >= kThreadsMax;
    const auto call = calls_.find(index);
    moment.text = call != calls_.end() ? call->second : StepText(step, names_);
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
    const auto threads = static_cast<uint8_t>(last.thread_names.size());
    for (uint8_t thread = 0; thread < threads; ++thread) {
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
    TellWaiting(step, reach);
    if (step < steps_.size()) TellStep(step, reach);
  }
  TellFailure();
  for (EraStory& era : story_.eras) Condense(era);
  return std::move(story_);
}

}  // namespace

Story MakeStory(const Replayed& replayed, size_t moments_max) {
  Teller teller(replayed);
  Story story;
  for (const uint32_t reach : {Relevance::kAnywhere, 24u, 12u, 6u, 3u, 1u, 0u}) {
    story = teller.Tell(reach);
    size_t moments = 0;
    for (const EraStory& era : story.eras) moments += era.moments.size();
    if (moments <= moments_max) break;
  }
  return story;
}

}  // namespace engram::world
