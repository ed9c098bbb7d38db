// What kills and failed syncs leave of a file, at once and after a power loss: sets of all images
// against sets worked out by hand.

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/world/disk/disk_file.h"
#include "model/world/disk/disk_testing.h"

namespace engram::world {
namespace {

using testing::UnorderedElementsAre;
using Images = std::set<std::string>;

constexpr sync::ObjectId kNoObject{1};

TEST(DiskFile, AKillKeepsWhatIsVisibleAndAPowerLossAfterItStillTakesIt) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text("aa"), choices);
    Write(file, 0, "b", choices);
    disk.Crash(CrashKind::kKill);
    const std::string after_kill = ReadAll(file, choices);
    Write(file, 1, "c", choices);
    disk.Crash(CrashKind::kPowerLoss);
    return after_kill + " " + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("ba 2a", "ba ba", "ba bc"));
}

TEST(DiskFile, AfterAFailedSyncALaterOneDoesNotWriteTheSameBytesAgain) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text("aa"), choices);
    Write(file, 0, "b", choices);
    file.FailSync(/*revert=*/false, choices);
    const std::string visible = ReadAll(file, choices);
    file.Sync();
    disk.Crash(CrashKind::kPowerLoss);
    return visible + " " + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("ba 2a"));
}

TEST(DiskFile, AFailedSyncCanRevertWhatIsVisible) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text("aa"), choices);
    Write(file, 0, "b", choices);
    file.FailSync(/*revert=*/true, choices);
    const std::string visible = ReadAll(file, choices);
    disk.Crash(CrashKind::kPowerLoss);
    return visible + " " + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("2a 2a"));
}

TEST(DiskFile, AfterAFailedSyncBothBytesAndSizeOfAnAppendAreSeenButOnlyTheSizeIsSynced) {
  EXPECT_THAT(AfterPowerLoss("a",
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 1, "bc", choices);
                               file.FailSync(/*revert=*/false, choices);
                               EXPECT_EQ(ReadAll(file, choices), "abc");
                               file.Sync();
                             }),
              UnorderedElementsAre("a2."));
}

TEST(DiskFile, AfterAFailedSyncRewrittenSectorsBecomeDurableAndOthersDoNot) {
  EXPECT_THAT(AfterPowerLoss(std::string(1024, 'a'),
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 0, "bb", choices);
                               Write(file, 512, "bb", choices);
                               file.FailSync(/*revert=*/false, choices);
                               Write(file, 1, "b", choices);  // the same byte, but dirty again
                               file.Sync();
                             }),
              UnorderedElementsAre("2b1022a"));
}

TEST(DiskFile, AFailedSyncThenAKillThenAPowerLossShowsTheOldBytes) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text("aa"), choices);
    Write(file, 0, "b", choices);
    file.FailSync(/*revert=*/false, choices);
    EXPECT_TRUE(file.CouldLose());
    disk.Crash(CrashKind::kKill);
    const std::string after_kill = ReadAll(file, choices);
    file.Sync();
    disk.Crash(CrashKind::kPowerLoss);
    return after_kill + " " + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("ba 2a"));
}

}  // namespace
}  // namespace engram::world
