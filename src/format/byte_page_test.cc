// The page src/format/README.md against real encodings: each row's bytes are the little-endian
// value of its field, the rows of a structure tile it, and no table is left out.
//
// Expected values come from the samples and, for checksums, from the page's words about them,
// computed here once more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/checksum.h"
#include "format/byte_page_cold_fixture.h"
#include "format/byte_page_fixture.h"
#include "format/samples_fixture.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

constexpr std::string_view kPage =
#include "format/byte_page.inc"
    ;

// ---- The structures.

Structure SegmentStructure(const LogSegment& segment, Bytes bytes) {
  return {{"Segment"},
          std::move(bytes),
          {{"first", Le(segment.first.value)},
           {"generation", Le(segment.generation.value)},
           {"extent first", Le(segment.extent_first.value)},
           {"extent", Le(segment.extent.value)},
           {"offset", Le(segment.offset)}},
          {}};
}

Structure RunStructure(const ExtentRun& run, Bytes bytes) {
  return {{"Run"},
          std::move(bytes),
          {{"first", Le(run.first.value)}, {"extents", Le(run.extents)}},
          {}};
}

void AddSuperblock(const std::vector<Table>& tables, std::vector<Structure>& structures) {
  const Superblock sample = SampleSuperblock();
  const SuperblockBytes encoded = Encode(sample);
  const Bytes bytes(encoded.begin(), encoded.end());
  Bytes segments;
  for (size_t i = 0; i < sample.segments.size(); ++i) {
    structures.push_back(SegmentStructure(sample.segments[i], Slice(bytes, 128 + i * 32, 32)));
    segments = Joined(segments, FromPage(tables, structures.back()));
  }
  Bytes runs;
  for (size_t i = 0; i < sample.runs.size(); ++i) {
    structures.push_back(RunStructure(sample.runs[i], Slice(bytes, 512 + i * 8, 8)));
    runs = Joined(runs, FromPage(tables, structures.back()));
  }
  const uint64_t front = Checksum(std::span(bytes).first(120), 2);
  structures.push_back({{"Superblock"},
                        bytes,
                        {{"magic", Text("ENGRAMst")},
                         {"version", Le(uint32_t{2})},
                         {"clean", Le(uint32_t{0})},
                         {"store id", Le(sample.store_id)},
                         {"number", Le(sample.number)},
                         {"incarnation", Le(sample.incarnation)},
                         {"extent bytes", Le(sample.extent_bytes)},
                         {"checkpoint generation", Le(sample.checkpoint_generation.value)},
                         {"meta bytes", Le(sample.meta_bytes)},
                         {"meta checksum", Le(sample.meta_checksum)},
                         {"home buckets", Le(sample.home_buckets)},
                         {"buckets", Le(sample.buckets)},
                         {"memories", Le(sample.memories)},
                         {"checkpoint sequence", Le(sample.checkpoint_sequence.value)},
                         {"run count", Le(static_cast<uint32_t>(sample.runs.size()))},
                         {"segment count", Le(static_cast<uint32_t>(sample.segments.size()))},
                         {"checksum", Le(Checksum(std::span(bytes).subspan(128), front))},
                         {"segments", Padded(segments, size_t{12} * 32)},
                         {"runs", Padded(runs, size_t{64} * 8)}},
                        {}});
}

void AddExtentHeader(std::vector<Structure>& structures) {
  const ExtentHeader sample = SampleHeader();
  const ExtentHeaderBytes encoded = Encode(sample, kSampleStore);
  const Bytes bytes(encoded.begin(), encoded.end());
  structures.push_back({{"Extent header"},
                        bytes,
                        {{"checksum", ChecksumFrom8(bytes, Place(0, sample.extent.value))},
                         {"type", Le(uint8_t{2})},
                         {"extent", Le(sample.extent.value)},
                         {"run extents", Le(sample.run_extents)},
                         {"next extent", Le(sample.next_extent.value)},
                         {"generation", Le(sample.generation.value)},
                         {"first log number", Le(sample.first_log_number.value)},
                         {"next generation", Le(sample.next_generation.value)}},
                        {}});
}

