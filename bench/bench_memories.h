// The memories that stores are measured with: a function of their index, so that every value that
// is read back can be verified without keeping it.

#ifndef ENGRAM_BENCH_BENCH_MEMORIES_H_
#define ENGRAM_BENCH_BENCH_MEMORIES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "api/memory.h"
#include "api/memory_store.h"

namespace engram::bench {

// How long contents are: so many bytes each, or mixed: 0, 100, ..., 900 bytes by turns.
inline constexpr int64_t kMixedContent = -1;
size_t ContentBytes(int64_t content, uint32_t index);

// How many memories a store is measured with: ENGRAM_BENCH_MEMORIES, 100,000 if it is not set.
uint32_t MemoriesWanted();

// 10 to 40 bytes.
std::string IdOf(uint32_t index);
Memory MakeMemory(uint32_t index, int64_t content);
// Memories [first, last).
std::vector<Memory> MakeMemories(uint32_t first, uint32_t last, int64_t content);

// Every byte of id, scalars, embedding and content.
uint64_t LogicalBytes(uint32_t index, int64_t content);
uint64_t LogicalBytesOfAll(uint32_t memories, int64_t content);

// Whether these are the bytes of MakeMemory(index, content). No allocation but of the id.
bool IsMemory(const MemoryView& view, uint32_t index, int64_t content);
bool IsMemory(const Memory& memory, uint32_t index, int64_t content);

// [0, count) in an order that is the same every time and jumps about.
std::vector<uint32_t> ShuffledIndices(uint32_t count);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_BENCH_MEMORIES_H_
