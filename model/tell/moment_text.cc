// The wording of steps and decisions.

#include "model/tell/moment_text.h"

#include "model/tell/words.h"

namespace engram::world {
namespace {

std::string LastOnes(uint32_t count, std::string_view one, std::string_view many) {
  return count == 1 ? Words("the last ", one) : Words("the last ", count, " ", many);
}

}  // namespace

bool IsAboutFiles(const Step& step) {
  return step.kind >= StepKind::kOpen && step.kind <= StepKind::kStat;
}

std::string StepText(const Step& step, const ObjectNames& names) {
  const std::string_view name = names.Of(step.object);
  switch (step.kind) {
    case StepKind::kLockShared:
      return Words("lock ", name, " (shared)");
    case StepKind::kTryLockShared:
      return Words("try lock ", name, " (shared)");
    case StepKind::kUnlockShared:
      return Words("unlock ", name, " (shared)");
    case StepKind::kWait:
      return Words("wait for ", name, ", unlock ", names.Of(step.second));
    case StepKind::kTimeout:
      return "its time has come";
    case StepKind::kNotifyOne:
      return Words("notify one of ", name);
    case StepKind::kNotifyAll:
      return Words("notify all of ", name);
    case StepKind::kBufferedStore:
      return Words("store ", name, " (buffered)");
    case StepKind::kDrain:
      return Words(name, " reaches memory");
    case StepKind::kReadModifyWrite:
      return Words("update ", name, " atomically");
    case StepKind::kFence:
    case StepKind::kYield:
    case StepKind::kSleep:
    case StepKind::kSpawn:
    case StepKind::kJoin:
    case StepKind::kStart:
    case StepKind::kExit:
    case StepKind::kAcknowledge:
      return std::string(StepKindName(step.kind));
    default:
      if (IsAboutFiles(step)) return std::string(StepKindName(step.kind));
      return Words(StepKindName(step.kind), " ", name);
  }
}

std::string_view CrashText(const Deviation& deviation) {
  return deviation.value == 2 ? "the process is killed: what was in RAM is gone"
                              : "power loss: what was in RAM is gone, unsynced writes may be";
}

std::string LossText(const Deviation& deviation, const std::vector<std::string>& file_paths) {
  const uint16_t number = deviation.name.operation;
  const std::string file = number < file_paths.size() && !file_paths[number].empty()
                               ? Words("'", file_paths[number], "'")
                               : Words("file ", number);
  const std::string page = Words("page ", deviation.name.occurrence, " of ", file);
  switch (deviation.name.kind) {
    case ChoiceKind::kSurvive:
      return Words(LastOnes(deviation.value, "write", "writes"), " to ", page);
    case ChoiceKind::kTear:
      return deviation.value == 1
                 ? Words("of the first lost write to ", page, ", all but its first sector")
                 : Words("of the first lost write to ", page,
                         ", some sectors (those that survived: ", deviation.value, " in binary)");
    case ChoiceKind::kMetadata:
      return deviation.name.occurrence == 1
                 ? Words(LastOnes(deviation.value, "creation or removal", "creations or removals"),
                         " of names in directory ", number)
                 : Words(LastOnes(deviation.value, "change", "changes"), " of the size of ", file);
    default:
      return "";
  }
}

std::string TwistText(const Deviation& deviation) {
  switch (deviation.name.kind) {
    case ChoiceKind::kFault:
      return deviation.value == 2 ? "fails: the disk is full (ENOSPC)" : "fails: I/O error (EIO)";
    case ChoiceKind::kShortTransfer:
      return "moves only half of its bytes";
    case ChoiceKind::kRevert:
      return "the failed sync also takes unsynced bytes back";
    case ChoiceKind::kAllocation:
      return "an allocation fails (std::bad_alloc)";
    case ChoiceKind::kSpuriousWake:
      return "the wait returns for no reason";
    case ChoiceKind::kWeakFailure:
      return "the weak compare-and-exchange fails for no reason";
    case ChoiceKind::kWake:
      return Words("the notification wakes waiter ", deviation.value + 1, " in turn");
    case ChoiceKind::kValue:
      return Words("the program's own choice: ", deviation.value);
    default:
      return "";
  }
}

bool IsFault(ChoiceKind kind) {
  return kind == ChoiceKind::kFault || kind == ChoiceKind::kShortTransfer ||
         kind == ChoiceKind::kRevert || kind == ChoiceKind::kAllocation ||
         kind == ChoiceKind::kSpuriousWake || kind == ChoiceKind::kWeakFailure;
}

}  // namespace engram::world