// An entry in the sample's place: the header's fields, and `fields` besides.
Structure EntryStructure(const std::string& section, const Bytes& bytes, uint8_t kind,
                         uint8_t flags, uint16_t id_bytes, uint32_t count,
                         std::map<std::string, Bytes> fields) {
  const EntryPlace& place = kSamplePlace;
  fields["checksum"] = ChecksumFrom8(bytes, Place(place.generation.value, place.offset.value));
  fields["bytes"] = Le(static_cast<uint32_t>(bytes.size()));
  fields["number"] = Le(static_cast<uint32_t>(kSampleNumber.value - place.first_log_number.value));
  fields["kind"] = Le(kind);
  fields["flags"] = Le(flags);
  fields["id bytes"] = Le(id_bytes);
  fields["count"] = Le(count);
  Structure structure{{"Log entries", section}, bytes, std::move(fields), {}};
  structure.sizes["16 if flag 1"] = (flags & 1) != 0 ? 16 : 0;
  structure.sizes["16 if flag 2"] = (flags & 2) != 0 ? 16 : 0;
  structure.sizes["id bytes"] = id_bytes;
  structure.sizes["8 times count"] = size_t{8} * count;
  const bool in_record = section == "Record" && (flags & 1) == 0 && count != UINT32_MAX;
  const size_t content = in_record ? count : 0;
  structure.sizes["count if in the record"] = content;
  structure.sizes["up to a multiple of 8"] = (8 - (id_bytes + content) % 8) % 8;
  return structure;
}

Structure RecordStructure(const Record& record, uint8_t kind, uint8_t flags, const Bytes& blob,
                          const Bytes& released) {
  return EntryStructure("Record", EncodedRecord(kSampleId, record, static_cast<EntryKind>(kind)),
                        kind, flags, static_cast<uint16_t>(kSampleId.size()),
                        record.content_bytes.value_or(UINT32_MAX),
                        {{"sequence", Le(record.sequence.value)},
                         {"slot", Le(record.slot.value)},
                         {"confidence", Le(record.confidence)},
                         {"activation", Le(record.activation)},
                         {"decay rate", Le(record.decay_rate)},
                         {"created at", Le(record.created_at)},
                         {"last access", Le(record.last_access)},
                         {"access count", Le(record.access_count)},
                         {"embedding hash", Le(record.embedding_hash)},
                         {"predecessor", Le(record.predecessor.value)},
                         {"blob", blob},
                         {"released", released},
                         {"id", Text(kSampleId)},
                         {"content", Text(record.content)}});
}

Structure ReleasedStructure(const ReleasedBlob& released, Bytes bytes) {
  return {{"Released"},
          std::move(bytes),
          {{"released offset", Le(released.offset.value)}, {"released bytes", Le(released.bytes)}},
          {}};
}

void AddRecords(const std::vector<Table>& tables, std::vector<Structure>& structures) {
  structures.push_back(RecordStructure(SampleRecord(), 1, 0, {}, {}));
  structures.push_back(RecordStructure(SampleRecord(), 2, 0, {}, {}));
  Record without_content = SampleRecord();
  without_content.content_bytes = {};
  without_content.content = {};
  structures.push_back(RecordStructure(without_content, 1, 0, {}, {}));

  const Record record = SampleBlobRecord();
  const Bytes bytes = EncodedRecord(kSampleId, record);
  Structure blob{{"Blob"},
                 Slice(bytes, 88, 16),
                 {{"blob offset", Le(record.blob->offset.value)},
                  {"blob checksum", Le(record.blob->checksum)}},
                 {}};
  Structure released = ReleasedStructure(*record.released_blob, Slice(bytes, 104, 16));
  structures.push_back(
      RecordStructure(record, 1, 3, FromPage(tables, blob), FromPage(tables, released)));
  structures.push_back(std::move(blob));
  structures.push_back(std::move(released));
}

void AddOtherEntries(const std::vector<Table>& tables, std::vector<Structure>& structures) {
  const auto id_bytes = static_cast<uint16_t>(kSampleId.size());
  for (const Removal& removal : {SampleRemoval(), SampleReleasingRemoval()}) {
    const Bytes bytes = EncodedRemoval(kSampleId, removal);
    Bytes released;
    if (removal.released_blob) {
      structures.push_back(ReleasedStructure(*removal.released_blob, Slice(bytes, 40, 16)));
      released = FromPage(tables, structures.back());
    }
    structures.push_back(EntryStructure("Remove", bytes, 3, removal.released_blob ? 2 : 0, id_bytes,
                                        0,
                                        {{"sequence", Le(removal.sequence.value)},
                                         {"predecessor", Le(removal.predecessor.value)},
                                         {"released", released},
                                         {"id", Text(kSampleId)}}));
  }
  for (const MoveTarget& move : {kSampleMove, kSampleReleasingMove}) {
    const Bytes bytes = EncodedMove(kSampleId, {77}, move);
    Bytes released;
    if (move.released_blob) {
      structures.push_back(ReleasedStructure(*move.released_blob, Slice(bytes, 56, 16)));
      released = FromPage(tables, structures.back());
    }
    structures.push_back(EntryStructure("Move", bytes, 4, move.released_blob ? 2 : 0, id_bytes, 0,
                                        {{"sequence", Le(uint64_t{77})},
                                         {"place", Le(move.place.value)},
                                         {"row", Le(move.row)},
                                         {"tier", Le(move.tier)},
                                         {"released", released},
                                         {"id", Text(kSampleId)}}));
  }
  const LogNumber first_hashed{kSampleNumber.value - 4};
  for (const bool follows_frame : {false, true}) {
    structures.push_back(EntryStructure(
        "Frame", EncodedFrame({1001}, first_hashed, follows_frame, kSampleHashes), 5,
        follows_frame ? 4 : 0, 0, 3,
        {{"durable", Le(uint64_t{1001})},
         {"first hashed", Le(first_hashed.value)},
         {"hashes", Joined(Le(kSampleHashes[0]), Le(kSampleHashes[1]), Le(kSampleHashes[2]))}}));
  }
  structures.push_back(
      EntryStructure("Link", EncodedLink({7}, {0x99}), 6, 0, 0, 0,
                     {{"next extent", Le(uint32_t{7})}, {"next generation", Le(uint64_t{0x99})}}));
}

