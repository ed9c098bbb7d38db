// The kernel, compiled once for each instruction set: Highway includes this file again for each.

#include "recall/similarity.h"

#include <algorithm>
#include <cmath>

// A vector's length must be known when this is compiled: its sums are an array.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "recall/similarity.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace engram::inline ENGRAM_BODY::recall {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Doubles = hn::CappedTag<double, 8>;
using Floats = hn::Rebind<float, Doubles>;
constexpr size_t kVectorLanes = hn::MaxLanes(Doubles());
constexpr size_t kVectors = kLanes / kVectorLanes;
using Vectors = hn::Vec<Doubles>[kVectors];

HWY_INLINE double SumOf(const Vectors& vectors) {
  HWY_ALIGN double lanes[kLanes];
  for (size_t v = 0; v < kVectors; ++v) hn::Store(vectors[v], Doubles(), lanes + v * kVectorLanes);
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) lanes[j] += lanes[j + half];
  }
  return lanes[0];
}

Sums AccumulateByVectors(const CueNumbers& cue, Embedding embedding) {
  const Doubles doubles;
  const Floats floats;
  Vectors products, squares;
  for (size_t v = 0; v < kVectors; ++v) products[v] = squares[v] = hn::Zero(doubles);
  for (size_t i = 0; i < kEmbeddingDimension; i += kLanes) {
    for (size_t v = 0; v < kVectors; ++v) {
      const size_t at = i + v * kVectorLanes;
      const auto number = hn::PromoteTo(doubles, hn::LoadU(floats, embedding.data() + at));
      products[v] = hn::MulAdd(number, hn::LoadU(doubles, cue.data() + at), products[v]);
      squares[v] = hn::MulAdd(number, number, squares[v]);
    }
  }
  return {SumOf(products), SumOf(squares)};
}

}  // namespace HWY_NAMESPACE
}  // namespace engram::inline ENGRAM_BODY::recall
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::inline ENGRAM_BODY::recall {

HWY_EXPORT(AccumulateByVectors);

Sums Accumulate(const CueNumbers& cue, Embedding embedding) {
  return HWY_DYNAMIC_DISPATCH(AccumulateByVectors)(cue, embedding);
}

Sums AccumulatePlainly(const CueNumbers& cue, Embedding embedding) {
  std::array<Sums, kLanes> lanes;
  for (size_t i = 0; i < kEmbeddingDimension; ++i) {
    const double number = embedding[i];
    lanes[i % kLanes].products += number * cue[i];
    lanes[i % kLanes].squares += number * number;
  }
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) {
      lanes[j].products += lanes[j + half].products;
      lanes[j].squares += lanes[j + half].squares;
    }
  }
  return lanes[0];
}

Cue::Cue(Embedding embedding) {
  std::copy(embedding.begin(), embedding.end(), numbers_.begin());
  root_ = std::sqrt(Accumulate(numbers_, embedding).squares);
}

double Cue::ScoreOf(Embedding embedding) const {
  const Sums sums = Accumulate(numbers_, embedding);
  const double roots = root_ * std::sqrt(sums.squares);
  if (roots == 0) return 0;
  // Rounding may leave [-1, 1] by a hair; a threshold of 1 means "the same direction".
  return std::clamp(sums.products / roots, -1.0, 1.0);
}

}  // namespace engram::inline ENGRAM_BODY::recall

#endif  // HWY_ONCE
