// The kernels: every instruction set of this machine against one number after the other, bit by
// bit; and what a score is.

#include "recall/similarity.h"

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace engram::inline ENGRAM_BODY::recall {
namespace {

// Finite numbers of all magnitudes, and with `kind` 1 of one magnitude, as embeddings have.
std::vector<float> Numbers(uint32_t seed, int kind) {
  std::vector<float> numbers(kEmbeddingDimension);
  uint64_t state = seed * 0x9E3779B97F4A7C15u;
  for (float& number : numbers) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto bits = static_cast<uint32_t>(state >> 32);
    number = kind == 1 ? static_cast<float>(static_cast<int32_t>(bits)) / 2147483648.0F
                       : std::bit_cast<float>(bits);
    if (!std::isfinite(number)) number = std::numeric_limits<float>::denorm_min();
  }
  return numbers;
}

Embedding SpanOf(const std::vector<float>& numbers) { return Embedding(numbers); }

double Score(const std::vector<float>& cue, const std::vector<float>& embedding) {
  return Cue(SpanOf(cue)).ScoreOf(SpanOf(embedding));
}

TEST(Similarity, EveryInstructionSetGivesTheSameBits) {
  const int64_t all = hwy::SupportedTargets() & HWY_TARGETS;
  int tried = 0;
  for (int64_t left = all; left != 0; left &= left - 1) {
    const int64_t target = left & -left;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    ++tried;
    for (uint32_t seed = 1; seed <= 200; ++seed) {
      const std::vector<float> cue = Numbers(seed, seed % 2 == 0 ? 1 : 0);
      const std::vector<float> embedding = Numbers(seed + 1000, seed % 3 == 0 ? 1 : 0);
      CueNumbers numbers;
      std::copy(cue.begin(), cue.end(), numbers.begin());
      ASSERT_EQ(Accumulate(numbers, SpanOf(embedding)),
                AccumulatePlainly(numbers, SpanOf(embedding)))
          << hwy::TargetName(target) << ", seed " << seed;
    }
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  EXPECT_GE(tried, 1);
  RecordProperty("instruction_sets", tried);
}

TEST(Similarity, OrderMatters) {
  // The test above would pass with any order if sums of such numbers were exact.
  const std::vector<float> cue = Numbers(7, 1);
  double in_order = 0;
  CueNumbers numbers;
  std::copy(cue.begin(), cue.end(), numbers.begin());
  for (const double number : numbers) in_order += number * number;
  EXPECT_NE(in_order, Accumulate(numbers, SpanOf(cue)).squares);
}

TEST(Similarity, ScoresAreCosines) {
  std::vector<float> right(kEmbeddingDimension, 0.0F), up = right, both = right;
  right[0] = 2;
  up[700] = 5;
  both[0] = both[700] = 3;
  EXPECT_EQ(Score(right, right), 1.0);
  EXPECT_EQ(Score(right, up), 0.0);
  EXPECT_NEAR(Score(right, both), std::sqrt(0.5), 1e-15);
  std::vector<float> left = right;
  left[0] = -7;
  EXPECT_EQ(Score(right, left), -1.0);
}

TEST(Similarity, ZeroVectorsScoreZero) {
  const std::vector<float> zero(kEmbeddingDimension, -0.0F);
  const std::vector<float> some = Numbers(3, 1);
  for (const double score : {Score(zero, some), Score(some, zero), Score(zero, zero)}) {
    EXPECT_EQ(std::bit_cast<uint64_t>(score), std::bit_cast<uint64_t>(0.0));
  }
}

TEST(Similarity, TheLeastAndTheLargestNumbersHaveADirection) {
  std::vector<float> least(kEmbeddingDimension, std::numeric_limits<float>::denorm_min());
  std::vector<float> largest(kEmbeddingDimension, std::numeric_limits<float>::max());
  EXPECT_NEAR(Score(least, largest), 1.0, 1e-15);
  EXPECT_NEAR(Score(largest, largest), 1.0, 1e-15);
  EXPECT_LE(Score(least, least), 1.0);
}

TEST(Similarity, NoScoreIsBeyondOne) {
  for (uint32_t seed = 1; seed < 500; ++seed) {
    const std::vector<float> some = Numbers(seed, 1);
    std::vector<float> scaled = some;
    for (float& number : scaled) number *= -0.37F;
    EXPECT_LE(Score(some, some), 1.0);
    EXPECT_GE(Score(some, scaled), -1.0);
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::recall
