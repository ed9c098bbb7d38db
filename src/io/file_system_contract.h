// What every FileSystem must do, as one test suite for all of them: instantiated for the operating
// system in posix_file_system_test.cc and for the simulated disk in
// model/world/disk/simulated_file_system_test.cc.
//
// It says nothing about crashes and faults: only the simulated disk can be made to have them, and
// what they may do is tested beside it. Transfers go through ReadFully and WriteFully, which hide
// short ones.
//
// A body is instantiated by a type with
//   template <typename Body> void Run(const Body& body);   // calls body(FileSystem&, std::string
//   path) where
//                                                         // that file system can be used; `path`
//                                                         does not exist
// and INSTANTIATE_TYPED_TEST_SUITE_P(Name, FileSystemContract, TypeName).

#ifndef ENGRAM_IO_FILE_SYSTEM_CONTRACT_H_
#define ENGRAM_IO_FILE_SYSTEM_CONTRACT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::io {

template <typename Fixture>
class FileSystemContract : public testing::Test {
 protected:
  template <typename Body>
  void Run(const Body& body) {
    fixture_.Run(body);
  }

 private:
  Fixture fixture_;
};

inline std::span<const std::byte> BytesOf(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string TextOf(std::span<const std::byte> bytes) {
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

inline std::unique_ptr<File> OpenOrFail(FileSystem& files, const std::string& path, OpenMode mode) {
  absl::StatusOr<std::unique_ptr<File>> file = files.Open(path, mode);
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  return file.ok() ? *std::move(file) : nullptr;
}

// The `size` bytes at `offset`, or what went wrong.
inline std::string ReadText(File& file, uint64_t offset, size_t size) {
  std::vector<std::byte> bytes(size, std::byte{'?'});
  const absl::Status status = ReadFully(file, FileOffset{offset}, bytes);
  return status.ok() ? TextOf(bytes) : status.ToString();
}

inline std::string Zeros(size_t size) { return std::string(size, '\0'); }

TYPED_TEST_SUITE_P(FileSystemContract);

TYPED_TEST_P(FileSystemContract, ReadsBackWhatWasWritten) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("hello world")).ok());
    ASSERT_TRUE(WriteFully(*file, FileOffset{6}, BytesOf("there")).ok());
    EXPECT_EQ(ReadText(*file, 0, 11), "hello there");
    EXPECT_EQ(*file->Size(), 11u);
    EXPECT_TRUE(file->SyncData().ok());
    EXPECT_EQ(ReadText(*file, 4, 4), "o th");
  });
}

TYPED_TEST_P(FileSystemContract, BytesAcrossPagesSurviveTheRoundTrip) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    std::string text;
    for (size_t i = 0; text.size() < 3 * kPageBytes; ++i) text += std::to_string(i) + ",";
    ASSERT_TRUE(WriteFully(*file, FileOffset{kPageBytes - 17}, BytesOf(text)).ok());
    EXPECT_EQ(ReadText(*file, kPageBytes - 17, text.size()), text);
    EXPECT_EQ(*file->Size(), kPageBytes - 17 + text.size());
  });
}

TYPED_TEST_P(FileSystemContract, WritingBeyondTheEndFillsTheGapWithZeros) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("ab")).ok());
    ASSERT_TRUE(WriteFully(*file, FileOffset{2 * kPageBytes + 5}, BytesOf("z")).ok());
    EXPECT_EQ(*file->Size(), 2 * kPageBytes + 6);
    EXPECT_EQ(ReadText(*file, 0, 5), "ab" + Zeros(3));
    EXPECT_EQ(ReadText(*file, kPageBytes, kPageBytes + 6), Zeros(kPageBytes + 5) + "z");
  });
}

TYPED_TEST_P(FileSystemContract, ReadsStopAtTheEndOfTheFile) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
    std::vector<std::byte> target(8, std::byte{'?'});
    const absl::StatusOr<size_t> moved = file->Read(FileOffset{1}, target);
    ASSERT_TRUE(moved.ok());
    EXPECT_EQ(*moved, 2u);
    EXPECT_EQ(TextOf(target), "bc??????");
    EXPECT_EQ(*file->Read(FileOffset{3}, target), 0u);
    EXPECT_EQ(*file->Read(FileOffset{3 * kPageBytes}, target), 0u);
    const absl::Status status = ReadFully(*file, FileOffset{1}, target);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_NE(std::string(status.message()).find("expected 8 bytes"), std::string::npos) << status;
    EXPECT_NE(std::string(status.message()).find("after 2 of them"), std::string::npos) << status;
  });
}

