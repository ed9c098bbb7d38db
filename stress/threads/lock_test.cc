// Claim: a store is open once, on the whole machine, and can be opened as soon as its owner has
// closed it or is dead.
//
// Method: this process and others, on a real file. Not covered: file systems without flock(2).

#include "api/memory_store.h"
#include "gtest/gtest.h"
#include "stress/threads/stress_round.h"
#include "stress/threads/temporary_directory.h"
#include "stress/threads/victim_process.h"

namespace engram::stress {
namespace {

TEST(StoreLock, ExcludesOtherProcessesUntilTheStoreIsClosed) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("store");
  const auto store = MemoryStore::Open(path, OptionsUnderPressure());
  ASSERT_TRUE(store.ok()) << store.status();

  const auto while_open = OpenInAnotherProcess(path);
  ASSERT_TRUE(while_open.ok()) << while_open.status();
  EXPECT_EQ(*while_open, absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(MemoryStore::Open(path, OptionsUnderPressure()).status().code(),
            absl::StatusCode::kFailedPrecondition);

  ASSERT_TRUE((*store)->Close().ok());
  const auto once_closed = OpenInAnotherProcess(path);
  ASSERT_TRUE(once_closed.ok()) << once_closed.status();
  EXPECT_EQ(*once_closed, absl::StatusCode::kOk);
}

TEST(StoreLock, EndsWithItsOwner) {
  const TemporaryDirectory directory;
  const std::string path = directory.File("store");
  const auto life = RunAndKill(path, {}, {.reports = 100});
  ASSERT_TRUE(life.ok()) << life.status();

  const auto after_the_kill = OpenInAnotherProcess(path);
  ASSERT_TRUE(after_the_kill.ok()) << after_the_kill.status();
  EXPECT_EQ(*after_the_kill, absl::StatusCode::kOk);
}

TEST(StoreLock, AFileThatDoesNotExistIsNotMade) {
  const TemporaryDirectory directory;
  const auto missing = OpenInAnotherProcess(directory.File("none"));
  ASSERT_TRUE(missing.ok()) << missing.status();
  EXPECT_EQ(*missing, absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace engram::stress
