// Crash models: what of the crashes within a program's bounds may happen. Leaving some out shows
// which mistakes only they can find.

#ifndef ENGRAM_STRESS_VERIFY_CRASH_MODELS_H_
#define ENGRAM_STRESS_VERIFY_CRASH_MODELS_H_

#include <span>
#include <string_view>

#include "model/world/bounds.h"

namespace engram::verify {

struct CrashModel {
  std::string_view name;
  std::string_view about;
};

// "any" is the first: all that the bounds allow.
std::span<const CrashModel> CrashModels();

// `bounds` with no other crashes than those of the model `name`. REQUIRES: there is one of that
// name.
world::Bounds WithCrashes(world::Bounds bounds, std::string_view name);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_CRASH_MODELS_H_
