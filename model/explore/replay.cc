// One execution again, with all there is to tell about it.

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "model/explore/explore.h"
#include "model/explore/explorers.h"
#include "model/explore/runner.h"
#include "model/explore/token.h"

namespace engram::world {
namespace {

Failure StaleToken(const std::vector<Deviation>& unused, const std::optional<Failure>& failure) {
  Failure stale;
  stale.kind = FailureKind::kStaleToken;
  stale.claim = "stale token";
  stale.detail =
      absl::StrCat("the token names ", unused.size(),
                   " decisions that this build does not make in this execution; the first is '",
                   std::string(ChoiceKindName(unused[0].name.kind)), "' number ",
                   unused[0].name.occurrence, " of thread ", unused[0].name.thread % kThreadsMax,
                   " in operation ", unused[0].name.operation, ", alternative ", unused[0].value);
  if (failure.has_value()) absl::StrAppend(&stale.detail, "; it failed with: ", failure->claim);
  return stale;
}

// Choices about pages are named after files by number.
std::vector<std::string> FilePaths(World& world, const std::vector<Deviation>& deviations) {
  std::vector<std::string> paths;
  for (const Deviation& deviation : deviations) {
    const ChoiceKind kind = deviation.name.kind;
    if (kind != ChoiceKind::kSurvive && kind != ChoiceKind::kTear &&
        kind != ChoiceKind::kMetadata) {
      continue;
    }
    for (size_t file = paths.size(); file <= deviation.name.operation; ++file) {
      paths.push_back(world.disk().PathOf(static_cast<uint16_t>(file)));
    }
  }
  return paths;
}

}  // namespace

Replayed Replay(const Program& program, const std::vector<Operation>& operations,
                const std::vector<Deviation>& deviations, const Bounds& bounds) {
  Runner runner(program, bounds);
  Replayed replayed;
  const Scheduler& scheduler = runner.scheduler();
  const auto after_era = [&] {
    const Step* const steps = scheduler.steps();
    uint32_t threads = 1;
    for (size_t i = replayed.step_eras.size(); i < scheduler.step_count(); ++i) {
      if (steps[i].kind == StepKind::kSpawn) ++threads;
    }
    replayed.step_eras.resize(scheduler.step_count(), static_cast<uint8_t>(scheduler.era()));
    std::vector<std::string> names;
    for (uint32_t i = 0; i < threads; ++i) names.push_back(scheduler.thread_name(i));
    replayed.thread_names.push_back(std::move(names));
  };
  ReplayExplorer explorer(deviations);
  explorer.Begin(scheduler);
  runner.Run(operations, explorer, after_era);
  explorer.End();
  replayed.failure = scheduler.failure();
  if (!explorer.unused().empty()) {
    replayed.failure = StaleToken(explorer.unused(), scheduler.failure());
  }
  replayed.operations = operations;
  replayed.deviations = scheduler.deviations();
  replayed.deviation_steps = explorer.deviation_steps();
  replayed.steps.assign(scheduler.steps(), scheduler.steps() + scheduler.step_count());
  replayed.step_eras.resize(replayed.steps.size(), static_cast<uint8_t>(scheduler.era()));
  replayed.notes = runner.world().notes();
  replayed.file_paths = FilePaths(runner.world(), replayed.deviations);
  replayed.event_hash = scheduler.event_hash();
  return replayed;
}

absl::StatusOr<Replayed> Replay(const Program& program, const std::string& token,
                                const Bounds& bounds) {
  ENGRAM_ASSIGN_OR_RETURN(const DecodedToken decoded, DecodeToken(token));
  if (decoded.program != program.name) {
    return absl::InvalidArgumentError(absl::StrCat("the token is of program '", decoded.program,
                                                   "', not of '", program.name, "'"));
  }
  return Replay(program, decoded.operations, decoded.deviations, bounds);
}

}  // namespace engram::world