TYPED_TEST_P(FileSystemContract, TransfersOfNothingDoNothing) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    EXPECT_EQ(*file->Write(FileOffset{100}, {}), 0u);
    EXPECT_EQ(*file->Size(), 0u);
    EXPECT_TRUE(file->Reserve(FileOffset{100}, 0).ok());
    EXPECT_EQ(*file->Size(), 0u);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
    EXPECT_EQ(*file->Read(FileOffset{1}, {}), 0u);
    EXPECT_TRUE(file->Punch(FileOffset{1}, 0).ok());
    EXPECT_EQ(ReadText(*file, 0, 3), "abc");
    EXPECT_EQ(file->Map(0).status().code(), absl::StatusCode::kInvalidArgument);
  });
}

TYPED_TEST_P(FileSystemContract, PunchZeroesTheRangeAndKeepsTheSize) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf(std::string(4 * kPageBytes, 'x'))).ok());
    ASSERT_TRUE(file->Punch(FileOffset{kPageBytes - 3}, kPageBytes + 7).ok());
    EXPECT_EQ(*file->Size(), 4 * kPageBytes);
    EXPECT_EQ(ReadText(*file, kPageBytes - 5, 5), "xx" + Zeros(3));
    EXPECT_EQ(ReadText(*file, kPageBytes, kPageBytes), Zeros(kPageBytes));
    EXPECT_EQ(ReadText(*file, 2 * kPageBytes, 6), Zeros(4) + "xx");
    ASSERT_TRUE(WriteFully(*file, FileOffset{kPageBytes}, BytesOf("again")).ok());
    EXPECT_EQ(ReadText(*file, kPageBytes - 1, 7), Zeros(1) + "again" + Zeros(1));
    ASSERT_TRUE(file->Punch(FileOffset{4 * kPageBytes - 2}, 3 * kPageBytes).ok());
    EXPECT_EQ(*file->Size(), 4 * kPageBytes);
    EXPECT_EQ(ReadText(*file, 4 * kPageBytes - 4, 4), "xx" + Zeros(2));
  });
}

TYPED_TEST_P(FileSystemContract, TruncateCutsAndExtendsWithZeros) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf(std::string(2 * kPageBytes, 'x'))).ok());
    ASSERT_TRUE(file->Truncate(3).ok());
    EXPECT_EQ(*file->Size(), 3u);
    std::vector<std::byte> target(8);
    EXPECT_EQ(*file->Read(FileOffset{0}, target), 3u);
    ASSERT_TRUE(file->Truncate(kPageBytes + 9).ok());
    EXPECT_EQ(*file->Size(), kPageBytes + 9);
    EXPECT_EQ(ReadText(*file, 0, kPageBytes + 9), "xxx" + Zeros(kPageBytes + 6));
    ASSERT_TRUE(file->Truncate(0).ok());
    EXPECT_EQ(*file->Size(), 0u);
  });
}

TYPED_TEST_P(FileSystemContract, ReserveExtendsAndLeavesBytesAlone) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
    ASSERT_TRUE(file->Reserve(FileOffset{1}, 2 * kPageBytes).ok());
    EXPECT_EQ(*file->Size(), 2 * kPageBytes + 1);
    EXPECT_EQ(ReadText(*file, 0, 5), "abc" + Zeros(2));
    ASSERT_TRUE(file->Reserve(FileOffset{0}, 2).ok());
    EXPECT_EQ(*file->Size(), 2 * kPageBytes + 1);
    ASSERT_TRUE(file->Reserve(FileOffset{3 * kPageBytes}, 10).ok());
    EXPECT_EQ(*file->Size(), 3 * kPageBytes + 10);
  });
}

