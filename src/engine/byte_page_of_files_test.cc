// Reading real files by the page src/format/README.md alone: where everything stands and what it
// means comes from the page's tables and words, nothing from the code of src/format. What is read
// must be what was stored. Long because it reads all of a file. That encodings agree with the page
// is byte_page_test.cc's affair.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/checksum.h"
#include "engine/sample_stores_fixture.h"
#include "format/byte_page_fixture.h"
#include "format/cold_content.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

using format::Bytes;
using format::Joined;
using format::Le;

constexpr std::string_view kPage =
#include "format/byte_page.inc"
    ;

// ---- A structure as the page divides it.

class Fields {
 public:
  std::map<std::string, Bytes> bytes;
  uint64_t end = 0;  // in the file
  bool zeros_are_zero = true;

  uint64_t operator[](const std::string& field) const {
    const auto found = bytes.find(field);
    if (found == bytes.end() || found->second.size() > sizeof(uint64_t)) {
      ADD_FAILURE() << "the page has no number " << field;
      return 0;
    }
    uint64_t value = 0;
    std::memcpy(&value, found->second.data(), found->second.size());
    return value;
  }
  float Float(const std::string& field) const {
    return std::bit_cast<float>(static_cast<uint32_t>((*this)[field]));
  }
  std::string Text(const std::string& field) const {
    const Bytes& text = bytes.at(field);
    return {reinterpret_cast<const char*>(text.data()), text.size()};
  }
};

// How long what the page says in words is, given what has been read before.
size_t SizeInWords(const std::string& words, const Fields& read, uint64_t position) {
  const auto flags = [&] { return read["flags"]; };
  const auto in_record = [&] {
    return read["kind"] <= 2 && (flags() & 1) == 0 && read["count"] != UINT32_MAX;
  };
  if (words == "extent bytes") return kExtentBytesMin;
  if (words == "16 if flag 1") return (flags() & 1) != 0 ? 16 : 0;
  if (words == "16 if flag 2") return (flags() & 2) != 0 ? 16 : 0;
  if (words == "id bytes") return read["id bytes"];
  if (words == "count if in the record") return in_record() ? read["count"] : 0;
  if (words == "8 times count") return 8 * read["count"];
  if (words == "up to a multiple of 8") return (8 - position % 8) % 8;
  if (words == "slot map if slots") return read["type"] == 1 ? 8 : 0;
  ADD_FAILURE() << "the page says a size as " << words;
  return 0;
}

class PageReader {
 public:
  explicit PageReader(const Bytes& file) : file_(file) {
    const Fields superblock = Read({"Superblock"}, Begins("File", "superblock 0"));
    store_id_ = superblock["store id"];
  }

