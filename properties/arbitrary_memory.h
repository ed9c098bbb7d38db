// Generators of memories for RapidCheck: every field with its extremes, and contents of every kind
// of place. An embedding is drawn as one number from which all 768 follow, so that it shrinks in a
// few steps.

#ifndef ENGRAM_PROPERTIES_ARBITRARY_MEMORY_H_
#define ENGRAM_PROPERTIES_ARBITRARY_MEMORY_H_

#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/memory.h"

namespace engram::properties {

// The numbers of an embedding: 0 gives ones, any other seed mixes all finite bit patterns with
// zeros of both signs, denormals and the largest.
inline std::vector<float> EmbeddingOf(uint32_t seed) {
  std::vector<float> embedding(kEmbeddingDimension, 1.0F);
  if (seed == 0) return embedding;
  uint64_t state = seed * 0x9E3779B97F4A7C15u;
  for (float& number : embedding) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto bits = static_cast<uint32_t>(state >> 32);
    constexpr float kSpecial[] = {0.0F, -0.0F, std::numeric_limits<float>::denorm_min(),
                                  std::numeric_limits<float>::max(),
                                  std::numeric_limits<float>::lowest()};
    number = std::bit_cast<float>(bits);
    if (!std::isfinite(number) || bits % 16 == 0) number = kSpecial[bits % std::size(kSpecial)];
  }
  return embedding;
}

inline rc::Gen<float> AnyFraction() {
  return rc::gen::oneOf(
      rc::gen::element(0.0F, -0.0F, 1.0F, std::numeric_limits<float>::denorm_min(),
                       std::nextafter(1.0F, 0.0F)),
      rc::gen::map(rc::gen::inRange(0, 1 << 24),
                   [](int n) { return std::ldexp(static_cast<float>(n), -24); }));
}

// Any integer, its extremes often.
template <typename Integer>
rc::Gen<Integer> AnyInteger() {
  return rc::gen::oneOf(rc::gen::arbitrary<Integer>(),
                        rc::gen::element(std::numeric_limits<Integer>::min(),
                                         std::numeric_limits<Integer>::max(), Integer{0}));
}

// UTF-8 of characters of one to four bytes, at least `bytes_min` long and hardly longer.
inline std::string TextOf(uint32_t seed, size_t bytes_min) {
  constexpr const char* kPieces[] = {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x90\x98", "z"};
  std::string text;
  for (uint64_t state = seed; text.size() < bytes_min;) {
    text += kPieces[(state >> 33) % std::size(kPieces)];
    if (seed != 0) state = state * 6364136223846793005u + 1442695040888963407u;
  }
  return text;
}

// None, empty, in the log, a blob within an extent, a blob of several.
inline rc::Gen<std::optional<std::string>> AnyContent() {
  const auto of_bytes = [](int least, int beyond) {
    return rc::gen::map(
        rc::gen::pair(rc::gen::arbitrary<uint32_t>(), rc::gen::inRange(least, beyond)),
        [](const std::pair<uint32_t, int>& drawn) {
          return std::optional(TextOf(drawn.first, static_cast<size_t>(drawn.second)));
        });
  };
  return rc::gen::weightedOneOf<std::optional<std::string>>(
      {{2, rc::gen::just(std::optional<std::string>())},
       {2, rc::gen::just(std::optional<std::string>(""))},
       {6, of_bytes(1, 80)},
       {3, of_bytes(80, 8'000)},
       {1, of_bytes(8'000, 40'000)}});
}

// A memory with this id.
inline rc::Gen<Memory> AnyMemory(const std::string& id) {
  return rc::gen::build<Memory>(
      rc::gen::set(&Memory::id, rc::gen::just(id)),
      rc::gen::set(&Memory::embedding, rc::gen::map(rc::gen::arbitrary<uint32_t>(), EmbeddingOf)),
      rc::gen::set(&Memory::confidence, AnyFraction()),
      rc::gen::set(&Memory::activation, AnyFraction()),
      rc::gen::set(&Memory::decay_rate, AnyFraction()),
      rc::gen::set(&Memory::created_at, AnyInteger<int64_t>()),
      rc::gen::set(&Memory::last_access, AnyInteger<int64_t>()),
      rc::gen::set(&Memory::access_count, AnyInteger<uint64_t>()),
      rc::gen::set(&Memory::content, AnyContent()));
}

}  // namespace engram::properties

// How RapidCheck prints one: without its embedding.
namespace engram::inline ENGRAM_BODY {
inline void showValue(const Memory& memory, std::ostream& out) {
  out << "{id " << memory.id << ", confidence " << memory.confidence << ", activation "
      << memory.activation << ", decay_rate " << memory.decay_rate << ", created_at "
      << memory.created_at << ", last_access " << memory.last_access << ", access_count "
      << memory.access_count;
  if (memory.content) out << ", content of " << memory.content->size() << " bytes";
  if (!memory.embedding.empty()) out << ", embedding from " << memory.embedding[0];
  out << "}";
}
}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_PROPERTIES_ARBITRARY_MEMORY_H_
