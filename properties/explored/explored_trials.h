// Claims that need the simulated world: RapidCheck draws operations, an explorer answers everything
// else - threads, crashes, what survives them, faults - many times over for each list. A failing
// list shrinks, and the explorer's token replays its worst execution.

#ifndef ENGRAM_PROPERTIES_EXPLORED_EXPLORED_TRIALS_H_
#define ENGRAM_PROPERTIES_EXPLORED_EXPLORED_TRIALS_H_

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "api/memory_store.h"
#include "model/explore/explore.h"
#include "stress/store/memory_table.h"
#include "stress/store/operations.h"
#include "stress/store/store_scenario.h"

namespace engram::properties {

using Operations = std::vector<world::Operation>;

inline rc::Gen<world::Operation> AnyOperation(std::vector<stress::Client> clients,
                                              std::vector<stress::Verb> verbs) {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::elementOf(std::move(clients)), rc::gen::elementOf(std::move(verbs)),
                     rc::gen::inRange<uint16_t>(0, 3),
                     rc::gen::inRange<uint32_t>(0, stress::kValues)),
      [](const std::tuple<stress::Client, stress::Verb, uint16_t, uint32_t>& drawn) {
        return std::apply(stress::MakeOperation, drawn);
      });
}

// Explores `operations` from a drawn seed; what is found fails the property with its whole story.
inline void ExploreOrFail(stress::Trial trial, Operations operations, uint64_t executions) {
  trial.open = [](io::FileSystem& files, const std::string& path, const Options& options) {
    return MemoryStore::Open(files, path, options);
  };
  trial.bounds.steps_max = 200'000;
  operations = stress::Numbered(std::move(operations));
  trial.generate = [operations](uint64_t) { return operations; };
  const world::Program program = stress::MakeProgram(std::move(trial));
  world::ExplorerOptions options;
  options.seed = *rc::gen::noShrink(rc::gen::arbitrary<uint64_t>());
  options.aims_crashes = program.bounds.crashes_max > 0;
  world::Budget budget;
  budget.executions_max = executions;
  const world::Outcome outcome = world::Explore(program, options, program.bounds, budget);
  if (outcome.finding) RC_FAIL(world::Tell(program, *outcome.finding));
}

}  // namespace engram::properties

// How RapidCheck prints an operation.
namespace engram::world {
inline void showValue(const Operation& operation, std::ostream& out) {
  out << stress::DescribeOperation(operation);
}
}  // namespace engram::world

#endif  // ENGRAM_PROPERTIES_EXPLORED_EXPLORED_TRIALS_H_
