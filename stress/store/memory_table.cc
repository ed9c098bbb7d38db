// Making the table, and recognising its entries.

#include "stress/store/memory_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/checksum.h"
#include "model/colliding_ids.h"
#include "model/reference_store.h"

namespace engram::stress {
namespace {

constexpr std::array<std::string_view, kKeys> kKeyNames = {"a", "b", "c", "d", "long", "umlaut"};
constexpr std::array<std::string_view, kValues> kValueNames = {
    "nothing", "empty", "apple", "berries", "cherry", "damson",
    "elder",   "figs",  "grape", "extreme", "hazel"};
constexpr std::array<uint64_t, kValues> kContentBytes = {
    0, 0, 5, kInlineBytesMax, kInlineBytesMax + 1, 300, 7936, 9000, 20'000, 11, 7};
// An entry's embedding holds its number behind the first float.
constexpr size_t kNumberAt = 1;

struct Entry {
  Memory memory;
  Memory witness;
};

uint32_t NumberOf(uint16_t key, uint32_t value) { return key * kValues + value; }

std::string MakeId(uint16_t key) {
  switch (key) {
    case 0:
      return std::string(model::kCollidingIds[0].first);
    case 1:
      return std::string(model::kCollidingIds[0].second);
    case 4:
      return std::string(200, 'l');
    case 5:
      return "\xC3\xA4\xE2\x82\xAC\xF0\x9F\xA6\x89";  // U+00E4, U+20AC, U+1F989
    default:
      return std::string(kKeyNames[key]);
  }
}

// A splitmix64 step: which numbers an embedding holds matters to nobody, only that they differ.
uint32_t Scrambled(uint64_t number) {
  uint64_t z = (number + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return static_cast<uint32_t>(z >> 32);
}

std::vector<float> MakeEmbedding(uint32_t number) {
  std::vector<float> embedding(kEmbeddingDimension);
  for (size_t i = 0; i < embedding.size(); ++i) {
    const uint32_t bits = Scrambled(uint64_t{number} * kEmbeddingDimension + i);
    embedding[i] = static_cast<float>(static_cast<int32_t>(bits)) / 2147483648.0F;
  }
  embedding[0] = -0.0F;
  embedding[kNumberAt] = static_cast<float>(number);
  embedding[2] = std::numeric_limits<float>::denorm_min();
  embedding[3] = std::numeric_limits<float>::max();
  embedding[kEmbeddingDimension - 1] = std::numeric_limits<float>::lowest();
  return embedding;
}

// Text of which every piece says where it comes from.
std::string MakeContent(uint16_t key, uint32_t value) {
  std::string text;
  for (uint32_t i = 0; text.size() < kContentBytes[value]; ++i) {
    absl::StrAppend(&text, std::string(kKeyNames[key].substr(0, 1)), value, ".", i, " ");
  }
  text.resize(kContentBytes[value]);
  return text;
}

Memory MakeMemory(uint16_t key, uint32_t value) {
  const uint32_t number = NumberOf(key, value);
  Memory memory;
  memory.id = MakeId(key);
  memory.embedding = MakeEmbedding(number);
  memory.confidence = static_cast<float>(value) / 16.0F;
  memory.activation = static_cast<float>(number) / 128.0F;
  memory.decay_rate = static_cast<float>(key) / 8.0F;
  memory.created_at = int64_t{1'600'000'000'000'000'000} + number;
  memory.last_access = -int64_t{number} - 1;
  memory.access_count = number;
  if (static_cast<Content>(value) == Content::kExtremes) {
    memory.confidence = -0.0F;
    memory.activation = 1.0F;
    memory.decay_rate = std::numeric_limits<float>::denorm_min();
    memory.created_at = std::numeric_limits<int64_t>::min();
    memory.last_access = std::numeric_limits<int64_t>::max();
    memory.access_count = std::numeric_limits<uint64_t>::max();
  }
  if (static_cast<Content>(value) != Content::kNone) memory.content = MakeContent(key, value);
  return memory;
}

std::string WitnessName(uint16_t key, uint32_t value) {
  return absl::StrCat(std::string(kKeyNames[key]), "-", std::string(kValueNames[value]));
}

Memory MakeWitness(const std::string& id, float activation, std::string name) {
  Memory witness;
  witness.id = id;
  witness.activation = activation;
  witness.content = std::move(name);
  return witness;
}

const std::array<Entry, kKeys * kValues>& Table() {
  static const auto& table = *[] {
    auto made = std::make_unique<std::array<Entry, kKeys * kValues>>();
    for (uint16_t key = 0; key < kKeys; ++key) {
      for (uint32_t value = 0; value < kValues; ++value) {
        Entry& entry = (*made)[NumberOf(key, value)];
        entry.memory = MakeMemory(key, value);
        entry.witness =
            MakeWitness(entry.memory.id, entry.memory.activation, WitnessName(key, value));
      }
    }
    return made.release();
  }();
  return table;
}

using Embedding = std::span<const float>;

// The entry whose embedding this is; null if it is none.
const Entry* EntryWith(Embedding embedding) {
  if (embedding.size() != kEmbeddingDimension) return nullptr;
  const float number = embedding[kNumberAt];
  if (!(number >= 0 && number < static_cast<float>(Table().size()))) return nullptr;
  const Entry& entry = Table()[static_cast<size_t>(number)];
  const bool same = std::memcmp(embedding.data(), entry.memory.embedding.data(),
                                kEmbeddingDimension * sizeof(float)) == 0;
  return same ? &entry : nullptr;
}

template <typename Seen>
bool SameScalars(const Seen& seen, const Memory& memory) {
  return model::SameBits(seen.confidence, memory.confidence) &&
         model::SameBits(seen.decay_rate, memory.decay_rate) &&
         seen.created_at == memory.created_at && seen.last_access == memory.last_access &&
         seen.access_count == memory.access_count;
}

template <typename Seen>
bool SameContent(const Seen& seen, const Memory& memory) {
  return seen.content.has_value() == memory.content.has_value() &&
         (!seen.content.has_value() || *seen.content == *memory.content);
}

// What a memory that nobody stored is made of.
template <typename Seen>
std::string Parts(const Seen& seen, const Entry* embedding) {
  const auto name = [](const Entry& entry) { return *entry.witness.content; };
  const auto find = [&](const auto& fits) {
    const auto& table = Table();
    const auto found = std::find_if(table.begin(), table.end(), fits);
    return found == table.end() ? std::string("nobody") : name(*found);
  };
  return absl::StrCat("the embedding of ", embedding == nullptr ? "nobody" : name(*embedding),
                      ", the scalars of ",
                      find([&](const Entry& entry) { return SameScalars(seen, entry.memory); }),
                      ", the content of ",
                      find([&](const Entry& entry) { return SameContent(seen, entry.memory); }));
}

template <typename Seen>
Memory MakeWitnessOf(const Seen& seen, Embedding embedding) {
  const Entry* const entry = EntryWith(embedding);
  const bool whole =
      entry != nullptr && SameScalars(seen, entry->memory) && SameContent(seen, entry->memory);
  return MakeWitness(std::string(seen.id), seen.activation,
                     whole ? *entry->witness.content : Parts(seen, entry));
}

}  // namespace

const std::string& IdOf(uint16_t key) { return MemoryOf(key, 0).id; }

std::string_view KeyName(uint16_t key) { return kKeyNames[key]; }

std::string_view ValueName(uint32_t value) { return kValueNames[value]; }

const Memory& MemoryOf(uint16_t key, uint32_t value) {
  ENGRAM_CHECK(key < kKeys && value < kValues, "operations name entries of the table");
  return Table()[NumberOf(key, value)].memory;
}

float ActivationOf(uint32_t value) {
  constexpr std::array<float, kActivations> kLevels = {
      0.0F, -0.0F, std::numeric_limits<float>::denorm_min(), 0.5F, 1.0F};
  return kLevels[value % kActivations];
}

Memory WitnessOf(uint16_t key, uint32_t value) { return Table()[NumberOf(key, value)].witness; }

Memory WitnessOf(const Memory& seen) { return MakeWitnessOf(seen, seen.embedding); }

Memory WitnessOf(const MemoryView& seen) { return MakeWitnessOf(seen, seen.embedding); }

uint64_t HashOf(const Memory& witness) {
  return Checksum(std::as_bytes(std::span(*witness.content)),
                  std::bit_cast<uint32_t>(witness.activation));
}

}  // namespace engram::stress
