// A memory: the value that Engram stores, and the bounds of its fields. Types only; what a store
// promises about them is its own header.

#ifndef ENGRAM_API_MEMORY_H_
#define ENGRAM_API_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

inline constexpr size_t kEmbeddingDimension = 768;
inline constexpr size_t kIdBytesMax = 1024;
inline constexpr uint64_t kContentBytesMaxDefault = 64 * kMiB;
// No option raises the bound on content above this: lengths are stored in 32 bits, two of whose
// values mean something else.
inline constexpr uint64_t kContentBytesHardMax = (uint64_t{1} << 32) - 2;

// One memory, complete. Two memories are the same only if every field is equal bit by bit; compare
// floats as bits, because -0.0 and 0.0 are different values here.
struct Memory {
  std::string id;                // UTF-8, 1..kIdBytesMax bytes
  std::vector<float> embedding;  // exactly kEmbeddingDimension finite numbers
  float confidence = 0;          // [0, 1]
  float activation = 0;          // [0, 1]
  float decay_rate = 0;          // [0, 1]
  int64_t created_at = 0;        // ns since the Unix epoch, may be negative
  int64_t last_access = 0;       // ns since the Unix epoch, may be negative
  uint64_t access_count = 0;
  std::optional<std::string> content;  // UTF-8; absent and empty are different values
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_MEMORY_H_
