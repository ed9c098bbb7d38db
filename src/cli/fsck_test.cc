// fsck on real files: what each exit status stands for, what a repair keeps, and that a check
// writes nothing.

#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "cli/command_fixture.h"
#include "cli/memory_json.h"
#include "cli/quarantine_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int kSound = 0;
constexpr int kCorrected = 1;
constexpr int kUncorrected = 4;
constexpr int kCouldNot = 8;

std::string_view BytesOf(const std::vector<float>& embedding) {
  return {reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float)};
}

class Fsck : public testing::Test {
 protected:
  Fsck() {
    MakeStore(path_, memories_);
    intact_ = directory_.Read(path_);
  }

  // Flips a bit of the first byte of `bytes`, which the file has.
  void Damage(std::string_view bytes) {
    const size_t at = directory_.Read(path_).find(bytes);
    ASSERT_NE(at, std::string::npos);
    Flip(at);
  }
  void Flip(size_t at) {
    std::string byte(1, directory_.Read(path_)[at]);
    byte[0] = static_cast<char>(byte[0] ^ 1);
    directory_.Write(path_, at, byte);
  }
  // Damages the part of the index that leads to the memories.
  void DamageIndex() {
    for (size_t at = 0; at < intact_.size(); at += io::kSectorBytes) {
      if (intact_[at] == 0) continue;
      Flip(at);
      if (RunCommand({"fsck", path_, "--json"}).out.find("checkpoint bucket") !=
          std::string::npos) {
        return;
      }
      Flip(at);
    }
    FAIL() << "there is no bucket";
  }
  std::vector<nlohmann::json> Lines(const std::string& path) {
    std::vector<nlohmann::json> lines;
    std::istringstream text(directory_.Read(path));
    for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
  }
  std::string Quarantine(int number) const {
    return path_ + ".quarantine-" + std::to_string(number) + ".jsonl";
  }

  TrialDirectory directory_;
  const std::string path_ = directory_.File("store");
  const std::vector<Memory> memories_ = {SomeMemory("a"), SomeMemory("bc"), SomeMemory("def")};
  std::string intact_;
};

TEST_F(Fsck, OfASoundStoreIsZeroAndWritesNothing) {
  const Ran ran = RunCommand({"fsck", path_});
  EXPECT_EQ(ran.status, kSound);
  EXPECT_THAT(ran.out, HasSubstr("3 memories checked, 0 damaged; sound"));
  EXPECT_EQ(directory_.Read(path_), intact_);
  EXPECT_EQ(RunCommand({"fsck", path_, "--repair"}).status, kSound);
  EXPECT_THAT(directory_.Names(), testing::ElementsAre("store"));
}

TEST_F(Fsck, NamesWhatIsDamagedWithoutWriting) {
  Damage(BytesOf(memories_[1].embedding));
  const std::string damaged = directory_.Read(path_);
  const Ran ran = RunCommand({"fsck", path_});
  EXPECT_EQ(ran.status, kUncorrected);
  EXPECT_THAT(ran.out, HasSubstr("damaged: memory \"bc\": embedding at offset "));
  EXPECT_THAT(ran.out, HasSubstr("--repair"));
  EXPECT_THAT(ran.out, HasSubstr("3 memories checked, 1 damaged; not sound"));
  const auto json = nlohmann::json::parse(RunCommand({"fsck", path_, "--json"}).out);
  EXPECT_EQ(json["exit_status"], kUncorrected);
  EXPECT_EQ(json["found"]["damages"][0]["id"], "bc");
  EXPECT_TRUE(json["repair"].is_null());
  EXPECT_EQ(directory_.Read(path_), damaged);
  EXPECT_THAT(directory_.Names(), testing::ElementsAre("store"));
}

TEST_F(Fsck, RepairKeepsWhatItTakesOut) {
  Damage(BytesOf(memories_[1].embedding));
  std::string embedding(BytesOf(memories_[1].embedding));
  embedding[0] = static_cast<char>(embedding[0] ^ 1);

  const Ran ran = RunCommand({"fsck", path_, "--repair"});
  EXPECT_EQ(ran.status, kCorrected) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 memory was taken out"));
  EXPECT_THAT(ran.out, HasSubstr(Quarantine(1)));
  const auto lines = Lines(Quarantine(1));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["structure"], "embedding");
  EXPECT_EQ(lines[0]["is_memory"], true);
  EXPECT_EQ(lines[0]["intact"]["id"], "bc");
  EXPECT_EQ(lines[0]["intact"]["content"], *memories_[1].content);
  EXPECT_EQ(lines[0]["intact"]["embedding"].size(), 0u);
  const nlohmann::json& left = lines[0]["left"][1];
  EXPECT_EQ(left["structure"], "embedding");
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(left["base64"].get<std::string>(), &bytes));
  EXPECT_EQ(bytes, embedding);

  EXPECT_EQ(RunCommand({"fsck", path_}).status, kSound);
  auto store = MemoryStore::Open(path_, {});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_FALSE((*store)->Get("bc")->memory);
  EXPECT_EQ((*store)->Get("a")->memory->content, memories_[0].content);
  EXPECT_EQ((*store)->Get("def")->memory->content, memories_[2].content);
}

