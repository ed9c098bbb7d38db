// Texts as words of eight letters, so that room which readers look at without a lock can be atomic:
// each access is then a point at which the world may let others go first, and reuse under a reader
// is a wrong answer rather than undefined behaviour.

#ifndef ENGRAM_STRESS_SPECIMENS_LETTERS_H_
#define ENGRAM_STRESS_SPECIMENS_LETTERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace engram::specimens {

inline constexpr size_t kLettersPerWord = sizeof(uint64_t);

inline size_t WordsFor(std::string_view text) {
  return (text.size() + kLettersPerWord - 1) / kLettersPerWord;
}

// Up to eight letters of `text` from `begin`; zeros behind its end.
inline uint64_t WordAt(std::string_view text, size_t begin) {
  uint64_t word = 0;
  for (size_t i = 0; i < kLettersPerWord && begin + i < text.size(); ++i) {
    word |= uint64_t{static_cast<unsigned char>(text[begin + i])} << (8 * i);
  }
  return word;
}

inline std::string LettersOf(uint64_t word) {
  std::string letters;
  for (; word != 0; word >>= 8) letters += static_cast<char>(word & 0xFF);
  return letters;
}

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_LETTERS_H_
