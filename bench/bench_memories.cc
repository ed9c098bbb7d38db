// Embeddings come from splitmix64; contents begin with the index, so that no two are equal, and go
// on with the alphabet.

#include "bench/bench_memories.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "model/explore/random.h"

namespace engram::bench {
namespace {

constexpr size_t kContentBytesMax = 64 * kKiB;
constexpr size_t kLabelBytes = 8;
constexpr uint32_t kMemoriesDefault = 100'000;
constexpr uint64_t kScalarBytes = 3 * sizeof(float) + 3 * sizeof(int64_t);

// Numbers of an embedding, two from each draw.
template <typename Visit>
void ForEachNumber(uint32_t index, const Visit& visit) {
  world::Random random(index, 1);
  for (size_t i = 0; i < kEmbeddingDimension; i += 2) {
    const uint64_t draw = random.Next();
    visit(i, static_cast<float>(static_cast<int32_t>(draw)) / 2147483648.0F);
    visit(i + 1, static_cast<float>(static_cast<int32_t>(draw >> 32)) / 2147483648.0F);
  }
}

const std::string& Alphabet() {
  static const std::string letters = [] {
    std::string text(kContentBytesMax, ' ');
    for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 26);
    return text;
  }();
  return letters;
}

bool IsContent(std::string_view text, uint32_t index, int64_t content) {
  const size_t bytes = ContentBytes(content, index);
  if (text.size() != bytes) return false;
  const size_t labelled = std::min(bytes, kLabelBytes);
  return text.substr(0, labelled) == absl::StrFormat("%08x", index).substr(0, labelled) &&
         text.substr(labelled) == std::string_view(Alphabet()).substr(0, bytes - labelled);
}

bool IsEmbedding(std::span<const float> embedding, uint32_t index) {
  bool equal = embedding.size() == kEmbeddingDimension;
  if (equal) {
    ForEachNumber(index, [&](size_t i, float number) { equal &= embedding[i] == number; });
  }
  return equal;
}

}  // namespace

size_t ContentBytes(int64_t content, uint32_t index) {
  return content == kMixedContent ? index % 10 * 100 : static_cast<size_t>(content);
}

uint32_t MemoriesWanted() {
  const char* text = std::getenv("ENGRAM_BENCH_MEMORIES");
  return text == nullptr ? kMemoriesDefault
                         : static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
}

std::string IdOf(uint32_t index) {
  std::string id = absl::StrFormat("m%09u", index);
  id.resize(id.size() + index % 31, '-');
  return id;
}

Memory MakeMemory(uint32_t index, int64_t content) {
  Memory memory;
  memory.id = IdOf(index);
  memory.embedding.resize(kEmbeddingDimension);
  ForEachNumber(index, [&](size_t i, float number) { memory.embedding[i] = number; });
  memory.confidence = 0.25F;
  memory.activation = 0.5F;
  memory.decay_rate = 0.75F;
  memory.created_at = index;
  memory.last_access = ~int64_t{index};
  memory.access_count = uint64_t{index} << 32;
  const size_t bytes = ContentBytes(content, index);
  std::string text = absl::StrFormat("%08x", index).substr(0, bytes);
  text.append(Alphabet(), 0, bytes - text.size());
  memory.content = std::move(text);
  return memory;
}

std::vector<Memory> MakeMemories(uint32_t first, uint32_t last, int64_t content) {
  std::vector<Memory> memories;
  memories.reserve(last - first);
  for (uint32_t i = first; i < last; ++i) memories.push_back(MakeMemory(i, content));
  return memories;
}

uint64_t LogicalBytes(uint32_t index, int64_t content) {
  return IdOf(index).size() + kScalarBytes + kEmbeddingDimension * sizeof(float) +
         ContentBytes(content, index);
}

uint64_t LogicalBytesOfAll(uint32_t memories, int64_t content) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < memories; ++i) bytes += LogicalBytes(i, content);
  return bytes;
}

bool IsMemory(const MemoryView& view, uint32_t index, int64_t content) {
  return view.id == IdOf(index) && view.confidence == 0.25F && view.activation == 0.5F &&
         view.decay_rate == 0.75F && view.created_at == index &&
         view.last_access == ~int64_t{index} && view.access_count == uint64_t{index} << 32 &&
         view.content && IsContent(*view.content, index, content) &&
         IsEmbedding(view.embedding, index);
}

bool IsMemory(const Memory& memory, uint32_t index, int64_t content) {
  if (memory.embedding.size() != kEmbeddingDimension || !memory.content) return false;
  return IsMemory(
      MemoryView{.id = memory.id,
                 .embedding = std::span<const float, kEmbeddingDimension>(memory.embedding),
                 .confidence = memory.confidence,
                 .activation = memory.activation,
                 .decay_rate = memory.decay_rate,
                 .created_at = memory.created_at,
                 .last_access = memory.last_access,
                 .access_count = memory.access_count,
                 .content = *memory.content,
                 .sequence = {}},
      index, content);
}

std::vector<uint32_t> ShuffledIndices(uint32_t count) {
  std::vector<uint32_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  world::Random random(count, 2);
  for (uint32_t i = count; i > 1; --i) std::swap(indices[i - 1], indices[random.Below(i)]);
  return indices;
}

}  // namespace engram::bench