TYPED_TEST_P(FileSystemContract, AMappingShowsLaterWritesAndOutlastsGrowth) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
    absl::StatusOr<std::unique_ptr<Mapping>> mapping = file->Map(uint64_t{1} << 30);
    ASSERT_TRUE(mapping.ok()) << mapping.status();
    EXPECT_EQ((*mapping)->size(), uint64_t{1} << 30);
    const std::byte* const first = (*mapping)->Bytes(FileOffset{0}, 3);
    EXPECT_EQ(TextOf({first, 3}), "abc");
    ASSERT_TRUE(WriteFully(*file, FileOffset{1}, BytesOf("B")).ok());
    EXPECT_EQ((*mapping)->Bytes(FileOffset{0}, 3), first);
    EXPECT_EQ(TextOf({first, 3}), "aBc");
    const uint64_t far = 8 * kMiB + 5;
    ASSERT_TRUE(WriteFully(*file, FileOffset{far}, BytesOf("far")).ok());
    EXPECT_EQ(TextOf({(*mapping)->Bytes(FileOffset{far}, 3), 3}), "far");
    EXPECT_EQ((*mapping)->Bytes(FileOffset{0}, 3), first);
    EXPECT_EQ(TextOf({(*mapping)->Bytes(FileOffset{kPageBytes}, 2), 2}), Zeros(2));
    ASSERT_TRUE(file->Punch(FileOffset{far}, 2).ok());
    EXPECT_EQ(TextOf({(*mapping)->Bytes(FileOffset{far}, 3), 3}), Zeros(2) + "r");
  });
}

TYPED_TEST_P(FileSystemContract, TwoMappingsAndAReadSeeTheSameBytes) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    auto other = OpenOrFail(files, path, OpenMode::kReadOnly);
    auto small = *file->Map(kPageBytes);
    auto large = *other->Map(16 * kPageBytes);
    ASSERT_TRUE(WriteFully(*file, FileOffset{10}, BytesOf("seen by all")).ok());
    EXPECT_EQ(TextOf({small->Bytes(FileOffset{10}, 11), 11}), "seen by all");
    EXPECT_EQ(TextOf({large->Bytes(FileOffset{10}, 11), 11}), "seen by all");
    EXPECT_EQ(ReadText(*other, 10, 11), "seen by all");
  });
}

TYPED_TEST_P(FileSystemContract, TheLockExcludesEveryOtherOpenFile) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto first = OpenOrFail(files, path, OpenMode::kCreateNew);
    auto second = OpenOrFail(files, path, OpenMode::kReadWrite);
    auto reader = OpenOrFail(files, path, OpenMode::kReadOnly);
    ASSERT_TRUE(first->Lock().ok());
    EXPECT_TRUE(first->Lock().ok()) << "taking it again is no conflict";
    const absl::Status refused = second->Lock();
    EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(std::string(refused.message()).find(path), std::string::npos) << refused;
    EXPECT_EQ(reader->Lock().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_TRUE(WriteFully(*second, FileOffset{0}, BytesOf("advisory")).ok());
    first.reset();
    EXPECT_TRUE(second->Lock().ok());
    second.reset();
    EXPECT_TRUE(reader->Lock().ok());
  });
}

TYPED_TEST_P(FileSystemContract, OpenModesSayWhatMustAndMustNotExist) {
  this->Run([](FileSystem& files, const std::string& path) {
    for (OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
      const absl::Status status = files.Open(path, mode).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
      EXPECT_NE(std::string(status.message()).find(path), std::string::npos) << status;
    }
    EXPECT_FALSE(*files.Exists(path));
    OpenOrFail(files, path, OpenMode::kCreateNew);
    EXPECT_TRUE(*files.Exists(path));
    const absl::Status status = files.Open(path, OpenMode::kCreateNew).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
    EXPECT_NE(std::string(status.message()).find(path), std::string::npos) << status;
    EXPECT_EQ(OpenOrFail(files, path, OpenMode::kReadWrite)->path(), path);
    EXPECT_TRUE(files.SyncDirectoryOf(path).ok());
  });
}

