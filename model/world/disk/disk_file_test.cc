// What power losses leave of a file: for small programs, the set of all images is compared with the
// set worked out by hand. Kills and failed syncs: disk_file_sync_test.cc. Random programs:
// disk_file_images_test.cc.

#include "model/world/disk/disk_file.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/world/disk/disk_testing.h"

namespace engram::world {
namespace {

using testing::UnorderedElementsAre;
using Images = std::set<std::string>;

constexpr sync::ObjectId kNoObject{1};

TEST(DiskFile, OfOverlappingWritesToAPageThePrefixesSurvive) {
  EXPECT_THAT(AfterPowerLoss("aaaaaa",
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 0, "bbb", choices);
                               Write(file, 2, "ccc", choices);
                             }),
              UnorderedElementsAre("2b3ca", "3b3a", "6a"));
}

TEST(DiskFile, PagesSurviveIndependently) {
  const std::string durable(2 * io::kPageBytes, 'a');
  EXPECT_THAT(AfterPowerLoss(durable,
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 0, "b", choices);
                               Write(file, io::kPageBytes, "c", choices);
                             }),
              UnorderedElementsAre("8192a", "4096ac4095a", "b4095ac4095a", "b8191a"));
}

TEST(DiskFile, OneWriteOverTwoPagesIsTwoWrites) {
  const std::string durable(io::kPageBytes + 10, 'a');
  EXPECT_THAT(AfterPowerLoss(durable,
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, io::kPageBytes - 2, "bbbb", choices);
                             }),
              UnorderedElementsAre("4094a2b10a", "4094a4b8a", "4096a2b8a", "4106a"));
}

TEST(DiskFile, SizeAndBytesOfAnAppendSurviveIndependently) {
  EXPECT_THAT(AfterPowerLoss(
                  "", [](DiskFile& file, DiskChoices& choices) { Write(file, 0, "xyz", choices); }),
              UnorderedElementsAre("", "3.", "xyz"));
}

TEST(DiskFile, OfTwoAppendsSizesAndBytesAreTwoPrefixes) {
  EXPECT_THAT(AfterPowerLoss("",
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 0, "aa", choices);
                               Write(file, 2, "bb", choices);
                             }),
              UnorderedElementsAre("", "2.", "2a", "2a2.", "2a2b", "4."));
}

TEST(DiskFile, BytesBeyondTheSurvivingSizeNeverComeBack) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    Write(file, 0, "xx", choices);
    disk.Crash(CrashKind::kPowerLoss);
    const uint64_t size = file.Size(choices);
    file.Truncate(2, choices);
    return std::to_string(size) + ":" + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("0:2.", "2:2.", "2:2x"));
}

TEST(DiskFile, AWriteIsTornBetweenSectors) {
  const auto program = [](DiskFile& file, DiskChoices& choices) {
    Write(file, 0, std::string(1024, 'b'), choices);
  };
  const std::string durable(1536, 'a');
  EXPECT_THAT(AfterPowerLoss(durable, program, Tears::kNone),
              UnorderedElementsAre("1024b512a", "1536a"));
  EXPECT_THAT(AfterPowerLoss(durable, program, Tears::kFirstSector),
              UnorderedElementsAre("1024b512a", "1536a", "512b1024a"));
  EXPECT_THAT(AfterPowerLoss(durable, program, Tears::kAnySectors),
              UnorderedElementsAre("1024b512a", "1536a", "512a512b512a", "512b1024a"));
}

TEST(DiskFile, ATornWriteChangesNothingOutsideOfItself) {
  EXPECT_THAT(AfterPowerLoss(std::string(1536, 'a'),
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 500, std::string(600, 'b'), choices);
                             }),
              UnorderedElementsAre("1536a", "500a12b1024a", "500a600b436a"));
}

TEST(DiskFile, OnlyTheFirstLostWriteIsTorn) {
  EXPECT_THAT(AfterPowerLoss(std::string(1024, 'a'),
                             [](DiskFile& file, DiskChoices& choices) {
                               Write(file, 0, std::string(1024, 'b'), choices);
                               Write(file, 0, std::string(1024, 'c'), choices);
                             }),
              UnorderedElementsAre("1024a", "1024b", "1024c", "512b512a", "512c512b"));
}

TEST(DiskFile, WhatIsSyncedNeedsNoChoice) {
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  DiskFile& file = disk.Create("f", kNoObject, answers);
  Write(file, 0, std::string(5000, 'a'), answers);
  file.Punch(0, 100, answers);
  file.Truncate(4990, answers);
  EXPECT_TRUE(file.CouldLose());
  file.Sync();
  EXPECT_FALSE(file.CouldLose());
  disk.SyncDirectoryOf("f");
  disk.Crash(CrashKind::kPowerLoss);
  EXPECT_EQ(ReadAll(file, answers), "100.4890a");
  EXPECT_EQ(answers.asked(), 0u);
}

