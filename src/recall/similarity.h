// The cosine of a cue and an embedding, exactly one value for each pair of bit patterns.
//
// The order of accumulation is part of the promise. Products of two floats are exact in double, so
// whether a machine fuses them into sums does not matter; only the order of sums does. There are
// kLanes sums, the j-th over elements j, j + kLanes, j + 2 kLanes and so on, and they are added
// pairwise: j and j + 8, then j and j + 4, then 2, then 1. Vectors of 2, 4 and 8 doubles all fit
// that order, so every instruction set gives equal bits; which one runs is chosen at run time
// (Google Highway). Nothing overflows or underflows: squares of floats are far inside of double.

#ifndef ENGRAM_RECALL_SIMILARITY_H_
#define ENGRAM_RECALL_SIMILARITY_H_

#include <array>
#include <cstddef>
#include <span>

#include "api/memory.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::recall {

inline constexpr size_t kLanes = 16;
static_assert(kEmbeddingDimension % kLanes == 0, "no lane ends earlier than another");

using Embedding = std::span<const float, kEmbeddingDimension>;
using CueNumbers = std::array<double, kEmbeddingDimension>;  // each is a float

struct Sums {
  double products = 0;  // of cue and embedding
  double squares = 0;   // of the embedding with itself

  friend bool operator==(const Sums&, const Sums&) = default;
};

// By the best instructions that this machine has.
Sums Accumulate(const CueNumbers& cue, Embedding embedding);
// One number after the other: what Accumulate must equal.
Sums AccumulatePlainly(const CueNumbers& cue, Embedding embedding);

// A vector to compare with, prepared. Thread safety: immutable.
class Cue {
 public:
  explicit Cue(Embedding embedding);

  // The cosine, within [-1, 1]; 0 if either is a zero vector.
  double ScoreOf(Embedding embedding) const;

 private:
  alignas(64) CueNumbers numbers_;
  double root_ = 0;  // of the sum of its squares
};

}  // namespace engram::inline ENGRAM_BODY::recall

#endif  // ENGRAM_RECALL_SIMILARITY_H_
