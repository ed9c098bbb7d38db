// Gathering by hash, sorting by place, meeting.

#include "engine/store_sweep.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/store_calls.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Entries that are sorted at once: 56 bytes each.
constexpr size_t kGatheredMax = size_t{1} << 20;
// Of which so many come from the index in one piece.
constexpr size_t kStretchEntries = 1024;
// How many entries before it is met its record is asked for, and the entry itself.
constexpr size_t kPrefetchedRecord = 4;
constexpr size_t kPrefetchedEntry = 16;
// A digit of the sort: 2048 counters.
constexpr uint32_t kDigitBits = 11;
constexpr size_t kSortedByDigitsMin = 1024;

// By place; equal ones stay in their order.
template <typename Ordered>
void SortByPlace(std::vector<Ordered>& order) {
  if (order.size() < kSortedByDigitsMin) {
    std::sort(order.begin(), order.end(), [](const Ordered& a, const Ordered& b) {
      return a.place != b.place ? a.place < b.place : a.entry < b.entry;
    });
    return;
  }
  uint64_t highest = 0;
  for (const Ordered& ordered : order) highest = std::max(highest, ordered.place);
  std::vector<Ordered> target(order.size());
  for (uint32_t shift = 0; shift < 64 && highest >> shift != 0; shift += kDigitBits) {
    std::array<size_t, size_t{1} << kDigitBits> next = {};
    const auto digit = [&](const Ordered& ordered) {
      return ordered.place >> shift & (next.size() - 1);
    };
    for (const Ordered& ordered : order) ++next[digit(ordered)];
    size_t begin = 0;
    for (size_t& count : next) begin += std::exchange(count, begin);
    for (const Ordered& ordered : order) target[next[digit(ordered)]++] = ordered;
    std::swap(order, target);
  }
}

}  // namespace

void TieredStore::Sweep::Clear() {
  entries_.clear();
  lost_.clear();
  holes_.clear();
  order_.clear();
}

bool TieredStore::Sweep::HasRoom() const {
  return !is_at_end_ && entries_.size() + kStretchEntries <= kGatheredMax;
}

void TieredStore::Sweep::Gather() {
  WalkIndex(*store_.parts_->index, next_hash_, kStretchEntries, stretch_);
  const engine::Checkpoint& checkpoint = *stretch_.checkpoint;
  const Generation generation = checkpoint.place().generation;
  checkpoint_ = entries_.empty() || checkpoint_ == generation ? generation : Generation{};
  if (checkpoint.losses().empty()) {
    entries_.insert(entries_.end(), stretch_.entries.begin(), stretch_.entries.end());
  } else {
    for (const Delta& entry : stretch_.entries) {
      const bool is_lost = checkpoint.MayBeLost(entry.hash, entry.sequence);
      (is_lost ? lost_ : entries_).push_back(entry);
    }
  }
  std::move(stretch_.holes.begin(), stretch_.holes.end(), std::back_inserter(holes_));
  is_at_end_ = stretch_.last == UINT64_MAX;
  next_hash_ = stretch_.last + 1;
}

void TieredStore::Sweep::Sort() {
  order_.reserve(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    order_.push_back({store_.OrderOf(entries_[i]), static_cast<uint32_t>(i)});
  }
  SortByPlace(order_);
}

void TieredStore::Sweep::PrefetchBehind(size_t position) const {
  if (position + kPrefetchedEntry < order_.size()) {
    __builtin_prefetch(&entries_[order_[position + kPrefetchedEntry].entry]);
  }
  if (position + kPrefetchedRecord < order_.size()) {
    // Embeddings come in order, which processors see by themselves.
    store_.PrefetchRecord(entries_[order_[position + kPrefetchedRecord].entry]);
  }
}

bool TieredStore::Sweep::MeetHoles(VisitMet visit) {
  for (const IndexHole& hole : holes_) {
    if (hole.last <= told_until_) continue;
    told_until_ = hole.last;
    Met met{hole.damage, hole.first, hole.last};
    if (!visit(met)) return false;
  }
  return true;
}

