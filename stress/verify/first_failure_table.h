// How long it takes to find each specimen's first failure: a table over many seeds, as Markdown.

#ifndef ENGRAM_STRESS_VERIFY_FIRST_FAILURE_TABLE_H_
#define ENGRAM_STRESS_VERIFY_FIRST_FAILURE_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stress/specimens/specimens.h"
#include "stress/verify/progress_line.h"

namespace engram::verify {

// What it cost to find a failure with one seed.
struct Cost {
  uint64_t executions = 0;
  double cpu_seconds = 0;
  bool found = false;
};

// Costs of one specimen under one explorer, over all seeds.
struct CostRow {
  std::string program;
  std::string explorer;
  std::vector<Cost> costs;
};

// Explores each condemned specimen from `seeds` seeds, `first_seed` and those after it; each
// exploration ends with the first failure or after `executions_max` executions. The exhaustive
// explorer draws no lots and runs once.
std::vector<CostRow> MeasureFirstFailures(const std::vector<specimens::Specimen>& specimens,
                                          uint64_t first_seed, uint64_t seeds,
                                          uint64_t executions_max, std::string_view only_explorer,
                                          ProgressLine& progress);

// Median, 95th percentile and maximum of executions and of CPU time. Seeds with which nothing was
// found count as more than all others, and are shown as a number after "not found".
std::string CostTable(const std::vector<CostRow>& rows);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_FIRST_FAILURE_TABLE_H_
