// Entries of the log: what is encoded comes back, bit by bit, and its bytes are those of version 2
// for ever. What must not be accepted is log_entry_damage_test.cc.

#include "format/log_entry.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "api/fragmentation.h"
#include "base/checksum.h"
#include "format/samples_fixture.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// Decodes exact copies of `bytes`, by both decoders.
LogEntry Decoded(const Bytes& bytes, const EntryPlace& place = kSamplePlace) {
  const absl::StatusOr<LogEntry> entry = DecodeEntry(bytes, place);
  EXPECT_TRUE(entry.ok()) << entry.status();
  if (!entry.ok()) return {};
  LogEntry tried;
  EXPECT_TRUE(TryDecodeEntry(bytes, place, tried));
  EXPECT_EQ(EncodedAgain(tried, place), bytes);
  EXPECT_EQ(EncodedAgain(*entry, place), bytes);
  EXPECT_EQ(entry->bytes, bytes.size());
  EXPECT_EQ(bytes.size() % kAlignment, 0u);
  return *entry;
}

void ExpectSame(const std::optional<ReleasedBlob>& a, const std::optional<ReleasedBlob>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (!a) return;
  EXPECT_EQ(a->offset, b->offset);
  EXPECT_EQ(a->bytes, b->bytes);
}

uint32_t Bits(float number) { return std::bit_cast<uint32_t>(number); }

void ExpectRecordComesBack(std::string_view id, const Record& record,
                           EntryKind kind = EntryKind::kRecord) {
  const Bytes bytes = EncodedRecord(id, record, kind);
  const LogEntry entry = Decoded(bytes);
  EXPECT_EQ(entry.kind, kind);
  EXPECT_EQ(entry.number, kSampleNumber);
  EXPECT_TRUE(entry.is_about_memory());
  EXPECT_EQ(entry.id, id);
  for (const Sequence sequence : {entry.sequence, entry.record.sequence}) {
    EXPECT_EQ(sequence, record.sequence);
  }
  for (const Sequence predecessor : {entry.predecessor, entry.record.predecessor}) {
    EXPECT_EQ(predecessor, record.predecessor);
  }
  EXPECT_EQ(entry.record.slot, record.slot);
  EXPECT_EQ(entry.record.embedding_hash, record.embedding_hash);
  EXPECT_EQ(Bits(entry.record.confidence), Bits(record.confidence));
  EXPECT_EQ(Bits(entry.record.activation), Bits(record.activation));
  EXPECT_EQ(Bits(entry.record.decay_rate), Bits(record.decay_rate));
  EXPECT_EQ(entry.record.created_at, record.created_at);
  EXPECT_EQ(entry.record.last_access, record.last_access);
  EXPECT_EQ(entry.record.access_count, record.access_count);
  EXPECT_EQ(entry.record.content_bytes, record.content_bytes);
  EXPECT_EQ(entry.record.content, record.content);
  ASSERT_EQ(entry.record.blob.has_value(), record.blob.has_value());
  if (record.blob) {
    EXPECT_EQ(entry.record.blob->offset, record.blob->offset);
    EXPECT_EQ(entry.record.blob->checksum, record.blob->checksum);
  }
  ExpectSame(entry.record.released_blob, record.released_blob);
  ExpectSame(entry.released_blob, record.released_blob);
}

Record WithContent(std::string_view content) {
  Record record = SampleRecord();
  record.content = content;
  record.content_bytes = static_cast<uint32_t>(content.size());
  return record;
}

TEST(LogEntry, RecordsComeBack) {
  ExpectRecordComesBack(kSampleId, SampleRecord());
  ExpectRecordComesBack(kSampleId, SampleRecord(), EntryKind::kRelocated);
  ExpectRecordComesBack(kSampleId, SampleBlobRecord());
  ExpectRecordComesBack(kSampleId, SampleBlobRecord(), EntryKind::kRelocated);
  Record releasing = SampleRecord();
  releasing.released_blob = ReleasedBlob{{UINT64_MAX}, UINT32_MAX};
  ExpectRecordComesBack(kSampleId, releasing);
  Record blob = SampleBlobRecord();
  blob.released_blob = {};
  ExpectRecordComesBack(kSampleId, blob);
}

