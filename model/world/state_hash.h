// A number for a state that is looked at part by part: equal states, told in the same order, have
// equal numbers in every build; different ones have different ones but for one accident in 2^64.

#ifndef ENGRAM_MODEL_WORLD_STATE_HASH_H_
#define ENGRAM_MODEL_WORLD_STATE_HASH_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/checksum.h"

namespace engram::world {

// Thread safety: thread-compatible.
class StateHash {
 public:
  void Add(uint64_t number) {
    value_ = (value_ ^ number) * 0x9E3779B97F4A7C15u;
    value_ ^= value_ >> 29;
  }
  void Add(std::span<const std::byte> bytes) { value_ = Checksum(bytes, value_ + bytes.size()); }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 1;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_STATE_HASH_H_
