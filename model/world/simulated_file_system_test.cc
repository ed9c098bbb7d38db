// The contract of io/file_system.h on the simulated disk, and what only the simulated disk has:
// crashes that end processes, faults, short transfers, and steps. What crashes leave of bytes and
// names is tested in disk_file_test.cc and simulated_disk_test.cc.

#include "model/world/simulated_file_system.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "io/file_system_contract.h"
#include "model/world/disk_testing.h"
#include "model/world/world.h"
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

// Answers by kind, in order; the default when the script of a kind has ended.
class Script final : public Choices {
 public:
  explicit Script(std::map<ChoiceKind, std::vector<uint32_t>> answers = {})
      : answers_(std::move(answers)) {}

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    asked[name.kind].push_back(alternatives);
    const std::vector<uint32_t>& answers = answers_[name.kind];
    const size_t index = asked[name.kind].size() - 1;
    return index < answers.size() ? answers[index] : 0;
  }

  std::map<ChoiceKind, std::vector<uint32_t>> asked;  // alternatives, in order

 private:
  std::map<ChoiceKind, std::vector<uint32_t>> answers_;
};

// Runs `eras` one after another, a later one only after a crash of the one before. REQUIRES:
// nothing fails.
class Ran {
 public:
  Ran(const Bounds& bounds, Choices& choices, const std::vector<std::function<void()>>& eras,
      const std::function<void(SimulatedFileSystem&)>& prepare = nullptr) {
    world_.Begin(bounds, choices, false);
    if (prepare) prepare(world_.disk());
    for (const std::function<void()>& era : eras) {
      world_.scheduler().RunEra(era);
      failure_ = world_.scheduler().failure();
      if (!world_.scheduler().crashed()) break;
    }
    hash_ = world_.scheduler().event_hash();
  }
  ~Ran() { world_.End(); }

  World& world() { return world_; }
  uint64_t hash() const { return hash_; }
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  World world_;
  std::optional<Failure> failure_;
  uint64_t hash_ = 0;
};

SimulatedFileSystem& Disk() { return CurrentWorld().disk(); }

// How the contract test gets at a simulated file system.
class SimulatedFixture {
 public:
  template <typename Body>
  void Run(const Body& body) {
    Script defaults;
    Ran ran(Bounds(), defaults, {[&] { body(Disk(), "directory/store"); }});
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

TEST(SimulatedFileSystem, CrashesAfterEachEffectLeaveExactlyTheAllowedImages) {
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

TEST(SimulatedFileSystem, WithoutBudgetsThereAreNoChoices) {
  Script script;
  Ran ran(Bounds(), script, {[] {
            auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
            EXPECT_TRUE(io::WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
            EXPECT_TRUE(file->SyncData().ok());
            EXPECT_EQ(ReadText(*file, 0, 3), "abc");
            EXPECT_TRUE(Disk().SyncDirectoryOf("f").ok());
            EXPECT_TRUE(Disk().Remove("f").ok());
          }});
  EXPECT_TRUE(script.asked.empty());
}

TEST(SimulatedFileSystem, AKillIsOfferedOnlyWhereAPowerLossWouldDiffer) {
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
    Ran ran(bounds, script, {main}, prepare);
  }
  EXPECT_THAT(script.asked[ChoiceKind::kCrash], ElementsAre(3, 2));
  bounds.kills = false;
  Script without_kills;
  {
    Ran ran(bounds, without_kills, {main}, prepare);
  }
  EXPECT_THAT(without_kills.asked[ChoiceKind::kCrash], ElementsAre(2, 2));
}

TEST(SimulatedFileSystem, AKillKeepsUnsyncedBytesAndAnotherCrashIsWithinBounds) {
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
  Ran ran(bounds, script,
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

TEST(SimulatedFileSystem, WhatACrashedProcessHeldIsDeadButHarmless) {
  Bounds bounds;
  bounds.crashes_max = 1;
  Script script({{ChoiceKind::kCrash, {0, 1}}, {ChoiceKind::kSurvive, {1}}});
  std::unique_ptr<io::File> file;
  std::unique_ptr<io::Mapping> mapping;
  const std::byte* seen = nullptr;
  Ran ran(bounds, script,
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
             EXPECT_THAT(std::string(status.message()), HasSubstr("write f at offset 0, 1 bytes"));
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
      Ran ran(bounds, script, {[&] {
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
  Ran ran(bounds, script, {[] {
            auto file = OpenOrFail(Disk(), "f", OpenMode::kCreateNew);
            EXPECT_TRUE(file->Reserve(FileOffset{0}, 100).ok());
            EXPECT_TRUE(file->Write(FileOffset{10}, BytesOf("abc")).ok());
            EXPECT_TRUE(file->Write(FileOffset{98}, BytesOf("abc")).ok());
          }});
  EXPECT_THAT(script.asked[ChoiceKind::kFault], ElementsAre(3, 3, 2, 3));
}

TEST(SimulatedFileSystem, AFailedSyncKeepsOrRevertsWhatIsVisibleAndIsACrashPoint) {
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
    Ran ran(bounds, script,
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

TEST(SimulatedFileSystem, TransfersCanBeShortAndTheFullFormsFinishThem) {
  Bounds bounds;
  bounds.short_transfers_max = 3;
  Script script({{ChoiceKind::kShortTransfer, {1, 1, 0, 1}}});
  Ran ran(bounds, script, {[] {
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
    Ran ran(bounds, script, {[] {
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
  Ran ran(Bounds(), script, {[] {
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
    Ran ran(Bounds(), script, {[&] {
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
  Ran ran(Bounds(), script, {[&] {
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
