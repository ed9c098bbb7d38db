// The end of the log: entries follow each other, extents are linked, frames list what came before
// them, and what was written out is what was appended.

#include "warm/content_log.h"

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::warm {
namespace {

constexpr format::Geometry kGeometry{16 * kKiB};
constexpr uint64_t kStoreId = 42;
constexpr uint32_t kExtents = 12;

// Hands out extents in order; keeps what the log says of them.
class OrderedExtents final : public LogExtents {
 public:
  absl::StatusOr<Fresh> TakeLogExtent(Need) override {
    if (next_ == kExtents) return absl::ResourceExhaustedError("no more extents");
    ++next_;
    return Fresh{{next_ - 1}, {100 + next_}};
  }
  void GiveBackLogExtent(ExtentId extent) override { given_back.push_back(extent.value); }
  void BeginLogExtent(ExtentId extent, LogNumber first, const std::byte*) override {
    first_numbers[extent.value] = first.value;
  }
  void EndLogExtent(ExtentId extent, LogBuffer) override { ended.push_back(extent.value); }

  std::map<uint32_t, uint64_t> first_numbers;
  std::vector<uint32_t> ended;
  std::vector<uint32_t> given_back;

 private:
  uint32_t next_ = 0;
};

// A file, in the next write to which something else happens first.
class InterruptedFile final : public io::File {
 public:
  explicit InterruptedFile(io::File& file) : file_(file) {}

  absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) override {
    return file_.Read(offset, target);
  }
  absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) override {
    if (const auto interrupt = std::exchange(before_write, nullptr)) interrupt();
    return file_.Write(offset, source);
  }
  absl::Status SyncData() override { return file_.SyncData(); }
  absl::StatusOr<uint64_t> Size() override { return file_.Size(); }
  absl::Status Reserve(FileOffset offset, uint64_t size) override {
    return file_.Reserve(offset, size);
  }
  absl::Status Punch(FileOffset offset, uint64_t size) override {
    return file_.Punch(offset, size);
  }
  absl::Status Truncate(uint64_t size) override { return file_.Truncate(size); }
  absl::StatusOr<std::unique_ptr<io::Mapping>> Map(uint64_t size) override {
    return file_.Map(size);
  }
  absl::Status Lock() override { return file_.Lock(); }
  std::string_view path() const override { return file_.path(); }

  std::function<void()> before_write;

 private:
  io::File& file_;
};

class ContentLogTest : public testing::Test {
 protected:
  ContentLogTest()
      : files_(kGeometry.FileBytes(kExtents)),
        file_(*files_.Open("log", io::OpenMode::kCreateNew)),
        interrupted_(*file_),
        log_(interrupted_, extents_, kGeometry, kStoreId) {
    EXPECT_TRUE(file_->Truncate(kGeometry.FileBytes(kExtents)).ok());
    EXPECT_TRUE(log_.Begin({}).ok());
  }

  absl::Status AppendRemoval(uint64_t sequence) {
    const std::string id = "id" + std::to_string(sequence);
    const format::Removal removal{{sequence + 1}, {sequence}, std::nullopt};
    const uint64_t bytes = format::RemoveEntryBytes(id.size(), removal);
    sync::MutexLock lock(log_.mutex());
    if (absl::Status room = log_.PrepareRoom(bytes, Need::kUsual); !room.ok()) return room;
    const ContentLog::Room room = log_.NextRoom(bytes);
    format::EncodeRemove(room.bytes, room.place, room.number, id, removal);
    log_.Commit(room, format::IdHash(id));
    return absl::OkStatus();
  }

  // Every entry in the file, following links, until none is intact.
  std::vector<format::LogEntry> ReadAll() {
    std::vector<format::LogEntry> entries;
    uint32_t extent = 0;
    uint64_t generation = 101;
    for (uint64_t first = 1;;) {
      bytes_.emplace_back(kGeometry.extent_bytes);
      EXPECT_TRUE(io::ReadFully(*file_, kGeometry.Begin({extent}), bytes_.back()).ok());
      format::LogEntry entry;
      uint64_t position = format::kExtentHeaderBytes;
      bool linked = false;
      while (!linked &&
             format::TryDecodeEntry(
                 std::span(bytes_.back()).subspan(position),
                 {kStoreId, {generation}, {kGeometry.Begin({extent}).value + position}, {first}},
                 entry)) {
        entries.push_back(entry);
        position += entry.bytes;
        linked = entry.kind == format::EntryKind::kLink;
      }
      if (!linked) return entries;
      extent = entry.next_extent.value;
      generation = entry.next_generation.value;
      first = entry.number.value + 1;
    }
  }

