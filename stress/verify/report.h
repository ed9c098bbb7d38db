// What a run found, as data, and the same as JSON for machines.

#ifndef ENGRAM_STRESS_VERIFY_REPORT_H_
#define ENGRAM_STRESS_VERIFY_REPORT_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/explore/explore.h"
#include "nlohmann/json_fwd.hpp"

namespace engram::verify {

// Something that should not have been found.
struct FailureReport {
  std::string token;    // empty if no single execution shows it
  std::string summary;  // one line
  std::string story;    // the whole text for a person
  // What the run had spent when it was found, shrinking left out; 0 if no single execution shows
  // it.
  uint64_t executions = 0;
  double cpu_seconds = 0;
};

// A claim that a design was condemned for, or, with an empty claim, that nothing was found.
struct Verdict {
  std::string program;
  std::string claim;
  std::string explorer;
  std::string token;        // of the minimal execution
  uint64_t executions = 0;  // until it was found; of all that found nothing
  double cpu_seconds = 0;
  uint32_t steps = 0;          // of the minimal execution
  uint32_t interruptions = 0;  // of the minimal execution: threads stopped that could have gone on
  bool exhausted = false;      // every class of equivalent executions within the bounds was covered

  // Whether its minimal execution is easier to understand.
  bool IsShorterThan(const Verdict& other) const;
};

// What exploring one program came to, in all of its rounds.
struct ProgramRow {
  std::string program;
  uint64_t classes = 0;     // of the exhaustive explorer; else executions
  uint64_t executions = 0;  // run
  uint64_t redundant = 0;
  bool exhausted = false;
  bool failed = false;
  double cpu_seconds = 0;

  // Nothing more can come of it.
  bool is_done() const { return exhausted && !failed; }
};

// A suite as one explorer ran it: an entry of "suites" in the JSON.
struct Part {
  std::string suite;
  std::string explorer;
  uint64_t executions = 0;
  uint64_t redundant = 0;
  uint64_t classes_met_again = 0;  // see world::Outcome
  uint64_t crashes_met_again = 0;
  uint64_t operations = 0;
  std::map<std::string, uint64_t> operation_kinds;
  uint64_t scheduling_points = 0;
  uint64_t crashes = 0;
  uint64_t recoveries = 0;  // one after each crash; the last one of an execution is judged
  uint64_t faults = 0;
  double seconds = 0;  // of wall time
  double cpu_seconds = 0;
  uint64_t event_hash = 0;  // over all executions in order
  std::vector<Verdict> verdicts;
  std::vector<ProgramRow> programs;  // in the order in which they were explored
  std::vector<FailureReport> failures;

  // Adds what exploring `program` came to.
  void Add(const world::Program& program, const world::Outcome& outcome);
};

struct Report {
  uint64_t seed = 1;
  std::vector<Part> parts;
  std::string scoreboard;  // for people

  bool failed() const;
};

nlohmann::ordered_json ToJson(const Report& report);

// The exhaustive rows of a report that ToJson made, by program, that are done: what need not be
// explored again by the same build. INVALID_ARGUMENT if the text is no such report.
absl::StatusOr<std::map<std::string, ProgramRow>> DoneIn(const std::string& json);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_REPORT_H_
