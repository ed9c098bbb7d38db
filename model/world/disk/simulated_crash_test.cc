// Crashes inside of a world: where they can come, what recovery finds, and what becomes of the
// process that crashed. What they leave of bytes and names is tested in disk_file_test.cc and
// simulated_disk_test.cc.

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/file_system_contract.h"
#include "model/world/disk/disk_testing.h"
#include "model/world/world_testing.h"

namespace engram::world {
namespace {

using io::BytesOf;
using io::OpenMode;
using io::OpenOrFail;
using io::ReadText;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(SimulatedCrash, CrashesAfterEachEffectLeaveExactlyTheAllowedImages) {
  World world;
  EveryWorldAnswer answers;
  std::set<std::string> recovered;
  Bounds bounds;
  bounds.crashes_max = 1;
  do {
    world.Begin(bounds, answers, false);
    world.disk().Install("f", BytesOf("aa"));
    world.scheduler().RunEra([] {
      auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
      for (const auto& [offset, text] : {std::pair(0, "b"), std::pair(1, "c")}) {
        const absl::Status written =
            io::WriteFully(*file, FileOffset{static_cast<uint64_t>(offset)}, BytesOf(text));
        if (!written.ok() || !file->SyncData().ok()) return;
      }
    });
    const std::string era = world.scheduler().crashed() ? "crashed " : "ended ";
    if (world.scheduler().crashed()) {
      world.scheduler().RunEra([&] {
        auto file = OpenOrFail(Disk(), "f", OpenMode::kReadOnly);
        recovered.insert(era + ReadText(*file, 0, 2));
      });
    } else {
      recovered.insert(era + Runs(world.disk().Contents("f")));
    }
    world.End();
  } while (answers.Next());
  EXPECT_THAT(recovered,
              UnorderedElementsAre("crashed aa", "crashed ba", "crashed bc", "ended bc"));
}

TEST(SimulatedCrash, AKillIsOfferedOnlyWhereAPowerLossWouldDiffer) {
  Bounds bounds;
  bounds.crashes_max = 1;
  Script script;
  const auto main = [] {
    auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
    EXPECT_TRUE(io::WriteFully(*file, FileOffset{0}, BytesOf("b")).ok());
    EXPECT_TRUE(file->SyncData().ok());
  };
  const auto prepare = [](SimulatedFileSystem& disk) { disk.Install("f", BytesOf("a")); };
  {
    ErasRun ran(bounds, script, {main}, prepare);
  }
  EXPECT_THAT(script.asked[ChoiceKind::kCrash], ElementsAre(3, 2));
  bounds.kills = false;
  Script without_kills;
  {
    ErasRun ran(bounds, without_kills, {main}, prepare);
  }
  EXPECT_THAT(without_kills.asked[ChoiceKind::kCrash], ElementsAre(2, 2));
}

TEST(SimulatedCrash, WithoutPowerLossesTheCrashIsAKill) {
  Bounds bounds;
  bounds.crashes_max = 1;
  bounds.power_losses = false;
  Script script({{ChoiceKind::kCrash, {1}}});
  std::string seen;
  ErasRun ran(bounds, script,
              {[] {
                 auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                 EXPECT_FALSE(file->Write(FileOffset{0}, BytesOf("b")).ok());
               },
               [&] {
                 auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                 seen = ReadText(*file, 0, 1);
               }},
              [](SimulatedFileSystem& disk) { disk.Install("f", BytesOf("a")); });
  EXPECT_EQ(seen, "b");
  EXPECT_THAT(script.asked[ChoiceKind::kCrash], ElementsAre(2));
  EXPECT_TRUE(script.asked[ChoiceKind::kSurvive].empty());
}

TEST(SimulatedCrash, AKillKeepsUnsyncedBytesAndAnotherCrashIsWithinBounds) {
  Bounds bounds;
  bounds.crashes_max = 2;
  // Kill after the write; power loss after the second era's only effect, which loses the first
  // write.
  Script script({{ChoiceKind::kCrash, {2, 1}}, {ChoiceKind::kSurvive, {1}}});
  std::vector<std::string> seen;
  const auto read = [&] {
    auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
    seen.push_back(ReadText(*file, 0, 1));
    EXPECT_EQ(Disk().SyncDirectoryOf("f").ok(), seen.size() == 2);
  };
  ErasRun ran(bounds, script,
              {[] {
                 auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                 EXPECT_EQ(file->Write(FileOffset{0}, BytesOf("b")).status().code(),
                           absl::StatusCode::kUnavailable);
               },
               read, read},
              [](SimulatedFileSystem& disk) { disk.Install("f", BytesOf("a")); });
  EXPECT_THAT(seen, ElementsAre("b", "a"));
  EXPECT_EQ(ran.world().disk().counts().crashes, 2u);
  EXPECT_EQ(ran.world().disk().counts().pages_decided, 1u);
}

TEST(SimulatedCrash, WhatACrashedProcessHeldIsDeadButHarmless) {
  Bounds bounds;
  bounds.crashes_max = 1;
  Script script({{ChoiceKind::kCrash, {0, 1}}, {ChoiceKind::kSurvive, {1}}});
  std::unique_ptr<io::File> file;
  std::unique_ptr<io::Mapping> mapping;
  const std::byte* seen = nullptr;
  ErasRun ran(bounds, script,
              {[&] {
                 file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                 EXPECT_TRUE(file->Lock().ok());
                 mapping = *file->Map(io::kPageBytes * 4);
                 EXPECT_TRUE(file->Write(FileOffset{0}, BytesOf("new")).ok());
                 seen = mapping->Bytes(FileOffset{0}, 3);
                 EXPECT_EQ(Runs({seen, 3}), "new");
                 EXPECT_FALSE(file->Write(FileOffset{0}, BytesOf("NEW")).ok());
                 // Winding down: nothing works, nothing falls over.
                 EXPECT_EQ(file->Size().status().code(), absl::StatusCode::kUnavailable);
                 EXPECT_EQ(Disk().Open("f", OpenMode::kReadOnly).status().code(),
                           absl::StatusCode::kUnavailable);
                 EXPECT_EQ(Runs({mapping->Bytes(FileOffset{0}, 3), 3}), "NEW");
               },
               [&] {
                 auto survivor = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                 EXPECT_TRUE(survivor->Lock().ok());
                 EXPECT_EQ(ReadText(*survivor, 0, 3), "new");
                 const uint64_t steps = CurrentWorld().Now();
                 const absl::Status status = file->Write(FileOffset{0}, BytesOf("x")).status();
                 EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
                 EXPECT_THAT(std::string(status.message()),
                             HasSubstr("write f at offset 0, 1 bytes"));
                 EXPECT_EQ(mapping->Bytes(FileOffset{0}, 3), seen);
                 EXPECT_EQ(Runs({seen, 3}), "NEW") << "what it showed when its process died";
                 EXPECT_EQ(Runs({mapping->Bytes(FileOffset{io::kPageBytes}, 3), 3}), "3.");
                 mapping.reset();
                 file.reset();
                 EXPECT_EQ(CurrentWorld().Now(), steps) << "the dead take no steps";
                 EXPECT_TRUE(survivor->Lock().ok());
               }},
              [](SimulatedFileSystem& disk) { disk.Install("f", BytesOf("old")); });
  EXPECT_FALSE(ran.failure().has_value());
  EXPECT_TRUE(ran.world().disk().counts().crashes == 1);
}

TEST(SimulatedCrash, AFailedSyncKeepsOrRevertsWhatIsVisibleAndIsACrashPoint) {
  for (uint32_t revert : {0u, 1u}) {
    Bounds bounds;
    bounds.faults_max = 1;
    bounds.crashes_max = 1;
    // open, write, failing sync, sync; the power loss comes after the second sync.
    Script script({{ChoiceKind::kFault, {0, 0, 1}},
                   {ChoiceKind::kRevert, {revert}},
                   {ChoiceKind::kCrash, {0, 0, 1}}});
    std::string visible;
    std::string recovered;
    ErasRun ran(
        bounds, script,
        {[&] {
           auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
           EXPECT_TRUE(file->Write(FileOffset{0}, BytesOf("b")).ok());
           EXPECT_EQ(file->SyncData().code(), absl::StatusCode::kUnavailable);
           visible = ReadText(*file, 0, 2);
           file->SyncData().IgnoreError();
         },
         [&] { recovered = ReadText(*OpenOrFail(Disk(), "f", OpenMode::kReadOnly), 0, 2); }},
        [](SimulatedFileSystem& disk) { disk.Install("f", BytesOf("aa")); });
    EXPECT_EQ(visible, revert == 0 ? "ba" : "aa");
    EXPECT_EQ(recovered, "aa");
  }
}

}  // namespace
}  // namespace engram::world