void AddBucket(const std::vector<Table>& tables, std::vector<Structure>& structures) {
  const Bytes bytes = EncodedBucket(SampleIndexEntries());
  Bytes entries;
  size_t offset = 32;
  for (const IndexEntry& entry : SampleIndexEntries()) {
    structures.push_back({{"Bucket entry"},
                          Slice(bytes, offset, 32),
                          {{"hash", Le(entry.hash)},
                           {"sequence", Le(entry.sequence.value)},
                           {"place", Le(entry.place.value)},
                           {"slot", Le(entry.slot.value)},
                           {"record bytes", Le(entry.room_bytes)}},
                          {}});
    entries = Joined(entries, FromPage(tables, structures.back()));
    offset += 32;
  }
  structures.push_back(
      {{"Bucket"},
       bytes,
       {{"checksum", ChecksumFrom8(bytes, Place(kSampleCheckpoint.value, kSampleBucketNumber))},
        {"number", Le(kSampleBucketNumber)},
        {"count", Le(uint32_t{3})},
        {"entries", Padded(entries, size_t{15} * 32)}},
       {}});
}

void AddMeta(const std::vector<Table>& tables, std::vector<Structure>& structures) {
  const CheckpointMeta meta = SampleMeta();
  const Bytes bytes = Encode(meta, kSampleGeometry);
  size_t offset = 8;
  Bytes rows;
  for (const ExtentRow& row : meta.extents) {
    const bool is_slots = row.type == ExtentType::kSlots;
    const size_t size = is_slots ? 48 : 40;
    structures.push_back({{"Row"},
                          Slice(bytes, offset, size),
                          {{"type", Le(static_cast<uint8_t>(row.type))},
                           {"run extents", Le(row.run_extents)},
                           {"generation", Le(row.generation.value)},
                           {"first log number", Le(row.first_log_number.value)},
                           {"live bytes", Le(row.live_bytes)},
                           {"total bytes", Le(row.total_bytes)},
                           {"used slots", is_slots ? Le(uint64_t{2}) : Bytes{}}},
                          {{"slot map if slots", is_slots ? 8 : 0}}});
    rows = Joined(rows, FromPage(tables, structures.back()));
    offset += size;
  }
  const Loss& loss = meta.losses.front();
  structures.push_back({{"Loss"},
                        Slice(bytes, offset, 24),
                        {{"first hash", Le(loss.first_hash)},
                         {"last hash", Le(loss.last_hash)},
                         {"before", Le(loss.before.value)}},
                        {}});
  const Bytes losses = FromPage(tables, structures.back());
  structures.push_back({{"Meta data"},
                        bytes,
                        {{"row count", Le(uint32_t{6})},
                         {"loss count", Le(uint32_t{1})},
                         {"rows", rows},
                         {"losses", losses}},
                        {{"40 each, and slot maps", rows.size()}, {"24 each", losses.size()}}});
}

std::vector<Structure> Structures(const std::vector<Table>& tables) {
  std::vector<Structure> structures;
  AddSuperblock(tables, structures);
  AddExtentHeader(structures);
  AddRecords(tables, structures);
  AddOtherEntries(tables, structures);
  AddBucket(tables, structures);
  AddMeta(tables, structures);
  AddColdRun(tables, structures);
  return structures;
}