TYPED_TEST_P(FileSystemContract, ReadOnlyFilesRefuseToBeChanged) {
  this->Run([](FileSystem& files, const std::string& path) {
    {
      auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
      ASSERT_TRUE(WriteFully(*file, FileOffset{0}, BytesOf("abc")).ok());
    }
    auto file = OpenOrFail(files, path, OpenMode::kReadOnly);
    const std::vector<absl::Status> refused = {file->Write(FileOffset{0}, BytesOf("x")).status(),
                                               file->Reserve(FileOffset{0}, 100),
                                               file->Punch(FileOffset{0}, 1), file->Truncate(1)};
    for (const absl::Status& status : refused) {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
      EXPECT_NE(std::string(status.message()).find(path), std::string::npos) << status;
    }
    EXPECT_TRUE(file->SyncData().ok());
    EXPECT_EQ(*file->Size(), 3u);
    EXPECT_EQ(ReadText(*file, 0, 3), "abc");
    EXPECT_EQ(TextOf({(*file->Map(3))->Bytes(FileOffset{0}, 3), 3}), "abc");
  });
}

TYPED_TEST_P(FileSystemContract, RangesThatOverflowAreRefused) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto file = OpenOrFail(files, path, OpenMode::kCreateNew);
    std::vector<std::byte> target(16);
    const uint64_t top = uint64_t{1} << 63;
    for (uint64_t offset : {UINT64_MAX, UINT64_MAX - 15, UINT64_MAX - 16, top, top - 1, top - 15}) {
      const FileOffset start{offset};
      const std::vector<absl::Status> refused = {file->Read(start, target).status(),
                                                 file->Write(start, target).status(),
                                                 file->Reserve(start, 16),
                                                 file->Punch(start, 16),
                                                 file->Reserve(FileOffset{16}, offset),
                                                 file->Punch(FileOffset{16}, offset)};
      for (const absl::Status& status : refused) {
        EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
        EXPECT_NE(std::string(status.message()).find(path), std::string::npos) << status;
      }
    }
    EXPECT_EQ(file->Truncate(top).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(file->Map(UINT64_MAX).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(*file->Size(), 0u);
  });
}

TYPED_TEST_P(FileSystemContract, ARemovedFileStaysUsableWhileItIsOpen) {
  this->Run([](FileSystem& files, const std::string& path) {
    auto old_file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*old_file, FileOffset{0}, BytesOf("old")).ok());
    ASSERT_TRUE(files.Remove(path).ok());
    EXPECT_FALSE(*files.Exists(path));
    auto new_file = OpenOrFail(files, path, OpenMode::kCreateNew);
    ASSERT_TRUE(WriteFully(*new_file, FileOffset{0}, BytesOf("new")).ok());
    EXPECT_EQ(ReadText(*old_file, 0, 3), "old");
    EXPECT_EQ(ReadText(*new_file, 0, 3), "new");
    ASSERT_TRUE(files.Remove(path).ok());
    const absl::Status status = files.Remove(path);
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_NE(std::string(status.message()).find(path), std::string::npos) << status;
  });
}

TYPED_TEST_P(FileSystemContract, PathsWithANulByteAreRefused) {
  this->Run([](FileSystem& files, const std::string& path) {
    const std::string cut_off = path + std::string("\0x", 2);
    EXPECT_EQ(files.Open(cut_off, OpenMode::kCreateNew).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(files.Exists(cut_off).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(files.Remove(cut_off).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(files.SyncDirectoryOf(cut_off).code(), absl::StatusCode::kInvalidArgument);
    EXPECT_FALSE(*files.Exists(path));
  });
}

REGISTER_TYPED_TEST_SUITE_P(FileSystemContract, ReadsBackWhatWasWritten,
                            BytesAcrossPagesSurviveTheRoundTrip,
                            WritingBeyondTheEndFillsTheGapWithZeros, ReadsStopAtTheEndOfTheFile,
                            TransfersOfNothingDoNothing, PunchZeroesTheRangeAndKeepsTheSize,
                            TruncateCutsAndExtendsWithZeros, ReserveExtendsAndLeavesBytesAlone,
                            AMappingShowsLaterWritesAndOutlastsGrowth,
                            TwoMappingsAndAReadSeeTheSameBytes, TheLockExcludesEveryOtherOpenFile,
                            OpenModesSayWhatMustAndMustNotExist, ReadOnlyFilesRefuseToBeChanged,
                            RangesThatOverflowAreRefused, ARemovedFileStaysUsableWhileItIsOpen,
                            PathsWithANulByteAreRefused);

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_FILE_SYSTEM_CONTRACT_H_
