// The specimens: designs that failed, each beside a twin that does it right. What the harness must
// condemn, for what, and what it must let pass.
//
// The first four are the content store and the migration of an earlier implementation, as they ran
// in the field and as two careful reviews wanted to mend them; the others are classics that such
// stores repeat.

#ifndef ENGRAM_STRESS_SPECIMENS_SPECIMENS_H_
#define ENGRAM_STRESS_SPECIMENS_SPECIMENS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/bounds.h"
#include "model/world/program.h"

namespace engram::specimens {

struct Specimen {
  // Does what the twin's program does, so that they differ in their design alone. `program.bounds`
  // are for random and pct explorers.
  world::Program program;
  // Twins: why it is right. Others: what its authors, or reviewers, believed.
  std::string belief;
  // The claims of model/history_oracle.h that it breaks: all of them, and no other. Empty for
  // twins.
  std::vector<std::string> condemned_for;
  bool is_twin = false;
  std::string twin_of;  // the name of the condemned program, for twins
  // What an exhaustive explorer covers, and a limit to the classes of executions that it takes (0:
  // none).
  world::Bounds exhaustive_bounds;
  uint64_t exhaustive_classes_max = 0;
};

// All of them, each followed by its twin. Made once; immutable.
const std::vector<Specimen>& Specimens();

// The specimen whose program has this name, or null.
const Specimen* FindSpecimen(std::string_view name);

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_SPECIMENS_H_