TEST(BytePage, EachFieldIsWhereThePageSaysItIs) {
  const std::vector<Table> tables = TablesOf(kPage);
  for (const Structure& structure : Structures(tables)) {
    EXPECT_THAT(Complaints(tables, structure), testing::IsEmpty()) << structure.sections.back();
  }
}

TEST(BytePage, NoTableOfBytesIsLeftOut) {
  const std::vector<Table> tables = TablesOf(kPage);
  std::set<std::string> tested = {"File", "Extent types"};
  for (const Structure& structure : Structures(tables)) {
    tested.insert(structure.sections.begin(), structure.sections.end());
  }
  std::set<std::string> on_page;
  for (const Table& table : tables) {
    if (table.columns.front() == "offset") {
      EXPECT_TRUE(on_page.insert(table.section).second) << "two tables under " << table.section;
    }
  }
  EXPECT_EQ(tested, on_page);
}

TEST(BytePage, ExtentsAndSlotsStandWhereThePageSaysTheyDo) {
  const std::vector<Table> tables = TablesOf(kPage);
  const Geometry geometry{kSampleGeometry};
  // Where something begins, by the page.
  const auto begins = [&](std::string_view section, std::string_view field) {
    size_t end = 0;
    for (const Row& row : RowsOf(tables, section, "offset")) {
      const size_t offset = row[0] == "then" ? end : Number(row[0]).value();
      EXPECT_EQ(offset, end);
      if (row[2].starts_with(field)) return offset;
      end = offset + (row[1] == "extent bytes" ? geometry.extent_bytes : Number(row[1]).value());
    }
    ADD_FAILURE() << "the page does not say where " << field << " is";
    return size_t{0};
  };
  EXPECT_EQ(begins("File", "superblock 1"), kSuperblockBytes);
  EXPECT_EQ(begins("File", "extent 0"), geometry.Begin({0}).value);
  EXPECT_EQ(begins("File", "extent 1"), geometry.Begin({1}).value);
  const uint64_t begin = geometry.Begin({3}).value;
  const SlotIndex first = geometry.SlotAt({3}, 0);
  EXPECT_EQ(begin + begins("Extent types", "slot 0"), geometry.OffsetOf(first).value);
  EXPECT_EQ(begin + begins("Extent types", "slot 1"), geometry.OffsetOf({first.value + 1}).value);
}

TEST(BytePage, ExtentTypesAreThoseOfThePage) {
  const std::vector<Row> rows = RowsOf(TablesOf(kPage), "Extent types", "value");
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(Number(rows[i][0]), i);
    EXPECT_EQ(rows[i][1], ExtentTypeName(static_cast<ExtentType>(i)));
  }
  EXPECT_STREQ(ExtentTypeName(static_cast<ExtentType>(rows.size())), "unknown");
}

TEST(BytePage, EntryKindsAreThoseOfThePage) {
  const std::pair<EntryKind, std::string_view> kinds[] = {
      {EntryKind::kRecord, "record"}, {EntryKind::kRelocated, "relocated"},
      {EntryKind::kRemove, "remove"}, {EntryKind::kMove, "move"},
      {EntryKind::kFrame, "frame"},   {EntryKind::kLink, "link"}};
  const std::vector<Row> rows = RowsOf(TablesOf(kPage), "Entry kinds", "value");
  ASSERT_EQ(rows.size(), std::size(kinds));
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(Number(rows[i][0]), static_cast<size_t>(kinds[i].first));
    EXPECT_EQ(rows[i][1], kinds[i].second);
  }
}

// ---- A page that is wrong is seen to be.

TEST(BytePage, AWrongRowIsSeen) {
  const std::string right = "## Run\n| offset | size | field |\n|---|---|---|\n| 0 | 4 | first |\n";
  const Structure structure = RunStructure({{1}, 2}, Joined(Le(uint32_t{1}), Le(uint32_t{2})));
  const auto complaints = [&](const std::string& row) {
    return Complaints(TablesOf(right + row), structure);
  };
  EXPECT_THAT(complaints("| 4 | 4 | extents |\n"), testing::IsEmpty());
  EXPECT_THAT(complaints("| then | 4 | extents |\n"), testing::IsEmpty());
  for (const std::string row :
       {"", "| 3 | 4 | extents |\n", "| 4 | 3 | extents |\n", "| 4 | 5 | extents |\n",
        "| 4 | 4 | first |\n", "| 4 | 4 | extent |\n", "| 4 | 4 | zero |\n",
        "| 4 | four | extents |\n", "| | 4 | extents |\n",
        "| 4 | 4 | extents |\n| 8 | 1 | zero |"}) {
    EXPECT_THAT(complaints(row), testing::Not(testing::IsEmpty())) << row;
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
