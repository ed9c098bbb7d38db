// Claim: a store is open once: whoever opens it a second time, in this process or another, gets
// FAILED_PRECONDITION and touches nothing; once it is closed it can be opened.
//
// Method: the file's bytes are compared before and after the refused attempt; the other process is
// a child that tries and tells by its exit status.
//
// Not covered: file systems on which locks do not work, such as some on networks.
//
// Requirements: U7.

#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

std::string BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// The code of opening `path` in a child process.
absl::StatusCode OpenInAnotherProcess(const std::string& path) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(static_cast<int>(MemoryStore::Open(path, TinyOptions()).status().code()));
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? static_cast<absl::StatusCode>(WEXITSTATUS(status))
                           : absl::StatusCode::kUnknown;
}

class ASecondOpenIsRefused : public testing::Test {
 protected:
  ASecondOpenIsRefused() {
    Memory memory;
    memory.id = "a";
    memory.embedding = EmbeddingOf(1);
    EXPECT_TRUE(store_->Store(memory).ok());
    EXPECT_TRUE(store_->Sync().ok());
  }

  TrialStore store_;
};

TEST_F(ASecondOpenIsRefused, InThisProcess) {
  const std::string before = BytesOf(store_.path());
  EXPECT_TRUE(absl::IsFailedPrecondition(MemoryStore::Open(store_.path(), TinyOptions()).status()));
  EXPECT_EQ(BytesOf(store_.path()), before);
  EXPECT_TRUE(store_->Get("a")->memory.has_value());
  // The refused one has not taken the lock with it.
  EXPECT_TRUE(absl::IsFailedPrecondition(MemoryStore::Open(store_.path(), TinyOptions()).status()));
}

TEST_F(ASecondOpenIsRefused, InAnotherProcess) {
  const std::string before = BytesOf(store_.path());
  EXPECT_EQ(OpenInAnotherProcess(store_.path()), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(BytesOf(store_.path()), before);
  EXPECT_TRUE(store_->Remove("a").ok());
}

TEST_F(ASecondOpenIsRefused, UntilItIsClosed) {
  ASSERT_TRUE(store_->Close().ok());
  EXPECT_EQ(OpenInAnotherProcess(store_.path()), absl::StatusCode::kOk);
  auto again = MemoryStore::Open(store_.path(), TinyOptions());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->Get("a")->memory.has_value());
}

}  // namespace
}  // namespace engram::properties
