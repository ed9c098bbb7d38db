// The program itself, in a process of its own, beside another one that has the store open: this
// one.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "api/format_1_fixture.h"
#include "cli/command_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

using testing::HasSubstr;

// Runs the program; its two outputs come as one.
Ran RunProgram(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  std::string program = ENGRAM_COMMAND;
  argv.push_back(program.data());
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    execv(argv.front(), argv.data());
    _exit(127);
  }
  EXPECT_GT(child, 0);
  (void)std::fclose(fdopen(ends[1], "w"));
  std::FILE* const output = fdopen(ends[0], "r");
  Ran ran;
  for (int c = std::fgetc(output); c != EOF; c = std::fgetc(output)) {
    ran.out += static_cast<char>(c);
  }
  (void)std::fclose(output);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  ran.status = WEXITSTATUS(status);
  return ran;
}

TEST(Program, RefusesAStoreThatAnotherProcessHasOpen) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  auto store = MemoryStore::Open(path, {.create_if_missing = true});
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Store(SomeMemory("a")).ok());
  ASSERT_TRUE((*store)->Sync().ok());
  const std::string before = directory.Read(path);
  constexpr int kFsckFailure = 8;
  for (const auto& [arguments, status] : std::vector<std::pair<std::vector<std::string>, int>>{
           {{"stats", path}, kExitFailed},
           {{"fsck", path}, kFsckFailure},
           {{"fsck", path, "--repair"}, kFsckFailure},
           {{"compact", path, "--force"}, kExitFailed},
           {{"backup", path, directory.File("copy")}, kExitFailed},
           {{"export", path}, kExitFailed},
           {{"import", path, directory.File("store")}, kExitFailed}}) {
    const Ran ran = RunProgram(arguments);
    EXPECT_EQ(ran.status, status) << arguments.front();
    EXPECT_THAT(ran.out, HasSubstr("is open elsewhere")) << arguments.front();
  }
  EXPECT_EQ(directory.Read(path), before);
  EXPECT_THAT(directory.Names(), testing::ElementsAre("store"));

  ASSERT_TRUE((*store)->Close().ok());
  EXPECT_EQ(RunProgram({"fsck", path}).status, 0);
  const Ran stats = RunProgram({"stats", path});
  EXPECT_EQ(stats.status, kExitOk);
  EXPECT_THAT(stats.out, HasSubstr("memories  1: 0 hot, 1 warm, 0 cold"));
}

// A store that is open elsewhere exists, and is no file of format 1: neither way touches it.
TEST(Program, MigratesNeitherToNorFromAStoreThatAnotherProcessHasOpen) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  const std::string source = directory.File("warm.dat");
  const std::vector<std::byte> image = V1Image(V1SamplesOfFirstLayout());
  directory.Write(source, 0, {reinterpret_cast<const char*>(image.data()), image.size()});
  auto store = MemoryStore::Open(path, {.create_if_missing = true});
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Store(SomeMemory("a")).ok());
  ASSERT_TRUE((*store)->Sync().ok());
  const std::string before = directory.Read(path);
  const Ran to = RunProgram({"migrate", source, path});
  EXPECT_EQ(to.status, kExitFailed);
  EXPECT_THAT(to.out, HasSubstr(path + " exists; import to a path where nothing is"));
  const Ran from = RunProgram({"migrate", path, directory.File("new")});
  EXPECT_EQ(from.status, kExitFailed);
  EXPECT_THAT(from.out, HasSubstr(path + " at byte 0: this is no file of format 1"));
  EXPECT_EQ(directory.Read(path), before);
  EXPECT_THAT(directory.Names(), testing::UnorderedElementsAre("store", "warm.dat"));
}

TEST(Program, EndsAsItsHelpSays) {
  EXPECT_EQ(RunProgram({"--help"}).status, kExitOk);
  const Ran wrong = RunProgram({"frobnicate"});
  EXPECT_EQ(wrong.status, kExitUsage);
  EXPECT_THAT(wrong.out, testing::StartsWith("engram: "));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cli
