// Entries of the log that must not be accepted: damaged, cut, of another place, and intact ones
// that no program writes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/checksum.h"
#include "base/coding.h"
#include "format/damage_fixture.h"
#include "format/log_entry.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// By both decoders, which must agree.
absl::Status StatusAt(const Bytes& bytes, const EntryPlace& place) {
  absl::Status status = DecodeEntry(bytes, place).status();
  LogEntry entry;
  EXPECT_EQ(TryDecodeEntry(bytes, place, entry), status.ok()) << status;
  return status;
}

absl::Status StatusOf(const Bytes& bytes) { return StatusAt(bytes, kSamplePlace); }

Bytes WithChecksum(Bytes bytes) {
  const EntryPlace& place = kSamplePlace;
  const uint64_t seed = PlaceSeed(place.store_id, place.generation, place.offset.value);
  StoreLittleEndian(bytes.data(), Checksum(std::span(bytes).subspan(8), seed));
  return bytes;
}

template <typename T>
Bytes With(Bytes bytes, size_t offset, T value) {
  StoreLittleEndian(bytes.data() + offset, value);
  return WithChecksum(std::move(bytes));
}

// Bytes that may be those of some entry: if they are, that entry has no others.
void ExpectOneEncoding(const Bytes& bytes) {
  const absl::StatusOr<LogEntry> entry = DecodeEntry(bytes, kSamplePlace);
  if (entry.ok()) {
    EXPECT_EQ(EncodedAgain(*entry, kSamplePlace), bytes);
  }
}

TEST(LogEntryDamage, EveryBitFlipIsDataLoss) {
  for (const SampleEntry& sample : SampleEntries()) {
    ExpectEveryBitFlipIsDataLoss(sample.bytes, StatusOf, sample.name);
  }
}

// Behind an entry there may be anything that a longer one could reach.
TEST(LogEntryDamage, EveryBitFlipInFrontOfOtherBytesIsDataLoss) {
  for (const SampleEntry& sample : SampleEntries()) {
    const Decoding decode = [](const Bytes& bytes) {
      Bytes longer = bytes;
      longer.resize(4096, std::byte{0});
      return StatusOf(longer);
    };
    ExpectEveryBitFlipIsDataLoss(sample.bytes, decode, sample.name);
  }
}

TEST(LogEntryDamage, EveryTruncationAndEveryTearIsDataLoss) {
  for (const SampleEntry& sample : SampleEntries()) {
    ExpectEveryTruncationIsDataLoss(sample.bytes, StatusOf, sample.name);
    ExpectEveryTearIsDataLoss(sample.bytes, StatusOf, sample.name);
  }
  ExpectDataLoss(StatusOf(Bytes(4096)), "zeros");
}

TEST(LogEntryDamage, AnEntryOfAnotherPlaceIsDataLoss) {
  for (const SampleEntry& sample : SampleEntries()) {
    EntryPlace store = kSamplePlace;
    store.store_id += 1;
    ExpectDataLoss(StatusAt(sample.bytes, store), "another store");
    EntryPlace generation = kSamplePlace;
    generation.generation.value += 1;
    ExpectDataLoss(StatusAt(sample.bytes, generation), "an earlier use of the extent");
    EntryPlace offset = kSamplePlace;
    offset.offset.value += kAlignment;
    ExpectDataLoss(StatusAt(sample.bytes, offset), "moved by the least");
    // Seeds are no sums of their parts.
    EntryPlace swapped = kSamplePlace;
    std::swap(swapped.generation.value, swapped.offset.value);
    ExpectDataLoss(StatusAt(sample.bytes, swapped), "generation and offset swapped");
  }
}

TEST(LogEntryDamage, TheMessageNamesTheOffset) {
  const absl::Status status = StatusOf(Bytes(100));
  EXPECT_NE(status.message().find("offset 74560"), std::string::npos) << status;
}