  // The structure at `offset` that the tables of `sections` describe, one behind the other.
  Fields Read(const std::vector<std::string>& sections, uint64_t offset) const {
    Fields fields;
    uint64_t position = 0;
    for (const std::string& section : sections) {
      for (const format::Row& row : format::RowsOf(tables_, section, "offset")) {
        if (row[0] != "then") position = format::Number(row[0]).value();
        const std::optional<size_t> number = format::Number(row[1]);
        // What repeats is read one by one, elsewhere.
        if (!number && (row[2] == "rows" || row[2] == "losses")) break;
        const size_t size = number ? *number : SizeInWords(row[1], fields, position);
        const Bytes bytes = format::Slice(file_, offset + position, size);
        if (row[2] == "zero") fields.zeros_are_zero &= bytes == Bytes(size);
        fields.bytes[row[2]] = bytes;
        position += size;
      }
    }
    fields.end = offset + position;
    return fields;
  }
  // The cold run that begins at `offset`, all of its columns.
  Fields ReadColdRun(uint64_t offset) const {
    const Fields directory = Read({"Cold directory"}, offset + Begins("Cold run", "directory"));
    const uint64_t rows = directory["rows"];
    const uint64_t run_bytes = directory["run extents"] * kExtentBytesMin;
    Fields run = directory;
    uint64_t position = 0;
    for (const format::Row& row : format::RowsOf(tables_, "Cold run", "offset")) {
      if (row[0] != "then") position = format::Number(row[0]).value();
      const std::string& words = row[1];
      const size_t times = words.find(" times rows");
      uint64_t size = 0;
      if (format::Number(words)) size = *format::Number(words);
      if (times != std::string::npos) size = *format::Number(words.substr(0, times)) * rows;
      if (words == "bytes of all ids") size = directory["all id bytes"];
      if (words == "bytes of all content") size = directory["all content bytes"];
      if (words == "up to a multiple of 64") size = (64 - position % 64) % 64;
      if (words == "up to the last 64 bytes") size = run_bytes - 64 - position;
      const Bytes bytes = format::Slice(file_, offset + position, size);
      if (row[2] == "zero") run.zeros_are_zero &= bytes == Bytes(size);
      run.bytes[row[2]] = bytes;
      position += size;
    }
    EXPECT_EQ(position, run_bytes);
    EXPECT_EQ(run.bytes.at("directory"), run.bytes.at("directory again"));
    run.end = offset + position;
    return run;
  }
  // The columns that a row's checksum covers, in order, and how wide each is.
  std::vector<std::pair<std::string, size_t>> ColdColumns() const {
    std::vector<std::pair<std::string, size_t>> columns;
    for (const format::Row& row : format::RowsOf(tables_, "Cold run", "offset")) {
      const size_t times = row[1].find(" times rows");
      if (times == std::string::npos || row[2] == "embeddings") continue;
      columns.push_back({row[2], *format::Number(row[1].substr(0, times))});
    }
    return columns;
  }
  // Where the field that `field` begins stands within what `section` describes.
  uint64_t Begins(std::string_view section, std::string_view field) const {
    uint64_t position = 0;
    for (const format::Row& row : format::RowsOf(tables_, section, "offset")) {
      if (row[0] != "then") position = format::Number(row[0]).value();
      if (row[2].starts_with(field)) return position;
      position += format::Number(row[1]).value();
    }
    ADD_FAILURE() << "the page does not say where " << field << " is";
    return 0;
  }
  uint64_t ExtentBegin(uint64_t extent) const {
    return Begins("File", "extent 0") + extent * kExtentBytesMin;
  }
  uint64_t Payload(uint64_t extent) const {
    return ExtentBegin(extent) + Begins("Extent types", "slot 0");
  }
  Bytes Slice(uint64_t offset, uint64_t size) const { return format::Slice(file_, offset, size); }

  uint64_t Place(uint64_t generation, uint64_t position) const {
    return Checksum(Joined(Le(store_id_), Le(generation), Le(position)), 2);
  }
  // Whether the structure at `offset` begins with the checksum over its rest.
  bool Verifies(const Fields& fields, uint64_t offset, uint64_t seed) const {
    const bool verifies =
        Checksum(Slice(offset + 8, fields.end - offset - 8), seed) == fields["checksum"];
    EXPECT_TRUE(!verifies || fields.zeros_are_zero) << "at " << offset;
    return verifies;
  }

 private:
  const Bytes file_;
  const std::vector<format::Table> tables_ = format::TablesOf(kPage);
  uint64_t store_id_ = 0;
};

uint64_t HashOf(const std::string& id) { return Checksum(std::as_bytes(std::span(id)), 0); }

// ---- The whole file, read.

class FileReader {
 public:
  explicit FileReader(const Bytes& file) : page_(file) {
    super_ = page_.Read({"Superblock"}, page_.Begins("File", "superblock 0"));
    extents_ = (file.size() - page_.Begins("File", "extent 0")) / kExtentBytesMin;
  }

