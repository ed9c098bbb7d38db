// What reads leave behind for maintenance: memories that may deserve to be hot.
//
// A ring of fixed size: the newest hints push out the oldest ones, and a hint that is half written
// leads nowhere. So a read never waits, never allocates and changes nothing that lasts.

#ifndef ENGRAM_ENGINE_PROMOTION_HINTS_H_
#define ENGRAM_ENGINE_PROMOTION_HINTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/body.h"
#include "base/units.h"
#include "sync/atomic.h"

namespace engram::inline ENGRAM_BODY::engine {

// A value that was read: void once the memory has another one.
struct PromotionHint {
  uint64_t hash = 0;
  Sequence sequence;
};

// Thread safety: thread-safe.
class PromotionHints {
 public:
  static constexpr size_t kHintsMax = 1024;

  void Leave(PromotionHint hint) {
    // Relaxed: a hint, no partner; whoever takes it looks the memory up.
    Place& place = places_[next_.FetchAdd(1, std::memory_order_relaxed) % kHintsMax];
    place.hash.Store(hint.hash, std::memory_order_relaxed);
    place.sequence.Store(hint.sequence.value, std::memory_order_relaxed);
  }

  // Takes all of them away, oldest first. May throw std::bad_alloc; then none is taken.
  std::vector<PromotionHint> Take() {
    const uint64_t next = next_.Load(std::memory_order_relaxed);
    const uint64_t count = next - taken_.Load(std::memory_order_relaxed);
    const uint64_t first = next - (count < kHintsMax ? count : kHintsMax);
    std::vector<PromotionHint> hints;
    hints.reserve(next - first);
    for (uint64_t i = first; i < next; ++i) {
      const Place& place = places_[i % kHintsMax];
      hints.push_back({place.hash.Load(std::memory_order_relaxed),
                       {place.sequence.Load(std::memory_order_relaxed)}});
    }
    taken_.Store(next, std::memory_order_relaxed);
    return hints;
  }

 private:
  struct Place {
    sync::Atomic<uint64_t> hash{0};
    sync::Atomic<uint64_t> sequence{0};
  };

  std::array<Place, kHintsMax> places_;
  sync::Atomic<uint64_t> next_{0};
  sync::Atomic<uint64_t> taken_{0};  // by one maintenance at a time
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_PROMOTION_HINTS_H_
