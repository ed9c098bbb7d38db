// Claim: whatever fails or crashes while a file of format 1 is imported, the new store is complete
// or is not there - missing, or refused by Open - and the file keeps its bytes. After an import
// that has returned OK it is there, whatever crashes then; after one that has returned an error
// neither it nor its `.partial` is.
//
// Method: one file of five slots, imported in the simulated world: each call of the file system and
// each allocation fails, one at a time and each in turn; and many draws of crashes anywhere, with
// what survives them.
//
// Not covered: larger files, whose import does the same more often.
//
// Requirements: V1, U1, U5, U6.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "api/format_1_fixture.h"
#include "api/import_v1.h"
#include "api/memory_store.h"
#include "base/check.h"
#include "model/explore/explore.h"
#include "model/world/allocation_faults.h"

namespace engram::properties {
namespace {

using world::World;

constexpr size_t kMemories = 3;

Options TinyStore() {
  Options options;
  options.extent_bytes = kExtentBytesMin;
  options.file_bytes_max = 256 * kKiB;
  options.concurrency = 2;
  return options;
}

class Import final : public world::Scenario {
 public:
  explicit Import(World& world) : world_(world) {
    options_.store = TinyStore();
    options_.ids = {"a", "b", "never there"};
    options_.unlisted = true;
  }

  void Run() override {
    Install();
    const auto report = ImportV1(world_.file_system(), source_, target_, options_);
    if (world_.winding_down()) return;
    const world::AllocationScope none_fails;
    if (report.ok()) {
      done_ = true;
      Demand(report->imported == kMemories && report->whole(), "an import tells what it did");
      Demand(!report->partial_removed.ok() || !IsThere(partial_), "what is left is reported");
      world_.EndOperation([] { return "imported"; });
    } else {
      CheckLeft();
    }
    Check();
  }

  void Recover() override { Check(); }

 private:
  void Demand(bool condition, const std::string& claim) {
    if (!condition) world_.Fail(claim, "see the claim");
  }

  // A source that is there, durably.
  void Install() {
    const world::AllocationScope none_fails;
    image_ = V1Image(V1SamplesOfFirstLayout());
    io::FileSystem& files = world_.file_system();
    auto file = files.Open(source_, io::OpenMode::kCreateNew);
    installed_ = file.ok() && io::WriteFully(**file, FileOffset{0}, image_).ok() &&
                 (*file)->SyncData().ok() && files.SyncDirectoryOf(source_).ok();
  }

  bool IsThere(const std::string& path) {
    const auto exists = world_.file_system().Exists(path);
    return exists.ok() && *exists;
  }

  // The one call or allocation that fails has failed before.
  void CheckLeft() {
    Demand(!IsThere(target_) && !IsThere(partial_), "an import that fails leaves nothing");
  }

  void Check() {
    const world::AllocationScope none_fails;
    if (!installed_) return;
    io::FileSystem& files = world_.file_system();
    if (auto source = files.Open(source_, io::OpenMode::kReadOnly); source.ok()) {
      std::vector<std::byte> bytes(image_.size());
      const absl::Status read = io::ReadFully(**source, FileOffset{0}, bytes);
      Demand(!read.ok() || bytes == image_, "the source keeps its bytes");
    }
    const auto store = MemoryStore::Open(files, target_, options_.store);
    if (!store.ok()) {
      // What fails now may be the one call that had not failed before.
      const bool absent = absl::IsNotFound(store.status()) || absl::IsDataLoss(store.status());
      Demand(!(done_ && absent), "an import that was done is there");
      return;
    }
    Demand((*store)->Count() == kMemories, "half an import is no store");
    const auto found = (*store)->Get("a");
    Demand(!found.ok() || found->memory.has_value(), "a memory that was imported is there");
  }

  World& world_;
  const std::string source_ = "source";
  const std::string target_ = "target";
  const std::string partial_ = "target.partial";
  ImportV1Options options_;
  std::vector<std::byte> image_;
  bool installed_ = false;
  bool done_ = false;
};

void ExploreOrFail(const std::string& name, std::string_view explorer, world::Bounds bounds,
                   uint64_t executions) {
  world::Program program;
  program.name = name;
  bounds.steps_max = 200'000;
  program.bounds = bounds;
  program.make = [](World& world, std::span<const world::Operation>) {
    return std::make_unique<Import>(world);
  };
  world::ExplorerOptions options;
  options.name = explorer;
  options.aims_crashes = bounds.crashes_max > 0;
  world::Budget budget;
  budget.executions_max = executions;
  const world::Outcome outcome = world::Explore(program, options, program.bounds, budget);
  if (outcome.finding) {
    FAIL() << world::Tell(program, *outcome.finding);
  }
  EXPECT_GT(outcome.executions, 1u);
  EXPECT_TRUE(outcome.exhausted || explorer != "exhaustive");
}

TEST(AnImportIsAllOrNothing, WhicheverCallFails) {
  ExploreOrFail("import_io", "exhaustive", {.faults_max = 1}, UINT64_MAX);
}

TEST(AnImportIsAllOrNothing, WhicheverAllocationFails) {
  ExploreOrFail("import_allocation", "exhaustive", {.allocation_failures_max = 1}, UINT64_MAX);
}

TEST(AnImportIsAllOrNothing, WhereverItCrashes) {
  ExploreOrFail("import_crash", "random", {.crashes_max = 2, .tears = world::Tears::kAnySectors},
                2000);
}

}  // namespace
}  // namespace engram::properties
