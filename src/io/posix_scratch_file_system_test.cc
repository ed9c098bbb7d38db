// Files that are written and stay as they are.

#include "io/posix_scratch_file_system.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gtest/gtest.h"
#include "io/file_system_contract.h"

namespace engram::inline ENGRAM_BODY::io {
namespace {

class PosixScratchFiles : public testing::Test {
 protected:
  PosixScratchFiles() {
    std::string pattern = testing::TempDir() + "engram_XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = pattern + "/file";
    auto file = OpenOrFail(real_, path_, OpenMode::kCreateNew);
    EXPECT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf(kText)).ok());
  }
  ~PosixScratchFiles() override { std::filesystem::remove_all(directory_); }

  std::string OnDisk() {
    auto file = OpenOrFail(real_, path_, OpenMode::kReadOnly);
    return ReadText(*file, 0, *file->Size());
  }

  static constexpr std::string_view kText = "what is on the disk";
  PosixFileSystem real_;
  PosixScratchFileSystem files_{kMiB};
  std::string directory_;
  std::string path_;
};

TEST_F(PosixScratchFiles, WritesAreSeenByReadsAndMappingsAndNotByTheDisk) {
  auto file = OpenOrFail(files_, path_, OpenMode::kReadWrite);
  auto mapping = *file->Map(64 * kKiB);
  ASSERT_TRUE(WriteFully(*file, FileOffset{5}, BytesOf("was")).ok());
  ASSERT_TRUE(WriteFully(*file, FileOffset{3 * kPageBytes}, BytesOf("far")).ok());
  ASSERT_TRUE(file->SyncData().ok());
  EXPECT_EQ(ReadText(*file, 0, 8), "what was");
  EXPECT_EQ(TextOf({mapping->Bytes(FileOffset{0}, 8), 8}), "what was");
  EXPECT_EQ(TextOf({mapping->Bytes(FileOffset{3 * kPageBytes}, 3), 3}), "far");
  EXPECT_EQ(*file->Size(), 3 * kPageBytes + 3);
  EXPECT_EQ(ReadText(*file, 100, 4), Zeros(4));
  EXPECT_EQ(OnDisk(), kText);
}

TEST_F(PosixScratchFiles, SizesChangeInMemoryAlone) {
  auto file = OpenOrFail(files_, path_, OpenMode::kReadWrite);
  ASSERT_TRUE(file->Reserve(FileOffset{0}, 100).ok());
  EXPECT_EQ(*file->Size(), 100u);
  ASSERT_TRUE(file->Punch(FileOffset{1}, 3).ok());
  ASSERT_TRUE(file->Truncate(6).ok());
  ASSERT_TRUE(file->Truncate(8).ok());
  EXPECT_EQ(ReadText(*file, 0, 8), std::string("w\0\0\0 i\0\0", 8));
  EXPECT_TRUE(absl::IsResourceExhausted(file->Truncate(kMiB + 1)));
  EXPECT_TRUE(absl::IsResourceExhausted(file->Write(FileOffset{kMiB}, BytesOf("x")).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(file->Map(kMiB + 1).status()));
  EXPECT_EQ(OnDisk(), kText);
}

TEST_F(PosixScratchFiles, TheLockIsTheFilesOwn) {
  auto file = OpenOrFail(files_, path_, OpenMode::kReadWrite);
  ASSERT_TRUE(file->Lock().ok());
  auto other = OpenOrFail(real_, path_, OpenMode::kReadWrite);
  EXPECT_TRUE(absl::IsFailedPrecondition(other->Lock()));
  file = nullptr;
  EXPECT_TRUE(other->Lock().ok());
}

TEST_F(PosixScratchFiles, WhatChangedBeforeItWasLockedIsNotTrusted) {
  auto file = OpenOrFail(files_, path_, OpenMode::kReadWrite);
  ASSERT_TRUE(OpenOrFail(real_, path_, OpenMode::kReadWrite)->Truncate(3).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(file->Lock()));
}

TEST_F(PosixScratchFiles, PagesThatCannotBeReadAreZerosAndCanBeWritten) {
  auto real = OpenOrFail(real_, path_, OpenMode::kReadWrite);
  ASSERT_TRUE(real->Truncate(3 * kPageBytes).ok());
  auto file = OpenOrFail(files_, path_, OpenMode::kReadWrite);
  ASSERT_TRUE(real->Truncate(1).ok());  // pages behind the end of a file raise SIGBUS
  EXPECT_EQ(ReadText(*file, kPageBytes, 2), Zeros(2));
  ASSERT_TRUE(WriteFully(*file, FileOffset{2 * kPageBytes}, BytesOf("new")).ok());
  EXPECT_EQ(ReadText(*file, 2 * kPageBytes, 3), "new");
}

TEST_F(PosixScratchFiles, NewFilesAreRealAndOldOnesStay) {
  ASSERT_TRUE(WriteFully(*OpenOrFail(files_, directory_ + "/new", OpenMode::kCreateNew),
                         FileOffset{0}, BytesOf("real"))
                  .ok());
  EXPECT_EQ(ReadText(*OpenOrFail(real_, directory_ + "/new", OpenMode::kReadOnly), 0, 4), "real");
  EXPECT_TRUE(absl::IsFailedPrecondition(files_.Remove(path_)));
  EXPECT_TRUE(absl::IsNotFound(files_.Open(path_ + "x", OpenMode::kReadWrite).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      PosixScratchFileSystem(3).Open(path_, OpenMode::kReadWrite).status()));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::io
