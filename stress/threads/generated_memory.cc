// Generates memories from splitmix64, content from a repeated label.

#include "stress/threads/generated_memory.h"

#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/explore/random.h"
#include "model/reference_store.h"

namespace engram::stress {
namespace {

constexpr uint32_t kIdPaddingBytesMax = 36;

// Mostly short; some on either side of 4 KiB, where content becomes a blob of its own.
constexpr std::array<size_t, 8> kContentBytes = {0, 1, 30, 100, 400, 4096, 4097, 20'000};

std::optional<std::string> ContentOf(std::string_view id, uint64_t value, world::Random& random) {
  const size_t kind = random.Below(kContentBytes.size() + 1);
  if (kind == kContentBytes.size()) return {};
  const size_t bytes = kContentBytes.at(kind);
  const std::string label = absl::StrCat(std::string(id), "=", value, ";");
  std::string content;
  content.reserve(bytes + label.size());
  while (content.size() < bytes) content += label;
  content.resize(bytes);
  return content;
}

float Fraction(world::Random& random) { return static_cast<float>(random.Below(1001)) / 1000.0F; }

}  // namespace

std::string IdOf(uint32_t index) {
  return absl::StrCat("m", index, std::string(index * 7 % kIdPaddingBytesMax, '-'));
}

Memory GeneratedMemory(std::string_view id, uint64_t value) {
  world::Random random(value, 0);
  Memory memory;
  memory.id = id;
  memory.embedding.resize(kEmbeddingDimension);
  for (float& number : memory.embedding) {
    number = static_cast<float>(static_cast<int32_t>(random.Next())) / 2147483648.0F;
  }
  memory.confidence = Fraction(random);
  memory.activation = Fraction(random);
  memory.decay_rate = Fraction(random);
  memory.created_at = static_cast<int64_t>(value);
  memory.last_access = static_cast<int64_t>(random.Next());
  memory.access_count = random.Next();
  memory.content = ContentOf(id, value, random);
  return memory;
}

std::optional<uint64_t> GeneratedFrom(const Memory& memory) {
  const auto value = static_cast<uint64_t>(memory.created_at);
  Memory generated = GeneratedMemory(memory.id, value);
  generated.activation = memory.activation;
  if (memory.embedding.size() != kEmbeddingDimension || !model::SameBits(memory, generated)) {
    return {};
  }
  return value;
}

}  // namespace engram::stress
