// Single moments of an execution in words: a step, a loss, a fault. Which of them are told is
// story.h.

#ifndef ENGRAM_MODEL_WORLD_MOMENT_TEXT_H_
#define ENGRAM_MODEL_WORLD_MOMENT_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "model/world/choices.h"
#include "model/world/object_names.h"
#include "model/world/step.h"

namespace engram::world {

bool IsAboutFiles(const Step& step);

// "lock content_". `threads` are the names of the threads of its era.
std::string StepText(const Step& step, const ObjectNames& names,
                     const std::vector<std::string>& threads);

// How an execution crashed, for a kCrash deviation.
std::string_view CrashText(const Deviation& deviation);

// What did not survive, for a decision about a page or a file; empty for other kinds.
std::string LossText(const Deviation& deviation);

// A decision that is neither about a schedule, nor a crash, nor what survived it; empty for those.
// `last` is the step taken before it, or null.
std::string TwistText(const Deviation& deviation, const Step* last);

// Whether decisions of `kind` make something fail that could have succeeded.
bool IsFault(ChoiceKind kind);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_MOMENT_TEXT_H_
