// What can be explored: a program written against src/sync and src/io.
//
// The smallest one is a function (see FromFunction). A larger one has operations, which the harness
// generates, passes in, and leaves out one by one to shrink a failure; a recovery, which runs after
// a crash; and a judge, which looks at what the clients saw.

#ifndef ENGRAM_MODEL_WORLD_PROGRAM_H_
#define ENGRAM_MODEL_WORLD_PROGRAM_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/world/bounds.h"

namespace engram::world {

class World;

// One thing that a client does, as readable data. What kind, key and value mean is the program's
// affair.
struct Operation {
  uint16_t id = 0;     // 1, 2, ... in generation order; stays when others are left out
  uint8_t client = 0;  // which client does it
  uint8_t kind = 0;
  uint16_t key = 0;
  uint32_t value = 0;

  friend bool operator==(const Operation&, const Operation&) = default;
};

// One execution of a program. Made before, and destroyed after, on the scheduler's own stack, where
// sync and io operations take effect at once.
class Scenario {
 public:
  virtual ~Scenario() = default;

  // The program's main thread. It may spawn threads, and joins them.
  virtual void Run() = 0;

  // The main thread after the n-th crash, over what survived. Everything that was in RAM is gone:
  // what the scenario keeps across a crash is the observer's knowledge, not the program's.
  virtual void Recover() {}

  // Stands for all that Recover and Judge depend on beside the world and the operations: what a
  // crash now would leave of the observer's knowledge. Where it is equal, a crash that leaves the
  // same world is explored once. Nothing: no such number is known. On any stack, between steps.
  virtual std::optional<uint64_t> Knowledge() const { return std::nullopt; }

  // After the last thread has ended: compares what was observed with what was promised
  // (world.Fail).
  virtual void Judge() {}
};

struct Program {
  std::string name;
  Bounds bounds;
  // The operations of one execution, a pure function of `seed`; null: there are none.
  std::function<std::vector<Operation>(uint64_t seed)> generate;
  std::function<std::string(const Operation&)> describe;  // null if there are no operations
  std::function<std::unique_ptr<Scenario>(World&, std::span<const Operation>)> make;
};

// A program without operations, crashes or judge: `body` is its main thread and calls
// world::Expect.
Program FromFunction(std::string name, std::function<void()> body, Bounds bounds = {});

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_PROGRAM_H_
