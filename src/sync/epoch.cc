// Announcing readers in a fixed array of places, and scanning it.

#include "sync/epoch.h"

#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::sync {

Atomic<uint64_t>& Epoch::Enter() {
  // Any epoch that was current at some time before the announcement will do, so no order is needed.
  const uint64_t epoch = current_.Load(std::memory_order_relaxed);
  for (uint32_t i = CurrentThread();; ++i) {
    Atomic<uint64_t>& place = places_[i % readers_max_].epoch;
    uint64_t expected = 0;
    // seq_cst: partner of the scan in Oldest(); the reader's lookups must not pass it.
    if (place.CompareExchangeStrong(expected, epoch, std::memory_order_seq_cst,
                                    std::memory_order_relaxed)) {
      return place;
    }
    if (i % readers_max_ == readers_max_ - 1) Yield();
  }
}

Epoch::Guard::~Guard() {
  // release: partner of the acquire loads in Oldest(); what the reader read happens before its
  // reuse.
  place_.Store(0, std::memory_order_release);
}

uint64_t Epoch::Advance() {
  // seq_cst: the unlinking before this call is ordered before every scan that returns a later
  // epoch.
  return current_.FetchAdd(1, std::memory_order_seq_cst);
}

uint64_t Epoch::Oldest() const {
  // seq_cst: partner of the announcement in Enter(), see the file comment of the header.
  uint64_t oldest = current_.Load(std::memory_order_seq_cst);
  for (uint32_t i = 0; i < readers_max_; ++i) {
    const uint64_t epoch = places_[i].epoch.Load(std::memory_order_seq_cst);
    if (epoch != 0 && epoch < oldest) oldest = epoch;
  }
  return oldest;
}

uint64_t Epoch::Age() const {
  const uint64_t oldest = Oldest();
  return current_.Load(std::memory_order_seq_cst) - oldest;  // Oldest() is never later
}

}  // namespace engram::inline ENGRAM_BODY::sync
