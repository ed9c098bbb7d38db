// Vector clocks over actors, and the direct predecessors of a step by dependence.

#include "model/explore/happens_before.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace engram::world {
namespace {

// As Scheduler::Thread::kBufferedStoresMax: how many stores wait in a buffer. Tested against the
// scheduler.
constexpr uint32_t kBufferedStoresMax = 8;

bool Locks(StepKind kind) { return kind == StepKind::kLock || kind == StepKind::kLockShared; }
bool Tries(StepKind kind) { return kind == StepKind::kTryLock || kind == StepKind::kTryLockShared; }
bool Unlocks(StepKind kind) {
  return kind == StepKind::kUnlock || kind == StepKind::kUnlockShared || kind == StepKind::kWait;
}
bool Shared(StepKind kind) {
  return kind == StepKind::kLockShared || kind == StepKind::kTryLockShared;
}
sync::ObjectId MutexOf(const Step& step) {
  return step.kind == StepKind::kWait ? step.second : step.object;
}

}  // namespace

void HappensBefore::Join(uint32_t* clock, uint32_t event) const {
  const uint32_t* other = Clock(event);
  for (uint32_t i = 0; i < columns_; ++i) clock[i] = std::max(clock[i], other[i]);
}

void HappensBefore::Widen(uint32_t columns) {
  uint32_t wide = columns_;
  while (wide < columns) wide *= 2;
  std::vector<uint32_t> clocks(events_.size() * wide, 0);
  for (uint32_t i = 0; i < size(); ++i) {
    std::copy_n(Clock(i), columns_, &clocks[size_t{i} * wide]);
  }
  clocks_ = std::move(clocks);
  columns_ = wide;
}

uint32_t HappensBefore::FindObject(sync::ObjectId id) {
  if (2 * (objects_.size() + 1) > buckets_.size()) Grow();
  const size_t mask = buckets_.size() - 1;
  for (size_t i = (id.value * 0x9E3779B1u) >> 7;; ++i) {
    uint32_t& bucket = buckets_[i & mask];
    if (bucket == kNone) {
      bucket = static_cast<uint32_t>(objects_.size());
      objects_.push_back({id, kNone, kNone});
    }
    if (objects_[bucket].id == id) return bucket;
  }
}

void HappensBefore::Grow() {
  buckets_.assign(std::max<size_t>(64, 2 * buckets_.size()), kNone);
  const size_t mask = buckets_.size() - 1;
  for (uint32_t object = 0; object < objects_.size(); ++object) {
    size_t i = (objects_[object].id.value * 0x9E3779B1u) >> 7;
    while (buckets_[i & mask] != kNone) ++i;
    buckets_[i & mask] = object;
  }
}

uint32_t HappensBefore::PreviousOn(uint32_t event, uint32_t object) const {
  const auto& touches = events_[event].touches;
  return touches[0].object == object ? touches[0].previous : touches[1].previous;
}

uint32_t HappensBefore::LastWrite(uint32_t index, sync::ObjectId object) const {
  for (const Touch& touch : events_[index].touches) {
    if (touch.object != kNone && objects_[touch.object].id == object) {
      return InThisEra(touch.previous_write) ? touch.previous_write : kNone;
    }
  }
  return kNone;
}

// A store into a full buffer waits until the oldest of the stores before it has drained.
uint32_t HappensBefore::DrainThatMadeRoom(const Step& step) const {
  uint32_t store = last_[step.actor];
  for (uint32_t stores = 0; store != kNone; store = events_[store].previous) {
    if (events_[store].step.kind != StepKind::kBufferedStore) continue;
    if (++stores == kBufferedStoresMax) break;
  }
  if (store == kNone) return kNone;
  uint32_t drain = last_[BufferOf(step.actor)];
  while (drain != kNone && events_[drain].step.caused_by > store + 1) {
    drain = events_[drain].previous;
  }
  // It never drained if its atomic was destroyed meanwhile.
  return drain != kNone && events_[drain].step.caused_by == store + 1 ? drain : kNone;
}

