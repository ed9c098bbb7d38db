// What the page src/format/README.md must say of a run of cold memories, for byte_page_test.cc.

#ifndef ENGRAM_FORMAT_BYTE_PAGE_COLD_FIXTURE_H_
#define ENGRAM_FORMAT_BYTE_PAGE_COLD_FIXTURE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/body.h"
#include "base/checksum.h"
#include "format/byte_page_fixture.h"
#include "format/samples_fixture.h"

namespace engram::inline ENGRAM_BODY::format {

inline void AddColdRun(const std::vector<Table>& tables, std::vector<Structure>& structures) {
  const Bytes run = SampleRun();
  const ColdDirectory& directory = kSampleDirectory;
  const std::vector<ColdRow> rows = SampleRows();
  const Bytes bytes = Slice(run, 512, 64);
  const uint64_t generation = directory.generation.value;
  structures.push_back({{"Cold directory"},
                        bytes,
                        {{"checksum", ChecksumFrom8(bytes, Place(generation, UINT64_MAX))},
                         {"generation", Le(generation)},
                         {"run extents", Le(directory.run_extents)},
                         {"rows", Le(directory.rows)},
                         {"all id bytes", Le(directory.id_bytes)},
                         {"all content bytes", Le(directory.content_bytes)}},
                        {}});
  const Bytes from_page = FromPage(tables, structures.back());
  const auto both = [&](const auto& field) {
    return Joined(Le(field(rows[0])), Le(field(rows[1])));
  };
  const Bytes content_hash = Le(Checksum(Text(kSampleRunContent), 2));
  Structure structure{
      {"Cold run"},
      run,
      {{"header", Slice(run, 0, 512)},
       {"directory", from_page},
       {"hashes", Joined(Le(Checksum(Text("a"), 0)), Le(Checksum(Text("naïve"), 0)))},
       {"sequences", both([](const ColdRow& row) { return row.sequence.value; })},
       {"created at", both([](const ColdRow& row) { return row.created_at; })},
       {"last access", both([](const ColdRow& row) { return row.last_access; })},
       {"access counts", both([](const ColdRow& row) { return row.access_count; })},
       {"embedding hashes", both([](const ColdRow& row) { return row.embedding_hash; })},
       {"content places", Joined(Le(uint64_t{0}), Le(uint64_t{0}))},
       {"content hashes", Joined(Le(uint64_t{0}), content_hash)},
       {"confidences", both([](const ColdRow& row) { return row.confidence; })},
       {"activations", both([](const ColdRow& row) { return row.activation; })},
       {"decay rates", both([](const ColdRow& row) { return row.decay_rate; })},
       {"content bytes", Joined(Le(UINT32_MAX), Le(uint32_t{11}))},
       {"stored bytes", Joined(Le(uint32_t{0}), Le(uint32_t{11}))},
       {"id places", Joined(Le(uint32_t{0}), Le(uint32_t{1}))},
       {"id bytes", Joined(Le(uint16_t{1}), Le(uint16_t{6}))},
       {"codecs", Joined(Le(uint8_t{0}), Le(uint8_t{0}))},
       {"ids", Text(kSampleRunIds)},
       {"embeddings", Joined(Text(std::string(3072, 'A')), Text(std::string(3072, 'B')))},
       {"content", Text("hello world")},
       {"directory again", from_page}},
      {{"bytes of all ids", 7}, {"bytes of all content", 11}}};
  for (const size_t width : {size_t{1}, size_t{2}, size_t{4}, size_t{8}, size_t{3072}}) {
    structure.sizes[std::to_string(width) + " times rows"] = 2 * width;
  }
  const size_t ids_end = 512 + 64 + 2 * 99 + 7;
  structure.sizes["up to a multiple of 64"] = 64 - ids_end % 64;
  const size_t content_end = (ids_end + 63) / 64 * 64 + 2 * 3072 + 11;
  structure.sizes["up to the last 64 bytes"] = run.size() - 64 - content_end;
  structure.fields["not used"] = Bytes(structure.sizes["up to the last 64 bytes"]);
  // A row's checksum: over all its other fields, in the order of the page, and its id.
  Bytes checksums;
  for (size_t row = 0; row < 2; ++row) {
    Bytes covered;
    for (const Row& cells : RowsOf(tables, "Cold run", "offset")) {
      if (!cells[1].ends_with(" times rows") || cells[2] == "checksums") continue;
      if (cells[2] == "embeddings") continue;
      const size_t width = structure.sizes.at(cells[1]) / 2;
      covered = Joined(covered, Slice(structure.fields.at(cells[2]), row * width, width));
    }
    covered = Joined(covered, row == 0 ? Text("a") : Text("naïve"));
    checksums = Joined(checksums, Le(Checksum(covered, Place(generation, row))));
  }
  structure.fields["checksums"] = checksums;
  structures.push_back(std::move(structure));
}

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_BYTE_PAGE_COLD_FIXTURE_H_
