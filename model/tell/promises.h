// What was promised, in a sentence, for each way to break it: so that a failure can be read without
// knowing the contract.

#ifndef ENGRAM_MODEL_TELL_PROMISES_H_
#define ENGRAM_MODEL_TELL_PROMISES_H_

#include <string>

#include "model/world/failure.h"

namespace engram::world {

// The promise that `failure` breaks. For claims that are the program's own, the claim itself.
std::string PromiseOf(const Failure& failure);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_PROMISES_H_
