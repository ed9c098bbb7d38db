// Explorers by name: which one an ExplorerOptions asks for.

#include "model/explore/explorers.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace engram::world {

absl::StatusOr<std::unique_ptr<Explorer>> MakeExplorer(const ExplorerOptions& options,
                                                       const Bounds& bounds) {
  if (options.name == "random") return MakeRandomExplorer(options.seed, options.aims_crashes);
  if (options.name == "pct") {
    if (options.depth < 1 || options.depth > 4) {
      return absl::InvalidArgumentError(
          absl::StrCat("the depth of the pct explorer is 1 to 4, not ", options.depth));
    }
    return MakePctExplorer(options.seed, options.depth, options.aims_crashes);
  }
  if (options.name == "pos") return MakePosExplorer(options.seed, options.aims_crashes);
  if (options.name == "coverage") return MakeCoverageExplorer(options.seed, options.aims_crashes);
  if (options.name == "exhaustive") return MakeExhaustiveExplorer(bounds);
  return absl::InvalidArgumentError(
      absl::StrCat("there is no explorer '", options.name,
                   "'; there are random, pct, pos, coverage and exhaustive"));
}

}  // namespace engram::world