TEST(LogEntry, RecordsComeBackWithExtremes) {
  Record low = SampleRecord();
  low.sequence = {1};
  low.predecessor = {0};
  low.slot = {0};
  low.created_at = std::numeric_limits<int64_t>::min();
  low.last_access = -1;
  low.access_count = 0;
  low.embedding_hash = 0;
  ExpectRecordComesBack("a", low);
  Record high = SampleBlobRecord();
  high.sequence = {UINT64_MAX};
  high.predecessor = {UINT64_MAX - 1};
  high.slot = {UINT32_MAX};
  high.created_at = std::numeric_limits<int64_t>::max();
  high.last_access = std::numeric_limits<int64_t>::max();
  high.access_count = UINT64_MAX;
  high.embedding_hash = UINT64_MAX;
  high.content_bytes = static_cast<uint32_t>(kContentBytesHardMax);
  high.blob = BlobPlace{{UINT64_MAX}, UINT64_MAX};
  ExpectRecordComesBack(std::string(kIdBytesMax, 'x'), high);
}

TEST(LogEntry, EveryFloatComesBackBitByBit) {
  const uint32_t patterns[] = {
      0x00000000, 0x80000000,  // 0.0 and -0.0
      0x00000001, 0x807FFFFF,  // the least and the greatest denormal
      0x00800000, 0x7F7FFFFF,  // the least and the greatest normal number
      0x7F800000, 0xFF800000,  // infinities
      0x7FC00000, 0xFFC12345,  // quiet NaN, with a payload
      0x7F800001, 0xFFABCDEF,  // signalling NaN
  };
  for (const uint32_t pattern : patterns) {
    Record record = SampleRecord();
    record.confidence = std::bit_cast<float>(pattern);
    ExpectRecordComesBack(kSampleId, record);
    record = SampleRecord();
    record.activation = std::bit_cast<float>(pattern);
    ExpectRecordComesBack(kSampleId, record);
    record = SampleRecord();
    record.decay_rate = std::bit_cast<float>(pattern);
    ExpectRecordComesBack(kSampleId, record);
  }
}

TEST(LogEntry, NoContentAndEmptyContentAreDifferent) {
  Record none = WithContent("");
  none.content_bytes = {};
  ExpectRecordComesBack(kSampleId, none);
  ExpectRecordComesBack(kSampleId, WithContent(""));
  EXPECT_NE(EncodedRecord(kSampleId, none), EncodedRecord(kSampleId, WithContent("")));
}

// Around the alignment, where padding is none, and around the longest id.
TEST(LogEntry, EveryLengthOfIdAndContentComesBack) {
  const std::string text(kIdBytesMax + 20, 'y');
  const std::string_view view = text;
  for (size_t content = 0; content <= 17; ++content) {
    for (size_t id = 1; id <= 17; ++id) {
      ExpectRecordComesBack(view.substr(0, id), WithContent(view.substr(0, content)));
    }
    ExpectRecordComesBack(view.substr(0, kIdBytesMax), WithContent(view.substr(0, content)));
    ExpectRecordComesBack(view.substr(0, kIdBytesMax - 1), WithContent(view.substr(0, content)));
  }
  EXPECT_EQ(RecordEntryBytes(5, WithContent("abc")), kRecordBytes + 8) << "no padding";
  EXPECT_EQ(RecordEntryBytes(5, WithContent("abcd")), kRecordBytes + 16);
}

TEST(LogEntry, ContentAndIdMayBeAnyBytes) {
  std::string zeros(9, '\0');
  ExpectRecordComesBack(zeros, WithContent(zeros));
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  ExpectRecordComesBack(all, WithContent(all));
}

// The room of content that a caller can compute is what records take.
TEST(LogEntry, RecordsHaveTheSizeOfThePublicFormula) {
  for (const uint64_t content : {0u, 1u, 7u, 8u, 100u, 4096u}) {
    for (const size_t id : {size_t{1}, size_t{8}, size_t{1023}, kIdBytesMax}) {
      const std::string text(content, 'z');
      EXPECT_EQ(RecordEntryBytes(id, WithContent(text)), ContentRoomBytes(id, content, 4096));
      Record blob = SampleBlobRecord();
      blob.released_blob = {};
      blob.content_bytes = static_cast<uint32_t>(content + 4097);
      EXPECT_EQ(RecordEntryBytes(id, blob) + RoundUpContent(content + 4097),
                ContentRoomBytes(id, content + 4097, 4096));
    }
  }
}

