// Looking through the layers, and moving changes from one to the next.

#include "engine/index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

bool Supersedes(const absl::InlinedVector<Delta, 2>& entries, Sequence sequence) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Delta& entry) { return entry.supersedes == sequence; });
}

}  // namespace

Index::Index(uint32_t shards, uint32_t writers_max, std::unique_ptr<Checkpoint> checkpoint)
    : shard_count_(shards),
      writers_max_(writers_max),
      shards_(std::make_unique<Shard[]>(shards)),
      checkpoint_(std::move(checkpoint)) {
  FreshTables tables = MakeTables();
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::WriterLock lock(shards_[i].mutex);
    shards_[i].active = std::move(tables[i]);
    shards_[i].checkpoint = checkpoint_.get();
  }
}

Index::~Index() = default;

void Index::FindInDelta(uint64_t hash, Candidates& found) const {
  const Shard& shard = ShardOf(hash);
  sync::ReaderLock lock(shard.mutex);
  found.checkpoint = shard.checkpoint;
  found.has_room = shard.active->free() >= writers_max_;
  const auto add = [&](const Delta& delta) {
    found.entries.push_back(delta);
    return true;
  };
  shard.active->ForEachOf(hash, add);
  if (shard.frozen == nullptr) return;
  const size_t active = found.entries.size();
  shard.frozen->ForEachOf(hash, add);
  // Frozen entries that an active one supersedes stay only for what they supersede themselves.
  for (size_t i = active; i < found.entries.size(); ++i) {
    for (size_t k = 0; k < active; ++k) {
      if (found.entries[k].supersedes == found.entries[i].sequence) {
        found.entries[k].supersedes = found.entries[i].supersedes;
        found.entries.erase(found.entries.begin() + static_cast<ptrdiff_t>(i--));
        break;
      }
    }
  }
}

void Index::FindInCheckpoint(uint64_t hash, Candidates& found) const {
  IndexEntries entries;
  found.damage = found.checkpoint->Search(hash, entries);
  const size_t newer = found.entries.size();
  for (const format::IndexEntry& entry : entries) {
    if (newer == 0 || !Supersedes(found.entries, entry.sequence)) {
      found.entries.push_back(ToDelta(entry));
    }
  }
}

void Index::ChangesFrom(uint64_t from, size_t entries_max, Changes& changes) const {
  changes.entries.clear();
  const uint64_t number = ShardNumberOf(from);
  const Shard& shard = shards_[number];
  changes.last = format::LastHashAtHome(number, shard_count_);
  size_t active = 0;
  {
    sync::ReaderLock lock(shard.mutex);
    changes.checkpoint = shard.checkpoint;
    changes.last = std::min(changes.last, shard.checkpoint->LastHashFrom(from, entries_max));
    const auto add = [&](const Delta& delta) {
      if (from <= delta.hash && delta.hash <= changes.last) changes.entries.push_back(delta);
    };
    shard.active->ForEach(add);
    active = changes.entries.size();
    if (shard.frozen != nullptr) shard.frozen->ForEach(add);
  }
  const auto by_hash = [](const Delta& a, const Delta& b) { return a.hash < b.hash; };
  const auto first_frozen = changes.entries.begin() + static_cast<ptrdiff_t>(active);
  std::sort(changes.entries.begin(), first_frozen, by_hash);
  if (first_frozen != changes.entries.end()) {
    // As in FindInDelta: what an active one supersedes stays only for what it supersedes itself.
    const auto is_superseded = [&](const Delta& frozen) {
      const auto [begin, end] =
          std::equal_range(changes.entries.begin(), first_frozen, frozen, by_hash);
      const auto newer = std::find_if(
          begin, end, [&](const Delta& delta) { return delta.supersedes == frozen.sequence; });
      if (newer == end) return false;
      newer->supersedes = frozen.supersedes;
      return true;
    };
    changes.entries.erase(std::remove_if(first_frozen, changes.entries.end(), is_superseded),
                          changes.entries.end());
    std::sort(changes.entries.begin(), changes.entries.end(), by_hash);
  }
  if (changes.entries.size() <= entries_max) return;
  // All of a hash, or none.
  changes.last = changes.entries[entries_max - 1].hash;
  while (changes.entries.back().hash > changes.last) changes.entries.pop_back();
}

bool Index::IsStillAll(const Delta& entry, Generation checkpoint, Candidates& found) const {
  if (checkpoint.value == 0 || entry.sequence.value == 0) return false;
  const Shard& shard = ShardOf(entry.hash);
  {
    sync::ReaderLock lock(shard.mutex);
    // What has changed since has an entry of its own, in the layer of changes.
    if (shard.checkpoint->place().generation != checkpoint) return false;
    bool has_changed = false;
    const auto note = [&](const Delta& delta) {
      has_changed = delta.sequence != entry.sequence || delta.place != entry.place;
      return !has_changed;
    };
    shard.active->ForEachOf(entry.hash, note);
    if (!has_changed && shard.frozen != nullptr) shard.frozen->ForEachOf(entry.hash, note);
    if (has_changed) return false;
    found.checkpoint = shard.checkpoint;
  }
  found.entries.push_back(entry);
  return true;
}

