// The contract of file_system.h on files in RAM, and what tests ask of them besides.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "io/file_system_contract.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::io {
namespace {

constexpr uint64_t kRoomBytes = 16 * kMiB;

class RamFixture {
 public:
  template <typename Body>
  void Run(const Body& body) {
    RamFileSystem files(kRoomBytes);
    body(files, "store");
  }
};

INSTANTIATE_TYPED_TEST_SUITE_P(Ram, FileSystemContract, RamFixture);

TEST(RamFileSystem, AFileGrowsUpToItsRoom) {
  RamFileSystem files(kPageBytes);
  auto file = OpenOrFail(files, "small", OpenMode::kCreateNew);
  EXPECT_TRUE(file->Reserve(FileOffset{0}, kPageBytes).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(file->Reserve(FileOffset{1}, kPageBytes)));
  EXPECT_TRUE(
      absl::IsResourceExhausted(file->Write(FileOffset{kPageBytes}, BytesOf("x")).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(file->Truncate(kPageBytes + 1)));
}

TEST(RamFileSystem, HoldsWhatIsInstalled) {
  RamFileSystem files(kPageBytes);
  const auto text = BytesOf("installed");
  files.Install("file", text);
  EXPECT_EQ(ReadText(*OpenOrFail(files, "file", OpenMode::kReadOnly), 0, text.size()), "installed");
  files.Install("file", text.first(2));
  EXPECT_EQ(TextOf(files.Contents("file")), "in");
}

#ifdef ENGRAM_RAM_FILES_ARE_POISONED
TEST(RamFileSystem, ReadingBeyondTheEndOfAFileIsSeen) {
  RamFileSystem files(kPageBytes);
  files.Install("file", BytesOf("0123456789"));
  auto file = OpenOrFail(files, "file", OpenMode::kReadWrite);
  auto mapping = *file->Map(kPageBytes);
  const std::byte* const bytes = mapping->Bytes(FileOffset{0}, 10);
  const auto read = [bytes](size_t i) {
    return *const_cast<const volatile uint8_t*>(reinterpret_cast<const uint8_t*>(bytes + i));
  };
  EXPECT_EQ(read(9), '9');
  EXPECT_DEATH(read(10), "use-after-poison");
  ASSERT_TRUE(file->Truncate(5).ok());
  EXPECT_DEATH(read(9), "use-after-poison");
  ASSERT_TRUE(file->Truncate(30).ok());
  EXPECT_EQ(read(29), 0);
  EXPECT_EQ(read(9), 0);
}
#endif

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::io
