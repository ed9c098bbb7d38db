// Random answers to every choice but the schedule, with odds that are drawn anew for each
// execution: some kinds off entirely, some rare, some frequent. Different mixes find different bugs
// (swarm testing: Groce et al., ISSTA 2012).

#ifndef ENGRAM_MODEL_EXPLORE_SWARM_H_
#define ENGRAM_MODEL_EXPLORE_SWARM_H_

#include <array>
#include <cstdint>

#include "model/explore/random.h"
#include "model/world/choices.h"

namespace engram::world {

// Thread safety: confined to one OS thread.
class Swarm {
 public:
  explicit Swarm(uint64_t seed) : seed_(seed), random_(seed, 0) {}

  // Draws the odds of execution number `execution`.
  void Begin(uint64_t execution);

  uint32_t Choose(ChoiceKind kind, uint32_t alternatives) {
    const Odds& odds = odds_[static_cast<size_t>(kind)];
    if (odds.even) return random_.Below(alternatives);
    if (static_cast<uint32_t>(random_.Next()) >= odds.deviation) return 0;
    if (odds.extreme) return alternatives - 1;
    return 1 + random_.Below(alternatives - 1);
  }

  // The rest of the execution's randomness.
  Random& random() { return random_; }

 private:
  struct Odds {
    uint32_t deviation = 0;  // how often not the default, in parts of 2^32
    bool even = false;       // all alternatives alike
    bool extreme = false;    // the default or the last alternative
  };
  static Odds Even();
  Odds Rare();
  Odds Mixed();

  const uint64_t seed_;
  Random random_;
  std::array<Odds, kChoiceKinds> odds_{};
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_SWARM_H_
