// Which tier each memory of a reference store is in, in the simplest code that can state it: a list
// of the hot ones, the least recently used first; a set of the cold ones; the others are warm. And
// what maintenance makes of it. One thread.

#ifndef ENGRAM_MODEL_REFERENCE_TIERS_H_
#define ENGRAM_MODEL_REFERENCE_TIERS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/memory.h"
#include "api/options.h"
#include "api/tier.h"
#include "base/body.h"
#include "model/reference_store.h"

namespace engram::inline ENGRAM_BODY::model {

// Thread safety: thread-compatible. Ownership: `store`, which is changed first, must outlive it.
class ReferenceTiers {
 public:
  // How many memories went from one tier to another: [from][to].
  using Moves = std::array<std::array<uint64_t, kTiers>, kTiers>;

  ReferenceTiers(const ReferenceStore& store, const Options& options)
      : store_(store), options_(options) {}

  // ---- What has happened.

  // A memory was stored, or its activation was set: it is this now.
  void Written(const Memory& memory) {
    Removed(memory.id);
    if (memory.activation < options_.hot_activation_threshold) return;
    const uint64_t evictions = evictions_;
    MakeHot(memory);
    Moves unseen{};
    if (evictions_ > evictions && options_.warm_capacity_bytes == 0) MakeTooManyCold(unseen);
  }
  void Removed(std::string_view id) {
    Cool(id);
    cold_.erase(std::string(id));
    std::erase_if(hints_, [&](const std::string& hint) { return hint == id; });
  }
  // The whole of it has been read.
  void Read(const Memory& memory) {
    const auto found = FindHot(memory.id);
    if (found != hot_.end()) {
      std::rotate(found, found + 1, hot_.end());
    } else if (memory.activation >= options_.hot_activation_threshold &&
               options_.hot_capacity_bytes > 0) {
      hints_.push_back(memory.id);
    }
  }
  void Reopened() {
    hot_.clear();
    hints_.clear();
  }
  // Somebody wants it to be in this tier. False: it was, or it is too large ever to be hot.
  bool Migrated(const Memory& memory, Tier to) {
    const Tier from = TierOf(memory.id);
    if (from == to) return false;
    if (to == Tier::kCold) {
      Cool(memory.id);
      cold_.insert(memory.id);
      return true;
    }
    cold_.erase(memory.id);
    if (to == Tier::kWarm) Cool(memory.id);
    return (to == Tier::kHot && MakeHot(memory)) || from == Tier::kCold || to == Tier::kWarm;
  }
  // Maintenance at a moment, in ns since the Unix epoch.
  Moves Maintained(int64_t now) {
    Moves moves{};
    const uint64_t evictions = evictions_;
    for (const std::string& id : std::exchange(hints_, {})) {
      const Memory& memory = (*store_.Get(id))->memory;
      const Tier from = TierOf(id);
      if (from == Tier::kHot || !Admits(memory)) continue;
      Migrated(memory, Tier::kHot);
      ++moves.at(static_cast<size_t>(from))[0];
    }
    moves[0][1] = evictions_ - evictions;
    for (const auto& [id, version] : store_.memories()) {
      const __int128 age = static_cast<__int128>(now) - version.memory.last_access;
      if (TierOf(id) != Tier::kWarm || age <= options_.cold_migration_age.count()) continue;
      cold_.insert(id);
      ++moves[1][2];
    }
    MakeTooManyCold(moves);
    return moves;
  }

  // ---- What is so.

  Tier TierOf(std::string_view id) {
    if (FindHot(id) != hot_.end()) return Tier::kHot;
    return cold_.contains(std::string(id)) ? Tier::kCold : Tier::kWarm;
  }
  uint64_t hot() const { return hot_.size(); }
  uint64_t cold() const { return cold_.size(); }
  uint64_t warm() const { return store_.Count() - hot() - cold(); }
  uint64_t hot_bytes() const {
    uint64_t bytes = 0;
    for (const Hot& hot : hot_) bytes += hot.bytes;
    return bytes;
  }
  uint64_t warm_bytes() {
    uint64_t bytes = 0;
    for (const auto& [id, version] : store_.memories()) {
      if (TierOf(id) == Tier::kWarm) bytes += HomeBytes(version.memory);
    }
    return bytes;
  }
  // Of content of what is not cold.
  uint64_t live_bytes() {
    uint64_t bytes = 0;
    for (const auto& [id, version] : store_.memories()) {
      if (TierOf(id) == Tier::kCold) continue;
      bytes += HomeBytes(version.memory) - kEmbeddingDimension * sizeof(float);
    }
    return bytes;
  }

 private:
  struct Hot {
    std::string id;
    uint64_t bytes;
  };

  std::vector<Hot>::iterator FindHot(std::string_view id) {
    return std::find_if(hot_.begin(), hot_.end(), [&](const Hot& hot) { return hot.id == id; });
  }
  void Cool(std::string_view id) {
    const auto found = FindHot(id);
    if (found != hot_.end()) hot_.erase(found);
  }
  // Without a capacity nothing is hot; 80 % of one is full, 70 % is not.
  bool Admits(const Memory& memory) const {
    return HotCopyBytes(memory) * 5 <= options_.hot_capacity_bytes * 4;
  }
  bool MakeHot(const Memory& memory) {
    if (!Admits(memory)) return false;
    hot_.push_back({memory.id, HotCopyBytes(memory)});
    if (hot_bytes() * 5 <= options_.hot_capacity_bytes * 4) return true;
    for (; hot_bytes() * 10 > options_.hot_capacity_bytes * 7; ++evictions_) {
      hot_.erase(hot_.begin());
    }
    return true;
  }
  uint64_t HomeBytes(const Memory& memory) const {
    return WarmBytesOf(memory, options_.content_inline_bytes_max);
  }
  // The earliest last accesses first.
  void MakeTooManyCold(Moves& moves) {
    while (warm_bytes() > options_.warm_capacity_bytes) {
      const Memory* oldest = nullptr;
      for (const auto& [id, version] : store_.memories()) {
        const bool is_older = oldest == nullptr || version.memory.last_access < oldest->last_access;
        if (TierOf(id) == Tier::kWarm && is_older) oldest = &version.memory;
      }
      cold_.insert(oldest->id);
      ++moves[1][2];
    }
  }

  const ReferenceStore& store_;
  const Options options_;
  std::vector<Hot> hot_;
  std::set<std::string> cold_;
  std::vector<std::string> hints_;  // oldest first
  uint64_t evictions_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_REFERENCE_TIERS_H_