  void CheckSuperblocks() const {
    for (const char* const copy : {"superblock 0", "superblock 1"}) {
      const uint64_t offset = page_.Begins("File", copy);
      const Fields fields = page_.Read({"Superblock"}, offset);
      EXPECT_EQ(fields.Text("magic"), "ENGRAMst");
      EXPECT_TRUE(fields.zeros_are_zero);
      EXPECT_EQ(fields["version"], 2u);
      EXPECT_EQ(fields["extent bytes"], kExtentBytesMin);
      const uint64_t front = Checksum(page_.Slice(offset, 120), fields["version"]);
      EXPECT_EQ(Checksum(page_.Slice(offset + 128, fields.end - offset - 128), front),
                fields["checksum"]);
      EXPECT_EQ(fields["number"], super_["number"]);
    }
  }

  // Headers of all extents that have one; their generations are those of their entries.
  void ReadHeaders() {
    for (uint64_t i = 0; i < extents_; ++i) {
      const uint64_t offset = page_.ExtentBegin(i);
      const Fields header = page_.Read({"Extent header"}, offset);
      if (!page_.Verifies(header, offset, page_.Place(0, i))) continue;
      EXPECT_EQ(header["extent"], i);
      headers_[i] = header;
      types_.insert(header["type"]);
    }
  }

  void ReadCheckpoint() {
    for (uint64_t i = 0; i < super_["buckets"]; ++i) {
      const uint64_t offset = StreamOffset(i * 512);
      const Fields bucket = page_.Read({"Bucket"}, offset);
      const uint64_t generation = super_["checkpoint generation"];
      EXPECT_TRUE(page_.Verifies(bucket, offset, page_.Place(generation, i)));
      EXPECT_EQ(bucket["number"], i);
      for (uint64_t k = 0; k < bucket["count"]; ++k) {
        ReadBucketEntry(
            page_.Read({"Bucket entry"}, offset + page_.Begins("Bucket", "entries") + k * 32));
      }
    }
    EXPECT_EQ(state_.size(), super_["memories"]);
  }

  void CheckMeta() const {
    const uint64_t offset = StreamOffset(super_["buckets"] * 512);
    const uint64_t seed = page_.Place(super_["checkpoint generation"], UINT64_MAX);
    EXPECT_EQ(Checksum(page_.Slice(offset, super_["meta bytes"]), seed), super_["meta checksum"]);
    const Fields meta = page_.Read({"Meta data"}, offset);
    uint64_t at = meta.end;
    uint64_t used_slots = 0;
    uint64_t live_rows = 0;
    for (uint64_t i = 0; i < meta["row count"]; ++i) {
      const Fields row = page_.Read({"Row"}, at);
      EXPECT_TRUE(row.zeros_are_zero);
      at = row.end;
      const uint64_t type = row["type"];
      if (type == 1) used_slots += static_cast<uint64_t>(std::popcount(row["used slots"]));
      if (type == 5) live_rows += row["live bytes"];
      if (type == 0 || type == 6) continue;
      ASSERT_TRUE(headers_.contains(i)) << i;
      EXPECT_EQ(headers_.at(i)["type"], type) << i;
      EXPECT_EQ(headers_.at(i)["run extents"], row["run extents"]) << i;
      if (type == 2) {
        EXPECT_EQ(headers_.at(i)["first log number"], row["first log number"]);
      }
    }
    EXPECT_EQ(meta["loss count"], 0u);
    EXPECT_EQ(at, offset + super_["meta bytes"]);
    EXPECT_EQ(live_rows, cold_in_checkpoint_);
    EXPECT_EQ(used_slots, super_["memories"] - live_rows);
  }

  // Every extent of the log, from its header on: that its entries say what they should.
  void CheckLog() {
    for (const auto& [extent, header] : headers_) {
      if (header["type"] != 2) continue;
      uint64_t at = page_.Payload(extent);
      uint64_t number = header["first log number"];
      Fields entry;
      while (ReadEntry(extent, at, entry) && FirstOf(extent) + entry["number"] == number) {
        CheckEntry(header, entry, number++);
        at = entry.end;
      }
    }
  }

