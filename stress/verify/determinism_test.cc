// Hashes of executions compared with files that hold the same, others, too few and too many.

#include "stress/verify/determinism.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "stress/verify/self_suite.h"

namespace engram::verify {
namespace {

class Determinism : public testing::Test {
 protected:
  Determinism() : path_(testing::TempDir() + "engram_hashes_" + std::to_string(getpid())) {}
  ~Determinism() override { std::remove(path_.c_str()); }

  const std::string path_;
};

TEST_F(Determinism, TheSameSeedGivesTheSameExecutions) { EXPECT_EQ(JudgeDeterminism(3, 500), ""); }

TEST_F(Determinism, AFileOfTheSameRunMatches) {
  ASSERT_TRUE(WriteHashes(5, 300, path_));
  EXPECT_EQ(std::filesystem::file_size(path_), 300u * 8);
  const HashComparison comparison = CompareWithFile(5, 300, path_);
  EXPECT_EQ(comparison.error, "");
  EXPECT_EQ(comparison.executions, 300u);
  EXPECT_EQ(comparison.mismatches, 0u);
  EXPECT_GT(comparison.distinct, 250u);  // the executions are not all alike
}

TEST_F(Determinism, OneChangedByteIsOneMismatch) {
  ASSERT_TRUE(WriteHashes(5, 300, path_));
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(8 * 123);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(8 * 123);
    file.put(byte);
  }
  const HashComparison comparison = CompareWithFile(5, 300, path_);
  EXPECT_EQ(comparison.mismatches, 1u);
  EXPECT_EQ(comparison.first_mismatch, 123u);
}

TEST_F(Determinism, AnotherSeedMismatches) {
  ASSERT_TRUE(WriteHashes(5, 300, path_));
  EXPECT_GT(CompareWithFile(6, 300, path_).mismatches, 250u);
}

TEST_F(Determinism, FilesOfAnotherLengthAreRefused) {
  ASSERT_TRUE(WriteHashes(5, 300, path_));
  EXPECT_THAT(CompareWithFile(5, 301, path_).error, testing::HasSubstr("only 300"));
  EXPECT_THAT(CompareWithFile(5, 299, path_).error, testing::HasSubstr("more hashes"));
  EXPECT_THAT(CompareWithFile(5, 1, "/nowhere/file").error, testing::HasSubstr("cannot read"));
}

TEST_F(Determinism, AnotherProcessIsHeardThroughAPipe) {
  ASSERT_TRUE(WriteHashes(5, 300, path_));
  const HashComparison comparison = CompareWithProcess(5, 300, {"/bin/cat", path_});
  EXPECT_EQ(comparison.error, "");
  EXPECT_EQ(comparison.mismatches, 0u);
  EXPECT_NE(CompareWithProcess(5, 300, {"/bin/false"}).error, "");
  EXPECT_NE(CompareWithProcess(5, 300, {"/no/such/program"}).error, "");
}

}  // namespace
}  // namespace engram::verify