TEST(LogEntryDamage, EveryLengthButItsOwnIsRefused) {
  for (const SampleEntry& sample : SampleEntries()) {
    for (uint32_t length = 0; length < 512; ++length) {
      if (length == sample.bytes.size()) continue;
      Bytes longer = sample.bytes;
      longer.resize(512);
      StoreLittleEndian(longer.data() + 8, length);
      // The checksum is that of the bytes which the length names, as far as there are any.
      const auto covered = std::span(longer).first(std::max<size_t>(length, 8)).subspan(8);
      const EntryPlace& place = kSamplePlace;
      StoreLittleEndian(longer.data(), Checksum(covered, PlaceSeed(place.store_id, place.generation,
                                                                   place.offset.value)));
      ExpectDataLoss(StatusOf(longer), sample.name + std::to_string(length));
    }
  }
}

TEST(LogEntryDamage, LengthsThatOverflowAreRefused) {
  for (const SampleEntry& sample : SampleEntries()) {
    for (const uint32_t value : {0x7FFFFFFFu, 0x80000000u, 0xFFFFFFF8u, 0xFFFFFFFEu, 0xFFFFFFFFu}) {
      ExpectDataLoss(StatusOf(With(sample.bytes, 8, value)), "bytes");
      // In a record with a blob any length of content is as good as another, but for one, which is
      // as long as none in a record without.
      const bool has_blob = sample.bytes[17] == std::byte{3};
      const auto count = LoadLittleEndian<uint32_t>(sample.bytes.data() + 20);
      const bool is_record = sample.bytes[16] <= std::byte{2};
      if (value == UINT32_MAX ? is_record && (count == 0 || count == value) : has_blob) continue;
      ExpectDataLoss(StatusOf(With(sample.bytes, 20, value)), "count");
      // Length and count that agree modulo 2^32.
      Bytes both = With(sample.bytes, 20, value);
      StoreLittleEndian(both.data() + 8, static_cast<uint32_t>(sample.bytes.size() + value));
      ExpectDataLoss(StatusOf(WithChecksum(both)), "both");
    }
    for (const uint32_t value : {1025u, 0x7FFFu, 0x8000u, 0xFFFFu}) {
      ExpectDataLoss(StatusOf(With(sample.bytes, 18, static_cast<uint16_t>(value))), "id bytes");
    }
  }
}

// ---- Intact bytes that no program writes.

// Of a length that agrees with the id's.
TEST(LogEntryDamage, IdsThatAreNoneAreRefused) {
  struct Resized {
    const char* what;
    Bytes bytes;
    uint16_t id_bytes;
    size_t size;
  };
  const std::string longest(kIdBytesMax, 'x');
  const Resized entries[] = {
      {"a record of a longer id", EncodedRecord(longest, SampleBlobRecord()), 1025, 1152},
      {"a removal of a longer id", EncodedRemoval(longest, SampleRemoval()), 1025, 1072},
      {"a move of a longer id", EncodedMove(longest, {9}, kSampleMove), 1025, 1088},
      {"a removal of nothing", EncodedRemoval("a", SampleRemoval()), 0, 40},
      {"a move of nothing", EncodedMove("a", {9}, kSampleMove), 0, 56},
      {"a frame with an id", EncodedFrame({1001}, {}, false, {}), 8, 48},
      {"a frame whose id has no room", EncodedFrame({1001}, {}, false, {}), 8, 40},
      {"a link with an id", EncodedLink({7}, {8}), 1032, 1072},
  };
  for (const Resized& entry : entries) {
    ASSERT_TRUE(StatusOf(entry.bytes).ok()) << entry.what;
    Bytes bytes = entry.bytes;
    bytes.resize(entry.size);
    StoreLittleEndian(bytes.data() + 8, static_cast<uint32_t>(bytes.size()));
    StoreLittleEndian(bytes.data() + 18, entry.id_bytes);
    ExpectDataLoss(StatusOf(WithChecksum(bytes)), entry.what);
  }
}