void HappensBefore::JoinCauses(const Step& step, uint32_t* clock) const {
  if (step.caused_by != 0 && InThisEra(step.caused_by - 1)) Join(clock, step.caused_by - 1);
  if (step.actor >= kThreadsMax) return;
  if (step.flushes) {
    const uint32_t drained = last_[BufferOf(step.actor)];
    if (drained != kNone) Join(clock, drained);
  }
  if (step.kind == StepKind::kBufferedStore) {
    const uint32_t drain = DrainThatMadeRoom(step);
    if (drain != kNone) Join(clock, drain);
  }
}

void HappensBefore::AddConflict(uint32_t event) {
  const auto place =
      std::lower_bound(conflicts_.begin(), conflicts_.end(), event, std::greater<uint32_t>());
  if (place == conflicts_.end() || *place != event) conflicts_.insert(place, event);
}

// The last write, or what has read it since. Of several reads of one actor the last implies the
// others.
void HappensBefore::CollectConflicts(Actor actor, Access access, const Touch& touch) {
  if (access == Access::kWrite) {
    uint64_t seen = uint64_t{1} << actor;
    for (uint32_t event = touch.previous; event != touch.previous_write && InThisEra(event);
         event = PreviousOn(event, touch.object)) {
      const uint64_t bit = uint64_t{1} << events_[event].step.actor;
      if ((seen & bit) == 0) AddConflict(event);
      seen |= bit;
    }
  }
  if (InThisEra(touch.previous_write) && events_[touch.previous_write].step.actor != actor) {
    AddConflict(touch.previous_write);
  }
}

// The step by which the releasing actor had taken `mutex`.
uint32_t HappensBefore::AcquisitionBehind(uint32_t release, sync::ObjectId mutex) const {
  uint32_t tried = kNone;
  for (uint32_t event = events_[release].previous; event != kNone;
       event = events_[event].previous) {
    const Step& step = events_[event].step;
    if (MutexOf(step) != mutex) continue;
    if (Locks(step.kind)) return event;
    if (Tries(step.kind) && tried == kNone) tried = event;
    if (Unlocks(step.kind)) break;
  }
  return tried;
}

void HappensBefore::FindRaces(const Step& step, uint32_t* clock) {
  races_.clear();
  acquisitions_.clear();
  for (const uint32_t event : conflicts_) {
    if (Covers(clock, event)) continue;
    if (MayBeCoEnabled(events_[event].step, step)) {
      races_.push_back(event);
    } else if (Locks(step.kind)) {
      const uint32_t acquisition = AcquisitionBehind(event, step.object);
      if (acquisition != kNone) acquisitions_.push_back(acquisition);
    }
    Join(clock, event);
  }
  if (acquisitions_.empty()) return;
  std::sort(acquisitions_.begin(), acquisitions_.end(), std::greater<uint32_t>());
  std::vector<uint32_t>& known = scratch_;
  known = before_conflicts_;
  for (const uint32_t event : acquisitions_) {
    if (Covers(known.data(), event)) continue;
    races_.push_back(event);
    Join(known.data(), event);
  }
}

void HappensBefore::Add(const Step& step) {
  const uint32_t thread = step.actor % kThreadsMax;
  if (2 * thread + 2 > columns_) Widen(2 * thread + 2);
  const uint32_t index = size();
  Event event;
  event.step = step;
  event.previous = last_[step.actor];
  event.ordinal = event.previous == kNone ? 1 : events_[event.previous].ordinal + 1;
  std::array<std::pair<sync::ObjectId, Access>, 2> accesses = {
      {{step.object, step.access}, {step.second, step.second_access}}};
  if (step.object == step.second) {
    accesses[0].second = std::max(step.access, step.second_access);
    accesses[1].second = Access::kLocal;
  }
  conflicts_.clear();
  for (size_t i = 0; i < 2; ++i) {
    const auto& [id, access] = accesses[i];
    if (access == Access::kLocal || id.value == 0) continue;
    Touch& touch = event.touches[i];
    touch.object = FindObject(id);
    Object& object = objects_[touch.object];
    touch.previous = object.last;
    touch.previous_write = object.last_write;
    CollectConflicts(step.actor, access, touch);
    object.last = index;
    if (access == Access::kWrite) object.last_write = index;
  }
  clocks_.resize(size_t{index + 1} * columns_);
  uint32_t* clock = Clock(index);
  if (event.previous == kNone) {
    std::fill_n(clock, columns_, 0);
  } else {
    std::copy_n(Clock(event.previous), columns_, clock);
  }
  JoinCauses(step, clock);
  before_conflicts_.assign(clock, clock + columns_);
  events_.push_back(event);
  FindRaces(step, clock);
  clock[Column(step.actor)] = event.ordinal;
  last_[step.actor] = index;
}

