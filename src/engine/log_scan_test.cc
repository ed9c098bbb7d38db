// Scanning a log: what is intact, what is proven, what damage hides, and what a cut leaves to be
// framed.

#include "engine/log_scan.h"

#include <memory>
#include <string>
#include <vector>

#include "format/extent_header.h"
#include "gtest/gtest.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

constexpr format::Geometry kGeometry{8 * kKiB};
constexpr uint64_t kStoreId = 7;
constexpr Generation kGeneration{5};

// A log of one extent, written entry by entry.
class LogScanTest : public testing::Test {
 protected:
  LogScanTest()
      : files_(kGeometry.FileBytes(2)), file_(*files_.Open("log", io::OpenMode::kCreateNew)) {
    EXPECT_TRUE(file_->Truncate(kGeometry.FileBytes(1)).ok());
    format::ExtentHeader header;
    header.type = format::ExtentType::kLog;
    header.generation = kGeneration;
    header.first_log_number = {1};
    header.next_extent = {1};
    header.next_generation = {6};
    Write(kGeometry.Begin({0}), format::Encode(header, kStoreId));
    superblock_.store_id = kStoreId;
    superblock_.incarnation = 1;
    superblock_.extent_bytes = kGeometry.extent_bytes;
    superblock_.segments = {{.first = {1},
                             .generation = kGeneration,
                             .extent_first = {1},
                             .extent = {0},
                             .offset = format::kExtentHeaderBytes}};
  }

  void Write(FileOffset offset, std::span<const std::byte> bytes) {
    EXPECT_TRUE(io::WriteFully(*file_, offset, bytes).ok());
  }

  // Appends an entry made by `encode(target, place, number)`; returns where it stands.
  template <typename Encode>
  FileOffset Append(uint64_t bytes, const Encode& encode) {
    std::vector<std::byte> entry(bytes);
    const FileOffset offset{kGeometry.Begin({0}).value + end_};
    encode(entry, format::EntryPlace{kStoreId, kGeneration, offset, {1}}, LogNumber{next_});
    Write(offset, entry);
    end_ += bytes;
    ++next_;
    return offset;
  }
  FileOffset AppendRemoval(const std::string& id) {
    const format::Removal removal{{next_ + 1}, {next_}, std::nullopt};
    return Append(
        format::RemoveEntryBytes(id.size(), removal),
        [&](std::span<std::byte> target, const format::EntryPlace& place, LogNumber number) {
          format::EncodeRemove(target, place, number, id, removal);
        });
  }
  FileOffset AppendFrame(uint64_t durable, uint64_t first, const std::vector<std::string>& ids,
                         bool follows_frame = false) {
    std::vector<uint64_t> hashes;
    for (const std::string& id : ids) hashes.push_back(format::IdHash(id));
    return Append(
        format::FrameEntryBytes(hashes.size()),
        [&](std::span<std::byte> target, const format::EntryPlace& place, LogNumber number) {
          format::EncodeFrame(target, place, number, {durable}, {first}, follows_frame, hashes);
        });
  }
  void Damage(FileOffset offset) { Write({offset.value + 20}, std::vector(1, std::byte{0xEE})); }

  LogScan ScanOrFail() {
    absl::StatusOr<LogScan> scan = ScanLog(*file_, superblock_, 1);
    EXPECT_TRUE(scan.ok()) << scan.status();
    return *std::move(scan);
  }

  io::RamFileSystem files_;
  std::unique_ptr<io::File> file_;
  format::Superblock superblock_;
  uint64_t end_ = format::kExtentHeaderBytes;
  uint64_t next_ = 1;
};

TEST_F(LogScanTest, ACutLeavesWhatNoFrameListsToBeFramed) {
  AppendRemoval("a");
  AppendRemoval("b");
  AppendFrame(1, 1, {"a", "b"});
  LogScan scan = ScanOrFail();
  EXPECT_EQ(scan.end.value, 4u);
  EXPECT_TRUE(scan.unframed.empty());
  EXPECT_TRUE(scan.follows_frame);
  const FileOffset second = scan.entries[1].place;
  CutAt(scan, {2});
  EXPECT_EQ(scan.entries.size(), 1u);
  EXPECT_EQ(scan.end_offset, second);
  EXPECT_EQ(scan.first_unframed.value, 1u);
  EXPECT_EQ(scan.unframed, std::vector<uint64_t>{format::IdHash("a")});
  EXPECT_FALSE(scan.follows_frame);
}

TEST_F(LogScanTest, WhatAFrameProvesAndIsNotIntactIsDamageOfTheIdThatItLists) {
  AppendRemoval("a");
  const FileOffset damaged = AppendRemoval("b");
  AppendRemoval("c");
  AppendFrame(1, 1, {"a", "b", "c"});
  AppendRemoval("d");
  AppendFrame(5, 5, {"d"}, true);
  Damage(damaged);
  const LogScan scan = ScanOrFail();
  EXPECT_EQ(scan.proven.value, 5u);
  EXPECT_EQ(scan.end.value, 7u);
  ASSERT_EQ(scan.losses.size(), 1u);
  EXPECT_EQ(scan.losses[0].first_hash, format::IdHash("b"));
  EXPECT_EQ(scan.losses[0].last_hash, format::IdHash("b"));
  ASSERT_EQ(scan.damages.size(), 1u);
  EXPECT_EQ(scan.damages[0].offset, damaged);
  EXPECT_FALSE(scan.tail_was_cut);
}

TEST_F(LogScanTest, ADamagedFrameHidesNoMemory) {
  AppendRemoval("a");
  const FileOffset damaged = AppendFrame(1, 1, {"a"});
  AppendRemoval("b");
  AppendFrame(3, 3, {"b"}, true);
  Damage(damaged);
  const LogScan scan = ScanOrFail();
  EXPECT_TRUE(scan.losses.empty());
  EXPECT_EQ(scan.damages.size(), 1u);
}

TEST_F(LogScanTest, EntryAndFrameGoneAnyIdMayHaveChanged) {
  const FileOffset entry = AppendRemoval("a");
  const FileOffset frame = AppendFrame(1, 1, {"a"});
  AppendRemoval("b");
  AppendFrame(3, 3, {"b"}, true);
  Damage(entry);
  Damage(frame);
  const LogScan scan = ScanOrFail();
  ASSERT_EQ(scan.losses.size(), 1u);
  EXPECT_EQ(scan.losses[0].first_hash, 0u);
  EXPECT_EQ(scan.losses[0].last_hash, UINT64_MAX);
}

TEST_F(LogScanTest, WhatNothingProvesIsCutAndReported) {
  AppendRemoval("a");
  AppendFrame(1, 1, {"a"});
  const FileOffset torn = AppendRemoval("b");
  AppendRemoval("c");
  AppendFrame(3, 3, {"b", "c"}, true);
  Damage(torn);
  const LogScan scan = ScanOrFail();
  EXPECT_EQ(scan.proven.value, 3u);
  EXPECT_EQ(scan.end.value, 3u);
  EXPECT_EQ(scan.end_offset, torn);
  EXPECT_TRUE(scan.tail_was_cut);
  EXPECT_TRUE(scan.losses.empty());
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
