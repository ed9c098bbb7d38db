// Putting texts together from pieces and numbers, with the std types that public headers speak.

#ifndef ENGRAM_MODEL_TELL_WORDS_H_
#define ENGRAM_MODEL_TELL_WORDS_H_

#include <concepts>
#include <string>
#include <string_view>

namespace engram::world {

inline void AppendWord(std::string& text, std::string_view piece) { text += piece; }
inline void AppendWord(std::string& text, char piece) { text += piece; }
template <std::integral Number>
  requires(!std::same_as<Number, char> && !std::same_as<Number, bool>)
void AppendWord(std::string& text, Number piece) {
  text += std::to_string(piece);
}

// All pieces, one after the other.
template <typename... Pieces>
std::string Words(const Pieces&... pieces) {
  std::string text;
  (AppendWord(text, pieces), ...);
  return text;
}

// "1 step", "2 steps".
template <std::integral Number>
std::string Counted(Number count, std::string_view one, std::string_view many) {
  return Words(count, " ", count == 1 ? one : many);
}

}  // namespace engram::world

#endif  // ENGRAM_MODEL_TELL_WORDS_H_