TEST(DiskFile, WhatNobodyLooksAtNeedsNoChoice) {
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  DiskFile& file = disk.Create("f", kNoObject, answers);
  disk.Install(file, "f", Text(std::string(3 * io::kPageBytes, 'a')), answers);
  for (uint64_t page = 0; page < 3; ++page) Write(file, page * io::kPageBytes, "b", answers);
  disk.Crash(CrashKind::kPowerLoss);
  std::byte byte{};
  file.Read(io::kPageBytes, {&byte, 1}, answers);
  EXPECT_EQ(answers.asked(), 1u);
  file.Read(io::kPageBytes, {&byte, 1}, answers);
  EXPECT_EQ(answers.asked(), 1u);
}

TEST(DiskFile, RewritingTheSameBytesIsNoAlternative) {
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  DiskFile& file = disk.Create("f", kNoObject, answers);
  disk.Install(file, "f", Text("aaaa"), answers);
  Write(file, 1, "aa", answers);
  EXPECT_FALSE(file.CouldLose());
}

TEST(DiskFile, APunchSurvivesOrNot) {
  EXPECT_THAT(AfterPowerLoss(
                  "aaaa", [](DiskFile& file, DiskChoices& choices) { file.Punch(1, 2, choices); }),
              UnorderedElementsAre("4a", "a2.a"));
}

TEST(DiskFile, PunchesAndWritesSurviveApart) {
  // b after the punch; the punch may be lost while b survives, in another sector, and the other way
  // round.
  EXPECT_THAT(AfterPowerLoss(std::string(1024, 'a'),
                             [](DiskFile& file, DiskChoices& choices) {
                               file.Punch(0, 1024, choices);
                               Write(file, 0, std::string(512, 'b'), choices);
                             }),
              UnorderedElementsAre("1024.", "1024a", "512b512.", "512b512a"));
}

TEST(DiskFile, AWriteBringsItsSectorToTheDiskAsItWasVisible) {
  // The sector never held b among a: the punch before it emptied it.
  EXPECT_THAT(AfterPowerLoss("aaaa",
                             [](DiskFile& file, DiskChoices& choices) {
                               file.Punch(0, 4, choices);
                               Write(file, 1, "b", choices);
                             }),
              UnorderedElementsAre("4.", "4a", ".b2."));
}

TEST(DiskFile, TruncationsSurviveInOrder) {
  EXPECT_THAT(AfterPowerLoss("aaaaaaaa",
                             [](DiskFile& file, DiskChoices& choices) {
                               file.Truncate(4, choices);
                               file.Truncate(8, choices);
                               file.Truncate(6, choices);
                             }),
              UnorderedElementsAre("4a", "4a2.", "4a4.", "8a"));
}

TEST(DiskFile, AReservationSurvivesOrNotAndReadsZero) {
  EXPECT_THAT(AfterPowerLoss("a",
                             [](DiskFile& file, DiskChoices& choices) {
                               file.Reserve(0, 3, choices);
                               EXPECT_TRUE(file.IsReserved(0, 3));
                             }),
              UnorderedElementsAre("a", "a2."));
}

TEST(DiskFile, OnlySyncedReservationsOutliveAPowerLossAndPunchesEndThem) {
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  DiskFile& file = disk.Create("f", kNoObject, answers);
  file.Reserve(0, 100, answers);
  file.Reserve(100, 100, answers);
  EXPECT_TRUE(file.IsReserved(50, 150));
  file.Sync();
  file.Reserve(200, 100, answers);
  file.Punch(10, 10, answers);
  EXPECT_TRUE(file.IsReserved(100, 200));
  EXPECT_FALSE(file.IsReserved(5, 10));
  disk.Crash(CrashKind::kPowerLoss);
  EXPECT_TRUE(file.IsReserved(20, 180));
  EXPECT_FALSE(file.IsReserved(0, 20));
  EXPECT_FALSE(file.IsReserved(150, 100));
}

TEST(DiskFile, TheUndecidedStaysUndecidedThroughAnotherCrash) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text(std::string(io::kPageBytes + 1, 'a')), choices);
    Write(file, 0, "b", choices);
    Write(file, io::kPageBytes, "c", choices);
    disk.Crash(CrashKind::kPowerLoss);
    std::byte first{};
    file.Read(0, {&first, 1}, choices);
    disk.Crash(CrashKind::kPowerLoss);
    return Runs({&first, 1}) + " " + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("a 4096ac", "a 4097a", "b b4095ac", "b b4096a"));
}

TEST(DiskFile, AWriteToAnUndecidedPageDecidesItFirst) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text("aaa"), choices);
    Write(file, 0, "b", choices);
    disk.Crash(CrashKind::kPowerLoss);
    Write(file, 1, "c", choices);
    const std::string seen = ReadAll(file, choices);
    disk.Crash(CrashKind::kPowerLoss);
    return seen + " " + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("aca 3a", "aca aca", "bca b2a", "bca bca"));
}

