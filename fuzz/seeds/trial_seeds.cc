// fuzz_trial_seeds DIRECTORY: writes seeds for fuzz_operations and fuzz_schedule into
// DIRECTORY/operations and DIRECTORY/schedule: what the suites of engram-verify would explore. For
// each program some of its lists of operations, under a random schedule with crashes aimed evenly;
// and of the small programs about crashes, executions one after the other as the exhaustive
// explorer enumerates them, so that crashes come at every point with every image that they may
// leave.
//
// Not a fuzz target; `ci/fuzz TARGET --merge` calls it, and keeps of the seeds what covers more.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/trials/trial_target.h"
#include "model/explore/explorers.h"
#include "model/explore/runner.h"
#include "model/explore/token.h"

namespace engram::fuzz {
namespace {

constexpr int kListsOfEach = 60;
// Enough for every crash, not for all that may be lost in each.
constexpr int kEnumeratedOfEach = 2'000;
constexpr int kEnumeratedKeptOneIn = 20;

class SeedWriter {
 public:
  explicit SeedWriter(std::filesystem::path directory) : directory_(std::move(directory)) {
    std::filesystem::create_directories(directory_);
  }

  bool Write(const std::string& text) {
    std::ofstream file(directory_ / ("seed-" + std::to_string(written_++)), std::ios::binary);
    file << text;
    return file.good();
  }

 private:
  const std::filesystem::path directory_;
  int written_ = 0;
};

bool WriteExecutions(const world::Program& program, world::Explorer& explorer, int executions,
                     int kept_one_in, SeedWriter& writer) {
  world::Runner runner(program, program.bounds);
  std::vector<world::Operation> operations;
  for (int i = 0; i < executions && explorer.Begin(runner.scheduler()); ++i) {
    if (const std::optional<uint64_t> list = explorer.operation_list(); list || i == 0) {
      operations = program.generate(list.value_or(0) + 1);
    }
    runner.Run(operations, explorer);
    explorer.End();
    if (i % kept_one_in != 0) continue;
    const auto& deviations = runner.scheduler().deviations();
    if (!writer.Write(world::EncodeToken(program.name, operations, deviations))) return false;
  }
  return true;
}

bool WriteSchedules(SeedWriter& writer) {
  for (const stress::StoreProgram& tried : SchedulePrograms()) {
    const world::Program& program = tried.program;
    const bool is_written =
        tried.exhaustive
            ? WriteExecutions(program, *world::MakeExhaustiveExplorer(program.bounds),
                              kEnumeratedOfEach, kEnumeratedKeptOneIn, writer)
            : WriteExecutions(program,
                              *world::MakeRandomExplorer(1, program.bounds.crashes_max > 0),
                              kListsOfEach, 1, writer);
    if (!is_written) return false;
  }
  return true;
}

bool WriteOperations(SeedWriter& writer) {
  for (const stress::StoreProgram& tried : OperationsPrograms()) {
    for (uint64_t seed = 1; seed <= kListsOfEach; ++seed) {
      const std::vector<world::Operation> operations = tried.program.generate(seed);
      if (!writer.Write(world::EncodeToken(tried.program.name, operations, {}))) return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace engram::fuzz

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fputs("usage: fuzz_trial_seeds DIRECTORY\n", stderr);
    return 2;
  }
  const std::filesystem::path directory = arguments[1];
  engram::fuzz::SeedWriter operations(directory / "operations");
  engram::fuzz::SeedWriter schedule(directory / "schedule");
  if (engram::fuzz::WriteOperations(operations) && engram::fuzz::WriteSchedules(schedule)) return 0;
  std::fprintf(stderr, "fuzz_trial_seeds: cannot write into %s\n", arguments[1]);
  return 2;
}