  void ReplaySegments() {
    for (uint64_t i = 0; i < super_["segment count"]; ++i) {
      const Fields segment =
          page_.Read({"Segment"}, page_.Begins("Superblock", "segments") + i * 32);
      const uint64_t extent = segment["extent"];
      EXPECT_EQ(segment["generation"], headers_.at(extent)["generation"]);
      EXPECT_EQ(segment["extent first"], FirstOf(extent));
      uint64_t at = page_.ExtentBegin(extent) + segment["offset"];
      uint64_t number = segment["first"];
      Fields entry;
      for (; ReadEntry(extent, at, entry); at = entry.end, ++number) {
        if (FirstOf(extent) + entry["number"] != number) break;
        // What is moved or copied is so only while it has its sequence, as all here.
        if (entry["kind"] <= 2) TakeRecord(entry);
        if (entry["kind"] == 4) TakeRow(entry["place"], entry["row"], entry["sequence"]);
        if (entry["kind"] == 3) state_.erase(entry.Text("id"));
      }
    }
  }

  // Of what is live. The slot of an older record may have got its next owner.
  void CheckEmbeddings() const {
    for (const auto& [id, memory] : state_) EXPECT_TRUE(embeddings_.at(id)) << id;
  }

  const SampleState& state() const { return state_; }
  const std::set<uint64_t>& types() const { return types_; }
  const std::set<uint64_t>& kinds() const { return kinds_; }
  uint64_t blobs() const { return blobs_; }
  uint64_t compressed() const { return compressed_; }

 private:
  uint64_t FirstOf(uint64_t extent) const { return headers_.at(extent)["first log number"]; }

  uint64_t StreamOffset(uint64_t position) const {
    EXPECT_EQ(super_["run count"], 1u) << "more is not needed here";
    const Fields run = page_.Read({"Run"}, page_.Begins("Superblock", "runs"));
    return page_.Payload(run["first"]) + position;
  }

  bool ReadEntry(uint64_t extent, uint64_t at, Fields& entry) const {
    static const std::map<uint64_t, std::string> kinds = {
        {1, "Record"}, {2, "Record"}, {3, "Remove"}, {4, "Move"}, {5, "Frame"}, {6, "Link"}};
    const Fields head = page_.Read({"Log entries"}, at);
    const auto kind = kinds.find(head["kind"]);
    const uint64_t room = page_.ExtentBegin(extent + 1) - at;
    if (kind == kinds.end() || head["bytes"] > room) return false;
    const uint64_t seed = page_.Place(headers_.at(extent)["generation"], at);
    if (Checksum(page_.Slice(at + 8, head["bytes"] - 8), seed) != head["checksum"]) return false;
    entry = page_.Read({"Log entries", kind->second}, at);
    EXPECT_EQ(entry.end - at, head["bytes"]);
    EXPECT_TRUE(entry.zeros_are_zero) << "at " << at;
    return true;
  }

  void CheckEntry(const Fields& header, const Fields& entry, uint64_t number) {
    kinds_.insert(entry["kind"]);
    const bool is_about_memory = entry.bytes.contains("id");
    hashes_[number] = is_about_memory ? HashOf(entry.Text("id")) : 0;
    if (entry["kind"] == 5) {
      EXPECT_LE(entry["durable"], number);
      for (uint64_t i = 0; i < entry["count"]; ++i) {
        const uint64_t hashed = entry["first hashed"] + i;
        if (hashes_.contains(hashed)) {
          EXPECT_EQ(format::Slice(entry.bytes.at("hashes"), i * 8, 8), Le(hashes_[hashed]));
        }
      }
    }
    if (entry["kind"] == 6) {
      EXPECT_EQ(entry["next extent"], header["next extent"]);
      EXPECT_EQ(entry["next generation"], header["next generation"]);
      const Fields& next = headers_.at(entry["next extent"]);
      if (next["generation"] == entry["next generation"]) {
        EXPECT_EQ(next["first log number"], number + 1);
      }
    }
  }

