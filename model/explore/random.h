// The explorers' source of randomness: splitmix64 (Steele, Lea, Flood, OOPSLA 2014), two
// nanoseconds a number and the same numbers on every machine. Not for anything that must be
// unpredictable.

#ifndef ENGRAM_MODEL_EXPLORE_RANDOM_H_
#define ENGRAM_MODEL_EXPLORE_RANDOM_H_

#include <cstdint>

namespace engram::world {

class Random {
 public:
  // One stream for each pair, so that execution n of a seed can be had without those before it.
  Random(uint64_t seed, uint64_t stream) : state_(Scramble(seed) + Scramble(~stream)) {}

  uint64_t Next() {
    state_ += 0x9E3779B97F4A7C15u;
    return Scramble(state_);
  }
  // Less than `bound`, evenly but for one part in 2^32 / bound. REQUIRES: bound > 0.
  uint32_t Below(uint32_t bound) { return static_cast<uint32_t>(((Next() >> 32) * bound) >> 32); }
  // True once in `n` times on average. REQUIRES: n > 0.
  bool OneIn(uint32_t n) { return Below(n) == 0; }

 private:
  static uint64_t Scramble(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

  uint64_t state_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_RANDOM_H_
