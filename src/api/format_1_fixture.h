// Files of format 1 as the program that had them wrote them, and what must come out of them: for
// tests and as seeds of fuzzing. Written front to back, field by field after
// src/format/format_1.md; shares nothing with the code that reads them.

#ifndef ENGRAM_API_FORMAT_1_FIXTURE_H_
#define ENGRAM_API_FORMAT_1_FIXTURE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/memory.h"
#include "base/body.h"
#include "base/check.h"

namespace engram::inline ENGRAM_BODY {

inline constexpr uint64_t kV1NoContent = UINT64_MAX;

// A slot that was written. All other fields follow from `variant`.
struct V1Slot {
  std::string id;
  uint32_t variant = 0;
  // Zero in the first layout.
  uint32_t content_length = 0;
  uint64_t content_offset = 0;
  uint8_t garbage = 0;  // in each byte behind the last field
};
using V1Slots = std::vector<std::optional<V1Slot>>;  // nothing: never written

// What must be imported for it.
inline Memory V1MemoryOf(const V1Slot& slot) {
  Memory memory;
  memory.id = slot.id;
  for (size_t i = 0; i < kEmbeddingDimension; ++i) {
    memory.embedding.push_back(static_cast<float>(i) / static_cast<float>(slot.variant + 1));
  }
  memory.embedding[slot.variant % kEmbeddingDimension] = -0.0F;
  memory.embedding[1] = std::numeric_limits<float>::denorm_min();
  memory.embedding.back() = std::numeric_limits<float>::lowest();
  memory.confidence = slot.variant % 4 == 0 ? 1.0F : 1.0F / static_cast<float>(slot.variant + 2);
  memory.activation = slot.variant % 5 == 0 ? -0.0F : 1.0F / static_cast<float>(slot.variant + 3);
  memory.decay_rate = 0.2F;
  memory.last_access = std::numeric_limits<int64_t>::max() - slot.variant;
  memory.created_at = int64_t{1'600'000'000'000'000'000} * (slot.variant % 3 == 0 ? 0 : 1);
  memory.access_count = slot.variant % 2 == 0 ? UINT32_MAX : slot.variant;
  return memory;
}

// The hash of an id: SipHash-1-3 with a key of zeros, of its bytes and 0xFF.
inline uint64_t V1SampleHash(std::string_view id) {
  std::string bytes(id);
  bytes += '\xFF';
  const auto length = static_cast<uint8_t>(bytes.size());
  while (bytes.size() % 8 != 7) bytes += '\0';
  bytes += static_cast<char>(length);
  uint64_t a = 0x736F6D6570736575;
  uint64_t b = 0x646F72616E646F6D;
  uint64_t c = 0x6C7967656E657261;
  uint64_t d = 0x7465646279746573;
  const auto mix = [&] {
    a += b, b = std::rotl(b, 13) ^ a, a = std::rotl(a, 32);
    c += d, d = std::rotl(d, 16) ^ c;
    a += d, d = std::rotl(d, 21) ^ a;
    c += b, b = std::rotl(b, 17) ^ c, c = std::rotl(c, 32);
  };
  for (size_t i = 0; i < bytes.size(); i += 8) {
    uint64_t word = 0;
    for (size_t k = 0; k < 8; ++k) word |= uint64_t{static_cast<uint8_t>(bytes[i + k])} << 8 * k;
    d ^= word;
    mix();
    a ^= word;
  }
  c ^= 0xFF;
  for (int i = 0; i < 3; ++i) mix();
  return a ^ b ^ c ^ d;
}

// Writes a file.
class V1Writer {
 public:
  template <typename Number>
  void Add(Number number, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) {
      image_.push_back(static_cast<std::byte>(static_cast<uint64_t>(number) >> (8 * i)));
    }
  }
  void AddFloat(float number) { Add(std::bit_cast<uint32_t>(number), 4); }

  void AddHeader(size_t slots) {
    Add(0x454E4752414D4D41u, 8);             // magic
    Add(1, 4);                               // version
    Add(0, 4);                               // entry count
    Add(3136, 4);                            // entry size
    Add(96, 4);                              // header size
    Add(1'600'000'000'000'000'001u, 8);      // created at
    Add(1'600'000'000'000'000'002u, 8);      // last modified
    std::vector<std::byte> summed = image_;  // with the flags, and all blocks when they were empty
    summed.resize(summed.size() + 4 + slots * 3136);
    Add(Crc32c(summed), 4);
    Add(0, 4);  // flags
    image_.resize(96);
  }

  void AddSlot(const std::optional<V1Slot>& slot) {
    const size_t end = image_.size() + 3136;
    if (slot) {
      const Memory memory = V1MemoryOf(*slot);
      for (const float number : memory.embedding) AddFloat(number);
      AddFloat(memory.confidence);
      AddFloat(memory.activation);
      Add(memory.last_access, 8);
      AddFloat(memory.decay_rate);
      Add(0, 4);  // flags
      Add(V1SampleHash(slot->id), 8);
      Add(memory.created_at, 8);
      Add(memory.access_count, 4);
      Add(slot->content_length, 4);
      Add(slot->content_offset, 8);
      for (int i = 0; i < 8; ++i) Add(slot->garbage, 1);
      ENGRAM_CHECK(image_.size() == end, "a block has its size");
    }
    image_.resize(end);
  }

  std::vector<std::byte> image() const { return image_; }

  // Bit by bit.
  static uint32_t Crc32c(const std::vector<std::byte>& bytes) {
    uint32_t crc = UINT32_MAX;
    for (const std::byte byte : bytes) {
      crc ^= static_cast<uint32_t>(byte);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc % 2 != 0 ? 0x82F63B78u : 0);
    }
    return ~crc;
  }

 private:
  std::vector<std::byte> image_;
};

inline std::vector<std::byte> V1Image(const V1Slots& slots) {
  V1Writer writer;
  writer.AddHeader(slots.size());
  for (const auto& slot : slots) writer.AddSlot(slot);
  return writer.image();
}

// ---- Some files. In each, `a` stands in two slots, of which the later one counts.

inline V1Slots V1SamplesOfFirstLayout() {
  return {V1Slot{.id = "a", .variant = 1},
          V1Slot{.id = "b", .variant = 2, .garbage = 0xA5},
          std::nullopt,
          V1Slot{.id = "a", .variant = 3, .garbage = 0xFF},
          V1Slot{.id = "\u00FC", .variant = 20},
          std::nullopt};
}

inline V1Slots V1SamplesOfSecondLayout() {
  return {V1Slot{.id = "a", .variant = 1, .content_length = 0, .content_offset = kV1NoContent},
          V1Slot{.id = "b", .variant = 2, .content_length = 7, .content_offset = 0},
          V1Slot{.id = "c", .variant = 4, .content_length = 0, .content_offset = 7},
          V1Slot{.id = "a", .variant = 5, .content_length = 9, .content_offset = 7, .garbage = 1},
          std::nullopt,
          V1Slot{.id = "d", .variant = 6, .content_length = 0, .content_offset = kV1NoContent},
          V1Slot{.id = "e", .variant = 7}};
}

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_FORMAT_1_FIXTURE_H_
