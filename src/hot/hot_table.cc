// Tables of copies, and which of them go first.

#include "hot/hot_table.h"

#include <algorithm>
#include <new>
#include <vector>

#include "api/tier.h"

namespace engram::inline ENGRAM_BODY::hot {

Held::~Held() {
  // acq_rel: partner of itself, in the other holders.
  if (copy_ != nullptr && copy_->holders.FetchSub(1, std::memory_order_acq_rel) == 1) delete copy_;
}

HotTable::HotTable(uint64_t capacity_bytes, uint32_t shards)
    : full_bytes_(HotFullBytes(capacity_bytes)),
      eased_bytes_(HotEasedBytes(capacity_bytes)),
      shard_count_(shards),
      shards_(std::make_unique<Shard[]>(shards)) {}

HotTable::~HotTable() = default;

// ---- Changes.

void HotTable::Insert(std::unique_ptr<Copy> copy, Sequence sequence) {
  copy->sequence = sequence;
  copy->bytes = HotCopyBytes(copy->memory);
  copy->used_at.Store(NextUse(), std::memory_order_relaxed);
  Shard& shard = ShardOf(sequence);
  // Counted first, so that nobody who finds it can take it off the counts before.
  Count(*copy);
  Held held(copy.release());
  try {
    sync::WriterLock lock(shard.mutex);
    // In two steps: what is moved into an insertion that fails half-way is gone.
    const auto [place, is_new] = shard.copies.try_emplace(sequence.value);
    if (is_new) {
      place->second = std::move(held);
      return;
    }
  } catch (const std::bad_alloc&) {
    Discount(*held);  // then it is a warm one
    return;
  }
  Discount(*held);  // it is there already
}

void HotTable::Count(const Copy& copy) {
  bytes_.FetchAdd(copy.bytes, std::memory_order_release);
  home_bytes_.FetchAdd(copy.home_bytes, std::memory_order_release);
  copies_.FetchAdd(1, std::memory_order_release);
}

void HotTable::Discount(const Copy& copy) {
  bytes_.FetchSub(copy.bytes, std::memory_order_release);
  home_bytes_.FetchSub(copy.home_bytes, std::memory_order_release);
  copies_.FetchSub(1, std::memory_order_release);
}

bool HotTable::EraseIfThere(Sequence sequence) {
  Shard& shard = ShardOf(sequence);
  decltype(Shard::copies)::node_type erased;  // destroyed without the lock
  {
    sync::WriterLock lock(shard.mutex);
    erased = shard.copies.extract(sequence.value);
  }
  if (erased.empty()) return false;
  Discount(*erased.mapped());
  return true;
}

void HotTable::Erase(Sequence sequence) {
  if (copies() > 0) EraseIfThere(sequence);
}

uint64_t HotTable::Evict() {
  uint64_t evicted = 0;
  while (bytes() > full_bytes_) {
    if (!eviction_mutex_.TryLock()) break;
    const uint64_t before = evicted;
    try {
      evicted += EvictLeastUsed();
    } catch (const std::bad_alloc&) {
      evicted += copies();
      Clear();  // there is no memory for finding out which ones should go
    }
    eviction_mutex_.Unlock();
    if (evicted == before) break;  // others are at it
  }
  if (evicted > 0) evictions_.FetchAdd(evicted, std::memory_order_relaxed);
  return evicted;
}

uint64_t HotTable::EvictLeastUsed() {
  struct Use {
    uint64_t used_at;
    Sequence sequence;
  };
  std::vector<Use> uses;
  uses.reserve(copies());
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::ReaderLock lock(shards_[i].mutex);
    for (const auto& [sequence, held] : shards_[i].copies) {
      uses.push_back({held->used_at.Load(std::memory_order_relaxed), {sequence}});
    }
  }
  std::sort(uses.begin(), uses.end(), [](const Use& a, const Use& b) {
    return a.used_at != b.used_at ? a.used_at < b.used_at : a.sequence < b.sequence;
  });
  uint64_t evicted = 0;
  for (const Use& use : uses) {
    if (bytes() <= eased_bytes_) break;
    if (EraseIfThere(use.sequence)) ++evicted;
  }
  return evicted;
}

void HotTable::Clear() {
  for (uint32_t i = 0; i < shard_count_; ++i) {
    decltype(Shard::copies) dropped;  // destroyed without the lock
    {
      sync::WriterLock lock(shards_[i].mutex);
      dropped.swap(shards_[i].copies);
    }
    for (const auto& [sequence, held] : dropped) Discount(*held);
  }
}

// ---- Looking.

Held HotTable::Find(Sequence sequence) const {
  if (copies() == 0) return Held();
  const Shard& shard = ShardOf(sequence);
  sync::ReaderLock lock(shard.mutex);
  const auto found = shard.copies.find(sequence.value);
  if (found == shard.copies.end()) return Held();
  Copy* const copy = found->second.copy_;
  copy->holders.FetchAdd(1, std::memory_order_relaxed);  // the table's own count keeps it alive
  return Held(copy);
}

bool HotTable::Contains(Sequence sequence) const {
  if (copies() == 0) return false;
  const Shard& shard = ShardOf(sequence);
  sync::ReaderLock lock(shard.mutex);
  return shard.copies.contains(sequence.value);
}

void HotTable::Touch(const Held& held) const {
  held.copy_->used_at.Store(NextUse(), std::memory_order_relaxed);
}

}  // namespace engram::inline ENGRAM_BODY::hot