TEST(LogEntry, RemovalsComeBack) {
  Removal extreme = SampleReleasingRemoval();
  extreme.sequence = {UINT64_MAX};
  extreme.predecessor = {1};
  extreme.released_blob = ReleasedBlob{{UINT64_MAX}, UINT32_MAX};
  for (const std::string& id : {std::string(kSampleId), std::string(kIdBytesMax, 'x')}) {
    for (const Removal& removal : {SampleRemoval(), SampleReleasingRemoval(), extreme}) {
      const Bytes bytes = EncodedRemoval(id, removal);
      const LogEntry entry = Decoded(bytes);
      EXPECT_EQ(entry.kind, EntryKind::kRemove);
      EXPECT_TRUE(entry.is_about_memory());
      EXPECT_EQ(entry.number, kSampleNumber);
      EXPECT_EQ(entry.id, id);
      EXPECT_EQ(entry.sequence, removal.sequence);
      EXPECT_EQ(entry.predecessor, removal.predecessor);
      ExpectSame(entry.released_blob, removal.released_blob);
    }
  }
}

TEST(LogEntry, MovesComeBack) {
  const MoveTarget extreme = {.tier = 255,
                              .place = {UINT64_MAX},
                              .row = UINT64_MAX,
                              .released_blob = ReleasedBlob{{UINT64_MAX}, UINT32_MAX}};
  for (const MoveTarget& move : {MoveTarget{}, kSampleMove, kSampleReleasingMove, extreme}) {
    const Bytes bytes = EncodedMove(kSampleId, {UINT64_MAX}, move);
    const LogEntry entry = Decoded(bytes);
    EXPECT_EQ(entry.kind, EntryKind::kMove);
    EXPECT_TRUE(entry.is_about_memory());
    EXPECT_EQ(entry.id, kSampleId);
    EXPECT_EQ(entry.sequence, Sequence{UINT64_MAX});
    EXPECT_EQ(entry.move.tier, move.tier);
    EXPECT_EQ(entry.move.place, move.place);
    EXPECT_EQ(entry.move.row, move.row);
    ExpectSame(entry.released_blob, move.released_blob);
    ExpectSame(entry.move.released_blob, move.released_blob);
  }
}

TEST(LogEntry, FramesComeBack) {
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i <= kFrameHashesMax; i += 32) {
    hashes.resize(i, ~i);
    const LogNumber number{5000};
    const bool follows_frame = i % 64 == 0;
    const Bytes bytes =
        EncodedFrame(number, {number.value - i}, follows_frame, hashes, kSamplePlace, number);
    const LogEntry entry = Decoded(bytes);
    EXPECT_EQ(entry.kind, EntryKind::kFrame);
    EXPECT_FALSE(entry.is_about_memory());
    EXPECT_EQ(entry.number, number);
    EXPECT_EQ(entry.durable, number);
    EXPECT_EQ(entry.follows_frame, follows_frame);
    EXPECT_EQ(entry.first_hashed, LogNumber{number.value - i});
    ASSERT_EQ(entry.hash_count, i);
    for (uint32_t k = 0; k < i; ++k) EXPECT_EQ(entry.HashAt(k), hashes[k]);
  }
  EXPECT_EQ(FrameEntryBytes(kFrameHashesMax), kFrameBytesMax);
}

TEST(LogEntry, LinksComeBack) {
  const Bytes bytes = EncodedLink({UINT32_MAX}, {UINT64_MAX});
  const LogEntry entry = Decoded(bytes);
  EXPECT_EQ(entry.kind, EntryKind::kLink);
  EXPECT_FALSE(entry.is_about_memory());
  EXPECT_EQ(entry.next_extent, ExtentId{UINT32_MAX});
  EXPECT_EQ(entry.next_generation, Generation{UINT64_MAX});
}

TEST(LogEntry, NumbersReachOverAnExtent) {
  EntryPlace place = kSamplePlace;
  place.first_log_number = {UINT64_MAX - UINT32_MAX};
  for (const uint64_t number : {UINT64_MAX - UINT32_MAX, UINT64_MAX}) {
    const Bytes bytes = EncodedRecord("a", SampleRecord(), EntryKind::kRecord, place, {number});
    EXPECT_EQ(Decoded(bytes, place).number, LogNumber{number});
  }
}

// Entries are decoded from the rest of an extent, not from bytes of their size.
TEST(LogEntry, WhatFollowsAnEntryDoesNotMatter) {
  for (const SampleEntry& sample : SampleEntries()) {
    Bytes bytes = sample.bytes;
    bytes.resize(bytes.size() + 100, std::byte{0xEE});
    const absl::StatusOr<LogEntry> entry = DecodeEntry(bytes, kSamplePlace);
    ASSERT_TRUE(entry.ok()) << sample.name << ": " << entry.status();
    EXPECT_EQ(entry->bytes, sample.bytes.size()) << sample.name;
    EXPECT_EQ(EncodedAgain(*entry, kSamplePlace), sample.bytes) << sample.name;
  }
}