TEST(DiskFile, WhatRecoverySawIsDurableOnceSeenAfterAPowerLoss) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    Write(file, 0, "ab", choices);
    disk.Crash(CrashKind::kPowerLoss);
    const std::string first = ReadAll(file, choices);
    disk.Crash(CrashKind::kPowerLoss);
    return first == ReadAll(file, choices) ? "same" : "changed";
  });
  EXPECT_THAT(images, UnorderedElementsAre("same"));
}

TEST(DiskFile, WhatALostSizeCutOffStaysCutOffWhenTheFileGrowsAgain) {
  const Images images = EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
    DiskFile& file = disk.Create("f", kNoObject, choices);
    disk.Install(file, "f", Text("aa"), choices);
    Write(file, 1, "bb", choices);
    disk.Crash(CrashKind::kPowerLoss);
    const uint64_t size = file.Size(choices);
    file.Truncate(5, choices);  // the page is still undecided
    disk.Crash(CrashKind::kPowerLoss);
    return std::to_string(size) + ":" + ReadAll(file, choices);
  });
  EXPECT_THAT(images, UnorderedElementsAre("2:2a", "2:ab", "2:2a3.", "2:ab3.", "3:2a.", "3:a2b",
                                           "3:2a3.", "3:a2b2."));
}

bool IsPoisoned([[maybe_unused]] const std::byte* address) {
#ifdef ENGRAM_ASAN
  return __asan_address_is_poisoned(address) != 0;
#else
  return false;
#endif
}

TEST(DiskFile, OnlyWhatWasViewedCanBeReadThroughAMapping) {
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  DiskFile& file = disk.Create("f", kNoObject, answers);
  disk.Install(file, "f", Text(std::string(2 * io::kPageBytes + 8, 'a')), answers);
  Write(file, io::kPageBytes, "b", answers);
  disk.Crash(CrashKind::kPowerLoss);
  const std::byte* const base = file.Map(8 * io::kPageBytes);
  const std::byte* const undecided = base + io::kPageBytes;
  const std::byte* const last = base + 2 * io::kPageBytes;
  file.View(0, 1, answers);
  EXPECT_FALSE(IsPoisoned(base));
  EXPECT_EQ(IsPoisoned(undecided), kPoisons);
  EXPECT_EQ(answers.asked(), 0u);
  file.View(io::kPageBytes, 1, answers);
  EXPECT_FALSE(IsPoisoned(undecided));
  EXPECT_EQ(answers.asked(), 1u);
  file.View(2 * io::kPageBytes, 8, answers);
  EXPECT_FALSE(IsPoisoned(last + 7));
  EXPECT_EQ(IsPoisoned(last + 8), kPoisons) << "beyond the end of the file";
  file.Truncate(2 * io::kPageBytes + 16, answers);
  EXPECT_FALSE(IsPoisoned(last + 15));
  file.Truncate(io::kPageBytes, answers);
  EXPECT_EQ(IsPoisoned(last), kPoisons);
  EXPECT_FALSE(IsPoisoned(undecided - 1));
  EXPECT_EQ(IsPoisoned(undecided), kPoisons);
  disk.Reset();
  EXPECT_EQ(IsPoisoned(base), kPoisons);
}

TEST(DiskFile, FilesFarApartAndMuchReusedStartEmpty) {
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  for (int round = 0; round < 3; ++round) {
    disk.Reset();
    DiskFile& file = disk.Create("f", kNoObject, answers);
    EXPECT_EQ(file.Size(answers), 0u);
    file.Truncate(uint64_t{1} << 62, answers);
    std::vector<std::byte> bytes(16, std::byte{'?'});
    EXPECT_EQ(file.Read((uint64_t{1} << 62) - 8, bytes, answers), 8u);
    EXPECT_EQ(Runs(bytes), "8.8?");
    for (uint64_t at : {uint64_t{0}, uint64_t{100} << 20, uint64_t{5} << 30}) {
      EXPECT_EQ(file.Read(at, bytes, answers), 16u);
      EXPECT_EQ(Runs(bytes), "16.") << at;
      Write(file, at, "xyz", answers);
      EXPECT_EQ(file.Read(at, bytes, answers), 16u);
      EXPECT_EQ(Runs(bytes), "xyz13.") << at;
    }
    EXPECT_FALSE(file.Write(uint64_t{1} << 60, Text("x"), answers));
    const std::byte* const small = file.Map(100);
    const std::byte* const large = file.Map(uint64_t{6} << 30);
    file.View(0, 3, answers);
    EXPECT_EQ(Runs({small, 3}), "xyz");
    EXPECT_EQ(Runs({large, 3}), "xyz");
    file.View(uint64_t{5} << 30, 3, answers);
    EXPECT_EQ(Runs({large + (uint64_t{5} << 30), 3}), "xyz");
  }
}

}  // namespace
}  // namespace engram::world