TEST_F(Fsck, RepairNeverWritesOverWhatAnEarlierOneKept) {
  Damage(BytesOf(memories_[1].embedding));
  EXPECT_EQ(RunCommand({"fsck", path_, "--repair"}).status, kCorrected);
  const std::string first = directory_.Read(Quarantine(1));
  Damage(*memories_[2].content);
  const Ran json = RunCommand({"fsck", path_, "--repair", "--json"});
  EXPECT_EQ(json.status, kCorrected);
  EXPECT_EQ(nlohmann::json::parse(json.out)["repair"]["file"], Quarantine(2));
  EXPECT_EQ(directory_.Read(Quarantine(1)), first);
  const auto lines = Lines(Quarantine(2));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["structure"], "log entry");
  EXPECT_FALSE(lines[0].contains("intact"));
  EXPECT_EQ(RunCommand({"fsck", path_}).status, kSound);
}

TEST_F(Fsck, SaysWhatNobodyCanTakeOut) {
  DamageIndex();
  const Ran ran = RunCommand({"fsck", path_, "--repair"});
  EXPECT_EQ(ran.status, kUncorrected);
  EXPECT_THAT(ran.out, HasSubstr("left: index: memories with hashes from"));
  EXPECT_THAT(ran.out, HasSubstr("nobody can tell which memories it was about"));
  EXPECT_EQ(Lines(Quarantine(1))[0]["structure"], "checkpoint bucket");
  EXPECT_EQ(RunCommand({"fsck", path_}).status, kUncorrected);
  // The way out that it names: what is intact, in a new store.
  const Ran exported = RunCommand({"export", path_});
  EXPECT_EQ(exported.status, kExitFailed);
  const std::string fresh = directory_.File("fresh");
  EXPECT_EQ(RunCommand({"import", "--create", fresh}, exported.out).status, kExitOk);
  EXPECT_EQ(RunCommand({"fsck", fresh}).status, kSound);
}

TEST_F(Fsck, OfAStoreThatWasNotClosedRecoversInMemoryAlone) {
  auto store = MemoryStore::Open(path_, {});
  ASSERT_TRUE((*store)->Store(SomeMemory("fourth")).ok());
  ASSERT_TRUE((*store)->Sync().ok());
  const std::string killed = directory_.File("killed");
  const std::string image = directory_.Read(path_);
  directory_.Write(killed, 0, image);
  const Ran ran = RunCommand({"fsck", killed});
  EXPECT_EQ(ran.status, kSound);
  EXPECT_THAT(ran.out, HasSubstr("It had not been closed"));
  EXPECT_THAT(ran.out, HasSubstr("4 memories checked"));
  EXPECT_EQ(directory_.Read(killed), image);

  // A tear and damage of the last commit look the same.
  const std::string torn = directory_.File("torn");
  directory_.Write(torn, 0, image);
  directory_.Write(torn, image.find(*SomeMemory("fourth").content), "X");
  const Ran cut = RunCommand({"fsck", torn});
  EXPECT_EQ(cut.status, kUncorrected);
  EXPECT_THAT(cut.out, HasSubstr("may have acknowledged"));
  EXPECT_THAT(cut.out, HasSubstr("the log's end is not complete"));
  EXPECT_THAT(cut.out, HasSubstr("3 memories checked, 0 damaged; not sound"));
  EXPECT_THAT(cut.out, Not(HasSubstr("takes damaged memories out")));
}

TEST_F(Fsck, RepairKeepsTheEndOfTheLogBeforeItCutsItOff) {
  auto store = MemoryStore::Open(path_, {});
  ASSERT_TRUE((*store)->Store(SomeMemory("fourth")).ok());
  ASSERT_TRUE((*store)->Sync().ok());
  const std::string torn = directory_.File("torn");
  const std::string image = directory_.Read(path_);
  const std::string content = *SomeMemory("fourth").content;
  directory_.Write(torn, 0, image);
  directory_.Write(torn, image.find(content), "X");

  const Ran ran = RunCommand({"fsck", torn, "--repair"});
  EXPECT_EQ(ran.status, kCorrected) << ran.err;
  const std::string kept = torn + ".quarantine-1.jsonl";
  EXPECT_THAT(ran.out,
              HasSubstr("the log's incomplete end, which is cut off, are kept in " + kept));
  EXPECT_THAT(ran.out, Not(HasSubstr("taken out")));
  const auto lines = Lines(kept);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["structure"], "log tail");
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(lines[0]["left"][0]["base64"].get<std::string>(), &bytes));
  EXPECT_THAT(bytes, HasSubstr("fourth"));
  EXPECT_THAT(bytes, HasSubstr(std::string("X").append(content, 1)));
  EXPECT_EQ(RunCommand({"fsck", torn}).status, kSound);
}

