// compact: what is dead is given back, if it is worth while or asked for.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cli/command_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

using testing::HasSubstr;

// Many memories of which most are removed again, and some cold.
void MakeFragmentedStore(const std::string& path) {
  std::vector<Memory> memories;
  for (int i = 0; i < 200; ++i) memories.push_back(SomeMemory(absl::StrCat("memory ", i)));
  for (Memory& memory : memories) memory.content = std::string(1000, 'x');
  MakeStore(path, memories);
  auto store = MemoryStore::Open(path, {});
  ASSERT_TRUE(store.ok()) << store.status();
  const std::vector<std::string> cold = {"memory 1", "memory 2", "memory 3"};
  ASSERT_TRUE((*store)->Migrate(cold, Tier::kCold).ok());
  for (int i = 2; i < 190; ++i) ASSERT_TRUE((*store)->Remove(absl::StrCat("memory ", i)).ok());
  ASSERT_TRUE((*store)->Close().ok());
}

TEST(Compact, GivesBackWhatIsDeadWhenForced) {
  const TrialDirectory directory;
  const std::string path = directory.File("store");
  MakeFragmentedStore(path);
  const Ran idle = RunCommand({"compact", path});
  EXPECT_EQ(idle.status, kExitOk) << idle.err;
  EXPECT_THAT(idle.out, HasSubstr("not worth while"));
  const Ran ran = RunCommand({"compact", path, "--force", "--cold"});
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("bytes were given back"));
  EXPECT_THAT(ran.out, HasSubstr("1 cold run was rewritten"));
  EXPECT_EQ(RunCommand({"fsck", path}).status, 0);
  EXPECT_THAT(RunCommand({"stats", path}).out, HasSubstr("memories  12: 0 hot, 11 warm, 1 cold"));
}

TEST(Compact, TellsProgramsWhatItDid) {
  const TrialDirectory directory;
  const std::string path = directory.File("store");
  MakeFragmentedStore(path);
  auto json = nlohmann::json::parse(RunCommand({"compact", path, "--json"}).out);
  EXPECT_TRUE(json["compaction"].is_null());
  EXPECT_TRUE(json["cold_compaction"].is_null());
  json = nlohmann::json::parse(RunCommand({"compact", path, "--json", "--force"}).out);
  EXPECT_GT(json["compaction"]["fragmentation_before"], 0.5);
  EXPECT_LT(json["compaction"]["new_size"], json["compaction"]["old_size"]);
  EXPECT_EQ(json["path"], path);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cli
