// An execution as a story: what happened, moment by moment, with what does not matter folded away.
// Text diagram, picture and Tell are made of it; nothing is decided by it.
//
// What matters: steps on objects that several threads touch and one of them writes, steps beside a
// choice of the world, effects on the disk if there was a crash or a fault, and what the program
// remarked. The rest is folded, the more strictly the longer the story would be.

#ifndef ENGRAM_MODEL_TELL_STORY_H_
#define ENGRAM_MODEL_TELL_STORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/explore/explore.h"

namespace engram::world {

struct Moment {
  enum class Kind : uint8_t {
    kBegin,   // of an operation
    kEnd,     // of an operation: what the client learns
    kWhole,   // an operation from beginning to end, of which nothing else is told
    kRemark,  // by the program
    kStep,
    kFold,    // `count` steps that do not matter
    kSwitch,  // the world interrupts `thread`, which could have gone on, in favour of `to`
    kTwist,   // the world decides something else than the default: a fault, a wake-up
  };
  Kind kind = Kind::kStep;
  uint8_t thread = 0;
  uint8_t to = 0;          // kSwitch
  bool by_buffer = false;  // kStep: taken by the thread's store buffer
  bool fatal = false;      // at which the promise was broken, as far as the execution shows it
  uint32_t step = 0;       // kStep, kFold: index of the (first) step in Replayed::steps
  uint32_t count = 1;      // kFold: how many; kStep: how many times in a row
  std::string text;
  std::string place;  // "store.h:42" or empty
};

// From the beginning, or from a crash, to the next crash or the end.
struct EraStory {
  std::vector<std::string> thread_names;  // by number, all of them, as they are to be shown
  std::vector<uint8_t> threads;           // those that appear in `moments`, in order
  std::vector<Moment> moments;
  std::string crash;                // how the era ended: a sentence, or empty if not in a crash
  std::vector<std::string> losses;  // what did not survive that crash, as decided later
};

struct Story {
  std::vector<EraStory> eras;
  std::optional<Failure> failure;
  uint32_t steps = 0;  // all of them
  uint32_t steps_folded = 0;
  uint32_t interruptions = 0;  // times a thread was stopped that could have gone on
  std::vector<std::string>
      faults;  // everything injected but schedules, crashes and what survived them
};

// Folds until no more than about `moments_max` moments are left.
Story MakeStory(const Replayed& replayed, size_t moments_max = 60);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_STORY_H_
