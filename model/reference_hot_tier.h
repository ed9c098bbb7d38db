// Which memories are hot, in the simplest code that can state it: a list, the least recently used
// one first, and a list of what reads have left for maintenance. One thread.

#ifndef ENGRAM_MODEL_REFERENCE_HOT_TIER_H_
#define ENGRAM_MODEL_REFERENCE_HOT_TIER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/memory.h"
#include "api/options.h"
#include "api/tier.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::model {

// Thread safety: thread-compatible.
class ReferenceHotTier {
 public:
  explicit ReferenceHotTier(const Options& options)
      : capacity_(options.hot_capacity_bytes), threshold_(options.hot_activation_threshold) {}

  // The memory has been stored, or its activation has been set: it is this now.
  void Written(const Memory& memory) {
    Drop(memory.id);
    const uint64_t bytes = HotCopyBytes(memory);
    // Without a capacity nothing is hot; 80 % of one is full.
    if (memory.activation < threshold_ || bytes * 5 > capacity_ * 4) return;
    hot_.push_back({memory.id, bytes});
    if (bytes_of_all() * 5 <= capacity_ * 4) return;
    for (; bytes_of_all() * 10 > capacity_ * 7; ++evictions_) hot_.erase(hot_.begin());
  }
  // The whole of it has been read.
  void Read(const Memory& memory) {
    const auto found = Find(memory.id);
    if (found != hot_.end()) {
      std::rotate(found, found + 1, hot_.end());
    } else if (memory.activation >= threshold_ && capacity_ > 0) {
      hints_.push_back(memory);
    }
  }
  // Makes hot again what was read since it was written, and is not cold now. Returns how many there
  // were.
  size_t Maintain(const std::function<bool(const std::string& id)>& is_cold) {
    const std::vector<Memory> hints = std::exchange(hints_, {});
    size_t made_hot = 0;
    for (const Memory& memory : hints) {
      if (Holds(memory.id) || is_cold(memory.id)) continue;
      Written(memory);
      made_hot += HotCopyBytes(memory) * 5 <= capacity_ * 4 ? 1 : 0;
    }
    return made_hot;
  }
  // It has become cold; that it was read is not forgotten.
  void Cooled(std::string_view id) {
    const auto found = Find(id);
    if (found != hot_.end()) hot_.erase(found);
  }
  // It has been removed.
  void Drop(std::string_view id) {
    const auto found = Find(id);
    if (found != hot_.end()) hot_.erase(found);
    std::erase_if(hints_, [&](const Memory& memory) { return memory.id == id; });
  }
  void DropAll() {
    hot_.clear();
    hints_.clear();
  }

  bool Holds(std::string_view id) { return Find(id) != hot_.end(); }
  size_t memories() const { return hot_.size(); }
  uint64_t evictions() const { return evictions_; }
  uint64_t bytes_of_all() const {
    uint64_t bytes = 0;
    for (const Entry& entry : hot_) bytes += entry.bytes;
    return bytes;
  }

 private:
  struct Entry {
    std::string id;
    uint64_t bytes;
  };

  std::vector<Entry>::iterator Find(std::string_view id) {
    return std::find_if(hot_.begin(), hot_.end(), [&](const Entry& e) { return e.id == id; });
  }

  const uint64_t capacity_;
  const float threshold_;
  std::vector<Entry> hot_;
  std::vector<Memory> hints_;  // oldest first
  uint64_t evictions_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_REFERENCE_HOT_TIER_H_
