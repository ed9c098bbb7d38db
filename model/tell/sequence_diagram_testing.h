// An execution written down by hand, as a test's input for stories, diagrams and texts: a reader
// meets a compaction that has moved the bytes but not yet the index.

#ifndef ENGRAM_MODEL_TELL_SEQUENCE_DIAGRAM_TESTING_H_
#define ENGRAM_MODEL_TELL_SEQUENCE_DIAGRAM_TESTING_H_

#include <string>
#include <utility>

#include "model/explore/explore.h"

namespace engram::world {

// Writes steps, notes and deviations one after the other.
class TraceWriter {
 public:
  explicit TraceWriter(std::vector<std::string> threads) {
    trace_.thread_names.push_back(std::move(threads));
  }

  TraceWriter& Step(uint8_t actor, StepKind kind, uint32_t object, Access access = Access::kWrite,
                    const sync::Location& where = sync::Location::current()) {
    world::Step step;
    step.kind = kind;
    step.access = access;
    step.actor = actor;
    step.object = sync::ObjectId{object};
    step.where = where;
    trace_.steps.push_back(step);
    trace_.step_eras.push_back(era_);
    return *this;
  }
  TraceWriter& Begin(uint8_t thread, uint16_t operation, std::string text) {
    return Remark(thread, std::move(text), NoteKind::kBegin, operation);
  }
  TraceWriter& End(uint8_t thread, std::string text) {
    return Remark(thread, std::move(text), NoteKind::kEnd);
  }
  TraceWriter& Remark(uint8_t thread, std::string text, NoteKind kind = NoteKind::kRemark,
                      uint16_t operation = 0) {
    trace_.notes.push_back({trace_.steps.size(), era_, thread, std::move(text), kind, operation});
    return *this;
  }
  TraceWriter& Decide(uint8_t thread, ChoiceKind kind, uint32_t value, uint16_t operation = 0,
                      uint32_t occurrence = 0) {
    const auto name = static_cast<uint8_t>(era_ * kThreadsMax + thread);
    trace_.deviations.push_back({{name, kind, operation, occurrence}, value});
    trace_.deviation_steps.push_back(static_cast<uint32_t>(trace_.steps.size()));
    return *this;
  }
  TraceWriter& Crash(uint8_t thread, uint32_t value) {
    Decide(thread, ChoiceKind::kCrash, value);
    ++era_;
    trace_.thread_names.push_back({"main"});
    return *this;
  }
  TraceWriter& Fail(FailureKind kind, std::string claim, std::string detail) {
    trace_.failure = Failure{kind, std::move(claim), std::move(detail)};
    return *this;
  }
  Replayed Done() { return std::move(trace_); }

 private:
  Replayed trace_;
  uint8_t era_ = 0;
};

inline Replayed ForeignBytesTrace() {
  enum : uint32_t { kIndexLock = 1, kBufferLock = 2, kThread = 0xFE00001 };

  TraceWriter trace({"main", "compaction", "reader"});
  trace.Step(0, StepKind::kStart, kThread, Access::kRead)
      .Begin(0, 1, "store a=\"apple\"")
      .Step(0, StepKind::kLock, kIndexLock)
      .Step(0, StepKind::kUnlock, kIndexLock)
      .End(0, "stored")
      .Step(0, StepKind::kSpawn, kThread)
      .Step(0, StepKind::kSpawn, kThread + 1)
      .Step(1, StepKind::kStart, kThread, Access::kRead)
      .Begin(1, 4, "compact")
      .Step(1, StepKind::kLock, kIndexLock)
      .Step(1, StepKind::kUnlock, kIndexLock)
      .Decide(1, ChoiceKind::kSchedule, 1)
      .Step(2, StepKind::kStart, kThread + 1, Access::kRead)
      .Begin(2, 5, "get b")
      .Step(2, StepKind::kLockShared, kIndexLock)
      .Step(2, StepKind::kUnlockShared, kIndexLock)
      .Step(2, StepKind::kLockShared, kBufferLock)
      .Step(2, StepKind::kUnlockShared, kBufferLock)
      .End(2, "b=\"apple\"")
      .Step(2, StepKind::kExit, kThread + 1)
      .Step(1, StepKind::kLock, kBufferLock)
      .Step(1, StepKind::kUnlock, kBufferLock)
      .End(1, "compacted")
      .Step(1, StepKind::kExit, kThread)
      .Step(0, StepKind::kJoin, kThread)
      .Step(0, StepKind::kJoin, kThread + 1)
      .Step(0, StepKind::kExit, kThread)
      .Fail(FailureKind::kClaim, "another memory's bytes",
            "Get(\"b\") (operation 5) returned \"apple\", the text of a.");
  return trace.Done();
}

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_SEQUENCE_DIAGRAM_TESTING_H_
