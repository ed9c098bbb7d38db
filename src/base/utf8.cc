// UTF-8 validation: eight ASCII bytes at a time, everything else by the table of well-formed
// sequences.

#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace engram::inline ENGRAM_BODY {
namespace {

uint8_t ByteAt(std::string_view text, size_t i) { return static_cast<uint8_t>(text[i]); }

// How many bytes a sequence has that begins with `lead`, and what its second byte may be: the rows
// of table 3-7. That range is what rules out overlong forms (E0, F0), surrogates (ED) and code
// points above U+10FFFF (F4).
struct Row {
  size_t bytes = 0;  // 0: no sequence begins with this byte
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xBF;
};
Row RowOf(uint8_t lead) {
  if (lead < 0x80) return {.bytes = 1};
  if (lead < 0xC2) return {};  // a continuation byte, or an overlong form of ASCII
  if (lead < 0xE0) return {.bytes = 2};
  if (lead == 0xE0) return {.bytes = 3, .second_min = 0xA0};
  if (lead == 0xED) return {.bytes = 3, .second_max = 0x9F};
  if (lead < 0xF0) return {.bytes = 3};
  if (lead == 0xF0) return {.bytes = 4, .second_min = 0x90};
  if (lead < 0xF4) return {.bytes = 4};
  if (lead == 0xF4) return {.bytes = 4, .second_max = 0x8F};
  return {};
}

// How many bytes the well-formed sequence at `at` has; 0 if there is none. REQUIRES: at <
// text.size().
size_t SequenceBytes(std::string_view text, size_t at) {
  const Row row = RowOf(ByteAt(text, at));
  if (row.bytes <= 1) return row.bytes;
  if (text.size() - at < row.bytes) return 0;
  const uint8_t second = ByteAt(text, at + 1);
  if (second < row.second_min || second > row.second_max) return 0;
  for (size_t i = 2; i < row.bytes; ++i) {
    if ((ByteAt(text, at + i) & 0xC0) != 0x80) return 0;
  }
  return row.bytes;
}

// Whether the eight bytes at `at` are all ASCII. REQUIRES: at + 8 <= text.size().
bool EightAreAscii(std::string_view text, size_t at) {
  uint64_t eight = 0;
  std::memcpy(&eight, text.data() + at, sizeof(eight));
  return (eight & 0x8080808080808080u) == 0;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8 && EightAreAscii(text, at)) {
      at += 8;
      continue;
    }
    const size_t bytes = SequenceBytes(text, at);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

}  // namespace engram::inline ENGRAM_BODY
