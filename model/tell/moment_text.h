// Single moments of an execution in words: a step, a loss, a fault. Which of them are told is
// story.h.

#ifndef ENGRAM_MODEL_TELL_MOMENT_TEXT_H_
#define ENGRAM_MODEL_TELL_MOMENT_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "model/tell/object_names.h"
#include "model/world/choices.h"
#include "model/world/step.h"

namespace engram::world {

bool IsAboutFiles(const Step& step);

// "lock content_".
std::string StepText(const Step& step, const ObjectNames& names);

// How an execution crashed, for a kCrash deviation.
std::string_view CrashText(const Deviation& deviation);

// What did not survive, for a decision about a page, a file or a directory; empty for other kinds.
// `file_paths` are by number; files that it lacks are called by their number.
std::string LossText(const Deviation& deviation, const std::vector<std::string>& file_paths);

// A decision that is neither about a schedule, nor a crash, nor what survived it; empty for those.
std::string TwistText(const Deviation& deviation);

// Whether decisions of `kind` make something fail that could have succeeded.
bool IsFault(ChoiceKind kind);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_MOMENT_TEXT_H_
