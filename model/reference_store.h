// The reference model: the contract's data semantics in the simplest code that can state them. One
// thread, no disk, no cleverness, nothing shared with the product but the public types (it even
// checks UTF-8 by itself).
//
// Invariants: every memory it holds is valid; each id has one value and the sequence of the
// mutation that made it; an error changes nothing.

#ifndef ENGRAM_MODEL_REFERENCE_STORE_H_
#define ENGRAM_MODEL_REFERENCE_STORE_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY::model {

inline bool SameBits(float a, float b) {
  return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

// Whether two memories are the same value: every field, bit by bit.
inline bool SameBits(const Memory& a, const Memory& b) {
  return a.id == b.id && SameBits(a.confidence, b.confidence) &&
         SameBits(a.activation, b.activation) && SameBits(a.decay_rate, b.decay_rate) &&
         a.created_at == b.created_at && a.last_access == b.last_access &&
         a.access_count == b.access_count && a.content == b.content &&
         std::equal(a.embedding.begin(), a.embedding.end(), b.embedding.begin(), b.embedding.end(),
                    [](float x, float y) { return SameBits(x, y); });
}

// Whether `text` is UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
inline bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC0 || lead > 0xF7) return false;
    uint32_t point = lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if (i == text.size() || (static_cast<uint8_t>(text[i]) & 0xC0) != 0x80) return false;
      point = point << 6 | (static_cast<uint8_t>(text[i]) & 0x3F);
    }
    const uint32_t least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
  }
  return true;
}

// Thread safety: thread-compatible.
class ReferenceStore {
 public:
  // What a valid memory is. Specimens without embeddings use dimension 0.
  struct Limits {
    size_t embedding_dimension = kEmbeddingDimension;
    uint64_t content_bytes_max = kContentBytesMaxDefault;
  };
  // A memory, and the sequence of the mutation that made it so.
  struct Version {
    Memory memory;
    Sequence sequence;
  };

  ReferenceStore() : ReferenceStore(Limits{}) {}
  explicit ReferenceStore(const Limits& limits) : limits_(limits) {}

  // ---- Validity: INVALID_ARGUMENT names the first field that is wrong.

  static absl::Status CheckId(std::string_view id) {
    if (id.empty()) return absl::InvalidArgumentError("id is empty");
    if (id.size() > kIdBytesMax) return absl::InvalidArgumentError("id is too long");
    if (!IsUtf8(id)) return absl::InvalidArgumentError("id is not UTF-8");
    return absl::OkStatus();
  }

  // A confidence, an activation, a decay rate. NaN fails both comparisons; -0.0 is within.
  static absl::Status CheckFraction(const char* field, float value) {
    if (value >= 0 && value <= 1) return absl::OkStatus();
    return absl::InvalidArgumentError(std::string(field) + " is not within [0, 1]");
  }

  static absl::Status Check(const Memory& memory, const Limits& limits) {
    if (absl::Status id = CheckId(memory.id); !id.ok()) return id;
    for (const auto& [field, value] :
         {std::pair("confidence", memory.confidence), std::pair("activation", memory.activation),
          std::pair("decay_rate", memory.decay_rate)}) {
      if (absl::Status fraction = CheckFraction(field, value); !fraction.ok()) return fraction;
    }
    if (memory.embedding.size() != limits.embedding_dimension) {
      return absl::InvalidArgumentError("embedding has the wrong dimension");
    }
    for (float number : memory.embedding) {
      if (!std::isfinite(number)) return absl::InvalidArgumentError("embedding is not finite");
    }
    if (memory.content) {
      if (memory.content->size() > std::min(limits.content_bytes_max, kContentBytesHardMax)) {
        return absl::InvalidArgumentError("content is too large");
      }
      if (!IsUtf8(*memory.content)) return absl::InvalidArgumentError("content is not UTF-8");
    }
    return absl::OkStatus();
  }

  // ---- Mutations. Each returns its sequence: `at`, or if that is 0 the one after the highest so
  // far.

  // Inserts `memory`, or replaces the one with its id entirely.
  absl::StatusOr<Sequence> Store(const Memory& memory, Sequence at = {}) {
    if (absl::Status valid = Check(memory, limits_); !valid.ok()) return valid;
    const Sequence sequence = Take(at);
    memories_.insert_or_assign(memory.id, Version{memory, sequence});
    return sequence;
  }

  // Sequence 0: there was no such memory, nothing changed and no sequence was taken.
  absl::StatusOr<Sequence> Remove(std::string_view id, Sequence at = {}) {
    if (absl::Status valid = CheckId(id); !valid.ok()) return valid;
    const auto found = memories_.find(id);
    if (found == memories_.end()) return Sequence{};
    memories_.erase(found);
    return Take(at);
  }

  // Sets the activation and nothing else. NOT_FOUND: there is no such memory.
  absl::StatusOr<Sequence> UpdateActivation(std::string_view id, float activation,
                                            Sequence at = {}) {
    if (absl::Status valid = CheckId(id); !valid.ok()) return valid;
    if (absl::Status valid = CheckFraction("activation", activation); !valid.ok()) return valid;
    const auto found = memories_.find(id);
    if (found == memories_.end()) return absl::NotFoundError("no such memory");
    found->second.memory.activation = activation;
    return found->second.sequence = Take(at);
  }

  // ---- Reads.

  // Null: there is no such memory. The pointer holds until the next mutation.
  absl::StatusOr<const Version*> Get(std::string_view id) const {
    if (absl::Status valid = CheckId(id); !valid.ok()) return valid;
    const auto found = memories_.find(id);
    return found == memories_.end() ? nullptr : &found->second;
  }

  absl::StatusOr<bool> Contains(std::string_view id) const {
    if (absl::Status valid = CheckId(id); !valid.ok()) return valid;
    return memories_.contains(id);
  }

  size_t Count() const { return memories_.size(); }

  // All of them, by id.
  const std::map<std::string, Version, std::less<>>& memories() const { return memories_; }

 private:
  Sequence Take(Sequence at) {
    const Sequence taken = at.value != 0 ? at : Sequence{highest_.value + 1};
    highest_ = std::max(highest_, taken);
    return taken;
  }

  Limits limits_;
  Sequence highest_;
  std::map<std::string, Version, std::less<>> memories_;
};

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_REFERENCE_STORE_H_
