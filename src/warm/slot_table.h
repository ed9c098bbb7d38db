// Which slots are in use: the room for embeddings, in extents that hold nothing else.
//
// Bookkeeping only; what stands in a slot, and when a slot may be given back, is the caller's
// affair. Nothing here allocates except AddExtent.

#ifndef ENGRAM_WARM_SLOT_TABLE_H_
#define ENGRAM_WARM_SLOT_TABLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::warm {

// Thread safety: thread-compatible.
class SlotTable {
 public:
  explicit SlotTable(const format::Geometry& geometry) : geometry_(geometry) {}

  // Adds an extent, all of its slots free. REQUIRES: it is not here.
  void AddExtent(ExtentId extent);
  // Forgets an extent. REQUIRES: none of its slots is in use.
  void RemoveExtent(ExtentId extent);
  // Takes no slot of an extent until Restore. REQUIRES: none of its slots is in use.
  void Withhold(ExtentId extent);
  void Restore(ExtentId extent) { List(*Find(extent)); }
  bool HasExtent(ExtentId extent) const { return Find(extent) != nullptr; }

  // Takes a free slot; nothing if there is none. Slots of one extent come in ascending order.
  std::optional<SlotIndex> Take();
  // REQUIRES: the slot is free, in an extent that is here.
  void MarkUsed(SlotIndex slot);
  // REQUIRES: the slot is in use.
  void Free(SlotIndex slot);
  bool IsUsed(SlotIndex slot) const;

  uint32_t UsedIn(ExtentId extent) const { return Find(extent)->used; }
  uint64_t used() const { return used_; }
  uint64_t free() const { return extents_ * geometry_.SlotsPerExtent() - used_; }

 private:
  struct SlotExtent {
    std::vector<uint64_t> words;  // a set bit is a slot in use
    uint32_t used = 0;
    bool listed = false;  // it is in the list of those with free slots
    SlotExtent* next = nullptr;
    uint32_t extent = 0;
  };

  SlotExtent* Find(ExtentId extent) const {
    return extent.value < by_number_.size() ? by_number_[extent.value].get() : nullptr;
  }
  SlotExtent& Holding(SlotIndex slot) const;
  void List(SlotExtent& extent);
  void Unlist(SlotExtent& extent);
  void Set(SlotExtent& extent, uint32_t index);

  const format::Geometry geometry_;
  std::vector<std::unique_ptr<SlotExtent>> by_number_;  // by extent; null: not one of slots
  // Those with free slots, and some that have become full since.
  SlotExtent* first_ = nullptr;
  uint64_t used_ = 0;
  uint64_t extents_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::warm

#endif  // ENGRAM_WARM_SLOT_TABLE_H_
