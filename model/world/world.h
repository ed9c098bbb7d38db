// The simulated world of one execution: a scheduler, a disk and a clock, decided by one Choices.
// What a program under exploration may ask of it, and what it may report.

#ifndef ENGRAM_MODEL_WORLD_WORLD_H_
#define ENGRAM_MODEL_WORLD_WORLD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/clock.h"
#include "io/file_system.h"
#include "model/world/disk/simulated_file_system.h"
#include "model/world/scheduler.h"

namespace engram::world {

enum class NoteKind : uint8_t {
  kRemark,
  kBegin,  // of an operation
  kEnd,    // of an operation
  kCall,   // what the last step, a call of the file system, is about
};

// A remark in the trace of a replayed execution, before step `step`.
struct Note {
  uint64_t step = 0;
  uint8_t era = 0;
  uint8_t thread = 0;
  std::string text;
  NoteKind kind = NoteKind::kRemark;
  uint16_t operation = 0;  // kBegin: Operation::id
};

// Thread safety: confined to one OS thread; called from the program's simulated threads, and from
// the main stack where noted.
class World {
 public:
  World();
  ~World();

  io::FileSystem& file_system() { return file_system_; }
  io::Clock& clock() { return clock_; }

  // Marks that the calling thread does operation `id` (Operation::id) until EndOperation.
  // `describe` is called only when the execution is being told as a story.
  template <typename Describe>
  void BeginOperation(uint16_t id, const Describe& describe) {
    scheduler_.SetOperation(id);
    if (telling_) AddNote(describe(), NoteKind::kBegin, id);
  }
  // The client learns the operation's result: a point at which the world may crash, and the moment
  // from which a completed Sync must hold.
  template <typename Describe>
  void EndOperation(const Describe& describe) {
    if (telling_) AddNote(describe(), NoteKind::kEnd);
    Acknowledge();
  }

  // A number that grows with every step of any thread: real time, for histories. Any stack.
  uint64_t Now() const { return scheduler_.step_count(); }

  // A decision of the program itself, explored like any other. Returns less than `alternatives`.
  uint32_t Choose(uint32_t alternatives) {
    return scheduler_.Choose(ChoiceKind::kValue, alternatives);
  }

  // Reports that a promise was broken. `claim` names it in a few words, `detail` says what was
  // promised and what happened. Ends the execution when called from a simulated thread. Any stack.
  void Fail(std::string claim, std::string detail);

  // Adds what a thread saw to the event hash.
  void Observe(uint64_t value) { scheduler_.Observe(value); }

  // Whether a crash has happened and the calling thread is running out: what it does no longer
  // counts.
  bool winding_down() const { return scheduler_.winding_down(); }

  // ---- For the driver of executions.

  void Begin(const Bounds& bounds, Choices& choices, bool telling);
  void End();
  Scheduler& scheduler() { return scheduler_; }
  const Scheduler& scheduler() const { return scheduler_; }
  SimulatedFileSystem& disk() { return file_system_; }
  const SimulatedFileSystem& disk() const { return file_system_; }
  // Stands for what the alternative `crash` of the crash point that is being decided leaves of the
  // world: where it is equal, whatever runs then finds the same and can do the same.
  uint64_t StateAfter(uint32_t crash) const;
  const std::vector<Note>& notes() const { return notes_; }
  // Adds a remark of the calling thread if the execution is being told as a story.
  void AddNote(std::string text, NoteKind kind = NoteKind::kRemark, uint16_t operation = 0);

 private:
  class SimulatedClock final : public io::Clock {
   public:
    explicit SimulatedClock(Scheduler& scheduler) : scheduler_(scheduler) {}
    int64_t NowNs() override;
    int64_t MonotonicNs() override { return scheduler_.NowNs(); }

   private:
    Scheduler& scheduler_;
  };

  void Acknowledge();

  Scheduler scheduler_;
  SimulatedFileSystem file_system_{scheduler_};
  SimulatedClock clock_{scheduler_};
  bool telling_ = false;
  std::vector<Note> notes_;
};

// The world that is running, for programs made by FromFunction.
World& CurrentWorld();

// Fails the execution with `claim` unless `condition` holds. Only inside a program.
void Expect(bool condition, std::string_view claim,
            const sync::Location& where = sync::Location::current());

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_WORLD_H_
