// The suites that engram-verify can run, and the programs in them.
//
// A suite explores some programs under some explorers, knows what must be found in each, and says
// what was. A new one is a file with a function that returns a Suite, and a line in suites.cc.

#ifndef ENGRAM_STRESS_VERIFY_SUITES_H_
#define ENGRAM_STRESS_VERIFY_SUITES_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/program.h"
#include "stress/verify/report.h"
#include "stress/verify/suite_run.h"

namespace engram::verify {

// A program that tokens can name.
struct ProgramEntry {
  world::Program program;
  std::string about;     // a sentence or two
  std::string expected;  // what is expected to be found: a sentence
  // Tokens may come from explorations within other bounds than `program.bounds`; tried in order.
  std::vector<world::Bounds> other_bounds;
};

// What a suite found: one part per explorer, and what a person should read.
struct SuiteResult {
  std::vector<Part> parts;
  std::string scoreboard;
};

struct Suite {
  std::string name;
  std::string title;        // what it shows, in a sentence
  bool on_request = false;  // not part of all
  double weight = 1;        // its share of an allowance, in proportion to the others'
  std::function<SuiteResult(SuiteRun&)> run;
  std::function<std::vector<ProgramEntry>()> programs;
};

// All of them, in the order in which they run. Made once; immutable.
const std::vector<Suite>& Suites();

// Null if there is none.
const Suite* FindSuite(std::string_view name);
const ProgramEntry* FindProgram(std::string_view name);

// Runs `suites`, sharing `run.allowance` among them.
Report RunSuites(const std::vector<const Suite*>& suites, SuiteRun& run);

// The explorers that suites use, in the order in which they run: what has an end comes first, walks
// use up what is left. Some run only if they are asked for (SuiteRun::Uses).
inline constexpr std::string_view kExplorers[] = {"exhaustive", "random", "pct", "pos", "coverage"};

// The finding as a report: its summary and the whole story.
FailureReport ReportOf(const world::Program& program, const world::Finding& finding);
// The same of the finding that `outcome` ended with, which `run` has just explored: with what the
// run had spent by then. REQUIRES: there is one.
FailureReport ReportOf(const world::Program& program, const world::Outcome& outcome,
                       const SuiteRun& run);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_SUITES_H_
