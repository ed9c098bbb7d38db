// The best of many, against sorting all of them; and calibrated confidences by hand.

#include "recall/best_matches.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "recall/calibration.h"

namespace engram::inline ENGRAM_BODY::recall {
namespace {

std::vector<std::string> IdsOf(const std::vector<RecallMatch>& matches) {
  std::vector<std::string> ids;
  for (const RecallMatch& match : matches) ids.push_back(match.id);
  return ids;
}

TEST(BestMatches, AreTheFirstOfAllSorted) {
  uint64_t state = 1;
  for (size_t limit = 1; limit < 20; ++limit) {
    std::vector<RecallMatch> all;
    BestMatches best(0.25, limit);
    for (int i = 0; i < 200; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      // Many have the same score.
      const double score = static_cast<double>(state >> 60) / 16;
      const RecallMatch match{.id = std::to_string((state >> 20) % 100'000), .score = score};
      if (score >= 0.25) all.push_back(match);
      if (best.Wants(score, match.id)) best.Add(match);
    }
    std::sort(all.begin(), all.end(), [](const RecallMatch& a, const RecallMatch& b) {
      return a.score != b.score ? a.score > b.score : a.id < b.id;
    });
    all.resize(std::min(all.size(), limit));
    EXPECT_EQ(IdsOf(best.Take()), IdsOf(all)) << limit;
  }
}

TEST(BestMatches, TheThresholdItselfCounts) {
  BestMatches best(0.5, 10);
  EXPECT_TRUE(best.Wants(0.5, "a"));
  EXPECT_FALSE(best.Wants(0.49999999999999994, "a"));
  EXPECT_FALSE(best.Wants(std::numeric_limits<double>::quiet_NaN(), "a"));
}

constexpr int64_t kDay = int64_t{86'400} * 1'000'000'000;

TEST(Calibration, HalvesInTenYearsAndHeedsTiers) {
  EXPECT_EQ(CalibratedConfidence(0.5F, Tier::kHot, 0, 0), 0.5F);
  EXPECT_EQ(CalibratedConfidence(1.0F, Tier::kWarm, 0, 0), 0.95F);
  EXPECT_EQ(CalibratedConfidence(1.0F, Tier::kCold, 0, 0), 0.9F);
  EXPECT_EQ(CalibratedConfidence(1.0F, Tier::kHot, -kDay * 3650, 0), 0.5F);
}

TEST(Calibration, StaysWithinItsBounds) {
  constexpr int64_t kEarliest = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLatest = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(CalibratedConfidence(0.0F, Tier::kHot, 0, 0), 0.01F);
  // 213,503 days are 58.5 times ten years.
  EXPECT_EQ(CalibratedConfidence(1.0F, Tier::kHot, kEarliest, kLatest), 0.01F);
  // What was accessed later is as if it were now.
  EXPECT_EQ(CalibratedConfidence(1.0F, Tier::kHot, kLatest, kEarliest), 1.0F);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::recall
