// Which allocations are asked about, and what a failing one does.

#include "model/world/allocation_faults.h"

#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/file_system_contract.h"
#include "model/world/disk/disk_testing.h"
#include "model/world/world.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

using testing::UnorderedElementsAre;

// What `main` returns under all choices, with at most `failures_max` failing allocations.
std::multiset<std::string> EveryResult(uint32_t failures_max,
                                       const std::function<std::string()>& main) {
  static World& world = *new World();
  Bounds bounds;
  bounds.allocation_failures_max = failures_max;
  EveryWorldAnswer answers;
  std::multiset<std::string> results;
  do {
    std::string result(100, ' ');
    world.Begin(bounds, answers, false);
    world.scheduler().RunEra([&] {
      const std::string returned = main();
      const AllocationScope harness;
      result = returned;
    });
    EXPECT_FALSE(world.scheduler().failed());
    world.End();
    results.insert(result);
  } while (answers.Next());
  return results;
}

std::string Allocate(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    try {
      delete new int(i);
      text += "y";
    } catch (const std::bad_alloc&) {
      text += "n";
    }
  }
  return text;
}

TEST(AllocationFaults, EachAllocationMayFailAsOftenAsTheBoundsAllow) {
  EXPECT_THAT(EveryResult(0, [] { return Allocate(3); }), UnorderedElementsAre("yyy"));
  EXPECT_THAT(EveryResult(1, [] { return Allocate(3); }),
              UnorderedElementsAre("yyy", "nyy", "yny", "yyn"));
  EXPECT_THAT(EveryResult(2, [] { return Allocate(3); }),
              UnorderedElementsAre("yyy", "nyy", "yny", "yyn", "nny", "nyn", "ynn"));
}

TEST(AllocationFaults, FormsThatDoNotThrowReturnNull) {
  struct alignas(64) Wide {
    char bytes[64];
  };
  EXPECT_THAT(EveryResult(1,
                          [] {
                            const std::unique_ptr<Wide> wide(new (std::nothrow) Wide());
                            const bool aligned = reinterpret_cast<uintptr_t>(wide.get()) % 64 == 0;
                            EXPECT_TRUE(aligned);
                            return std::string(wide == nullptr ? "null" : "wide");
                          }),
              UnorderedElementsAre("null", "wide"));
}

TEST(AllocationFaults, TheHarnessIsSpared) {
  EXPECT_THAT(EveryResult(5,
                          [] {
                            const AllocationScope outer;
                            const AllocationScope inner;
                            return Allocate(3);
                          }),
              UnorderedElementsAre("yyy"));
}

TEST(AllocationFaults, AScopeCoversItsOwnThreadOnlyAcrossSchedulingPoints) {
  EXPECT_THAT(EveryResult(1,
                          [] {
                            std::string text;
                            std::unique_ptr<sync::Thread> other;
                            {
                              const AllocationScope harness;
                              other = std::make_unique<sync::Thread>("other", [&] {
                                const bool failed = Allocate(1) == "n";
                                const AllocationScope inner;
                                text = failed ? "other fails" : "other goes on";
                              });
                              other->Join();
                              EXPECT_EQ(Allocate(3), "yyy");
                              other.reset();
                            }
                            return text;
                          }),
              UnorderedElementsAre("other fails", "other goes on"));
}

TEST(AllocationFaults, TheSimulatedKernelIsSpared) {
  EXPECT_THAT(EveryResult(5,
                          [] {
                            io::FileSystem& files = CurrentWorld().file_system();
                            auto file = files.Open("f", io::OpenMode::kCreateNew);
                            bool good = (*file)->Write(FileOffset{0}, io::BytesOf("abc")).ok();
                            good = good && (*file)->SyncData().ok() && (*file)->Map(100).ok();
                            good =
                                good && !files.Open("there/is/none", io::OpenMode::kReadOnly).ok();
                            return std::string(good ? "good" : "bad");
                          }),
              UnorderedElementsAre("good"));
}

TEST(AllocationFaults, OutsideOfTheProgramNothingFails) {
  World world;
  EveryWorldAnswer answers;
  Bounds bounds;
  bounds.allocation_failures_max = 5;
  world.Begin(bounds, answers, false);
  EXPECT_EQ(Allocate(3), "yyy");
  world.scheduler().RunEra([] {});
  EXPECT_EQ(Allocate(3), "yyy");
  world.End();
  EXPECT_EQ(answers.asked(), 0u);
  EXPECT_EQ(AllocationFailures(), 0u);
}

}  // namespace
}  // namespace engram::world
