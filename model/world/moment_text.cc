// The wording of steps and decisions.

#include "model/world/moment_text.h"

#include "model/world/words.h"

namespace engram::world {
namespace {

std::string ThreadText(sync::ObjectId thread, const std::vector<std::string>& threads) {
  const uint32_t number = thread.value & 0xFF;
  return number < threads.size() ? Words("'", threads[number], "'") : Words("thread ", number);
}

std::string LastOnes(uint32_t count, std::string_view one, std::string_view many) {
  return count == 1 ? Words("the last ", one) : Words("the last ", count, " ", many);
}

}  // namespace

bool IsAboutFiles(const Step& step) {
  return step.kind >= StepKind::kOpen && step.kind <= StepKind::kStat;
}

std::string StepText(const Step& step, const ObjectNames& names,
                     const std::vector<std::string>& threads) {
  const std::string_view name = names.Of(step.object);
  switch (step.kind) {
    case StepKind::kSpawn:
      return Words("start ", ThreadText(step.second, threads));
    case StepKind::kJoin:
      return Words("join ", ThreadText(step.object, threads));
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
    case StepKind::kChoose:
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

std::string LossText(const Deviation& deviation) {
  const std::string file = Words("file ", deviation.name.operation);
  const std::string page = Words(file, ", page ", deviation.name.occurrence);
  switch (deviation.name.kind) {
    case ChoiceKind::kSurvive:
      return Words(page, ": ", LastOnes(deviation.value, "write", "writes"), " to it lost");
    case ChoiceKind::kTear:
      return Words(page, ": of the first lost write, some sectors survived (pattern ",
                   deviation.value, ")");
    case ChoiceKind::kMetadata:
      return Words(file, ": ",
                   LastOnes(deviation.value, "change of its size", "changes of its size"), " lost");
    default:
      return "";
  }
}

std::string TwistText(const Deviation& deviation, const Step* last) {
  const std::string_view call =
      last != nullptr && IsAboutFiles(*last) ? StepKindName(last->kind) : "the call";
  switch (deviation.name.kind) {
    case ChoiceKind::kFault:
      return Words(call, deviation.value == 2 ? " fails: the disk is full (ENOSPC)"
                                              : " fails: I/O error (EIO)");
    case ChoiceKind::kShortTransfer:
      return Words(call, " moves only half of its bytes");
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