// ---- Within one epoch.

bool TieredStore::Sweep::MeetNext(VisitMet visit) {
  Clear();
  do {
    Gather();
  } while (HasRoom());
  Sort();
  if (!MeetHoles(visit)) return false;
  Lookup lookup;
  const auto meet = [&](const Delta& entry, bool is_lost) {
    lookup = Lookup();
    const bool is_intact = store_.DecodeInto(entry, lookup) || store_.CopyInto(entry, lookup);
    if (is_intact && entry.is_removal()) return true;
    if (is_intact && is_lost) MakeLost(lookup);
    Met met{lookup.damage, entry.hash, entry.hash, is_intact ? &lookup : nullptr};
    return visit(met);
  };
  for (const Delta& entry : lost_) {
    if (!meet(entry, true)) return false;
  }
  for (size_t i = 0; i < order_.size(); ++i) {
    PrefetchBehind(i);
    if (!meet(entries_[order_[i].entry], false)) return false;
  }
  return true;
}

// ---- Each anew.

bool TieredStore::Sweep::MeetNextAnew(VisitMet visit) {
  Clear();
  do {
    const Call inside(store_);
    Gather();
  } while (HasRoom());
  // What may be lost is looked up as all else; of each hash, all are met together.
  entries_.insert(entries_.end(), lost_.begin(), lost_.end());
  if (!lost_.empty()) {
    std::sort(entries_.begin(), entries_.end(),
              [](const Delta& a, const Delta& b) { return a.hash < b.hash; });
    checkpoint_ = {};
  }
  // Of several with one hash the first stands for all, and must not be taken for the only one.
  const auto begin = entries_.begin();
  size_t kept = 0;
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (kept > 0 && entries_[kept - 1].hash == entries_[i].hash) {
      entries_[kept - 1].sequence = {};
    } else {
      entries_[kept++] = entries_[i];
    }
  }
  entries_.erase(begin + static_cast<ptrdiff_t>(kept), entries_.end());
  Sort();
  if (!MeetHoles(visit)) return false;
  for (size_t i = 0; i < order_.size(); ++i) {
    PrefetchBehind(i);
    if (!MeetAnew(entries_[order_[i].entry], visit)) return false;
  }
  return true;
}

bool TieredStore::Sweep::IsInHole(uint64_t hash) const {
  return std::any_of(holes_.begin(), holes_.end(), [&](const IndexHole& hole) {
    return hole.first <= hash && hash <= hole.last;
  });
}

bool TieredStore::Sweep::MeetAnew(const Delta& entry, VisitMet visit) {
  const Index& index = *store_.parts_->index;
  const uint64_t hash = entry.hash;
  std::string met_id;
  for (bool is_told = false;;) {
    const Call inside(store_);
    Candidates found;
    if (met_id.empty() && index.IsStillAll(entry, checkpoint_, found)) {
      group_.Decode(hash, found.entries, *found.checkpoint);
    } else {
      index.FindInDelta(hash, found);
      index.FindInCheckpoint(hash, found);
      if (!found.damage.ok() && !is_told && !IsInHole(hash)) {
        // It was not, when the entries were gathered.
        is_told = true;
        Met met{found.damage, hash, hash};
        if (!visit(met)) return false;
        continue;
      }
      group_.Decode(hash, found.entries, *found.checkpoint);
    }
    std::vector<Lookup>& memories = group_.memories();
    const size_t left = group_.FirstBehind(met_id);
    if (left == memories.size()) {
      if (group_.unreadable().ok()) return true;
      Met met{group_.unreadable(), hash, hash};
      return visit(met);
    }
    const bool is_alone = found.entries.size() == 1;
    if (!is_alone) met_id = memories[left].record.id;
    Met met{memories[left].damage, hash, hash, &memories[left]};
    if (!visit(met)) return false;
    if (is_alone) return true;
  }
}

}  // namespace engram::inline ENGRAM_BODY::engine
