// Memories as a function of a number: whoever knows the number knows every byte, in this process or
// another. A memory carries its number in `created_at`, so that its value can be told from what a
// store shows.

#ifndef ENGRAM_STRESS_THREADS_GENERATED_MEMORY_H_
#define ENGRAM_STRESS_THREADS_GENERATED_MEMORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/memory.h"

namespace engram::stress {

// The `index`-th id: 2 to 40 bytes, no two alike.
std::string IdOf(uint32_t index);

// The memory with the number `value`, which fixes everything but the id. Its content is absent,
// empty, or 1 to 20,000 bytes, and says in every place which id and value it belongs to.
Memory GeneratedMemory(std::string_view id, uint64_t value);

// The number that `memory` was generated from, if it is, bit by bit, what was generated, but for
// the activation.
std::optional<uint64_t> GeneratedFrom(const Memory& memory);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_GENERATED_MEMORY_H_
