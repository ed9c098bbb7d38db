// The best of many matches: those with the highest scores, of equal scores those with the lowest
// ids, at most so many.

#ifndef ENGRAM_RECALL_BEST_MATCHES_H_
#define ENGRAM_RECALL_BEST_MATCHES_H_

#include <cstddef>
#include <string_view>
#include <vector>

#include "api/recall.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::recall {

// Whether a match (score, id) comes before another one.
inline bool ComesBefore(double score, std::string_view id, const RecallMatch& other) {
  return score != other.score ? score > other.score : id < other.id;
}

// Thread safety: thread-compatible.
class BestMatches {
 public:
  // Keeps at most `limit`, of at least `threshold`. REQUIRES: limit > 0.
  BestMatches(double threshold, size_t limit) : threshold_(threshold), limit_(limit) {}

  // Whether a match would be kept as things stand: so that what will not be needs no copy.
  bool Wants(double score, std::string_view id) const {
    if (!(score >= threshold_)) return false;
    return heap_.size() < limit_ || ComesBefore(score, id, heap_.front());
  }
  // REQUIRES: Wants(match.score, match.id), and each id once.
  void Add(RecallMatch match);

  // All that is kept, best first; then there is nothing.
  std::vector<RecallMatch> Take();

 private:
  const double threshold_;
  const size_t limit_;
  std::vector<RecallMatch> heap_;  // the last one to come is in front
};

}  // namespace engram::inline ENGRAM_BODY::recall

#endif  // ENGRAM_RECALL_BEST_MATCHES_H_
