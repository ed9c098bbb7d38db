// Recall and iteration in their simplest form, over a reference store: what MemoryStore::Recall and
// MemoryStore::Iterate must answer, bit by bit, while nobody else is at work. Plain loops, nothing
// shared with the product but the public types.
//
// The order of sums is part of the contract: sixteen sums, the j-th over elements j, j + 16, and so
// on, in order; then sum j and sum j + 8 are added, then j and j + 4, j and j + 2, the two that are
// left. All in double; the cosine is the quotient of the sum of products by the product of the
// roots of the sums of squares.

#ifndef ENGRAM_MODEL_REFERENCE_RECALL_H_
#define ENGRAM_MODEL_REFERENCE_RECALL_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "api/recall.h"
#include "api/tier.h"
#include "base/body.h"
#include "model/reference_store.h"

namespace engram::inline ENGRAM_BODY::model {

inline double SumOfProducts(std::span<const float> a, std::span<const float> b) {
  double sums[16] = {};
  for (size_t i = 0; i < a.size(); ++i) sums[i % 16] += double{a[i]} * double{b[i]};
  for (size_t j = 0; j < 8; ++j) sums[j] += sums[j + 8];
  for (size_t j = 0; j < 4; ++j) sums[j] += sums[j + 4];
  return (sums[0] + sums[2]) + (sums[1] + sums[3]);
}

// The cosine of two embeddings; 0 if either is a zero vector.
inline double ReferenceScore(std::span<const float> cue, std::span<const float> embedding) {
  const double roots =
      std::sqrt(SumOfProducts(cue, cue)) * std::sqrt(SumOfProducts(embedding, embedding));
  if (roots == 0) return 0;
  return std::min(1.0, std::max(-1.0, SumOfProducts(cue, embedding) / roots));
}

// Tiers are where the store keeps a memory, which is no business of a reference.
using TierOf = std::function<Tier(const std::string& id)>;

inline float ReferenceConfidence(const Memory& memory, Tier tier, int64_t as_of) {
  const double factor = tier == Tier::kHot ? 1.0 : tier == Tier::kWarm ? 0.95 : 0.9;
  const __int128 age_ns = std::max<__int128>(0, __int128{as_of} - __int128{memory.last_access});
  const double days = static_cast<double>(static_cast<uint64_t>(age_ns)) / 86'400e9;
  const double believed = double{memory.confidence} * factor * std::exp2(-days / 3650);
  return static_cast<float>(std::min(1.0, std::max(0.01, believed)));
}

// All that counts, sorted, cut off. REQUIRES: the options are valid.
inline std::vector<RecallMatch> ReferenceRecall(const ReferenceStore& store,
                                                std::span<const float> cue,
                                                const RecallOptions& options,
                                                const TierOf& tier_of) {
  std::vector<RecallMatch> matches;
  for (const auto& [id, version] : store.memories()) {
    RecallMatch match;
    match.id = id;
    match.score = ReferenceScore(cue, version.memory.embedding);
    match.tier = tier_of(id);
    match.confidence = options.calibrate_at
                           ? ReferenceConfidence(version.memory, match.tier, *options.calibrate_at)
                           : version.memory.confidence;
    match.sequence = version.sequence;
    const bool is_wanted = !options.tier || match.tier == *options.tier;
    if (is_wanted && match.score >= options.threshold) matches.push_back(std::move(match));
  }
  std::sort(matches.begin(), matches.end(), [](const RecallMatch& a, const RecallMatch& b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  });
  if (matches.size() > options.limit) matches.resize(options.limit);
  return matches;
}

inline bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// Whether two matches are the same, every field, bit by bit.
inline bool SameBits(const RecallMatch& a, const RecallMatch& b) {
  return a.id == b.id && SameBits(a.score, b.score) && SameBits(a.confidence, b.confidence) &&
         a.tier == b.tier && a.sequence == b.sequence;
}

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_REFERENCE_RECALL_H_
