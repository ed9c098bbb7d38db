// A bitmap for each extent of slots, and a list of the extents with free ones.

#include "warm/slot_table.h"

#include <bit>
#include <utility>

#include "base/check.h"

namespace engram::inline ENGRAM_BODY::warm {
namespace {

constexpr uint32_t kWordBits = 64;

uint64_t BitOf(uint32_t index) { return uint64_t{1} << (index % kWordBits); }

}  // namespace

void SlotTable::AddExtent(ExtentId extent) {
  ENGRAM_CHECK(!HasExtent(extent), "an extent of slots is added twice");
  if (by_number_.size() <= extent.value) by_number_.resize(extent.value + 1);
  auto added = std::make_unique<SlotExtent>();
  added->words.resize((geometry_.SlotsPerExtent() + kWordBits - 1) / kWordBits);
  added->extent = extent.value;
  by_number_[extent.value] = std::move(added);
  List(*by_number_[extent.value]);
  ++extents_;
}

void SlotTable::RemoveExtent(ExtentId extent) {
  SlotExtent* const removed = Find(extent);
  ENGRAM_CHECK(removed != nullptr && removed->used == 0, "an extent of slots is in use");
  Unlist(*removed);
  by_number_[extent.value] = nullptr;
  --extents_;
}

void SlotTable::Withhold(ExtentId extent) {
  SlotExtent* const withheld = Find(extent);
  ENGRAM_CHECK(withheld != nullptr && withheld->used == 0, "an extent of slots is in use");
  Unlist(*withheld);
}

void SlotTable::Unlist(SlotExtent& extent) {
  for (SlotExtent** link = &first_; *link != nullptr; link = &(*link)->next) {
    if (*link == &extent) {
      *link = std::exchange(extent.next, nullptr);
      break;
    }
  }
  extent.listed = false;
}

std::optional<SlotIndex> SlotTable::Take() {
  while (first_ != nullptr && first_->used == geometry_.SlotsPerExtent()) {
    first_->listed = false;
    first_ = std::exchange(first_->next, nullptr);
  }
  if (first_ == nullptr) return std::nullopt;
  for (uint32_t word = 0;; ++word) {
    const auto bit = static_cast<uint32_t>(std::countr_one(first_->words[word]));
    if (bit == kWordBits) continue;
    const uint32_t index = word * kWordBits + bit;
    Set(*first_, index);
    return geometry_.SlotAt({first_->extent}, index);
  }
}

void SlotTable::MarkUsed(SlotIndex slot) {
  ENGRAM_CHECK(!IsUsed(slot), "a slot is taken twice");
  Set(Holding(slot), geometry_.IndexInExtent(slot));
}

void SlotTable::Free(SlotIndex slot) {
  SlotExtent& extent = Holding(slot);
  const uint32_t index = geometry_.IndexInExtent(slot);
  ENGRAM_CHECK((extent.words[index / kWordBits] & BitOf(index)) != 0, "a slot is freed twice");
  extent.words[index / kWordBits] &= ~BitOf(index);
  --extent.used;
  --used_;
  List(extent);
}

bool SlotTable::IsUsed(SlotIndex slot) const {
  const SlotExtent* const extent = Find(geometry_.ExtentOf(slot));
  const uint32_t index = geometry_.IndexInExtent(slot);
  return extent != nullptr && (extent->words[index / kWordBits] & BitOf(index)) != 0;
}

SlotTable::SlotExtent& SlotTable::Holding(SlotIndex slot) const {
  SlotExtent* const extent = Find(geometry_.ExtentOf(slot));
  ENGRAM_CHECK(extent != nullptr, "there is no such slot");
  return *extent;
}

void SlotTable::List(SlotExtent& extent) {
  if (extent.listed) return;
  extent.listed = true;
  extent.next = std::exchange(first_, &extent);
}

void SlotTable::Set(SlotExtent& extent, uint32_t index) {
  extent.words[index / kWordBits] |= BitOf(index);
  ++extent.used;
  ++used_;
}

}  // namespace engram::inline ENGRAM_BODY::warm
