// Holds the one pointer from the simulated body to its world. Not part of the production library.

#include "sync/runtime.h"

#include "base/check.h"

namespace engram::inline ENGRAM_BODY::sync {
namespace {

constinit Runtime* current_runtime = nullptr;

}  // namespace

Runtime& Runtime::Current() {
  if (current_runtime == nullptr) [[unlikely]] {
    CheckFailed(
        "a world is running",
        "an object of the simulated body was used outside of a simulated world; use it only "
        "inside a program given to world::Explore, or link `engram` instead of `engram_sim`");
  }
  return *current_runtime;
}

Runtime* Runtime::CurrentOrNull() { return current_runtime; }

void Runtime::SetCurrent(Runtime* runtime) { current_runtime = runtime; }

}  // namespace engram::inline ENGRAM_BODY::sync