  void ReadBucketEntry(const Fields& entry) {
    if (entry["record bytes"] == 0) {
      TakeRow(entry["place"], entry["slot"], entry["sequence"]);
      ++cold_in_checkpoint_;
      return;
    }
    const uint64_t extent = (entry["place"] - page_.ExtentBegin(0)) / kExtentBytesMin;
    Fields record;
    ASSERT_TRUE(ReadEntry(extent, entry["place"], record));
    EXPECT_EQ(record["sequence"], entry["sequence"]);
    EXPECT_EQ(record["slot"], entry["slot"]);
    EXPECT_EQ(HashOf(record.Text("id")), entry["hash"]);
    EXPECT_LE(record["sequence"], super_["checkpoint sequence"]);
    TakeRecord(record);
  }

  void TakeRecord(const Fields& record) {
    Memory memory;
    memory.id = record.Text("id");
    memory.confidence = record.Float("confidence");
    memory.activation = record.Float("activation");
    memory.decay_rate = record.Float("decay rate");
    memory.created_at = static_cast<int64_t>(record["created at"]);
    memory.last_access = static_cast<int64_t>(record["last access"]);
    memory.access_count = record["access count"];
    const uint64_t per_extent = (kExtentBytesMin - 512) / 3072;
    const uint64_t slot = record["slot"];
    const Bytes embedding =
        page_.Slice(page_.Payload(slot / per_extent) + slot % per_extent * 3072, 3072);
    embeddings_[memory.id] = Checksum(embedding, 2) == record["embedding hash"];
    memory.embedding.resize(kEmbeddingDimension);
    std::memcpy(memory.embedding.data(), embedding.data(), embedding.size());
    if ((record["flags"] & 1) != 0) {
      memory.content = ReadBlob(record);
    } else if (record["count"] != UINT32_MAX) {
      memory.content = record.Text("content");
    }
    state_.insert_or_assign(memory.id, memory);
  }

  void TakeRow(uint64_t place, uint64_t row, uint64_t sequence) {
    const Fields run = page_.ReadColdRun(place);
    const uint64_t extent = (place - page_.ExtentBegin(0)) / kExtentBytesMin;
    EXPECT_EQ(run["generation"], headers_.at(extent)["generation"]);
    ASSERT_LT(row, run["rows"]);
    Fields fields;
    Bytes covered;
    for (const auto& [column, width] : page_.ColdColumns()) {
      fields.bytes[column] = format::Slice(run.bytes.at(column), row * width, width);
      if (column != "checksums") covered = Joined(covered, fields.bytes.at(column));
    }
    const Bytes id = format::Slice(run.bytes.at("ids"), fields["id places"], fields["id bytes"]);
    covered = Joined(covered, id);
    EXPECT_EQ(Checksum(covered, page_.Place(run["generation"], row)), fields["checksums"]);
    Memory memory;
    memory.id.assign(reinterpret_cast<const char*>(id.data()), id.size());
    EXPECT_EQ(fields["hashes"], HashOf(memory.id));
    EXPECT_EQ(fields["sequences"], sequence);
    memory.confidence = fields.Float("confidences");
    memory.activation = fields.Float("activations");
    memory.decay_rate = fields.Float("decay rates");
    memory.created_at = static_cast<int64_t>(fields["created at"]);
    memory.last_access = static_cast<int64_t>(fields["last access"]);
    memory.access_count = fields["access counts"];
    const Bytes embedding = format::Slice(run.bytes.at("embeddings"), row * 3072, 3072);
    embeddings_[memory.id] = Checksum(embedding, 2) == fields["embedding hashes"];
    memory.embedding.resize(kEmbeddingDimension);
    std::memcpy(memory.embedding.data(), embedding.data(), embedding.size());
    if (fields["content bytes"] != UINT32_MAX) {
      const Bytes stored =
          format::Slice(run.bytes.at("content"), fields["content places"], fields["stored bytes"]);
      EXPECT_EQ(Checksum(stored, 2), fields["content hashes"]);
      std::string& content = memory.content.emplace(fields["content bytes"], '\0');
      if (fields["codecs"] == 0) {
        EXPECT_EQ(stored.size(), content.size());
        std::ranges::transform(stored, content.begin(),
                               [](std::byte b) { return static_cast<char>(b); });
      } else {
        // What Zstandard is, the page leaves to its own.
        EXPECT_TRUE(format::ContentDecompressor().Decompress(stored, content).ok());
        ++compressed_;
      }
    }
    state_.insert_or_assign(memory.id, memory);
  }