TEST_F(Fsck, RepairKeepsWhatIsDamagedBehindTheEndOfTheLog) {
  auto store = MemoryStore::Open(path_, {});
  ASSERT_TRUE((*store)->Store(SomeMemory("fourth")).ok());
  ASSERT_TRUE((*store)->Sync().ok());
  const std::string torn = directory_.File("torn");
  const std::string image = directory_.Read(path_);
  directory_.Write(torn, 0, image);
  directory_.Write(torn, image.find(*SomeMemory("fourth").content), "X");
  directory_.Write(torn, image.find(BytesOf(memories_[1].embedding)), "X");
  const Ran ran = RunCommand({"fsck", torn, "--repair"});
  EXPECT_EQ(ran.status, kCorrected) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("1 memory was taken out"));
  const auto lines = Lines(torn + ".quarantine-1.jsonl");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["structure"], "log tail");
  EXPECT_EQ(lines[1]["structure"], "embedding");
  EXPECT_EQ(RunCommand({"fsck", torn}).status, kSound);
}

// Nobody writes beyond this many bytes of a file meanwhile.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &old_), 0);
    const rlimit limit{bytes, old_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit old_{};
  void (*const handler_)(int);
};

TEST_F(Fsck, ARepairThatFailsNamesWhatItHasKept) {
  auto store = MemoryStore::Open(path_, {});
  ASSERT_TRUE((*store)->Store(SomeMemory("fourth")).ok());
  ASSERT_TRUE((*store)->Sync().ok());
  const std::string torn = directory_.File("torn");
  const std::string image = directory_.Read(path_);
  directory_.Write(torn, 0, image);
  directory_.Write(torn, image.find(*SomeMemory("fourth").content), "X");
  directory_.Write(torn, image.find(BytesOf(memories_[1].embedding)), "X");
  Ran ran;
  {
    // The side file fits; a checkpoint, which comes behind the cut extent, does not.
    const FileLimit limit(128 * kKiB);
    ran = RunCommand({"fsck", torn, "--repair"});
  }
  EXPECT_EQ(ran.status, kCouldNot) << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("what is kept is in " + torn + ".quarantine-1.jsonl"));
  EXPECT_EQ(Lines(torn + ".quarantine-1.jsonl").size(), 2u);
  EXPECT_THAT(RunCommand({"fsck", torn}).out, HasSubstr("memory \"bc\": embedding at offset "));
}

TEST_F(Fsck, ABackupThatFailsSaysWhatItHasLeft) {
  const std::string copy = directory_.File("copy");
  Ran ran;
  {
    const FileLimit limit(intact_.size() - 1);
    ran = RunCommand({"backup", path_, copy});
  }
  EXPECT_EQ(ran.status, kExitFailed);
  EXPECT_THAT(ran.err, HasSubstr("what " + copy + " holds is no complete copy: remove it"));
  // Of a file that was there before nothing is said.
  ran = RunCommand({"backup", path_, path_});
  EXPECT_EQ(ran.status, kExitFailed);
  EXPECT_THAT(ran.err, Not(HasSubstr("remove it")));
}

TEST_F(Fsck, RestoresASuperblock) {
  Flip(0);
  const Ran ran = RunCommand({"fsck", path_});
  EXPECT_EQ(ran.status, kUncorrected);
  EXPECT_THAT(ran.out, HasSubstr("One of the two superblocks was not intact"));
  EXPECT_EQ(RunCommand({"fsck", path_, "--repair"}).status, kCorrected);
  EXPECT_EQ(RunCommand({"fsck", path_}).status, kSound);
}

TEST_F(Fsck, WhatWasNotMadeDurableIsNoQuarantine) {
  io::PosixFileSystem files;
  {
    QuarantineFile keeper(files, path_);
    ASSERT_TRUE(keeper.Keep({}).ok());
    EXPECT_EQ(keeper.path(), Quarantine(1));
    EXPECT_THAT(directory_.Names(), testing::SizeIs(2));
  }
  EXPECT_THAT(directory_.Names(), testing::SizeIs(1));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::cli
