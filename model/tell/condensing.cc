// Merging neighbours, and leaving out what is left of bystanders.

#include "model/tell/condensing.h"

#include <set>
#include <string_view>
#include <utility>

#include "model/tell/words.h"

namespace engram::world {
namespace {

// Numbers of steps tell that so few are missing.
constexpr uint32_t kFoldsUntold = 2;

// Whether `second` gives back what `first` took, and nothing was told in between.
bool IsHeld(const Moment& first, const Moment& second) {
  return first.kind == Moment::Kind::kStep && second.kind == Moment::Kind::kStep &&
         first.thread == second.thread && first.count == 1 && second.count == 1 &&
         first.text.starts_with("lock ") && second.text == Words("un", first.text);
}

void MergeLocks(std::vector<Moment>& moments) {
  std::vector<Moment> merged;
  for (Moment& moment : moments) {
    if (!merged.empty() && IsHeld(merged.back(), moment)) {
      Moment& held = merged.back();
      held.text = Words("hold ", std::string_view(held.text).substr(5));
      held.fatal = held.fatal || moment.fatal;
      continue;
    }
    merged.push_back(std::move(moment));
  }
  moments = std::move(merged);
}

void MergeOperations(std::vector<Moment>& moments) {
  std::vector<Moment> merged;
  for (Moment& moment : moments) {
    if (moment.kind == Moment::Kind::kEnd) {
      // A fold between the two says nothing.
      size_t begin = merged.size();
      if (begin > 0 && merged[begin - 1].kind == Moment::Kind::kFold) --begin;
      if (begin > 0 && merged[begin - 1].kind == Moment::Kind::kBegin &&
          merged[begin - 1].thread == moment.thread &&
          (begin == merged.size() || merged.back().thread == moment.thread)) {
        merged.resize(begin);
        Moment& whole = merged.back();
        whole.kind = Moment::Kind::kWhole;
        whole.text += Words(" → ", moment.text);
        whole.fatal = moment.fatal;
        continue;
      }
    }
    merged.push_back(std::move(moment));
  }
  moments = std::move(merged);
}

// An arrow to a thread that is not shown leads to whoever of the others goes on next.
void RedirectSwitches(std::vector<Moment>& moments, const std::set<uint8_t>& present) {
  for (size_t i = 0; i < moments.size(); ++i) {
    Moment& moment = moments[i];
    if (moment.kind != Moment::Kind::kSwitch || present.contains(moment.to)) continue;
    for (size_t next = i + 1; next < moments.size(); ++next) {
      if (!present.contains(moments[next].thread)) continue;
      if (moments[next].thread != moment.thread) moment.to = moments[next].thread;
      break;
    }
  }
}

// Mostly the main thread, which waits for the others.
void DropBystanders(EraStory& era) {
  std::set<uint8_t> present;
  for (const Moment& moment : era.moments) {
    if (moment.kind != Moment::Kind::kFold && moment.kind != Moment::Kind::kSwitch) {
      present.insert(moment.thread);
    }
  }
  if (present.empty()) {
    for (const Moment& moment : era.moments) present.insert(moment.thread);
  }
  RedirectSwitches(era.moments, present);
  std::erase_if(era.moments, [&](const Moment& moment) {
    return !present.contains(moment.thread) ||
           (moment.kind == Moment::Kind::kSwitch && !present.contains(moment.to));
  });
  era.threads.assign(present.begin(), present.end());
}

}  // namespace

void Condense(EraStory& era) {
  MergeLocks(era.moments);
  MergeOperations(era.moments);
  // What comes after the last thing that matters does not matter either.
  std::erase_if(era.moments, [](const Moment& moment) {
    return moment.kind == Moment::Kind::kFold && moment.count <= kFoldsUntold;
  });
  while (era.moments.size() > 1 && era.moments.back().kind == Moment::Kind::kFold) {
    era.moments.pop_back();
  }
  DropBystanders(era);
}

}  // namespace engram::world
