// Inputs of fuzz_open and fuzz_cold: which sample store, and what is done to its file.
//
// An input is a letter (r: raw damage; f: forged, checksums are repaired), a digit for the store,
// and edits, each a letter and numbers of fixed width, little-endian:
//   S offset(4) bytes(1) and so many bytes: they are written there
//   X offset(4) mask(1): bits are flipped
//   Z offset(4) bytes(2): zeros
//   C offset(4) from(4) bytes(2): a copy of another place
//   T size(4): the file is cut
// What lies outside of the file is ignored.

#ifndef ENGRAM_FUZZ_IMAGES_IMAGE_EDITS_H_
#define ENGRAM_FUZZ_IMAGES_IMAGE_EDITS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/body.h"
#include "fuzz/images/image_structures.h"

namespace engram::inline ENGRAM_BODY::fuzz {

struct Edit {
  uint8_t letter = 0;
  uint32_t offset = 0;  // or size, of T
  uint32_t from = 0;
  uint16_t bytes = 0;
  std::vector<uint8_t> set;  // also the mask of X
};

struct Input {
  static constexpr size_t kEditsMax = 16;
  static constexpr size_t kSetBytesMax = 255;

  bool forged = false;
  size_t store = 0;
  std::vector<Edit> edits;
};

// Nothing: these are not the bytes of an input. REQUIRES of the others: stores > 0.
std::optional<Input> Decode(std::span<const uint8_t> bytes, size_t stores);
std::vector<uint8_t> Encode(const Input& input);

// The file that an input stands for.
Image Apply(const Input& input, const ImageMap& map);

// Which structures are changed.
enum class Aim : uint8_t {
  kAnything,
  kCold,  // mostly runs of cold memories, if the store has any
};

// Another input near `input`: `maps` are those of the stores.
void Mutate(Input& input, std::span<const ImageMap> maps, Aim aim, uint64_t seed);

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_IMAGES_IMAGE_EDITS_H_
