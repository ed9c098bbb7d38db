// Linear probing in a power of two of places, at most seven eighths full.

#include "engine/delta_table.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "base/check.h"

namespace engram::inline ENGRAM_BODY::engine {

DeltaTable::DeltaTable(uint64_t entries)
    : places_(std::max<uint64_t>(8, std::bit_ceil(entries + entries / 7 + 1))) {}

Delta* DeltaTable::Find(uint64_t hash, Sequence sequence) {
  for (size_t i = HomeOf(hash); places_[i].hash != 0; i = Next(i)) {
    if (places_[i].hash == hash && places_[i].sequence == sequence) return &places_[i];
  }
  return nullptr;
}

void DeltaTable::Insert(const Delta& delta) {
  ENGRAM_CHECK(free() > 0, "an entry is added to a table without room");
  size_t place = HomeOf(delta.hash);
  while (places_[place].hash != 0) place = Next(place);
  places_[place] = delta;
  ++size_;
}

void DeltaTable::Grow() {
  DeltaTable larger(places_.size() / 8 * 7 + 1);
  ForEach([&](const Delta& delta) { larger.Insert(delta); });
  std::swap(places_, larger.places_);
}

}  // namespace engram::inline ENGRAM_BODY::engine
