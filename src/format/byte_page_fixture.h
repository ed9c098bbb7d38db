// A page of tables `offset | size | field`, and holding bytes to it. For tests of the page
// src/format/README.md.

#ifndef ENGRAM_FORMAT_BYTE_PAGE_FIXTURE_H_
#define ENGRAM_FORMAT_BYTE_PAGE_FIXTURE_H_

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/body.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/samples_fixture.h"

namespace engram::inline ENGRAM_BODY::format {

// ---- The page's tables.

using Row = std::vector<std::string>;  // its cells

struct Table {
  std::string section;
  Row columns;
  std::vector<Row> rows;
};

inline Row CellsOf(std::string_view line) {
  Row cells;
  line.remove_prefix(1);
  while (!line.empty()) {
    const size_t end = line.find('|');
    std::string_view cell = line.substr(0, end);
    while (cell.starts_with(' ')) cell.remove_prefix(1);
    while (cell.ends_with(' ')) cell.remove_suffix(1);
    cells.emplace_back(cell);
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return cells;
}

inline std::vector<Table> TablesOf(std::string_view page) {
  std::vector<Table> tables;
  std::string section;
  bool in_table = false;
  while (!page.empty()) {
    const size_t end = std::min(page.find('\n'), page.size());
    const std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (line.starts_with('#')) section = line.substr(line.find(' ') + 1);
    if (!line.starts_with('|')) {
      in_table = false;
    } else if (!in_table) {
      tables.push_back({section, CellsOf(line), {}});
      in_table = true;
    } else if (!line.starts_with("|---")) {
      tables.back().rows.push_back(CellsOf(line));
    }
  }
  return tables;
}

// The rows of a section's table whose first column is `first_column`.
inline std::vector<Row> RowsOf(const std::vector<Table>& tables, std::string_view section,
                               std::string_view first_column) {
  for (const Table& table : tables) {
    if (table.section == section && table.columns.front() == first_column) return table.rows;
  }
  return {};
}

// ---- What the bytes are.

struct Structure {
  std::vector<std::string> sections;  // whose tables, one after the other, describe it
  Bytes bytes;
  std::map<std::string, Bytes> fields;
  // Of rows whose size is said in words.
  std::map<std::string, size_t> sizes;
};

template <typename T>
Bytes Le(T value) {
  Bytes bytes(sizeof(T));
  StoreLittleEndian(bytes.data(), value);
  return bytes;
}

inline Bytes Text(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  return {bytes.begin(), bytes.end()};
}

template <typename... Parts>
Bytes Joined(const Parts&... parts) {
  Bytes all;
  (all.insert(all.end(), parts.begin(), parts.end()), ...);
  return all;
}

// `bytes` and zeros behind it, `size` in all.
inline Bytes Padded(Bytes bytes, size_t size) {
  bytes.resize(size);
  return bytes;
}

inline uint64_t Place(uint64_t generation, uint64_t position) {
  return Checksum(Joined(Le(kSampleStore), Le(generation), Le(position)), 2);
}

inline Bytes ChecksumFrom8(const Bytes& bytes, uint64_t seed) {
  return Le(Checksum(std::span(bytes).subspan(8), seed));
}

inline std::optional<size_t> Number(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What is wrong with the page, or with the bytes; empty: they agree.
inline std::vector<std::string> Complaints(const std::vector<Table>& tables,
                                           const Structure& structure) {
  std::vector<std::string> complaints;
  std::set<std::string> seen;
  size_t end = 0;
  for (const std::string& section : structure.sections) {
    for (const Row& row : RowsOf(tables, section, "offset")) {
      const std::string field = row[2];
      const std::string name = absl::StrCat(section, ", ", field);
      const size_t offset = row[0] == "then" ? end : Number(row[0]).value_or(SIZE_MAX);
      if (offset != end) complaints.push_back(name + ": a gap or an overlap");
      const auto in_words = structure.sizes.find(row[1]);
      const std::optional<size_t> size =
          in_words == structure.sizes.end() ? Number(row[1]) : in_words->second;
      if (!size || offset > structure.bytes.size() || *size > structure.bytes.size() - offset) {
        complaints.push_back(name + ": ends behind the structure");
        return complaints;
      }
      end = offset + *size;
      const Bytes found(structure.bytes.begin() + static_cast<ptrdiff_t>(offset),
                        structure.bytes.begin() + static_cast<ptrdiff_t>(end));
      if (field == "zero") {
        if (found != Bytes(*size)) complaints.push_back(name + ": not zero");
        continue;
      }
      const auto expected = structure.fields.find(field);
      if (expected == structure.fields.end()) {
        complaints.push_back(name + ": no such field");
      } else if (found != expected->second) {
        complaints.push_back(
            absl::StrCat(name, ": expected ", Hex(expected->second), ", found ", Hex(found)));
      }
      if (!seen.insert(field).second) complaints.push_back(name + ": twice");
    }
  }
  if (end != structure.bytes.size()) complaints.push_back(structure.sections.back() + ": a rest");
  if (seen.size() != structure.fields.size()) {
    complaints.push_back(structure.sections.back() + ": a field is not on the page");
  }
  return complaints;
}

inline Bytes Slice(std::span<const std::byte> bytes, size_t offset, size_t size) {
  const auto slice = bytes.subspan(offset, size);
  return {slice.begin(), slice.end()};
}

// Puts the values of all fields behind each other, in the order of the page: a nested structure,
// made from the page alone.
inline Bytes FromPage(const std::vector<Table>& tables, const Structure& structure) {
  Bytes bytes;
  for (const Row& row : RowsOf(tables, structure.sections.front(), "offset")) {
    bytes = Joined(bytes, row[2] == "zero" ? Bytes(*Number(row[1])) : structure.fields.at(row[2]));
  }
  return bytes;
}

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_BYTE_PAGE_FIXTURE_H_
