// Saying the same in fewer moments, once it is known what matters.

#ifndef ENGRAM_MODEL_TELL_CONDENSING_H_
#define ENGRAM_MODEL_TELL_CONDENSING_H_

#include "model/tell/story.h"

namespace engram::world {

// Lets a lock that is taken and given back with nothing told in between be one moment, "hold
// content_"; and an operation of which nothing is told but its beginning and its end, "store a ->
// done". Leaves out threads of which only folds are left, and folds that nothing follows.
void Condense(EraStory& era);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_CONDENSING_H_
