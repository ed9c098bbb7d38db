// Runs the operations of a few clients against a specimen, and judges what they saw with the
// history oracle.
//
// Operations are fixed lists, so that the exhaustive explorer has an end, and one execution differs
// from the next in its schedule, faults and crashes alone. Each client records its calls in a
// vector of its own.

#ifndef ENGRAM_STRESS_SPECIMENS_SPECIMEN_SCENARIO_H_
#define ENGRAM_STRESS_SPECIMENS_SPECIMEN_SCENARIO_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/bounds.h"
#include "model/world/program.h"
#include "stress/specimens/specimen_store.h"

namespace engram::specimens {

// Who does an operation.
enum Client : uint8_t {
  kBefore = 0,  // the main thread, before the others are started
  kFirst = 1,   // threads, side by side
  kSecond = 2,
  kThird = 3,
  kAfter = 4,       // the main thread, when the others have ended
  kAfterCrash = 5,  // the main thread, after each crash, when the store is open again
};
inline constexpr int kClients = 6;

enum class Verb : uint8_t {
  kStore,
  kGet,
  kRemove,
  kActivate,
  kSync,
  kCompact,
  kDemote,
  kPromote,
};

// One operation; `id` is a letter, `text` one of a few known words, `percent` of a full activation.
world::Operation Store(Client client, char id, std::string_view text);
world::Operation Get(Client client, char id);
world::Operation Remove(Client client, char id);
world::Operation Activate(Client client, char id, uint32_t percent);
world::Operation Sync(Client client);
world::Operation Compact(Client client);
world::Operation Demote(Client client, char id);
world::Operation Promote(Client client, char id);

// The operation as a text for a person: `store a="apple"`.
std::string DescribeOperation(const world::Operation& operation);

// The program in which clients do `operations` on the store that `open` opens.
world::Program MakeProgram(std::string name, OpenSpecimen open,
                           std::vector<world::Operation> operations, const world::Bounds& bounds);

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_SPECIMEN_SCENARIO_H_
