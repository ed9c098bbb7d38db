// Epochs: readers look at shared structures without a lock, writers learn when what they unlinked
// can be reused because no reader that might still see it is left (Fraser, "Practical
// lock-freedom", 2004).
//
// One body for production and simulation, built on sync::Atomic, so that what is explored is what
// runs.
//
//   reader: { Epoch::Guard guard(epoch); look up; read; }
//   writer: unlink; uint64_t tag = epoch.Advance(); ... later: if (epoch.Oldest() > tag) reuse;
//
// Why it is right: a reader announces itself with a read-modify-write, a full fence, *before* it
// looks anything up. If a writer's scan in Oldest() misses the announcement, the reader's lookups
// come after the scan and so after the unlinking, and cannot find what was unlinked. An
// announcement that is only a release store may sit in the store buffer while the lookups already
// run: stress/specimens/ holds that mistake. Announcing an epoch that is already over merely delays
// reuse.

#ifndef ENGRAM_SYNC_EPOCH_H_
#define ENGRAM_SYNC_EPOCH_H_

#include <cstdint>
#include <memory>

#include "base/body.h"
#include "sync/atomic.h"

namespace engram::inline ENGRAM_BODY::sync {

// Thread safety: thread-safe. Ownership: must outlive its guards. Nothing in it ever waits for a
// reader.
class Epoch {
 public:
  // How many guards have a place of their own; more share the last place, which delays reuse until
  // a moment when none of those is left.
  static constexpr uint32_t kPlacesDefault = 128;

  // Keeps every tag taken after its construction from being passed. May nest; each takes a place.
  class Guard {
   public:
    explicit Guard(Epoch& epoch) : epoch_(epoch), place_(epoch.Enter()) {}
    ~Guard() { epoch_.Leave(place_); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Epoch& epoch_;
    const uint32_t place_;
  };

  // REQUIRES: places > 0.
  explicit Epoch(uint32_t places = kPlacesDefault)
      : own_places_(places - 1), places_(std::make_unique<Place[]>(places)) {}
  Epoch(const Epoch&) = delete;
  Epoch& operator=(const Epoch&) = delete;

  // Ends the current epoch and returns its number: the tag of everything unlinked before the call.
  uint64_t Advance();

  // The oldest epoch in which a reader may still be, or the current one if there is no reader. What
  // was tagged `t` can be reused once Oldest() > t.
  uint64_t Oldest() const;

  // How many epochs ago the oldest reader began; 0 if there is none.
  uint64_t Age() const;

 private:
  // 0: nobody. A place of one guard's own holds its epoch; the shared one holds the epoch of its
  // oldest guard times kSharedBy, plus how many guards it has.
  struct alignas(64) Place {
    Atomic<uint64_t> value{0};
  };
  static constexpr uint64_t kSharedBy = uint64_t{1} << 16;

  uint32_t Enter();
  uint32_t EnterShared();
  void Leave(uint32_t place);

  Atomic<uint64_t> current_{1};
  const uint32_t own_places_;
  const std::unique_ptr<Place[]> places_;  // own_places_ of them, and the shared one
};

}  // namespace engram::inline ENGRAM_BODY::sync

#endif  // ENGRAM_SYNC_EPOCH_H_
