// How much of a tree of choices is left while it is searched depth first, and when such a number
// means anything.
//
// The size is estimated from the current path alone: what has not been looked at below a node is
// taken to be as large as what has been, alternative by alternative (the recursive estimator of
// Kilby, Slaney, Thiebaux, Walsh, "Estimating Search Tree Size", AAAI 2006, after Knuth 1975).
// Reduction makes later alternatives smaller, and alternatives are still being added, so the number
// may be wrong a few times over in either direction. How much to believe is told by how it moved
// while the search last grew fourfold; a number that moved more than twofold is none.

#ifndef ENGRAM_MODEL_EXPLORE_TREE_ESTIMATE_H_
#define ENGRAM_MODEL_EXPLORE_TREE_ESTIMATE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace engram::world {

// What an exhaustive explorer expects to find still.
struct ClassesLeft {
  double classes = 0;
  double factor = 1;  // by how much the estimate of the whole moved of late: 1.2 is a fifth
};

// Thread safety: thread-compatible.
class TreeEstimate {
 public:
  static constexpr double kFactorMax = 2;

  // Whether it is time to look, with so many classes found.
  bool is_due(uint64_t classes) const { return classes >= due_; }
  // `whole`: how many classes there are, as estimated now.
  void Look(uint64_t classes, double whole) {
    due_ = classes + classes / kParts + 1;
    wholes_[looks_++ % wholes_.size()] = whole;
    last_ = {static_cast<double>(classes), whole};
  }
  // Nothing while the estimate is not worth telling.
  std::optional<ClassesLeft> Left() const {
    if (looks_ < wholes_.size() || last_.classes < kClassesMin) return std::nullopt;
    const auto [least, most] = std::minmax_element(wholes_.begin(), wholes_.end());
    const double factor = *most / *least;
    if (factor > kFactorMax) return std::nullopt;
    return ClassesLeft{std::max(last_.whole - last_.classes, 0.0), factor};
  }

 private:
  // A look at each sixteenth more: twelve of them are a doubling.
  static constexpr size_t kLooks = 24;
  static constexpr uint64_t kParts = 16;
  static constexpr double kClassesMin = 100;

  struct Last {
    double classes = 0;
    double whole = 0;
  };
  std::array<double, kLooks> wholes_{};  // the last ones, in a ring
  size_t looks_ = 0;
  uint64_t due_ = 1;
  Last last_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_TREE_ESTIMATE_H_
