// The contract of file_system.h on the operating system's files, and what only they have: errno,
// child processes that share the lock, and descriptors that must not leak into them.

#include "io/posix_file_system.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "io/clock.h"
#include "io/file_system_contract.h"

namespace engram::inline ENGRAM_BODY::io {
namespace {

// A directory of its own, removed with all that is in it.
class PosixFixture {
 public:
  PosixFixture() {
    std::string pattern = testing::TempDir() + "engram_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  ~PosixFixture() { std::filesystem::remove_all(directory_); }

  template <typename Body>
  void Run(const Body& body) {
    body(files_, directory_ + "/store");
  }

 private:
  PosixFileSystem files_;
  std::string directory_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Posix, FileSystemContract, PosixFixture);

TEST(PosixFileSystem, AMappingWhosePagesCannotBeReadShowsZeros) {
  PosixFixture().Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf(std::string(3 * kPageBytes, 'x'))).ok());
    auto mapping = *file->Map(4 * kPageBytes);
    ASSERT_TRUE(file->Truncate(kPageBytes).ok());  // pages behind the end of a file raise SIGBUS
    EXPECT_EQ(TextOf({mapping->Bytes(FileOffset{kPageBytes - 2}, 4), 4}), "xx" + Zeros(2));
    EXPECT_EQ(TextOf({mapping->Bytes(FileOffset{2 * kPageBytes}, 3), 3}), Zeros(3));
  });
}

TEST(PosixFileSystem, OtherBusErrorsEndTheProcess) {
  PosixFixture().Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    auto guarded = *file->Map(kPageBytes);
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto* const other = static_cast<const volatile char*>(
        mmap(nullptr, kPageBytes, PROT_READ, MAP_SHARED, descriptor, 0));
    EXPECT_DEATH({ (void)*other; }, "");
    munmap(const_cast<char*>(other), kPageBytes);
    close(descriptor);
  });
}

TEST(PosixFileSystem, ErrorsNamePathRangeAndErrno) {
  PosixFixture().Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    rlimit old_limit = {};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    const rlimit limit = {8192, old_limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const absl::Status full = file->Write(FileOffset{8192}, BytesOf("12345")).status();
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(std::string(full.message()),
              "write " + path + " at offset 8192, 5 bytes: File too large (errno 27)");
  });
}

TEST(PosixFileSystem, AFullDiskWritesWhatFitsAndThenIsExhausted) {
  PosixFixture().Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    rlimit old_limit = {};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old_limit), 0);
    const rlimit limit = {8192, old_limit.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    const absl::StatusOr<size_t> moved = file->Write(FileOffset{8190}, BytesOf("12345"));
    const absl::Status full = WriteFully(*file, FileOffset{8190}, BytesOf("12345"));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old_limit), 0);
    ASSERT_TRUE(moved.ok()) << moved.status();
    EXPECT_EQ(*moved, 2u);
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  });
}

TEST(PosixFileSystem, OnlyRegularFilesCanBeOpened) {
  PosixFileSystem files;
  EXPECT_EQ(files.Open("/dev/null", OpenMode::kReadWrite).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files.Open(testing::TempDir(), OpenMode::kReadOnly).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(PosixFileSystem, TheLockExcludesOtherProcessesAndEndsWithTheOwner) {
  PosixFixture().Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    int ready[2];
    int leave[2];
    ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
    ASSERT_EQ(pipe2(leave, O_CLOEXEC), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      PosixFileSystem own;
      auto locked = own.Open(path, OpenMode::kReadWrite);
      const char answer = locked.ok() && (*locked)->Lock().ok() ? 'y' : 'n';
      char byte = 0;
      if (write(ready[1], &answer, 1) != 1 || read(leave[0], &byte, 1) != 1) _exit(2);
      _exit(0);  // without closing: the system must release the lock
    }
    char answer = 0;
    ASSERT_EQ(read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    EXPECT_EQ(file->Lock().code(), absl::StatusCode::kFailedPrecondition);
    ASSERT_EQ(write(leave[1], "x", 1), 1);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(file->Lock().ok());
    for (int end : {ready[0], ready[1], leave[0], leave[1]}) close(end);
  });
}

TEST(PosixFileSystem, DescriptorsAreNotInheritedByOtherPrograms) {
  PosixFixture().Run([](FileSystem& files, const std::string& path) {
    const int next = dup(0);
    close(next);
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    EXPECT_NE(fcntl(next, F_GETFD) & FD_CLOEXEC, 0) << "descriptor " << next;
  });
}

TEST(PosixFileSystem, NamesWithoutADirectoryLieInTheCurrentOne) {
  PosixFileSystem files;
  EXPECT_TRUE(files.SyncDirectoryOf("anything").ok());
  EXPECT_EQ(files.SyncDirectoryOf("/there/is/no/such/directory").code(),
            absl::StatusCode::kNotFound);
}

TEST(SystemClock, MonotonicTimeDoesNotGoBackAndWallTimeIsThisCentury) {
  const int64_t before = SystemClock().MonotonicNs();
  const int64_t after = SystemClock().MonotonicNs();
  EXPECT_LE(before, after);
  EXPECT_GT(SystemClock().NowNs(), int64_t{1'700'000'000} * 1'000'000'000);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::io
