// The dependence relation between steps, and their names.

#include "model/world/step.h"

#include <array>
#include <cstddef>

namespace engram::world {
namespace {

bool Writes(const Step& step, sync::ObjectId object) {
  return (step.object == object && step.access == Access::kWrite) ||
         (step.second == object && step.second_access == Access::kWrite);
}

bool Touches(const Step& step, sync::ObjectId object) {
  return (step.object == object && step.access != Access::kLocal) ||
         (step.second == object && step.second_access != Access::kLocal);
}

bool ConflictOn(const Step& a, const Step& b, sync::ObjectId object) {
  return object.value != 0 && Touches(a, object) && Touches(b, object) &&
         (Writes(a, object) || Writes(b, object));
}

bool Acquires(StepKind kind) { return kind == StepKind::kLock || kind == StepKind::kLockShared; }
bool Releases(StepKind kind) {
  return kind == StepKind::kUnlock || kind == StepKind::kUnlockShared || kind == StepKind::kWait;
}

// Whether `a` is what makes steps like `b` possible.
bool Enables(const Step& a, const Step& b) {
  if (Acquires(b.kind) && Releases(a.kind)) {
    const sync::ObjectId released = a.kind == StepKind::kWait ? a.second : a.object;
    // Two shared holders can be inside together: releasing one does not by itself admit the other.
    return released == b.object &&
           !(a.kind == StepKind::kUnlockShared && b.kind == StepKind::kLockShared);
  }
  if (a.kind == StepKind::kSpawn && b.kind == StepKind::kStart) return a.second == b.object;
  if (a.kind == StepKind::kExit && b.kind == StepKind::kJoin) return a.object == b.object;
  return false;
}

}  // namespace

bool Dependent(const Step& a, const Step& b) {
  return ConflictOn(a, b, a.object) || ConflictOn(a, b, a.second);
}

bool MayBeCoEnabled(const Step& a, const Step& b) { return !Enables(a, b) && !Enables(b, a); }

std::string_view StepKindName(StepKind kind) {
  // In the order of StepKind.
  // clang-format off
  static constexpr auto kNames = std::to_array<std::string_view>({
      "start", "end", "spawn", "join", "lock", "lock shared", "try lock", "try lock shared",
      "unlock", "unlock shared", "wait", "time passes", "notify one", "notify all", "load",
      "store", "store into buffer", "buffer drains", "read-modify-write", "fence", "yield",
      "sleep", "open file", "read file", "write file", "sync file", "resize file", "map file",
      "view mapping", "lock file", "remove file", "sync directory", "look up file", "acknowledge"});
  // clang-format on
  static_assert(kNames.size() == kStepKinds, "every kind has a name");
  return kNames[static_cast<size_t>(kind)];
}

}  // namespace engram::world
