// The dependence relation between steps, and their names.

#include "model/world/step.h"

#include "base/check.h"

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
  switch (kind) {
    case StepKind::kStart:
      return "start";
    case StepKind::kExit:
      return "end";
    case StepKind::kSpawn:
      return "spawn";
    case StepKind::kJoin:
      return "join";
    case StepKind::kLock:
      return "lock";
    case StepKind::kLockShared:
      return "lock shared";
    case StepKind::kTryLock:
      return "try lock";
    case StepKind::kTryLockShared:
      return "try lock shared";
    case StepKind::kUnlock:
      return "unlock";
    case StepKind::kUnlockShared:
      return "unlock shared";
    case StepKind::kWait:
      return "wait";
    case StepKind::kTimeout:
      return "time passes";
    case StepKind::kNotifyOne:
      return "notify one";
    case StepKind::kNotifyAll:
      return "notify all";
    case StepKind::kLoad:
      return "load";
    case StepKind::kStore:
      return "store";
    case StepKind::kBufferedStore:
      return "store into buffer";
    case StepKind::kDrain:
      return "buffer drains";
    case StepKind::kReadModifyWrite:
      return "read-modify-write";
    case StepKind::kFence:
      return "fence";
    case StepKind::kYield:
      return "yield";
    case StepKind::kSleep:
      return "sleep";
    case StepKind::kOpen:
      return "open file";
    case StepKind::kRead:
      return "read file";
    case StepKind::kWrite:
      return "write file";
    case StepKind::kSync:
      return "sync file";
    case StepKind::kResize:
      return "resize file";
    case StepKind::kMap:
      return "map file";
    case StepKind::kView:
      return "view mapping";
    case StepKind::kFileLock:
      return "lock file";
    case StepKind::kRemove:
      return "remove file";
    case StepKind::kSyncDirectory:
      return "sync directory";
    case StepKind::kStat:
      return "look up file";
    case StepKind::kAcknowledge:
      return "acknowledge";
    case StepKind::kChoose:
      return "choose";
  }
  CheckFailed("a known kind", "unknown StepKind");
}

}  // namespace engram::world