TEST(LogEntryDamage, UnknownKindsAreRefused) {
  for (const SampleEntry& sample : SampleEntries()) {
    for (unsigned kind = 0; kind < 256; ++kind) {
      const Bytes bytes = With(sample.bytes, 16, static_cast<uint8_t>(kind));
      if (kind >= 1 && kind <= 6) {
        // Another kind may happen to have the same length.
        ExpectOneEncoding(bytes);
      } else {
        ExpectDataLoss(StatusOf(bytes),
                       sample.name + std::string(", kind ") + std::to_string(kind));
      }
    }
  }
}

TEST(LogEntryDamage, UnknownFlagsAreRefused) {
  for (const SampleEntry& sample : SampleEntries()) {
    const auto kind = static_cast<EntryKind>(sample.bytes[16]);
    unsigned known = 0;
    if (kind == EntryKind::kRecord || kind == EntryKind::kRelocated) known = 3;
    if (kind == EntryKind::kRemove || kind == EntryKind::kMove) known = 2;
    if (kind == EntryKind::kFrame) known = 4;
    for (unsigned flags = 0; flags < 256; ++flags) {
      const Bytes bytes = With(sample.bytes, 17, static_cast<uint8_t>(flags));
      if ((flags & ~known) == 0) {
        ExpectOneEncoding(bytes);
      } else {
        ExpectDataLoss(StatusOf(bytes),
                       sample.name + std::string(", flags ") + std::to_string(flags));
      }
    }
  }
}

TEST(LogEntryDamage, PaddingAndReservedBytesMustBeZero) {
  struct Reserved {
    const char* what;
    Bytes bytes;
    size_t begin;
    size_t end;
  };
  const Reserved places[] = {
      {"padding of a record", EncodedRecord("a", SampleRecord()), 100, 104},
      {"padding of a removal", EncodedRemoval("a", SampleRemoval()), 41, 48},
      {"padding of a move", EncodedMove("abc", {9}, kSampleMove), 59, 64},
      {"a move", EncodedMove("abc", {9}, kSampleMove), 49, 56},
      {"a link", EncodedLink({7}, {8}), 28, 32},
      {"a blob that a record releases", EncodedRecord("a", SampleBlobRecord()), 116, 120},
      {"a blob that a removal releases", EncodedRemoval("a", SampleReleasingRemoval()), 52, 56},
  };
  for (const Reserved& place : places) {
    ASSERT_TRUE(StatusOf(place.bytes).ok()) << place.what;
    for (size_t offset = place.begin; offset < place.end; ++offset) {
      for (const uint8_t value : {uint8_t{1}, uint8_t{0x80}}) {
        ExpectDataLoss(StatusOf(With(place.bytes, offset, value)), place.what);
      }
    }
    // What stands in front of it is used.
    EXPECT_TRUE(StatusOf(With(place.bytes, place.begin - 1, uint8_t{0x62})).ok()) << place.what;
  }
}

TEST(LogEntryDamage, ContradictionsAreRefused) {
  const Bytes record = EncodedRecord("a", SampleRecord());
  ExpectDataLoss(StatusOf(With(record, 80, SampleRecord().sequence.value)), "replaces itself");
  ExpectDataLoss(StatusOf(With(record, 24, uint64_t{0})), "no sequence");
  const Bytes blob = EncodedRecord("a", SampleBlobRecord());
  ExpectDataLoss(StatusOf(With(blob, 20, uint32_t{0})), "an empty blob");
  ExpectDataLoss(StatusOf(With(blob, 112, uint32_t{0})), "releases an empty blob");
  const Bytes removal = EncodedRemoval("a", SampleReleasingRemoval());
  ExpectDataLoss(StatusOf(With(removal, 32, uint64_t{0})), "removes nothing");
  ExpectDataLoss(StatusOf(With(removal, 32, UINT64_MAX)), "removes what comes later");
  ExpectDataLoss(StatusOf(With(removal, 48, uint32_t{0})), "releases an empty blob");
  const Bytes frame = EncodedFrame(kSampleNumber, {kSampleNumber.value - 3}, false, kSampleHashes);
  ExpectDataLoss(StatusOf(With(frame, 24, kSampleNumber.value + 1)), "durable before its time");
  for (const uint64_t first :
       {kSampleNumber.value - 2, kSampleNumber.value, kSampleNumber.value + 1, UINT64_MAX}) {
    ExpectDataLoss(StatusOf(With(frame, 32, first)), "hashes of later entries");
  }
  EXPECT_TRUE(StatusOf(With(frame, 32, kSampleNumber.value - 4)).ok());
}

