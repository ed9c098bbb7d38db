// One instance of each structure of the format, all of whose fields differ, for tests and fuzzing.
// And encoding again what was decoded: what is accepted must be what is written.

#ifndef ENGRAM_FORMAT_SAMPLES_FIXTURE_H_
#define ENGRAM_FORMAT_SAMPLES_FIXTURE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/body.h"
#include "base/units.h"
#include "format/checkpoint_pages.h"
#include "format/cold_run.h"
#include "format/extent_header.h"
#include "format/geometry.h"
#include "format/log_entry.h"
#include "format/superblock.h"
#include "format/zeros.h"

namespace engram::inline ENGRAM_BODY::format {

using Bytes = std::vector<std::byte>;

inline constexpr uint64_t kSampleStore = 0x0123456789ABCDEF;
inline constexpr Geometry kSampleGeometry{8 * kKiB};  // two slots in an extent
inline constexpr EntryPlace kSamplePlace = {.store_id = kSampleStore,
                                            .generation = {0x10000000007},
                                            .offset = {0x12340},
                                            .first_log_number = {1000}};
inline constexpr LogNumber kSampleNumber{1007};
inline constexpr std::string_view kSampleId = "naïve";

inline Superblock SampleSuperblock() {
  return {.store_id = kSampleStore,
          .number = 9,
          .incarnation = 3,
          .clean = false,
          .extent_bytes = kSampleGeometry.extent_bytes,
          .checkpoint_generation = {0x20000000001},
          .meta_bytes = 700,
          .meta_checksum = 0xFEDCBA9876543210,
          .home_buckets = 17,
          .buckets = 21,
          .memories = 250,
          .checkpoint_sequence = {0x20000000063},
          .runs = {{{5}, 1}, {{8}, 2}},
          .segments = {{.first = {1000},
                        .generation = {0x20000000002},
                        .extent_first = {900},
                        .extent = {6},
                        .offset = 4096},
                       {.first = {1200},
                        .generation = {0x20000000003},
                        .extent_first = {1200},
                        .extent = {7},
                        .offset = 512}}};
}

// As of a new store: without a checkpoint, and without an extent for the log.
inline Superblock NewSuperblock() {
  Superblock superblock;
  superblock.store_id = kSampleStore;
  superblock.number = 1;
  superblock.clean = true;
  superblock.extent_bytes = 4 * kMiB;
  superblock.segments = {{.first = {1},
                          .generation = {},
                          .extent_first = {1},
                          .extent = {},
                          .offset = kExtentHeaderBytes}};
  return superblock;
}

inline ExtentHeader SampleHeader() {
  return {.type = ExtentType::kLog,
          .extent = {6},
          .run_extents = 1,
          .generation = {0x20000000002},
          .first_log_number = {0x3333},
          .next_extent = {7},
          .next_generation = {0x20000000003}};
}

inline ExtentHeader SampleRunHeader() {
  return {.type = ExtentType::kBlob,
          .extent = {40},
          .run_extents = 3,
          .generation = {0x20000000009},
          .first_log_number = {},
          .next_extent = {},
          .next_generation = {}};
}

inline Record SampleRecord() {
  return {.sequence = {0x20000000064},
          .predecessor = {0x10000000005},
          .slot = {12},
          .embedding_hash = 0xE1E2E3E4E5E6E7E8,
          .confidence = 0.75F,
          .activation = 0.5F,
          .decay_rate = 0.125F,
          .created_at = -1'700'000'000'000'000'000,
          .last_access = 1'700'000'000'000'000'001,
          .access_count = 42,
          .content_bytes = 11,
          .blob = {},
          .content = "hello world",
          .released_blob = {}};
}

inline Record SampleBlobRecord() {
  Record record = SampleRecord();
  record.content_bytes = 70'000;
  record.content = {};
  record.blob = BlobPlace{{0x56780}, 0xB1B2B3B4B5B6B7B8};
  record.released_blob = ReleasedBlob{{0x9ABC0}, 80'000};
  return record;
}

inline Removal SampleRemoval() {
  return {.sequence = {0x20000000066}, .predecessor = {0x20000000064}, .released_blob = {}};
}

inline Removal SampleReleasingRemoval() {
  Removal removal = SampleRemoval();
  removal.released_blob = ReleasedBlob{{0x9ABC8}, 90'000};
  return removal;
}

inline constexpr MoveTarget kSampleMove = {
    .tier = 2, .place = {0x7777000}, .row = 99, .released_blob = {}};
inline constexpr MoveTarget kSampleReleasingMove = {
    .tier = 2, .place = {0x7777000}, .row = 99, .released_blob = ReleasedBlob{{0x65430}, 70'001}};
inline constexpr std::array<uint64_t, 3> kSampleHashes = {0xA1A2A3A4A5A6A7A8, 0,
                                                          0xC1C2C3C4C5C6C7C8};

inline std::vector<IndexEntry> SampleIndexEntries() {
  return {{.hash = 0x1111111111111111,
           .sequence = {0x20000000061},
           .place = {0x12348},
           .slot = {3},
           .room_bytes = 104},
          {.hash = 0x1111111111111111,
           .sequence = {0x20000000062},
           .place = {0x123B0},
           .slot = {4},
           .room_bytes = 112},
          {.hash = 0xFFFFFFFFFFFFFFFF,
           .sequence = {0x20000000063},
           .place = {0x12420},
           .slot = {5},
           .room_bytes = 120}};
}
inline constexpr Generation kSampleCheckpoint{0x20000000001};
inline constexpr uint64_t kSampleBucketNumber = 20;

// A row of each kind, a run among them, and a loss.
inline CheckpointMeta SampleMeta() {
  CheckpointMeta meta;
  meta.extents.resize(6);
  meta.extents[1] = {.type = ExtentType::kSlots,
                     .run_extents = 1,
                     .generation = {0x20000000004},
                     .first_log_number = {},
                     .live_bytes = 0,
                     .total_bytes = 0,
                     .used_slots = {false, true}};
  meta.extents[2] = {.type = ExtentType::kLog,
                     .run_extents = 1,
                     .generation = {0x20000000005},
                     .first_log_number = {0x444},
                     .live_bytes = 0x555,
                     .total_bytes = 0x666,
                     .used_slots = {}};
  meta.extents[3] = {.type = ExtentType::kBlob,
                     .run_extents = 3,
                     .generation = {0x20000000006},
                     .first_log_number = {},
                     .live_bytes = 20'000,
                     .total_bytes = 21'000,
                     .used_slots = {}};
  meta.extents[4].type = ExtentType::kContinued;
  meta.extents[5].type = ExtentType::kContinued;
  meta.losses = {{.first_hash = 0x100, .last_hash = 0x200, .before = {0x20000000007}}};
  return meta;
}

// ---- A run of cold memories: two rows, the first without content.

inline constexpr ExtentId kSampleRunFirst{9};
inline constexpr ColdDirectory kSampleDirectory = {
    .generation = {0x20000000011}, .run_extents = 1, .rows = 2, .id_bytes = 7, .content_bytes = 11};
inline constexpr std::string_view kSampleRunIds =
    "a"
    "naïve";
inline constexpr std::string_view kSampleRunContent = "hello world";

// What both rows say; places and lengths of ids and content differ.
inline std::vector<ColdRow> SampleRows() {
  ColdRow row;
  row.sequence = {0x20000000021};
  row.created_at = -1'700'000'000'000'000'002;
  row.last_access = 1'700'000'000'000'000'003;
  row.access_count = 43;
  row.embedding_hash = 0xF1F2F3F4F5F6F7F8;
  row.confidence = 0.25F;
  row.activation = 0.625F;
  row.decay_rate = -0.0F;
  row.id = kSampleRunIds.substr(0, 1);
  row.hash = IdHash(row.id);
  ColdRow second = row;
  second.sequence = {0x20000000022};
  second.access_count = 44;
  second.id_place = 1;
  second.id = kSampleRunIds.substr(1);
  second.hash = IdHash(second.id);
  second.content_bytes = 11;
  second.stored_bytes = 11;
  second.content_hash =
      ColdContentHash(std::as_bytes(std::span(kSampleRunContent.data(), kSampleRunContent.size())));
  return {row, second};
}

inline Bytes SampleRun() {
  const ColdLayout layout(kSampleDirectory, kSampleGeometry);
  Bytes run(layout.run_bytes());
  const auto put = [&](uint64_t at, const auto& bytes) {
    std::copy_n(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(),
                run.begin() + static_cast<ptrdiff_t>(at));
  };
  put(0, Encode({.type = ExtentType::kCold,
                 .extent = kSampleRunFirst,
                 .run_extents = 1,
                 .generation = kSampleDirectory.generation,
                 .first_log_number = {},
                 .next_extent = {},
                 .next_generation = {}},
                kSampleStore));
  const ColdDirectoryBytes directory = Encode(kSampleDirectory, kSampleGeometry, kSampleStore);
  put(layout.directory(), directory);
  put(layout.second_directory(), directory);
  put(layout.ids(), kSampleRunIds);
  put(layout.content(), kSampleRunContent);
  for (uint32_t row = 0; row < kSampleDirectory.rows; ++row) {
    const std::string embedding(kSlotBytes, static_cast<char>('A' + row));
    put(layout.EmbeddingOf(row), embedding);
    EncodeColdRow(run, layout, kSampleStore, row, SampleRows()[row]);
  }
  return run;
}

// ---- Encoding into bytes of the right size.

inline Bytes EncodedRecord(std::string_view id, const Record& record,
                           EntryKind kind = EntryKind::kRecord,
                           const EntryPlace& place = kSamplePlace,
                           LogNumber number = kSampleNumber) {
  Bytes bytes(RecordEntryBytes(id.size(), record));
  EncodeRecord(bytes, place, number, kind, id, record);
  return bytes;
}

inline Bytes EncodedRemoval(std::string_view id, const Removal& removal,
                            const EntryPlace& place = kSamplePlace,
                            LogNumber number = kSampleNumber) {
  Bytes bytes(RemoveEntryBytes(id.size(), removal));
  EncodeRemove(bytes, place, number, id, removal);
  return bytes;
}

inline Bytes EncodedMove(std::string_view id, Sequence sequence, const MoveTarget& move,
                         const EntryPlace& place = kSamplePlace, LogNumber number = kSampleNumber) {
  Bytes bytes(MoveEntryBytes(id.size(), move));
  EncodeMove(bytes, place, number, id, sequence, move);
  return bytes;
}

inline Bytes EncodedFrame(LogNumber durable, LogNumber first_hashed, bool follows_frame,
                          std::span<const uint64_t> hashes, const EntryPlace& place = kSamplePlace,
                          LogNumber number = kSampleNumber) {
  Bytes bytes(FrameEntryBytes(hashes.size()));
  EncodeFrame(bytes, place, number, durable, first_hashed, follows_frame, hashes);
  return bytes;
}

inline Bytes EncodedLink(ExtentId next_extent, Generation next_generation,
                         const EntryPlace& place = kSamplePlace, LogNumber number = kSampleNumber) {
  Bytes bytes(kLinkBytes);
  EncodeLink(bytes, place, number, next_extent, next_generation);
  return bytes;
}

inline Bytes EncodedBucket(std::span<const IndexEntry> entries,
                           uint64_t number = kSampleBucketNumber) {
  Bytes bytes(kBucketBytes);
  EncodeBucket(std::span<std::byte, kBucketBytes>(bytes), kSampleStore, kSampleCheckpoint, number,
               entries);
  return bytes;
}

// What is decoded must encode to what it was decoded from.
inline Bytes EncodedAgain(const LogEntry& entry, const EntryPlace& place) {
  switch (entry.kind) {
    case EntryKind::kRecord:
    case EntryKind::kRelocated:
      return EncodedRecord(entry.id, entry.record, entry.kind, place, entry.number);
    case EntryKind::kRemove:
      return EncodedRemoval(entry.id, {entry.sequence, entry.predecessor, entry.released_blob},
                            place, entry.number);
    case EntryKind::kMove:
      return EncodedMove(entry.id, entry.sequence, entry.move, place, entry.number);
    case EntryKind::kFrame: {
      std::vector<uint64_t> hashes;
      for (uint32_t i = 0; i < entry.hash_count; ++i) hashes.push_back(entry.HashAt(i));
      return EncodedFrame(entry.durable, entry.first_hashed, entry.follows_frame, hashes, place,
                          entry.number);
    }
    case EntryKind::kLink:
      return EncodedLink(entry.next_extent, entry.next_generation, place, entry.number);
  }
  return {};
}

struct SampleEntry {
  const char* name;
  Bytes bytes;
};

// An entry of each shape, for kSamplePlace.
inline std::vector<SampleEntry> SampleEntries() {
  Record without_content = SampleRecord();
  without_content.content_bytes = {};
  without_content.content = {};
  Record empty_content = without_content;
  empty_content.content_bytes = 0;
  return {
      {"record", EncodedRecord(kSampleId, SampleRecord())},
      {"record_without_content", EncodedRecord("a", without_content)},
      {"record_with_empty_content", EncodedRecord("12345678", empty_content)},
      {"record_with_blob", EncodedRecord(kSampleId, SampleBlobRecord())},
      {"relocated", EncodedRecord(kSampleId, SampleRecord(), EntryKind::kRelocated)},
      {"remove", EncodedRemoval(kSampleId, SampleRemoval())},
      {"remove_releasing", EncodedRemoval(kSampleId, SampleReleasingRemoval())},
      {"move", EncodedMove(kSampleId, {0x20000000064}, kSampleMove)},
      {"move_releasing", EncodedMove(kSampleId, {0x20000000064}, kSampleReleasingMove)},
      {"frame", EncodedFrame({1001}, {kSampleNumber.value - 3}, false, kSampleHashes)},
      {"frame_after_frame", EncodedFrame({1002}, {1000}, true, kSampleHashes)},
      {"frame_without_hashes", EncodedFrame({1007}, {}, false, {})},
      {"link", EncodedLink({7}, {0x20000000003})},
  };
}

// ---- Looking at bytes.

// Two digits for each byte.
inline std::string Hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    for (const int shift : {4, 0}) {
      text += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> shift & 15];
    }
  }
  return text;
}

// Lines of 32 bytes, each behind its offset, without those that are zero: for golden bytes.
inline std::string HexLines(std::span<const std::byte> bytes) {
  std::string text;
  for (size_t offset = 0; offset < bytes.size(); offset += 32) {
    const auto line = bytes.subspan(offset, std::min<size_t>(32, bytes.size() - offset));
    if (AreZeros(line) && offset + 32 < bytes.size()) continue;
    std::array<std::byte, 2> position;
    position = {static_cast<std::byte>(offset >> 8), static_cast<std::byte>(offset)};
    text += Hex(position) + " " + Hex(line) + "\n";
  }
  return text;
}

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_SAMPLES_FIXTURE_H_
