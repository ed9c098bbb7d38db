// A heap with the worst of the best on top.

#include "recall/best_matches.h"

#include <algorithm>
#include <utility>

namespace engram::inline ENGRAM_BODY::recall {
namespace {

bool Before(const RecallMatch& a, const RecallMatch& b) { return ComesBefore(a.score, a.id, b); }

}  // namespace

void BestMatches::Add(RecallMatch match) {
  if (heap_.size() == limit_) {
    std::pop_heap(heap_.begin(), heap_.end(), Before);
    heap_.back() = std::move(match);
  } else {
    heap_.push_back(std::move(match));
  }
  std::push_heap(heap_.begin(), heap_.end(), Before);
}

std::vector<RecallMatch> BestMatches::Take() {
  std::sort_heap(heap_.begin(), heap_.end(), Before);
  return std::exchange(heap_, {});
}

}  // namespace engram::inline ENGRAM_BODY::recall
