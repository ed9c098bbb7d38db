// What crashes leave of names: sets of all outcomes against sets worked out by hand.

#include "model/world/disk/simulated_disk.h"

#include <initializer_list>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/world/disk/disk_testing.h"

namespace engram::world {
namespace {

using testing::UnorderedElementsAre;

constexpr sync::ObjectId kNoObject{1};

// Which of the paths exist, and the bytes of those that do.
std::string Listing(SimulatedDisk& disk, DiskChoices& choices,
                    std::initializer_list<std::string_view> paths) {
  std::string text;
  for (std::string_view path : paths) {
    DiskFile* const file = disk.Find(path, choices);
    if (file == nullptr) continue;
    if (!text.empty()) text += " ";
    text += std::string(path) + "=" + ReadAll(*file, choices);
  }
  return text;
}

void Create(SimulatedDisk& disk, std::string_view path, std::string_view text,
            DiskChoices& choices) {
  DiskFile& file = disk.Create(path, kNoObject, choices);
  file.Write(0, Text(text), choices);
  file.Sync();
}

TEST(SimulatedDisk, AnUnsyncedNameStaysOrVanishesWithAllSyncedBytes) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "d/f", "abc", choices);
                disk.Crash(CrashKind::kPowerLoss);
                return Listing(disk, choices, {"d/f"});
              }),
              UnorderedElementsAre("", "d/f=abc"));
}

TEST(SimulatedDisk, ASyncedNameStays) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "d/f", "abc", choices);
                disk.SyncDirectoryOf("d/other");
                EXPECT_FALSE(disk.CouldLose());
                disk.Crash(CrashKind::kPowerLoss);
                return Listing(disk, choices, {"d/f"});
              }),
              UnorderedElementsAre("d/f=abc"));
}

TEST(SimulatedDisk, AnUnsyncedRemovalBringsTheFileBack) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "f", "abc", choices);
                disk.SyncDirectoryOf("f");
                EXPECT_TRUE(disk.Remove("f", choices));
                EXPECT_FALSE(disk.Remove("f", choices));
                EXPECT_TRUE(disk.CouldLose());
                disk.Crash(CrashKind::kPowerLoss);
                return Listing(disk, choices, {"f"});
              }),
              UnorderedElementsAre("", "f=abc"));
}

TEST(SimulatedDisk, NamesOfADirectorySurviveInOrder) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "f", "old", choices);
                disk.SyncDirectoryOf("f");
                Create(disk, "g", "g", choices);
                disk.Remove("f", choices);
                Create(disk, "f", "new", choices);
                disk.Crash(CrashKind::kPowerLoss);
                return Listing(disk, choices, {"f", "g"});
              }),
              UnorderedElementsAre("f=old", "f=old g=g", "g=g", "f=new g=g"));
}

TEST(SimulatedDisk, DirectoriesSurviveIndependently) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "d/f", "f", choices);
                Create(disk, "e/g", "g", choices);
                disk.Crash(CrashKind::kPowerLoss);
                return Listing(disk, choices, {"d/f", "e/g"});
              }),
              UnorderedElementsAre("", "d/f=f", "e/g=g", "d/f=f e/g=g"));
}

TEST(SimulatedDisk, AKillKeepsNamesAndAPowerLossAfterItStillTakesThem) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "f", "abc", choices);
                disk.Crash(CrashKind::kKill);
                std::string text = Listing(disk, choices, {"f"});
                disk.Crash(CrashKind::kPowerLoss);
                return text + " then " + Listing(disk, choices, {"f"});
              }),
              UnorderedElementsAre("f=abc then ", "f=abc then f=abc"));
}

TEST(SimulatedDisk, WhatTheFirstLookSawStaysSo) {
  EXPECT_THAT(EveryOutcome([](SimulatedDisk& disk, DiskChoices& choices) {
                Create(disk, "f", "abc", choices);
                disk.Crash(CrashKind::kPowerLoss);
                disk.SyncDirectoryOf("f");  // does not look
                disk.Crash(CrashKind::kPowerLoss);
                std::string text = Listing(disk, choices, {"f"});
                disk.Crash(CrashKind::kPowerLoss);
                return text + " then " + Listing(disk, choices, {"f"});
              }),
              UnorderedElementsAre(" then ", "f=abc then f=abc"));
}

TEST(SimulatedDisk, LocksEndWithTheCrash) {
  for (CrashKind kind : {CrashKind::kPowerLoss, CrashKind::kKill}) {
    SimulatedDisk disk;
    EveryDiskAnswer answers;
    DiskFile& file = disk.Create("f", kNoObject, answers);
    file.locked_by = 7;
    disk.Crash(kind);
    EXPECT_EQ(file.locked_by, 0u);
    EXPECT_EQ(disk.generation(), 1u);
  }
}

}  // namespace
}  // namespace engram::world