void Index::MakeRoom(uint64_t hash) {
  Shard& shard = ShardOf(hash);
  sync::WriterLock lock(shard.mutex);
  while (shard.active->free() < writers_max_) shard.active->Grow();
}

void Index::Put(Sequence old, const Delta& entry) {
  Shard& shard = ShardOf(entry.hash);
  sync::WriterLock lock(shard.mutex);
  Delta* const present = old.value == 0 ? nullptr : shard.active->Find(entry.hash, old);
  Delta put = entry;
  put.supersedes = present == nullptr ? old : present->supersedes;
  if (present != nullptr) {
    *present = put;
  } else {
    shard.active->Insert(put);
  }
}

Index::FreshTables Index::MakeTables() const {
  FreshTables tables;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    tables.push_back(std::make_unique<DeltaTable>(writers_max_));
  }
  return tables;
}

void Index::Freeze(FreshTables fresh) {
  ENGRAM_CHECK(!is_frozen_, "the index is frozen twice");
  is_frozen_ = true;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::WriterLock lock(shards_[i].mutex);
    shards_[i].frozen = std::exchange(shards_[i].active, std::move(fresh[i]));
  }
}

void Index::Thaw() {
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::WriterLock lock(shards_[i].mutex);
    if (shards_[i].frozen == nullptr) continue;
    const DeltaTable& active = *shards_[i].active;
    const DeltaTable& frozen = *shards_[i].frozen;
    auto merged = std::make_unique<DeltaTable>(active.size() + frozen.size() + writers_max_);
    active.ForEach([&](const Delta& delta) { merged->Insert(delta); });
    frozen.ForEach([&](const Delta& delta) {
      bool is_superseded = false;
      active.ForEachOf(delta.hash, [&](const Delta& newer) {
        if (newer.supersedes == delta.sequence) {
          merged->Find(newer.hash, newer.sequence)->supersedes = delta.supersedes;
          is_superseded = true;
        }
        return !is_superseded;
      });
      if (!is_superseded) merged->Insert(delta);
    });
    shards_[i].active = std::move(merged);
    shards_[i].frozen = nullptr;
  }
  is_frozen_ = false;
}

std::vector<Delta> Index::FrozenInOrder() const {
  std::vector<Delta> deltas;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::ReaderLock lock(shards_[i].mutex);
    if (shards_[i].frozen == nullptr) continue;
    shards_[i].frozen->ForEach([&](const Delta& delta) { deltas.push_back(delta); });
  }
  std::sort(deltas.begin(), deltas.end(), [](const Delta& a, const Delta& b) {
    return a.hash != b.hash ? a.hash < b.hash : a.sequence < b.sequence;
  });
  return deltas;
}

std::unique_ptr<Index::Replaced> Index::MakeReplaced() const {
  auto replaced = std::make_unique<Replaced>();
  replaced->tables.reserve(shard_count_);
  return replaced;
}

std::unique_ptr<Retired> Index::Install(std::unique_ptr<Checkpoint> checkpoint,
                                        std::unique_ptr<Replaced> replaced) {
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::WriterLock lock(shards_[i].mutex);
    shards_[i].checkpoint = checkpoint.get();
    if (shards_[i].frozen != nullptr) replaced->tables.push_back(std::move(shards_[i].frozen));
  }
  replaced->checkpoint = std::exchange(checkpoint_, std::move(checkpoint));
  is_frozen_ = false;
  return replaced;
}

std::vector<uint64_t> Index::ChangedHashes() const {
  std::vector<uint64_t> hashes;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::ReaderLock lock(shards_[i].mutex);
    const auto add = [&](const Delta& delta) { hashes.push_back(delta.hash); };
    shards_[i].active->ForEach(add);
    if (shards_[i].frozen != nullptr) shards_[i].frozen->ForEach(add);
  }
  std::sort(hashes.begin(), hashes.end());
  hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
  return hashes;
}

const Checkpoint& Index::CheckpointNow() const {
  sync::ReaderLock lock(shards_[0].mutex);
  return *shards_[0].checkpoint;
}

uint64_t Index::changed() const {
  uint64_t changed = 0;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::ReaderLock lock(shards_[i].mutex);
    changed += shards_[i].active->size();
    if (shards_[i].frozen != nullptr) changed += shards_[i].frozen->size();
  }
  return changed;
}

uint64_t Index::bytes() const {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < shard_count_; ++i) {
    sync::ReaderLock lock(shards_[i].mutex);
    bytes += shards_[i].active->bytes();
    if (shards_[i].frozen != nullptr) bytes += shards_[i].frozen->bytes();
  }
  return bytes;
}

}  // namespace engram::inline ENGRAM_BODY::engine
