// Files of format 1, that of the implementation before this one, byte by byte: which header is one
// of theirs, what a block says, and of what no writer of theirs can have written that it is damage.
// src/format/format_1.md is the page of these bytes.
//
// Pure functions; nothing here reads a file, and nothing anywhere writes one. Blocks have no
// checksums, so an intact block is only one that nothing speaks against.

#ifndef ENGRAM_FORMAT_V1_FILE_H_
#define ENGRAM_FORMAT_V1_FILE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY::format {

inline constexpr size_t kV1HeaderBytes = 96;
inline constexpr size_t kV1BlockBytes = 3136;

using V1Header = std::span<const std::byte, kV1HeaderBytes>;
using V1Block = std::span<const std::byte, kV1BlockBytes>;

// Where the block of a slot begins, in the file.
constexpr FileOffset V1BlockOffset(uint64_t slot) {
  return {kV1HeaderBytes + slot * kV1BlockBytes};
}

// OK: this is the header of a file of format 1. INVALID_ARGUMENT: it begins otherwise. DATA_LOSS:
// it begins so, but version or sizes are not those of format 1.
absl::Status CheckV1Header(V1Header header);

// What the header has that its writer never wrote, each as a sentence. The checksum was computed
// once, with nothing but zeros in the blocks, so it tells of the header and of how many blocks
// there were, whatever was written into them later. REQUIRES: `blocks` is what a file can have.
std::vector<std::string> FindV1HeaderDamages(V1Header header, uint64_t blocks);

// Whether nothing was ever written to the block.
bool IsUnwritten(V1Block block);

// The hash of its id; nothing if `bytes`, of a block that the end of the file cuts off, end before.
std::optional<uint64_t> V1IdHashOf(std::span<const std::byte> bytes);

// Something in a block that no writer wrote.
struct V1Damage {
  size_t offset = 0;  // in the block
  std::string explanation;
};
// The first damage of a block that is not unwritten.
std::optional<V1Damage> FindV1Damage(V1Block block);

// What a block says of the content, which is nowhere in the file.
enum class V1Content : uint8_t {
  kUntold,  // both fields are zero: none, in the first layout; empty, in the second
  kNone,
  kEmpty,
  kText,
};

struct V1Memory {
  Memory memory;  // without id and content
  V1Content content = V1Content::kUntold;
};
// REQUIRES: FindV1Damage finds nothing.
V1Memory DecodeV1Block(V1Block block);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_V1_FILE_H_
