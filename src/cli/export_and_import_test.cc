// export and import: what a line is, which lines are refused and how, and what becomes of damage.

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "cli/command_fixture.h"
#include "cli/memory_json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

using testing::HasSubstr;

Memory Extremes(std::string id) {
  Memory memory;
  memory.id = std::move(id);
  memory.embedding.assign(kEmbeddingDimension, -0.0F);
  memory.embedding[1] = std::numeric_limits<float>::denorm_min();
  memory.embedding[2] = std::numeric_limits<float>::max();
  memory.embedding[3] = 0.1F;
  memory.confidence = -0.0F;
  memory.activation = 1;
  memory.created_at = std::numeric_limits<int64_t>::min();
  memory.last_access = std::numeric_limits<int64_t>::max();
  memory.access_count = std::numeric_limits<uint64_t>::max();
  return memory;
}

std::string LineOf(const Memory& memory) {
  std::string line;
  AppendJson(memory, line);
  return line;
}

// `line` of a memory with `from` made `to`.
std::string Changed(std::string line, std::string_view from, std::string_view to) {
  return line.replace(line.find(from), from.size(), to);
}

TEST(MemoryJson, SaysEveryField) {
  Memory memory = Extremes("\xF0\x9F\x90\x98 \"quoted\"\n");
  memory.content = std::string("nul \0 inside", 12);
  const std::string line = LineOf(memory);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["id"], memory.id);
  EXPECT_EQ(json["embedding"].size(), kEmbeddingDimension);
  EXPECT_EQ(json["created_at"], memory.created_at);
  EXPECT_EQ(json["last_access"], memory.last_access);
  EXPECT_EQ(json["access_count"], memory.access_count);
  EXPECT_EQ(json["content"], *memory.content);
  EXPECT_THAT(line, HasSubstr("[-0.0,1e-45,3.4028235e+38,0.1,"));
  EXPECT_FALSE(nlohmann::json::parse(LineOf(Extremes("a"))).contains("content"));
}

TEST(MemoryJson, TakesWhatOtherProgramsWrite) {
  const auto memory = ParseMemory(R"( {"embedding": [1, -2.5e0, 1E-60, 0.10000000149011612, -0],)"
                                  R"( "content": null, "id": "\u00e9"} )");
  ASSERT_TRUE(memory.ok()) << memory.status();
  EXPECT_EQ(memory->id, "\xC3\xA9");
  EXPECT_THAT(memory->embedding, testing::ElementsAre(1.0F, -2.5F, 0.0F, 0.1F, -0.0F));
  EXPECT_TRUE(std::signbit(memory->embedding[4]));
  EXPECT_FALSE(memory->content);
  EXPECT_EQ(memory->access_count, 0u);
}

TEST(MemoryJson, SaysWhatIsWrong) {
  const std::string good = LineOf(Extremes("a"));
  ASSERT_TRUE(ParseMemory(good).ok());
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"nonsense", "not JSON"},
      {good.substr(0, good.size() - 1), "not JSON"},
      {good + "x", "not JSON"},
      {"{\"id\":\"\xFF\"}", "not JSON"},
      {"[]", "an object is expected"},
      {"7", "an object is expected"},
      {"{}", "there is no id"},
      {R"({"id":"a"})", "there is no embedding"},
      {R"({"id":"a","id":"b"})", "field \"id\" is there twice"},
      {R"({"id":"a","embeding":[]})", "unknown field \"embeding\""},
      {R"({"id":7})", "field \"id\" cannot be a number"},
      {R"({"embedding":["a"]})", "field \"embedding\" cannot be a text"},
      {R"({"embedding":[[1]]})", "field \"embedding\" cannot be a list"},
      {R"({"content":{}})", "field \"content\" cannot be an object"},
      {R"({"created_at":1.5})", "field \"created_at\" cannot be a number that is no whole one"},
      {R"({"created_at":9223372036854775808})", "no whole one of 64 bits"},
      {R"({"access_count":-1})", "from 0 to 2^64-1"},
      {R"({"access_count":18446744073709551616})", "field \"access_count\" cannot be"},
      {R"({"confidence":null})", "field \"confidence\" cannot be null"},
      {R"({"confidence":true})", "field \"confidence\" cannot be a truth value"},
  };
  for (const auto& [line, why] : wrong) {
    const auto memory = ParseMemory(line);
    EXPECT_TRUE(absl::IsInvalidArgument(memory.status())) << line;
    EXPECT_THAT(std::string(memory.status().message()), HasSubstr(why)) << line;
  }
}

