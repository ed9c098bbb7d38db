// UTF-8 validation against brute force: an independent *encoder* says which byte strings are valid.
//
// Exhaustive for all strings of one, two and three bytes; for four bytes, all leads and second
// bytes with the third and fourth from the edges of their ranges, and every code point that takes
// four.

#include "base/utf8.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace engram {
namespace {

std::string Encode(uint32_t code_point) {
  const auto tail = [code_point](int shift) {
    return static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xC0 | (code_point >> 6)), tail(0)};
  if (code_point < 0x10000) {
    return {static_cast<char>(0xE0 | (code_point >> 12)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0 | (code_point >> 18)), tail(12), tail(6), tail(0)};
}

bool IsSurrogate(uint32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

uint32_t Index(std::string_view text) {
  uint32_t index = 0;
  for (const char c : text) index = index << 8 | static_cast<uint8_t>(c);
  return index;
}

std::string Text(uint32_t index, size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = bytes; i-- > 0; index >>= 8) text[i] = static_cast<char>(index & 0xFF);
  return text;
}

// Which byte strings encode one code point, by length; and from that, which are a sequence of such.
class Oracle {
 public:
  Oracle() {
    for (size_t bytes = 1; bytes <= 3; ++bytes) single_[bytes].resize(size_t{1} << (8 * bytes));
    for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
      if (IsSurrogate(code_point)) continue;
      const std::string text = Encode(code_point);
      if (text.size() == 4) {
        single_four_.insert(Index(text));
      } else {
        single_[text.size()][Index(text)] = true;
      }
    }
  }

  bool IsValid(std::string_view text) const {
    if (text.empty()) return true;
    for (size_t bytes = 1; bytes <= text.size() && bytes <= 4; ++bytes) {
      if (IsSingle(text.substr(0, bytes)) && IsValid(text.substr(bytes))) return true;
    }
    return false;
  }

 private:
  bool IsSingle(std::string_view text) const {
    return text.size() == 4 ? single_four_.contains(Index(text))
                            : single_[text.size()][Index(text)];
  }

  std::array<std::vector<bool>, 4> single_;  // by length 1..3, then by the bytes as a number
  std::set<uint32_t> single_four_;
};

TEST(Utf8, AgreesWithBruteForceOnAllStringsUpToThreeBytes) {
  const Oracle oracle;
  for (size_t bytes = 0; bytes <= 3; ++bytes) {
    for (uint32_t index = 0; index < uint32_t{1} << (8 * bytes); ++index) {
      const std::string text = Text(index, bytes);
      ASSERT_EQ(IsValidUtf8(text), oracle.IsValid(text))
          << std::hex << index << ", " << bytes << " bytes";
    }
  }
}

TEST(Utf8, AgreesWithBruteForceAtTheEdgesOfFourBytes) {
  const Oracle oracle;
  const std::array<uint32_t, 10> edges = {0x00, 0x7F, 0x80, 0x8F, 0x90,
                                          0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  for (uint32_t first_two = 0; first_two <= 0xFFFF; ++first_two) {
    for (const uint32_t third : edges) {
      for (const uint32_t fourth : edges) {
        const uint32_t index = first_two << 16 | third << 8 | fourth;
        const std::string text = Text(index, 4);
        ASSERT_EQ(IsValidUtf8(text), oracle.IsValid(text)) << std::hex << index;
      }
    }
  }
}

TEST(Utf8, EveryCodePointIsValidAndEverySurrogateIsNot) {
  for (uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    ASSERT_EQ(IsValidUtf8(Encode(code_point)), !IsSurrogate(code_point)) << std::hex << code_point;
  }
  EXPECT_FALSE(IsValidUtf8(Encode(0x110000)));
}

TEST(Utf8, FindsAFlawAtEveryPositionOfALongText) {
  for (size_t size = 1; size <= 40; ++size) {
    for (size_t flaw = 0; flaw < size; ++flaw) {
      std::string text(size, 'a');
      ASSERT_TRUE(IsValidUtf8(text));
      text[flaw] = '\x80';
      EXPECT_FALSE(IsValidUtf8(text)) << "byte " << flaw << " of " << size;
      text[flaw] = '\xC3';  // wants a continuation byte and gets an 'a' or the end
      EXPECT_FALSE(IsValidUtf8(text)) << "byte " << flaw << " of " << size;
    }
  }
}

TEST(Utf8, TextCutWithinASequenceIsInvalidWhateverLiesBehindIt) {
  const std::string_view text = "aaaaaaa\xF0\x9F\x98\x80";
  EXPECT_TRUE(IsValidUtf8(text));
  for (size_t size = 8; size < text.size(); ++size) EXPECT_FALSE(IsValidUtf8(text.substr(0, size)));
}

}  // namespace
}  // namespace engram
