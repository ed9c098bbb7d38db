// A memory in place, without a copy.

#ifndef ENGRAM_API_MEMORY_VIEW_H_
#define ENGRAM_API_MEMORY_VIEW_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "api/memory.h"
#include "api/tier.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

// One memory as it stands somewhere. Of a store's it is valid only during the callback that it is
// passed to.
struct MemoryView {
  std::string_view id;
  std::span<const float, kEmbeddingDimension> embedding;
  float confidence = 0;
  float activation = 0;
  float decay_rate = 0;
  int64_t created_at = 0;
  int64_t last_access = 0;
  uint64_t access_count = 0;
  std::optional<std::string_view> content;
  Sequence sequence;
  Tier tier = Tier::kWarm;

  // A memory of its own with the same value. May throw std::bad_alloc.
  Memory Copy() const {
    Memory memory;
    memory.id = id;
    memory.embedding.assign(embedding.begin(), embedding.end());
    memory.confidence = confidence;
    memory.activation = activation;
    memory.decay_rate = decay_rate;
    memory.created_at = created_at;
    memory.last_access = last_access;
    memory.access_count = access_count;
    if (content) memory.content.emplace(*content);
    return memory;
  }
};

// `memory` as a view, valid as long as it. REQUIRES: its embedding has kEmbeddingDimension numbers.
inline MemoryView ViewOf(const Memory& memory, Sequence sequence, Tier tier) {
  std::optional<std::string_view> content;
  if (memory.content) content = *memory.content;
  return {.id = memory.id,
          .embedding = std::span<const float, kEmbeddingDimension>(memory.embedding),
          .confidence = memory.confidence,
          .activation = memory.activation,
          .decay_rate = memory.decay_rate,
          .created_at = memory.created_at,
          .last_access = memory.last_access,
          .access_count = memory.access_count,
          .content = content,
          .sequence = sequence,
          .tier = tier};
}

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_MEMORY_VIEW_H_