TEST(Import, RefusesBadLinesByNumberAndStoresTheOthers) {
  const TrialDirectory directory;
  const std::string path = directory.File("store");
  const std::string good = LineOf(SomeMemory("good"));
  const std::string lines = good + "\nnonsense\n\n" + Changed(good, "0.5", "1.5") + "\n" +
                            R"({"id":"short","embedding":[1,2]})" + "\n" +
                            Changed(good, "\"good\"", "\"last\"");
  const Ran ran = RunCommand({"import", "--create", path}, lines);
  EXPECT_EQ(ran.status, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("engram: line 2: not JSON"));
  EXPECT_THAT(ran.err, HasSubstr("engram: line 4: "));
  EXPECT_THAT(ran.err, HasSubstr("engram: line 5: "));
  EXPECT_EQ(ran.out, path + ": 2 memories imported, 3 lines refused\n");
  EXPECT_EQ(RunCommand({"export", path}).out.find("\"nonsense\""), std::string::npos);
  EXPECT_THAT(RunCommand({"stats", path}).out, HasSubstr("memories  2:"));
}

TEST(Import, MakesNoStoreUnlessAsked) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  const std::string file = directory.File("lines");
  EXPECT_EQ(RunCommand({"import", path}, LineOf(SomeMemory("a"))).status, kExitFailed);
  EXPECT_EQ(RunCommand({"import", "--create", path, file}).status, kExitFailed);
  EXPECT_THAT(directory.Names(), testing::IsEmpty());
  directory.Write(file, 0, LineOf(SomeMemory("a")) + "\n");
  const Ran ran = RunCommand({"import", "--create", path, file});
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_EQ(ran.out, path + ": 1 memory imported\n");
  // Again: it replaces what is there.
  EXPECT_EQ(RunCommand({"import", path, file}).status, kExitOk);
  EXPECT_THAT(RunCommand({"stats", path}).out, HasSubstr("memories  1:"));
}

TEST(Export, RoundTripsThroughAFileAndComesOutTheSame) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  const std::string file = directory.File("lines");
  const std::string copy = directory.File("copy");
  std::vector<Memory> memories = {Extremes("none"), Extremes("empty"), SomeMemory("some")};
  memories[1].content = "";
  memories.push_back(SomeMemory("long"));
  memories.back().content = std::string(200'000, '\n');  // longer than any buffer
  MakeStore(path, memories);
  const std::string before = directory.Read(path);

  const Ran ran = RunCommand({"export", path, file});
  EXPECT_EQ(ran.status, kExitOk) << ran.err;
  EXPECT_EQ(ran.out, file + ": 4 memories\n");
  EXPECT_EQ(directory.Read(path), before);
  EXPECT_EQ(RunCommand({"import", "--create", copy, file}).status, kExitOk);
  EXPECT_EQ(RunCommand({"export", copy}).out, directory.Read(file));
  EXPECT_EQ(RunCommand({"export", path, "-"}).out, directory.Read(file));
  // It writes over nothing.
  EXPECT_EQ(RunCommand({"export", path, file}).status, kExitFailed);
}

TEST(Export, NamesDamageAndExportsTheRest) {
  TrialDirectory directory;
  const std::string path = directory.File("store");
  MakeStore(path, {SomeMemory("a"), SomeMemory("bc"), SomeMemory("def")});
  const Memory bc = SomeMemory("bc");
  const std::string_view embedding(reinterpret_cast<const char*>(bc.embedding.data()), 3072);
  directory.Write(path, directory.Read(path).find(embedding), "X");
  const Ran ran = RunCommand({"export", path});
  EXPECT_EQ(ran.status, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("engram: not exported: memory \"bc\": "));
  EXPECT_THAT(ran.err, HasSubstr("at offset"));
  EXPECT_THAT(ran.out, HasSubstr(LineOf(SomeMemory("a"))));
  EXPECT_THAT(ran.out, HasSubstr(LineOf(SomeMemory("def"))));
  EXPECT_EQ(ran.out.find("\"bc\""), std::string::npos);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cli