uint64_t HappensBefore::Initials(uint32_t first, uint32_t last) const {
  const bool conflicting = last + 1 == size();
  const Step& reversed = events_[last].step;
  uint64_t present = 0;  // actors whose first step in the sequence has been met
  uint64_t initials = 0;
  std::array<uint32_t, 2 * kThreadsMax> columns;  // of those present, in order
  std::array<uint32_t, 2 * kThreadsMax> ordinals;
  uint32_t count = 0;
  const auto comes_first = [&](const uint32_t* clock) {
    for (uint32_t i = 0; i < count; ++i) {
      if (clock[columns[i]] >= ordinals[i]) return false;
    }
    return true;
  };
  bool reversed_depends = false;
  for (uint32_t i = first + 1; i < last; ++i) {
    const uint32_t* clock = Clock(i);
    if (Covers(clock, first)) continue;
    const Event& event = events_[i];
    if (conflicting && !reversed_depends) reversed_depends = Dependent(event.step, reversed);
    const uint64_t bit = uint64_t{1} << event.step.actor;
    if ((present & bit) != 0) continue;
    if (comes_first(clock)) initials |= bit;
    present |= bit;
    columns[count] = Column(event.step.actor);
    ordinals[count++] = event.ordinal;
  }
  const uint64_t bit = uint64_t{1} << reversed.actor;
  if ((present & bit) == 0 && !reversed_depends &&
      comes_first(conflicting ? before_conflicts_.data() : Clock(last))) {
    initials |= bit;
  }
  return initials;
}

void HappensBefore::BeginEra() {
  eras_.push_back({size(), last_});
  era_begin_ = size();
  last_ = NoSteps();
}

void HappensBefore::Truncate(uint32_t steps, uint32_t eras) {
  const auto take_back = [this](uint32_t end) {
    while (size() > end) {
      const Event& event = events_.back();
      last_[event.step.actor] = event.previous;
      for (size_t i = 2; i-- > 0;) {
        const Touch& touch = event.touches[i];
        if (touch.object == kNone) continue;
        objects_[touch.object].last = touch.previous;
        objects_[touch.object].last_write = touch.previous_write;
      }
      events_.pop_back();
    }
  };
  while (eras_.size() > eras) {
    take_back(eras_.back().begin);
    last_ = eras_.back().last;
    eras_.pop_back();
    era_begin_ = eras_.empty() ? 0 : eras_.back().begin;
  }
  take_back(steps);
  clocks_.resize(events_.size() * columns_);
}

std::vector<HappensBefore::Held> HappensBefore::HeldAtEnd() const {
  std::vector<Held> held;
  for (uint32_t i = era_begin_; i < size(); ++i) {
    const Step& step = events_[i].step;
    const sync::ObjectId mutex = MutexOf(step);
    if (Unlocks(step.kind)) {
      std::erase_if(held,
                    [&](const Held& h) { return h.mutex == mutex && h.holder == step.actor; });
    } else if (Locks(step.kind) || Tries(step.kind)) {
      const bool taken = std::any_of(held.begin(), held.end(), [&](const Held& h) {
        return h.mutex == mutex && !(h.shared && Shared(step.kind));
      });
      if (!taken) held.push_back({mutex, step.actor, Shared(step.kind)});
    }
  }
  return held;
}

uint32_t HappensBefore::Unfinished() const {
  uint32_t threads = 0;
  for (uint32_t i = 0; i < kThreadsMax; ++i) {
    if (last_[i] == kNone || events_[last_[i]].step.kind == StepKind::kExit) continue;
    threads |= uint32_t{1} << i;
  }
  return threads;
}

}  // namespace engram::world
