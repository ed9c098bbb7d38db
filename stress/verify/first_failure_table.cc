// Measuring and printing the costs of first failures.

#include "stress/verify/first_failure_table.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "absl/strings/str_format.h"
#include "model/tell/words.h"
#include "stress/verify/duration.h"
#include "stress/verify/specimens_suite.h"

namespace engram::verify {
namespace {

using world::Words;

// The smallest value that at least `share` of the sorted `values` do not exceed.
template <typename Value>
Value Quantile(const std::vector<Value>& values, double share) {
  const double rank = std::ceil(share * static_cast<double>(values.size()));
  return values[static_cast<size_t>(std::max(rank, 1.0)) - 1];
}

// Cells for median, 95th percentile and maximum; a cost that was not found is more than any other.
template <typename Value>
std::string Cells(const CostRow& row, const std::function<Value(const Cost&)>& value,
                  const std::function<std::string(Value)>& text) {
  std::vector<std::pair<bool, Value>> sorted;
  for (const Cost& cost : row.costs) sorted.emplace_back(!cost.found, value(cost));
  std::sort(sorted.begin(), sorted.end());
  std::string cells;
  for (const double share : {0.5, 0.95, 1.0}) {
    const auto& [missed, spent] = Quantile(sorted, share);
    cells += missed ? Words(" > ", text(spent), " |") : Words(" ", text(spent), " |");
  }
  return cells;
}

}  // namespace

std::vector<CostRow> MeasureFirstFailures(const std::vector<specimens::Specimen>& specimens,
                                          uint64_t first_seed, uint64_t seeds,
                                          uint64_t executions_max, std::string_view only_explorer,
                                          ProgressLine& progress) {
  std::vector<CostRow> rows;
  for (const specimens::Specimen& specimen : specimens) {
    if (specimen.is_twin) continue;
    for (const std::string_view explorer : kExplorers) {
      if (!only_explorer.empty() && only_explorer != explorer) continue;
      CostRow& row = rows.emplace_back();
      row.program = specimen.program.name;
      row.explorer = explorer;
      const uint64_t runs = explorer == "exhaustive" ? 1 : seeds;
      for (uint64_t i = 0; i < runs; ++i) {
        progress.Show(
            Words("first failures  ", row.program, "  ", explorer, "  seed ", i + 1, " of ", runs));
        world::ExplorerOptions options;
        options.name = explorer;
        options.seed = first_seed + i;
        world::Budget budget;
        budget.executions_max = executions_max;
        budget.shrink = false;
        const world::Outcome outcome =
            world::Explore(specimen.program, options, BoundsFor(specimen, explorer), budget);
        Cost& cost = row.costs.emplace_back();
        cost.found = outcome.finding.has_value();
        cost.executions = cost.found ? outcome.executions_to_finding : outcome.executions;
        cost.cpu_seconds = cost.found ? outcome.cpu_seconds_to_finding : outcome.cpu_seconds;
      }
    }
  }
  return rows;
}

std::string CostTable(const std::vector<CostRow>& rows) {
  std::string text =
      "| design | explorer | seeds | executions: median | p95 | max | CPU time: median | p95 | max "
      "|\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const CostRow& row : rows) {
    if (row.costs.empty()) continue;
    const auto missed = std::count_if(row.costs.begin(), row.costs.end(),
                                      [](const Cost& cost) { return !cost.found; });
    const std::string seeds = missed == 0 ? Words(row.costs.size())
                                          : Words(row.costs.size(), ", not found with ", missed);
    text += Words("| ", row.program, " | ", row.explorer, " | ", seeds, " |");
    text += Cells<uint64_t>(row, [](const Cost& cost) { return cost.executions; }, Grouped);
    text += Cells<double>(row, [](const Cost& cost) { return cost.cpu_seconds; }, DurationText);
    text += "\n";
  }
  return text;
}

}  // namespace engram::verify