  std::string ReadBlob(const Fields& record) {
    ++blobs_;
    const Bytes& place = record.bytes.at("blob");
    uint64_t offset = 0;
    uint64_t checksum = 0;
    std::memcpy(&offset, place.data() + page_.Begins("Blob", "blob offset"), sizeof offset);
    std::memcpy(&checksum, place.data() + page_.Begins("Blob", "blob checksum"), sizeof checksum);
    const Bytes content = page_.Slice(offset, record["count"]);
    EXPECT_EQ(Checksum(content, page_.Place(0, offset)), checksum);
    return {reinterpret_cast<const char*>(content.data()), content.size()};
  }

  const PageReader page_;
  Fields super_;
  uint64_t extents_ = 0;
  std::map<uint64_t, Fields> headers_;   // by extent
  std::map<uint64_t, uint64_t> hashes_;  // by log number
  std::set<uint64_t> types_;
  std::set<uint64_t> kinds_;
  SampleState state_;
  std::map<std::string, bool> embeddings_;  // by id: whether their hashes are right
  uint64_t blobs_ = 0;
  uint64_t cold_in_checkpoint_ = 0;
  uint64_t compressed_ = 0;
};

MATCHER_P(IsState, expected, "") {
  return std::ranges::equal(arg, expected, [](const auto& a, const auto& b) {
    return a.first == b.first && SameBits(a.second, b.second);
  });
}

TEST(BytePageOfFiles, FilesHoldWhatWasStoredWhereThePageSaysItIs) {
  for (const SampleStore& sample : SampleStores()) {
    SCOPED_TRACE(sample.name);
    FileReader reader(sample.image);
    reader.CheckSuperblocks();
    reader.ReadHeaders();
    if (sample.checkpointed > 0) {
      reader.ReadCheckpoint();
      reader.CheckMeta();
    }
    reader.CheckLog();
    if (!sample.closed) reader.ReplaySegments();
    EXPECT_THAT(reader.state(), IsState(sample.newest()));
    reader.CheckEmbeddings();
  }
}

TEST(BytePageOfFiles, TheGoldenStoreHasEverythingThatIsWritten) {
  FileReader reader(GoldenStore().image);
  reader.ReadHeaders();
  reader.CheckLog();
  reader.ReadCheckpoint();
  EXPECT_THAT(reader.types(), testing::ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(reader.kinds(), testing::ElementsAre(1, 3, 5, 6));
  EXPECT_GE(reader.blobs(), 2u);
}

TEST(BytePageOfFiles, TheColdGoldenStoreHasRunsAndMoves) {
  FileReader reader(GoldenColdStore().image);
  reader.ReadHeaders();
  reader.CheckLog();
  EXPECT_THAT(reader.types(), testing::IsSupersetOf({1, 2, 4, 5}));
  EXPECT_THAT(reader.kinds(), testing::IsSupersetOf({1, 2, 4, 5}));
}

TEST(BytePageOfFiles, CompressedContentIsAmongTheSamples) {
  uint64_t compressed = 0;
  for (const SampleStore& sample : SampleStores()) {
    if (sample.name != "cold") continue;
    FileReader reader(sample.image);
    reader.ReadHeaders();
    reader.ReadCheckpoint();
    compressed += reader.compressed();
  }
  EXPECT_GE(compressed, 1u);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
