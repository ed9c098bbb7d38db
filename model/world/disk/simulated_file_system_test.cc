// The contract of io/file_system.h on the simulated disk, and what only the simulated disk has:
// faults, short transfers, steps and races. Crashes are tested in simulated_crash_test.cc.

#include "model/world/disk/simulated_file_system.h"

#include <functional>
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
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

using io::BytesOf;
using io::OpenMode;
using io::OpenOrFail;
using io::ReadText;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// How the contract test gets at a simulated file system.
class SimulatedFixture {
 public:
  template <typename Body>
  void Run(const Body& body) {
    Script defaults;
    ErasRun ran(Bounds(), defaults, {[&] { body(Disk(), "directory/store"); }});
    EXPECT_FALSE(ran.failure().has_value());
    EXPECT_TRUE(defaults.asked.empty());
  }
};

}  // namespace
}  // namespace engram::world

namespace engram::inline ENGRAM_BODY::io {
namespace {
INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, FileSystemContract, world::SimulatedFixture);
}  // namespace
}  // namespace engram::inline ENGRAM_BODY::io

namespace engram::world {
namespace {

TEST(SimulatedFileSystem, WithoutBudgetsThereAreNoChoices) {
  Script script;
  ErasRun ran(Bounds(), script, {[] {
                auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
                EXPECT_TRUE(io::WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
                EXPECT_TRUE(file->SyncData().ok());
                EXPECT_EQ(ReadText(*file, 0, 3), "abc");
                EXPECT_TRUE(Disk().SyncDirectoryOf("f").ok());
                EXPECT_TRUE(Disk().Remove("f").ok());
              }});
  EXPECT_TRUE(script.asked.empty());
}

TEST(SimulatedFileSystem, EveryCallCanFailWithinTheBudget) {
  using Call = std::function<absl::Status(io::File&)>;
  struct Case {
    const char* name;
    bool needs_space;
    Call call;
  };
  const std::vector<Case> cases = {
      {"open f", false, [](io::File&) { return Disk().Open("f", OpenMode::kReadOnly).status(); }},
      {"open g", true, [](io::File&) { return Disk().Open("g", OpenMode::kCreateNew).status(); }},
      {"look for f", false, [](io::File&) { return Disk().Exists("f").status(); }},
      {"remove f", false, [](io::File&) { return Disk().Remove("f"); }},
      {"sync directory of f", false, [](io::File&) { return Disk().SyncDirectoryOf("f"); }},
      {"read f at offset 1, 2 bytes", false,
       [](io::File& file) {
         std::byte target[2];
         return file.Read(FileOffset{1}, target).status();
       }},
      {"write f at offset 1, 2 bytes", true,
       [](io::File& file) { return file.Write(FileOffset{1}, BytesOf("xy")).status(); }},
      {"sync f", false, [](io::File& file) { return file.SyncData(); }},
      {"size of f", false, [](io::File& file) { return file.Size().status(); }},
      {"reserve f at offset 1, 2 bytes", true,
       [](io::File& file) { return file.Reserve(FileOffset{1}, 2); }},
      {"punch f at offset 1, 2 bytes", false,
       [](io::File& file) { return file.Punch(FileOffset{1}, 2); }},
      {"truncate f at offset 9, 0 bytes", true, [](io::File& file) { return file.Truncate(9); }},
      {"truncate f at offset 1, 0 bytes", false, [](io::File& file) { return file.Truncate(1); }},
      {"map f at offset 0, 9 bytes", true, [](io::File& file) { return file.Map(9).status(); }},
      {"lock f", false, [](io::File& file) { return file.Lock(); }}};
  for (const Case& test : cases) {
    for (uint32_t fault : {1u, 2u}) {
      if (fault == 2 && !test.needs_space) continue;
      Bounds bounds;
      bounds.faults_max = 1;
      Script script({{ChoiceKind::kFault, {0, fault}}});
      ErasRun ran(bounds, script, {[&] {
                    auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                    const absl::Status failed = test.call(*file);
                    EXPECT_EQ(failed.code(), fault == 1 ? absl::StatusCode::kUnavailable
                                                        : absl::StatusCode::kResourceExhausted);
                    EXPECT_THAT(std::string(failed.message()), HasSubstr(test.name));
                    EXPECT_EQ(Runs(Disk().Contents("f")), "abcd") << test.name << " had an effect";
                    EXPECT_TRUE(test.call(*file).ok()) << test.name << " after the budget";
                  }},
                  [](SimulatedFileSystem& disk) { disk.Install("f", BytesOf("abcd")); });
      EXPECT_EQ(script.asked[ChoiceKind::kFault].size(), 2u) << test.name;
      EXPECT_EQ(script.asked[ChoiceKind::kFault][1], test.needs_space ? 3u : 2u) << test.name;
      EXPECT_EQ(ran.world().disk().counts().faults, 1u);
    }
  }
}

TEST(SimulatedFileSystem, WritesIntoReservedBlocksDoNotRunOutOfSpace) {
  Bounds bounds;
  bounds.faults_max = 1;
  Script script;
  ErasRun ran(bounds, script, {[] {
                auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
                EXPECT_TRUE(file->Reserve(FileOffset{0}, 100).ok());
                EXPECT_TRUE(file->Write(FileOffset{10}, BytesOf("abc")).ok());
                EXPECT_TRUE(file->Write(FileOffset{98}, BytesOf("abc")).ok());
              }});
  EXPECT_THAT(script.asked[ChoiceKind::kFault], ElementsAre(3, 3, 2, 3));
}

TEST(SimulatedFileSystem, TransfersCanBeShortAndTheFullFormsFinishThem) {
  Bounds bounds;
  bounds.short_transfers_max = 3;
  Script script({{ChoiceKind::kShortTransfer, {1, 1, 0, 1}}});
  ErasRun ran(bounds, script, {[] {
                auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
                EXPECT_EQ(*file->Write(FileOffset{0}, BytesOf("12345")), 2u);
                EXPECT_TRUE(io::WriteFully(*file, FileOffset{0}, BytesOf("12345")).ok());
                std::byte target[8];
                EXPECT_EQ(*file->Read(FileOffset{1}, target), 2u) << "half of the four there are";
                EXPECT_EQ(Runs(std::span(target).first(2)), "23");
                EXPECT_EQ(*file->Read(FileOffset{1}, target), 4u);
              }},
              [](SimulatedFileSystem& disk) { disk.Install("f", {}); });
  EXPECT_EQ(Runs(ran.world().disk().Contents("f")), "12345");
}

TEST(SimulatedFileSystem, OfTwoThreadsOneGetsTheLock) {
  World world;
  EveryWorldAnswer answers;
  std::set<std::string> outcomes;
  do {
    world.Begin(Bounds(), answers, false);
    world.disk().Install("f", {});
    std::string outcome;
    world.scheduler().RunEra([&] {
      bool got[2] = {};
      bool got_after_close = false;
      sync::Thread first(
          "first", [&] { got[0] = OpenOrFail(Disk(), "f", OpenMode::kReadWrite)->Lock().ok(); });
      auto file = OpenOrFail(Disk(), "f", OpenMode::kReadWrite);
      got[1] = file->Lock().ok();
      first.Join();
      got_after_close = file->Lock().ok();
      outcome = std::string(got[0] ? "first " : "") + (got[1] ? "main " : "") +
                (got_after_close ? "again" : "");
    });
    outcomes.insert(outcome);
    world.End();
  } while (answers.Next());
  EXPECT_THAT(outcomes, UnorderedElementsAre("first main again", "first again", "main again"));
}

TEST(SimulatedFileSystem, StepsNameTheirFileAndWhatACrashCouldTell) {
  for (uint32_t crashes_max : {0u, 1u}) {
    Bounds bounds;
    bounds.crashes_max = crashes_max;
    Script script;
    ErasRun ran(bounds, script, {[] {
                  auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
                  EXPECT_TRUE(file->Write(FileOffset{0}, BytesOf("ab")).ok());
                  EXPECT_EQ(ReadText(*file, 0, 2), "ab");
                  auto mapping = *file->Map(16);
                  mapping->Bytes(FileOffset{0}, 2);
                }});
    const Scheduler& scheduler = ran.world().scheduler();
    std::vector<StepKind> kinds;
    std::vector<bool> told;
    std::set<uint32_t> objects;
    for (uint32_t i = 0; i < scheduler.step_count(); ++i) {
      const Step& step = scheduler.steps()[i];
      if (step.kind == StepKind::kStart || step.kind == StepKind::kExit) continue;
      kinds.push_back(step.kind);
      told.push_back(step.second == kDiskOrder && step.second_access == Access::kWrite);
      if (step.kind != StepKind::kOpen) objects.insert(step.object.value);
    }
    EXPECT_THAT(kinds, ElementsAre(StepKind::kOpen, StepKind::kWrite, StepKind::kRead,
                                   StepKind::kMap, StepKind::kView));
    const bool yes = crashes_max > 0;
    EXPECT_THAT(told, ElementsAre(yes, yes, false, false, false));
    EXPECT_EQ(objects.size(), 1u);
  }
}

TEST(SimulatedFileSystem, AViewOutsideOfItsMappingFailsTheExecution) {
  Script script;
  ErasRun ran(Bounds(), script, {[] {
                auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
                auto mapping = *file->Map(16);
                mapping->Bytes(FileOffset{UINT64_MAX - 1}, 4);
              }});
  ASSERT_TRUE(ran.failure().has_value());
  EXPECT_EQ(ran.failure()->claim, "view outside of a mapping");
}

TEST(SimulatedFileSystem, TheEventHashTellsBytesApart) {
  const auto hash_of = [](const char* text) {
    Script script;
    ErasRun ran(Bounds(), script, {[&] {
                  auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
                  EXPECT_TRUE(file->Write(FileOffset{0}, BytesOf(text)).ok());
                }});
    return ran.hash();
  };
  EXPECT_EQ(hash_of("abc"), hash_of("abc"));
  EXPECT_NE(hash_of("abc"), hash_of("abd"));
}

TEST(SimulatedFileSystem, AWorldUsedAgainStartsWithAnEmptyDisk) {
  World world;
  Script script;
  for (int round = 0; round < 3; ++round) {
    world.Begin(Bounds(), script, false);
    EXPECT_TRUE(world.disk().Contents("f").empty());
    world.scheduler().RunEra([] {
      EXPECT_FALSE(*Disk().Exists("f"));
      auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
      auto mapping = *file->Map(uint64_t{4} << 30);
      EXPECT_TRUE(file->Truncate(100).ok());
      EXPECT_EQ(Runs({mapping->Bytes(FileOffset{0}, 100), 100}), "100.");
      EXPECT_TRUE(file->Write(FileOffset{50}, BytesOf("x")).ok());
    });
    EXPECT_EQ(Runs(world.disk().Contents("f")), "50.x49.");
    world.End();
  }
}

#ifdef ENGRAM_TSAN
constexpr bool kSeesRaces = true;
#else
constexpr bool kSeesRaces = false;
#endif

// Whether `change`, of bytes that another thread reads through a mapping, is reported as a race.
bool IsRace(bool one_mutex, const std::function<void(io::File&)>& change) {
  Script script;
  ErasRun ran(Bounds(), script, {[&] {
                auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
                EXPECT_TRUE(file->Write(FileOffset{0}, BytesOf(std::string(100, 'a'))).ok());
                auto mapping = *file->Map(4096);
                sync::Mutex writers;
                sync::Mutex other;
                sync::Mutex& readers = one_mutex ? writers : other;
                sync::Thread reader("reader", [&] {
                  readers.Lock();
                  const std::byte* const bytes = mapping->Bytes(FileOffset{10}, 4);
                  EXPECT_NE(bytes[0], std::byte{'?'});
                  readers.Unlock();
                });
                writers.Lock();
                change(*file);
                writers.Unlock();
                reader.Join();
              }});
  return ran.failure().has_value() && ran.failure()->kind == FailureKind::kDataRace;
}

TEST(SimulatedFileSystem, ThreadSanitizerSeesChangesUnderAReaderOfAMapping) {
  const auto write = [](io::File& file) {
    EXPECT_TRUE(file.Write(FileOffset{8}, BytesOf("abcd")).ok());
  };
  const auto punch = [](io::File& file) { EXPECT_TRUE(file.Punch(FileOffset{8}, 4).ok()); };
  const auto write_elsewhere = [](io::File& file) {
    EXPECT_TRUE(file.Write(FileOffset{14}, BytesOf("abcd")).ok());
    EXPECT_TRUE(file.Truncate(14).ok());
  };
  EXPECT_EQ(IsRace(/*one_mutex=*/false, write), kSeesRaces);
  EXPECT_FALSE(IsRace(/*one_mutex=*/true, write));
  EXPECT_EQ(IsRace(/*one_mutex=*/false, punch), kSeesRaces);
  EXPECT_FALSE(IsRace(/*one_mutex=*/true, punch));
  EXPECT_FALSE(IsRace(/*one_mutex=*/false, write_elsewhere));
}

}  // namespace
}  // namespace engram::world
