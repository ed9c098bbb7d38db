// Announcing readers in a fixed array of places, and scanning it.

#include "sync/epoch.h"

#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::sync {

uint32_t Epoch::Enter() {
  // Any epoch that was current at some time before the announcement will do, so no order is needed.
  const uint64_t epoch = current_.Load(std::memory_order_relaxed);
  const uint32_t first = CurrentThread();
  for (uint32_t i = 0; i < own_places_; ++i) {
    const uint32_t place = (first + i) % own_places_;
    uint64_t expected = 0;
    // seq_cst: partner of the scan in Oldest(); the reader's lookups must not pass it.
    if (places_[place].value.CompareExchangeStrong(expected, epoch, std::memory_order_seq_cst,
                                                   std::memory_order_relaxed)) {
      return place;
    }
  }
  return EnterShared();
}

uint32_t Epoch::EnterShared() {
  Atomic<uint64_t>& shared = places_[own_places_].value;
  uint64_t value = shared.Load(std::memory_order_relaxed);
  for (;;) {
    const uint64_t epoch = current_.Load(std::memory_order_relaxed);
    const uint64_t entered = value == 0 ? epoch * kSharedBy + 1 : value + 1;
    // seq_cst: as in Enter.
    if (shared.CompareExchangeStrong(value, entered, std::memory_order_seq_cst,
                                     std::memory_order_relaxed)) {
      return own_places_;
    }
  }
}

void Epoch::Leave(uint32_t place) {
  // release: partner of the loads in Oldest(); what the reader read happens before its reuse.
  if (place < own_places_) {
    places_[place].value.Store(0, std::memory_order_release);
    return;
  }
  Atomic<uint64_t>& shared = places_[own_places_].value;
  uint64_t value = shared.Load(std::memory_order_relaxed);
  // acq_rel: of several who leave, the last one passes on what the others released.
  while (!shared.CompareExchangeStrong(value, value % kSharedBy == 1 ? 0 : value - 1,
                                       std::memory_order_acq_rel, std::memory_order_relaxed)) {
  }
}

uint64_t Epoch::Advance() {
  // seq_cst: the unlinking before this call is ordered before every scan that returns a later
  // epoch.
  return current_.FetchAdd(1, std::memory_order_seq_cst);
}

uint64_t Epoch::Oldest() const {
  // seq_cst: partner of the announcement in Enter(), see the file comment of the header.
  uint64_t oldest = current_.Load(std::memory_order_seq_cst);
  for (uint32_t i = 0; i <= own_places_; ++i) {
    const uint64_t value = places_[i].value.Load(std::memory_order_seq_cst);
    const uint64_t epoch = i < own_places_ ? value : value / kSharedBy;
    if (epoch != 0 && epoch < oldest) oldest = epoch;
  }
  return oldest;
}

uint64_t Epoch::Age() const {
  const uint64_t oldest = Oldest();
  return current_.Load(std::memory_order_seq_cst) - oldest;  // Oldest() is never later
}

}  // namespace engram::inline ENGRAM_BODY::sync
