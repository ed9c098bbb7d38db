// The hot tier: decoded copies of memories in RAM, so many as a capacity in bytes allows.
//
// A copy has the sequence of the mutation that made its value, which is its name here: sequences
// are never given out twice, so whoever has learnt from the index that an id is at some sequence
// cannot get another value for it. Nothing here is durable, and nothing is missing when a copy is
// dropped: each is a copy of what stands in the file.
//
// Above kFullShare of the capacity the least recently used copies go, down to kEasedShare.
//
// A reader holds what it looks at by a count of holders; a lock is held for the look into a table
// alone.

#ifndef ENGRAM_HOT_HOT_TABLE_H_
#define ENGRAM_HOT_HOT_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"
#include "sync/atomic.h"
#include "sync/mutex.h"

namespace engram::inline ENGRAM_BODY::hot {

// A memory in RAM. Thread safety: immutable, once it is in the table, but for what is atomic.
struct Copy {
  explicit Copy(Memory copied) : memory(std::move(copied)) {}

  Memory memory;
  Sequence sequence;
  uint64_t bytes = 0;
  uint64_t home_bytes = 0;            // of its warm home
  sync::Atomic<uint64_t> used_at{0};  // relaxed: an order of uses, no partner
  // The table is one, while it has it. acq_rel: who lets go last sees all that others did.
  sync::Atomic<uint32_t> holders{1};
};

// Keeps a copy from being destroyed; may be empty. Thread safety: thread-compatible.
class Held {
 public:
  Held() = default;
  // Takes over one count of `copy`'s holders.
  explicit Held(Copy* copy) : copy_(copy) {}
  Held(Held&& other) noexcept : copy_(std::exchange(other.copy_, nullptr)) {}
  Held& operator=(Held&& other) noexcept {
    std::swap(copy_, other.copy_);
    return *this;
  }
  ~Held();

  explicit operator bool() const { return copy_ != nullptr; }
  const Copy& operator*() const { return *copy_; }
  const Copy* operator->() const { return copy_; }

 private:
  friend class HotTable;
  Copy* copy_ = nullptr;
};

// Thread safety: thread-safe.
class HotTable {
 public:
  // Copies of at most `capacity_bytes`, in tables for about `shards` threads.
  HotTable(uint64_t capacity_bytes, uint32_t shards);
  ~HotTable();
  HotTable(const HotTable&) = delete;
  HotTable& operator=(const HotTable&) = delete;

  // Whether a copy of so many bytes (HotCopyBytes) has room without driving out itself.
  bool Admits(uint64_t bytes) const { return bytes <= full_bytes_; }

  // ---- Changes. REQUIRES: calls about one memory come one at a time. None of them can fail.

  // Takes in a copy of the value that `sequence` made, as used just now. Dropped if there is no
  // memory for it. REQUIRES: Admits its bytes.
  void Insert(std::unique_ptr<Copy> copy, Sequence sequence);
  // Drops the copy of the value that `sequence` made, if it is here.
  void Erase(Sequence sequence);
  // Evicts if there is more than the capacity allows; until then that may be exceeded by what was
  // inserted meanwhile. Returns how many copies. REQUIRES: no lock is held that readers need.
  uint64_t Evict();
  void Clear();

  // ---- Looking.

  // The copy of the value that `sequence` made, or nothing.
  Held Find(Sequence sequence) const;
  bool Contains(Sequence sequence) const;
  // A reader has used it.
  void Touch(const Held& held) const;

  uint64_t copies() const { return copies_.Load(std::memory_order_acquire); }  // see Insert
  uint64_t bytes() const { return bytes_.Load(std::memory_order_acquire); }    // likewise
  uint64_t home_bytes() const { return home_bytes_.Load(std::memory_order_acquire); }
  uint64_t evictions() const { return evictions_.Load(std::memory_order_relaxed); }

 private:
  struct Shard {
    mutable sync::SharedMutex mutex;
    std::unordered_map<uint64_t, Held> copies ENGRAM_GUARDED_BY(mutex);
  };

  Shard& ShardOf(Sequence sequence) const { return shards_[sequence.value % shard_count_]; }
  uint64_t NextUse() const { return uses_.FetchAdd(1, std::memory_order_relaxed); }
  uint64_t EvictLeastUsed();
  bool EraseIfThere(Sequence sequence);
  void Count(const Copy& copy);
  void Discount(const Copy& copy);

  const uint64_t full_bytes_;
  const uint64_t eased_bytes_;
  const uint32_t shard_count_;
  const std::unique_ptr<Shard[]> shards_;
  sync::Mutex eviction_mutex_;  // one at a time; nobody waits for it
  // release, partner of the acquire of those who ask.
  sync::Atomic<uint64_t> copies_{0};
  sync::Atomic<uint64_t> bytes_{0};
  sync::Atomic<uint64_t> home_bytes_{0};
  mutable sync::Atomic<uint64_t> uses_{1};
  sync::Atomic<uint64_t> evictions_{0};
};

}  // namespace engram::inline ENGRAM_BODY::hot

#endif  // ENGRAM_HOT_HOT_TABLE_H_
