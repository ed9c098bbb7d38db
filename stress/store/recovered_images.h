// Counts the images of a store's file that were recovered, read back and compared: each different
// one once.

#ifndef ENGRAM_STRESS_STORE_RECOVERED_IMAGES_H_
#define ENGRAM_STRESS_STORE_RECOVERED_IMAGES_H_

#include <cstdint>
#include <unordered_set>

namespace engram::stress {

// Thread safety: confined to the world's OS thread. Lives as long as its program; nothing that
// happens in an execution depends on it.
class RecoveredImages {
 public:
  void Add(uint64_t fingerprint) {
    ++recoveries_;
    fingerprints_.insert(fingerprint);
  }
  uint64_t recoveries() const { return recoveries_; }
  uint64_t distinct() const { return fingerprints_.size(); }

 private:
  uint64_t recoveries_ = 0;
  std::unordered_set<uint64_t> fingerprints_;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_RECOVERED_IMAGES_H_
