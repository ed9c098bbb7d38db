// Programs of which everything is known: how many classes of equivalent executions they have, which
// outcomes are possible, which mistake is in them. An explorer that misses a class, or a world that
// allows an outcome that the machine does not, is found out by them.
//
// Where the numbers come from is said beside each in self_programs.cc; none of them was measured.

#ifndef ENGRAM_STRESS_VERIFY_SELF_PROGRAMS_H_
#define ENGRAM_STRESS_VERIFY_SELF_PROGRAMS_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/world/program.h"

namespace engram::verify {

// What the executions of a program came to, as short texts.
using Outcomes = std::set<std::string>;

struct KnownProgram {
  world::Program program;
  std::string title;
  uint64_t classes = 0;            // of executions; 0: nobody has counted
  std::shared_ptr<Outcomes> seen;  // grows with each execution
  Outcomes possible;               // all that are, and no others
  std::string claim;               // of the failure that must be found; empty: it never fails
};

// A fresh set of them, with nothing seen yet.
std::vector<KnownProgram> KnownPrograms();

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_SELF_PROGRAMS_H_