// ---- The encoders refuse the same, and what does not fit.

using LogEntryDeathTest = testing::Test;

TEST(LogEntryDeathTest, WhatWouldNotBeReadIsNotWritten) {
  const Record record = SampleRecord();
  EXPECT_DEATH(EncodedRecord("", record), "no id has this length");
  EXPECT_DEATH(EncodedRecord(std::string(1025, 'x'), record), "no id has this length");
  EXPECT_DEATH(EncodedRecord("a", record, EntryKind::kRemove), "this is no record");
  Record wrong = record;
  wrong.content_bytes = 10;
  EXPECT_DEATH(EncodedRecord("a", wrong), "does not agree with its content");
  wrong.content_bytes = {};
  EXPECT_DEATH(EncodedRecord("a", wrong), "does not agree with its content");
  wrong = SampleBlobRecord();
  wrong.content = "x";
  EXPECT_DEATH(EncodedRecord("a", wrong), "does not agree with its content");
  wrong = SampleBlobRecord();
  wrong.content_bytes = 0;
  EXPECT_DEATH(EncodedRecord("a", wrong), "does not agree with its content");
  wrong.content_bytes = UINT32_MAX;
  EXPECT_DEATH(EncodedRecord("a", wrong), "content is too long");
  wrong = SampleBlobRecord();
  wrong.released_blob->bytes = 0;
  EXPECT_DEATH(EncodedRecord("a", wrong), "an empty blob is released");
  wrong = record;
  wrong.predecessor = wrong.sequence;
  EXPECT_DEATH(EncodedRecord("a", wrong), "replaces a later one");
  Removal removal = SampleRemoval();
  removal.predecessor = {};
  EXPECT_DEATH(EncodedRemoval("a", removal), "does not come after what it removes");
  EXPECT_DEATH(EncodedFrame({1008}, {}, false, {}), "numbers contradict");
  EXPECT_DEATH(EncodedFrame({1001}, {1005}, false, kSampleHashes), "numbers contradict");
}

TEST(LogEntryDeathTest, NumbersOutsideOfTheExtentAreNotWritten) {
  const Record record = SampleRecord();
  for (const uint64_t number : {uint64_t{999}, 1000 + (uint64_t{1} << 32)}) {
    EXPECT_DEATH(EncodedRecord("a", record, EntryKind::kRecord, kSamplePlace, {number}),
                 "none of its extent");
  }
}

TEST(LogEntryDeathTest, NothingIsWrittenOutsideOfTheTarget) {
  const Record record = SampleRecord();
  const uint64_t bytes = RecordEntryBytes(1, record);
  for (const uint64_t size : {uint64_t{0}, bytes - 8, bytes - 1, bytes + 1, bytes + 8}) {
    Bytes target(size);
    EXPECT_DEATH(EncodeRecord(target, kSamplePlace, kSampleNumber, EntryKind::kRecord, "a", record),
                 "does not have its size");
  }
  Bytes target(32);
  EXPECT_DEATH(EncodeRemove(target, kSamplePlace, kSampleNumber, "a", SampleRemoval()),
               "does not have its size");
  EXPECT_DEATH(EncodeMove(target, kSamplePlace, kSampleNumber, "a", {9}, kSampleMove),
               "does not have its size");
  EXPECT_DEATH(EncodeFrame(target, kSamplePlace, kSampleNumber, {}, {}, false, {}),
               "does not have its size");
  EXPECT_DEATH(EncodeLink(target, kSamplePlace, kSampleNumber, {7}, {8}), "does not have its size");
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
