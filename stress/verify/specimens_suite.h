// The suite `specimens`: designs that failed must be condemned, each for what is wrong with it and
// for nothing else, and the twins that do it right must pass.

#ifndef ENGRAM_STRESS_VERIFY_SPECIMENS_SUITE_H_
#define ENGRAM_STRESS_VERIFY_SPECIMENS_SUITE_H_

#include "stress/specimens/specimens.h"
#include "stress/verify/suites.h"

namespace engram::verify {

Suite MakeSpecimensSuite();

// Explores `specimens` under each explorer that `run` uses. A claim that no explorer finds, one
// that a specimen is not condemned for, and anything found in a twin are failures.
SuiteResult ExploreSpecimens(const std::vector<specimens::Specimen>& specimens, SuiteRun& run);

// What is explored of `specimen` by `explorer`.
world::Bounds BoundsFor(const specimens::Specimen& specimen, std::string_view explorer);

// `finding` in numbers: its shortest schedule.
Verdict VerdictOf(const world::Program& program, const world::Bounds& bounds,
                  std::string_view explorer, const world::Finding& finding);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_SPECIMENS_SUITE_H_
