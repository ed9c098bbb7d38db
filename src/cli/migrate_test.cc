// engram migrate: what is imported is said, and what is not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/format_1_fixture.h"
#include "cli/command_fixture.h"
#include "nlohmann/json.hpp"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class MigrateTest : public testing::Test {
 protected:
  void WriteSource(const V1Slots& slots) {
    const std::vector<std::byte> image = V1Image(slots);
    directory_.Write(source_, 0, {reinterpret_cast<const char*>(image.data()), image.size()});
  }
  void Damage(uint64_t offset) { directory_.Write(source_, offset, "\xFF\xFF\xFF\xFF"); }

  Ran Migrate(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"migrate", source_, target_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunCommand(arguments);
  }
  std::string Ids(std::string_view text) {
    directory_.Write(directory_.File("ids"), 0, text);
    return directory_.File("ids");
  }
  uint64_t Count() {
    auto store = MemoryStore::Open(target_, {});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? (*store)->Count() : 0;
  }

  TrialDirectory directory_;
  const std::string source_ = directory_.File("warm.dat");
  const std::string target_ = directory_.File("agent.engram");
};

TEST_F(MigrateTest, SaysWhatBecameOfEachSlot) {
  WriteSource(V1SamplesOfSecondLayout());
  const Ran ran = Migrate();
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr(target_ + ": 5 memories from 7 slots of " + source_));
  EXPECT_THAT(ran.out, HasSubstr("  superseded          1  "));
  EXPECT_THAT(ran.out, HasSubstr("content of 2 memories is lost"));
  EXPECT_THAT(ran.out, HasSubstr("may have been removed"));
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(Count(), 5u);
}

TEST_F(MigrateTest, ImportsListedIds) {
  WriteSource(V1SamplesOfFirstLayout());
  const Ran ran = Migrate({"--ids", Ids("a\nnobody\n\u00FC")});
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("not found: \"nobody\""));
  EXPECT_THAT(ran.out, HasSubstr("  unlisted            1  "));
  EXPECT_THAT(ran.out, Not(HasSubstr("may have been removed")));
  auto store = MemoryStore::Open(target_, {});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_TRUE((*store)->Contains("a")->present);
  EXPECT_TRUE((*store)->Contains("\u00FC")->present);
}

TEST_F(MigrateTest, LinesMayEndAsOnWindows) {
  WriteSource(V1SamplesOfFirstLayout());
  const Ran ran = Migrate({"--ids", Ids("a\r\n\u00FC\r\n")});
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, Not(HasSubstr("not found")));
  EXPECT_EQ(Count(), 2u);
}

TEST_F(MigrateTest, NoListedIdFoundEndsWith1) {
  WriteSource(V1SamplesOfFirstLayout());
  const std::string ids = Ids("nobody\nnobody else\nnobody\n");
  for (const std::vector<std::string>& more : std::vector<std::vector<std::string>>{
           {"--ids", ids}, {"--ids", ids, "--json"}, {"--ids", ids, "--unlisted"}}) {
    const Ran ran = Migrate(more);
    EXPECT_EQ(ran.status, kExitFailed);
    EXPECT_THAT(ran.err, HasSubstr("no id of " + ids + " is in " + source_));
    EXPECT_THAT(ran.err, HasSubstr("remove " + target_));
    EXPECT_EQ(Count(), more.back() == "--unlisted" ? 3u : 0u);
    directory_.Remove(target_);
  }
}

TEST_F(MigrateTest, DrawsOneLineOnATerminalAndErasesIt) {
  WriteSource(V1SamplesOfFirstLayout());
  Damage(96 + 3136 + 8);
  const Ran ran = RunCommand({"migrate", source_, target_}, "", /*err_is_terminal=*/true);
  const std::string erase = "\r\033[K";
  EXPECT_EQ(ran.err, erase + "importing [####################] 6 of 6 slots" + erase);
  EXPECT_THAT(ran.out, StartsWith("damaged slot 1"));
}

TEST_F(MigrateTest, DamageIsNamedAndEndsWith1) {
  WriteSource(V1SamplesOfFirstLayout());
  Damage(96 + 3136 + 8);
  Damage(24);
  const Ran ran = Migrate();
  EXPECT_EQ(ran.status, kExitFailed);
  EXPECT_THAT(ran.out, StartsWith("damaged slot 1, at byte 3240: number 2 of the embedding"));
  EXPECT_THAT(ran.out, HasSubstr("damage at byte 40: the header's checksum"));
  EXPECT_EQ(Count(), 2u);
}

TEST_F(MigrateTest, TellsPrograms) {
  WriteSource(V1SamplesOfFirstLayout());
  Damage(96 + 3136 + 8);
  const Ran ran = Migrate({"--json"});
  EXPECT_EQ(ran.status, kExitFailed);
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["imported"], 2);
  EXPECT_EQ(json["whole"], false);
  EXPECT_EQ(json["partial_removed"], true);
  EXPECT_EQ(json["damaged_slots"][0]["slot"], 1);
  EXPECT_EQ(json["damaged_slots"][0]["offset"], 3240);
}

TEST_F(MigrateTest, WhatCannotBeDoneLeavesNothing) {
  const auto expect_nothing = [&](const Ran& ran, int status, const std::string& why) {
    EXPECT_EQ(ran.status, status);
    EXPECT_THAT(ran.err, HasSubstr(why));
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(directory_.Names(), Not(testing::Contains(StartsWith("agent.engram"))));
  };
  expect_nothing(Migrate(), kExitFailed, source_);
  directory_.Write(source_, 0, std::string(200, 'x'));
  expect_nothing(Migrate(), kExitFailed, "no file of format 1");
  WriteSource(V1SamplesOfFirstLayout());
  expect_nothing(Migrate({"--ids", directory_.File("none")}), kExitFailed, "none");
  expect_nothing(Migrate({"--ids", Ids("a\n\nb\n")}), kExitFailed, "listed id 2: the id is empty");
  expect_nothing(Migrate({"--unlisted"}), kExitUsage, "--ids");
}

TEST_F(MigrateTest, OpeningTheFileSaysToDoIt) {
  WriteSource(V1SamplesOfFirstLayout());
  const Ran ran = RunCommand({"stats", source_});
  EXPECT_EQ(ran.status, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("format version 1"));
  EXPECT_THAT(ran.err, HasSubstr("engram migrate"));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cli
