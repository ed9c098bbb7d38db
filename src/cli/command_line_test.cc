// What all subcommands share: help, complaints, stores that are missing or open elsewhere, and that
// looking changes nothing.

#include "cli/command_line.h"

#include "absl/strings/str_cat.h"
#include "cli/command_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Subcommands with what they need besides the store, and what each ends with when it cannot.
struct Usage {
  std::vector<std::string> before;
  std::vector<std::string> after;
  int failure = kExitFailed;

  std::vector<std::string> On(const std::string& path) const {
    std::vector<std::string> arguments = before;
    arguments.push_back(path);
    arguments.insert(arguments.end(), after.begin(), after.end());
    return arguments;
  }
};

std::vector<Usage> AllUsages(const TrialDirectory& directory) {
  constexpr int kFsckFailure = 8;
  return {{{"stats"}, {}},
          {{"fsck"}, {}, kFsckFailure},
          {{"fsck", "--repair"}, {}, kFsckFailure},
          {{"compact"}, {}},
          {{"backup"}, {directory.File("copy")}},
          {{"export"}, {}},
          {{"import"}, {}}};
}

TEST(CommandLine, HelpGoesToStdoutWithExamples) {
  const Ran help = RunCommand({"--help"});
  EXPECT_EQ(help.status, kExitOk);
  EXPECT_THAT(help.out, HasSubstr("Exit status"));
  EXPECT_EQ(help.err, "");
  const TrialDirectory directory;
  for (const Usage& usage : AllUsages(directory)) {
    const Ran one = RunCommand({usage.before.front(), "--help"});
    EXPECT_EQ(one.status, kExitOk);
    EXPECT_THAT(one.out, HasSubstr("Example"));
    EXPECT_THAT(one.out, HasSubstr("engram " + usage.before.front()));
  }
}

TEST(CommandLine, WhatMakesNoSenseIsRefused) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"frobnicate"},
                                             {"stats"},
                                             {"stats", "a", "b"},
                                             {"backup", "a"},
                                             {"export", "a", "--jsom"}}) {
    const Ran ran = RunCommand(arguments);
    EXPECT_EQ(ran.status, kExitUsage);
    EXPECT_THAT(ran.err, StartsWith("engram: "));
    EXPECT_EQ(ran.out, "");
  }
}

TEST(CommandLine, ProgressIsDrawnOnTerminalsAndErased) {
  const TrialDirectory directory;
  const std::string path = directory.File("store");
  MakeStore(path, {SomeMemory("a"), SomeMemory("b")});
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"export", path}, {"backup", path, directory.File("copy")}}) {
    const Ran drawn = RunCommand(arguments, "", /*err_is_terminal=*/true);
    EXPECT_EQ(drawn.status, kExitOk);
    const std::string erase = "\r\033[K";
    EXPECT_THAT(drawn.err,
                StartsWith(erase + (arguments[0] == "export" ? "exporting" : "copying")));
    EXPECT_THAT(drawn.err, testing::EndsWith(erase));
  }
  EXPECT_EQ(RunCommand({"export", path}).err, "");
}

TEST(CommandLine, OfFsckEndsAsItsManualPageSays) {
  constexpr int kFsckUsage = 16;
  EXPECT_EQ(RunCommand({"fsck"}).status, kFsckUsage);
  EXPECT_EQ(RunCommand({"fsck", "a", "--mend"}).status, kFsckUsage);
}

TEST(CommandLine, AMissingStoreIsNotMade) {
  const TrialDirectory directory;
  const std::string path = directory.File("none");
  for (const Usage& usage : AllUsages(directory)) {
    const Ran ran = RunCommand(usage.On(path));
    EXPECT_EQ(ran.status, usage.failure) << usage.before.front();
    EXPECT_THAT(ran.err, StartsWith("engram: "));
    EXPECT_THAT(ran.err, HasSubstr(path));
    EXPECT_THAT(directory.Names(), testing::IsEmpty()) << usage.before.front();
  }
}

TEST(CommandLine, WhatIsNoStoreIsLeftAlone) {
  TrialDirectory directory;
  const std::string path = directory.File("letter");
  const std::string text(20000, 'x');
  directory.Write(path, 0, text);
  for (const Usage& usage : AllUsages(directory)) {
    const Ran ran = RunCommand(usage.On(path));
    EXPECT_EQ(ran.status, usage.failure) << usage.before.front();
    EXPECT_THAT(ran.err, HasSubstr(path));
    EXPECT_EQ(directory.Read(path), text);
  }
}

TEST(CommandLine, AnOpenStoreIsRefused) {
  const TrialDirectory directory;
  const std::string path = directory.File("store");
  auto store = MemoryStore::Open(path, {.create_if_missing = true});
  ASSERT_TRUE(store.ok()) << store.status();
  for (const Usage& usage : AllUsages(directory)) {
    const Ran ran = RunCommand(usage.On(path));
    EXPECT_EQ(ran.status, usage.failure) << usage.before.front();
    EXPECT_THAT(ran.err, HasSubstr("is open elsewhere"));
  }
}

TEST(Stats, CountsWithoutWriting) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  MakeStore(path, {SomeMemory("a"), SomeMemory("bc")});
  const std::string before = directory.Read(path);

  const Ran text = RunCommand({"stats", path});
  EXPECT_EQ(text.status, kExitOk);
  EXPECT_THAT(text.out, HasSubstr("memories  2: 0 hot, 2 warm, 0 cold"));
  EXPECT_THAT(text.out, HasSubstr("It had been closed properly."));
  const Ran json = RunCommand({"stats", path, "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"memories_warm\": 2"));
  EXPECT_THAT(json.out, HasSubstr(absl::StrCat("\"file_bytes\": ", before.size(), ",")));
  EXPECT_EQ(directory.Read(path), before);
}

TEST(Backup, MakesAStoreOfTheSameMemories) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  const std::string copy = directory.File("copy");
  MakeStore(path, {SomeMemory("a")});
  const std::string before = directory.Read(path);

  const Ran ran = RunCommand({"backup", path, copy});
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_EQ(ran.out, copy + ": a copy of 1 memory\n");
  EXPECT_EQ(directory.Read(path), before);
  auto store = MemoryStore::Open(copy, {});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Get("a")->memory->content, "the content of a");

  const Ran again = RunCommand({"backup", path, copy});
  EXPECT_EQ(again.status, kExitFailed);
  EXPECT_THAT(again.err, HasSubstr(copy));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cli
