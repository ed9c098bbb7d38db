// The memory behind simulated files: what programs can do with what they are shown, and that
// nothing is left of it.

#include "model/world/disk/file_bytes.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gtest/gtest.h"

namespace engram::world {
namespace {

// Whether the system could write to `address`.
bool IsWritable(const std::byte* address) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  EXPECT_EQ(write(ends[1], "x", 1), 1);
  const ssize_t moved = read(ends[0], const_cast<std::byte*>(address), 1);
  if (moved < 0) {
    EXPECT_EQ(errno, EFAULT);
  }
  close(ends[0]);
  close(ends[1]);
  return moved == 1;
}

TEST(FileBytes, ViewsShowWhatTheKernelWritesAndCannotBeWritten) {
  FileBytes bytes;
  bytes.Touch(3);
  std::memcpy(bytes.Page(3), "abc", 3);
  const std::byte* const view = bytes.Map(10 * io::kPageBytes);
  bytes.Expose(3, 3);
  EXPECT_EQ(std::memcmp(view + 3 * io::kPageBytes, "abc", 3), 0);
  bytes.Page(3)[1] = std::byte{'B'};
  EXPECT_EQ(std::memcmp(view + 3 * io::kPageBytes, "aBc", 3), 0);
  EXPECT_FALSE(IsWritable(view + 3 * io::kPageBytes));
}

TEST(FileBytes, ClearLeavesZerosAndMemoryIsUsedAgain) {
  FileBytes bytes;
  const std::byte* const first_view = bytes.Map(100);
  for (size_t pages : {size_t{1}, size_t{10}, size_t{5000}}) {
    for (size_t i = 0; i < pages; ++i) {
      bytes.Touch(7 * i);
      EXPECT_EQ(bytes.Page(7 * i)[5], std::byte{0});
      bytes.Page(7 * i)[5] = std::byte{'x'};
    }
    bytes.Clear();
  }
  EXPECT_EQ(bytes.Map(100), first_view);
  EXPECT_EQ(bytes.Page(7)[5], std::byte{0});
}

TEST(FileBytes, GrowsWithoutMovingWhatIsMapped) {
  FileBytes bytes;
  const std::byte* const small = bytes.Map(100);
  bytes.Touch(0);
  std::memcpy(bytes.Page(0), "abc", 3);
  const uint64_t far = (uint64_t{8} << 30) / io::kPageBytes;
  bytes.Touch(far);
  std::memcpy(bytes.Page(far), "far", 3);
  const std::byte* const large = bytes.Map(uint64_t{9} << 30);
  bytes.Expose(0, 3);
  bytes.Expose(far, 3);
  EXPECT_EQ(std::memcmp(small, "abc", 3), 0);
  EXPECT_EQ(std::memcmp(large, "abc", 3), 0);
  EXPECT_EQ(std::memcmp(large + far * io::kPageBytes, "far", 3), 0);
}

TEST(FileBytes, WhatNoAddressSpaceCanHoldIsRefused) {
  FileBytes bytes;
  EXPECT_EQ(bytes.Page(UINT64_MAX / io::kPageBytes), nullptr);
  EXPECT_EQ(bytes.Map(uint64_t{1} << 62), nullptr);
  EXPECT_NE(bytes.Page(0), nullptr);
}

}  // namespace
}  // namespace engram::world