  io::RamFileSystem files_;
  std::unique_ptr<io::File> file_;
  InterruptedFile interrupted_;
  OrderedExtents extents_;
  ContentLog log_;
  std::vector<std::vector<std::byte>> bytes_;
};

TEST_F(ContentLogTest, WhatWasAppendedIsInTheFileAfterWritingOut) {
  constexpr uint64_t kRemovals = 1500;  // several extents of them
  for (uint64_t i = 1; i <= kRemovals; ++i) ASSERT_TRUE(AppendRemoval(i).ok()) << i;
  const absl::StatusOr<LogNumber> end = log_.WriteOut();
  ASSERT_TRUE(end.ok()) << end.status();
  uint64_t expected_number = 1;
  uint64_t removals = 0;
  uint64_t hashed = 0;
  for (const format::LogEntry& entry : ReadAll()) {
    EXPECT_EQ(entry.number.value, expected_number++) << "numbers have no gaps";
    if (entry.kind == format::EntryKind::kRemove) {
      EXPECT_EQ(entry.id, "id" + std::to_string(++removals));
    }
    if (entry.kind == format::EntryKind::kFrame) {
      EXPECT_EQ(entry.first_hashed.value + entry.hash_count, entry.number.value);
      for (uint32_t i = 0; i < entry.hash_count; ++i) hashed += entry.HashAt(i) != 0 ? 1 : 0;
    }
  }
  EXPECT_EQ(removals, kRemovals);
  EXPECT_EQ(hashed, kRemovals) << "each removal is listed by a frame";
  EXPECT_EQ(end->value, expected_number);
  EXPECT_GE(extents_.ended.size(), 3u);
}

TEST_F(ContentLogTest, AFrameSaysWhatWasDurableBeforeIt) {
  ASSERT_TRUE(AppendRemoval(1).ok());
  const LogNumber first_end = *log_.WriteOut();
  log_.SetDurable(first_end);
  ASSERT_TRUE(AppendRemoval(2).ok());
  ASSERT_TRUE(log_.WriteOut().ok());
  std::vector<uint64_t> durable;
  for (const format::LogEntry& entry : ReadAll()) {
    if (entry.kind == format::EntryKind::kFrame) durable.push_back(entry.durable.value);
  }
  EXPECT_EQ(durable, (std::vector<uint64_t>{1, first_end.value}));
}

// Extents that are left while another write goes on are ended behind it, once each.
TEST_F(ContentLogTest, AppendingGoesOnWhileItIsWrittenOut) {
  ASSERT_TRUE(AppendRemoval(1).ok());
  uint64_t appended = 1;
  interrupted_.before_write = [&] {
    while (extents_.first_numbers.size() < 4) ASSERT_TRUE(AppendRemoval(++appended).ok());
    EXPECT_TRUE(extents_.ended.empty());
  };
  ASSERT_TRUE(log_.WriteOut().ok());
  EXPECT_EQ(extents_.ended, (std::vector<uint32_t>{0, 1, 2}));
  ASSERT_TRUE(AppendRemoval(++appended).ok());
  ASSERT_TRUE(log_.WriteOut().ok());
  EXPECT_EQ(extents_.ended, (std::vector<uint32_t>{0, 1, 2}));
  uint64_t removals = 0;
  for (const format::LogEntry& entry : ReadAll()) {
    removals += entry.kind == format::EntryKind::kRemove ? 1 : 0;
  }
  EXPECT_EQ(removals, appended);
}

TEST_F(ContentLogTest, WithoutAnExtentNothingIsAppendedAndNothingLost) {
  uint64_t appended = 0;
  absl::Status status;
  while ((status = AppendRemoval(appended + 1)).ok()) ++appended;
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
  const absl::StatusOr<LogNumber> end = log_.WriteOut();
  if (!end.ok()) {
    EXPECT_TRUE(absl::IsResourceExhausted(end.status())) << end.status();
  }
  uint64_t found = 0;
  for (const format::LogEntry& entry : ReadAll()) {
    found += entry.kind == format::EntryKind::kRemove ? 1 : 0;
  }
  // What the last extent holds may wait for a frame that has no room.
  EXPECT_LE(found, appended);
  EXPECT_GT(found, appended / 2);
  EXPECT_TRUE(extents_.given_back.empty());
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::warm
