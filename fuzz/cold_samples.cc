// Making them, by the store itself.

#include "fuzz/cold_samples.h"

#include <optional>
#include <string>

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

using engine::SampleMaker;
using engine::SampleMemory;
using engine::SampleText;

// Text that a compressor makes shorter, but not to nothing.
std::string Words(size_t bytes, uint32_t seed) {
  constexpr std::string_view kWords[] = {"the ", "user ", "prefers ", "tea ", "to ", "coffee "};
  std::string text;
  for (uint32_t state = seed; text.size() < bytes;) {
    state = state * 1'664'525 + 1'013'904'223;
    text += kWords[(state >> 16) % std::size(kWords)];
  }
  text.resize(bytes);
  return text;
}

// Three rows of each kind of content.
engine::SampleStore Rows() {
  SampleMaker maker("rows");
  std::vector<std::string> ids;
  for (uint32_t i = 0; i < 9; ++i) {
    std::optional<std::string> content;
    if (i % 3 == 1) content = Words(60 + 40 * i, i);
    if (i % 3 == 2) content = SampleText(500 * i, static_cast<char>('a' + i));
    ids.push_back("row " + std::to_string(i));
    maker.Store(SampleMemory(ids.back(), i + 1, content));
  }
  return maker.Migrate(ids, Tier::kCold).Closed();
}

// Two runs, of the first most rows dead, and the process killed.
engine::SampleStore Unclean() {
  return SampleMaker("unclean")
      .Store(SampleMemory("a", 1, Words(300, 1)))
      .Store(SampleMemory("b", 2, "short"))
      .Store(SampleMemory("c", 3, Words(700, 3)))
      .Migrate({"a", "b", "c"}, Tier::kCold)
      .Checkpoint()
      .Remove("a")
      .Activate("b", 0.5F)
      .Store(SampleMemory("d", 4, Words(100, 4)))
      .Migrate({"d"}, Tier::kCold)
      .Migrate({"c"}, Tier::kWarm)
      .Sync()
      .Killed();
}

// A run of several extents, most of it content.
engine::SampleStore Long() {
  return SampleMaker("long")
      .Store(SampleMemory("words", 1, Words(40'000, 1)))
      .Store(SampleMemory("letters", 2, SampleText(60'000, 'l')))
      .Store(SampleMemory("none", 3, std::nullopt))
      .Migrate({"words", "letters", "none"}, Tier::kCold)
      .Closed();
}

}  // namespace

std::vector<engine::SampleStore> ColdSamples() {
  return {Rows(), Unclean(), Long(), engine::ColdStore(), engine::GoldenColdStore()};
}

}  // namespace engram::inline ENGRAM_BODY::fuzz
