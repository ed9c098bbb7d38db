// How long a stress test runs: short forms by default, long ones by environment.

#ifndef ENGRAM_STRESS_THREADS_LENGTH_H_
#define ENGRAM_STRESS_THREADS_LENGTH_H_

#include <cstdint>
#include <cstdlib>

namespace engram::stress {

// The number in the environment variable `name`, or `otherwise` if there is none.
inline uint64_t NumberFrom(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// ENGRAM_STRESS_ROUNDS: how many rounds, each on a new store.
inline uint32_t RoundsWanted() {
  return static_cast<uint32_t>(NumberFrom("ENGRAM_STRESS_ROUNDS", 1));
}

// ENGRAM_STRESS_SEED: which calls the clients make.
inline uint64_t SeedWanted() { return NumberFrom("ENGRAM_STRESS_SEED", 1); }

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_LENGTH_H_