TEST(LogEntry, HasTheBytesOfVersion2) {
  const std::map<std::string, std::string> golden = {
      {"record",
       R"(0000 0d532a43c19f94e47000000007000000010006000b0000006400000000020000
0020 0c0000000000403f0000003f0000003e0000d6c9016368e801002a36fe9c9717
0040 2a00000000000000e8e7e6e5e4e3e2e105000000000100006e61c3af76656865
0060 6c6c6f20776f726c6400000000000000
)"},
      {"record_without_content",
       R"(0000 c80f346d4de8296a600000000700000001000100ffffffff6400000000020000
0020 0c0000000000403f0000003f0000003e0000d6c9016368e801002a36fe9c9717
0040 2a00000000000000e8e7e6e5e4e3e2e105000000000100006100000000000000
)"},
      {"record_with_empty_content",
       R"(0000 beda61110e942436600000000700000001000800000000006400000000020000
0020 0c0000000000403f0000003f0000003e0000d6c9016368e801002a36fe9c9717
0040 2a00000000000000e8e7e6e5e4e3e2e105000000000100003132333435363738
)"},
      {"record_with_blob",
       R"(0000 a70dbc6f0a3a97ca800000000700000001030600701101006400000000020000
0020 0c0000000000403f0000003f0000003e0000d6c9016368e801002a36fe9c9717
0040 2a00000000000000e8e7e6e5e4e3e2e105000000000100008067050000000000
0060 b8b7b6b5b4b3b2b1c0ab09000000000080380100000000006e61c3af76650000
)"},
      {"relocated",
       R"(0000 02f5232625309a0d7000000007000000020006000b0000006400000000020000
0020 0c0000000000403f0000003f0000003e0000d6c9016368e801002a36fe9c9717
0040 2a00000000000000e8e7e6e5e4e3e2e105000000000100006e61c3af76656865
0060 6c6c6f20776f726c6400000000000000
)"},
      {"remove",
       R"(0000 faedcdcc5558b267300000000700000003000600000000006600000000020000
0020 64000000000200006e61c3af76650000
)"},
      {"remove_releasing",
       R"(0000 fbf12a5e2f9451ad400000000700000003020600000000006600000000020000
0020 6400000000020000c8ab090000000000905f0100000000006e61c3af76650000
)"},
      {"move",
       R"(0000 843cdf416ca2056d400000000700000004000600000000006400000000020000
0020 0070770700000000630000000000000002000000000000006e61c3af76650000
)"},
      {"move_releasing",
       R"(0000 9c544c761beda7b2500000000700000004020600000000006400000000020000
0020 0070770700000000630000000000000002000000000000003054060000000000
0040 71110100000000006e61c3af76650000
)"},
      {"frame",
       R"(0000 c26434d8687f3a8040000000070000000500000003000000e903000000000000
0020 ec03000000000000a8a7a6a5a4a3a2a10000000000000000c8c7c6c5c4c3c2c1
)"},
      {"frame_after_frame", R"(0000 436dc4b0d4147fa340000000070000000504000003000000ea03000000000000
0020 e803000000000000a8a7a6a5a4a3a2a10000000000000000c8c7c6c5c4c3c2c1
)"},
      {"frame_without_hashes",
       R"(0000 eecfd9fe57c01f3c28000000070000000500000000000000ef03000000000000
0020 0000000000000000
)"},
      {"link",
       R"(0000 eb8eed852570a69d280000000700000006000000000000000700000000000000
0020 0300000000020000
)"},
  };
  size_t compared = 0;
  for (const SampleEntry& sample : SampleEntries()) {
    const auto expected = golden.find(sample.name);
    ASSERT_NE(expected, golden.end()) << sample.name;
    EXPECT_EQ(HexLines(sample.bytes), expected->second) << sample.name;
    ++compared;
  }
  EXPECT_EQ(compared, golden.size());
}

TEST(BlobChecksum, DependsOnContentAndPlaceAlone) {
  const Bytes content(10, std::byte{0x61});
  const uint64_t checksum = BlobChecksum(kSampleStore, {0x56780}, content);
  EXPECT_EQ(checksum, 0x5EE96D330346ED91u);
  EXPECT_NE(BlobChecksum(kSampleStore + 1, {0x56780}, content), checksum);
  EXPECT_NE(BlobChecksum(kSampleStore, {0x56788}, content), checksum);
  EXPECT_NE(BlobChecksum(kSampleStore, {0x56780}, std::span(content).first(9)), checksum);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
