// Claim: a recall finds exactly the memories with the highest cosines, ties by id, none below the
// threshold and none twice, with scores and calibrated confidences that are those of the reference
// bit by bit.
//
// Method: RapidCheck draws memories, some of them equal but for their ids, some zero vectors, some
// made of denormals and of the largest floats; a cue that is one of them, near one, or a zero
// vector; threshold, limit and a moment to calibrate at. Thresholds are drawn from the scores
// themselves, so that "at least" is tried at the boundary. Expected is what model::ReferenceRecall
// says, which shares no code with the store. Done on a fresh store, over a checkpoint, and over
// changes of it.
//
// Not covered: instruction sets that this machine does not choose (src/recall/similarity_test.cc
// forces each); recall beside mutations (suite `interleave`); damage (suite `damage`).
//
// Requirements: S5, D3.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "model/reference_recall.h"
#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

// Few kinds, so that ties are common: of each a vector with some direction.
std::vector<float> EmbeddingOfKind(int kind, uint32_t seed) {
  switch (kind) {
    case 0:
      return std::vector<float>(kEmbeddingDimension, seed % 2 == 0 ? 0.0F : -0.0F);
    case 1: {
      std::vector<float> tiny(kEmbeddingDimension, 0.0F);
      tiny[seed % kEmbeddingDimension] = std::numeric_limits<float>::denorm_min();
      return tiny;
    }
    case 2:
      return EmbeddingOf(seed % 4);
    case 3: {
      std::vector<float> large = EmbeddingOf(seed);
      for (float& number : large) number = std::copysign(std::numeric_limits<float>::max(), number);
      return large;
    }
    default: {
      // As embeddings are: numbers of one magnitude.
      std::vector<float> usual = EmbeddingOf(seed % 16 + 1);
      for (float& number : usual) {
        int exponent = 0;
        number = std::frexp(number, &exponent);
      }
      return usual;
    }
  }
}

rc::Gen<std::vector<float>> AnyEmbedding() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 8), rc::gen::inRange<uint32_t>(0, 64)),
                      [](const std::pair<int, uint32_t>& drawn) {
                        return EmbeddingOfKind(drawn.first, drawn.second);
                      });
}

Memory DrawMemory() {
  Memory memory;
  memory.id = "m" + std::to_string(*rc::gen::inRange(0, 40));
  memory.embedding = *AnyEmbedding();
  memory.confidence = *AnyFraction();
  memory.last_access = *AnyInteger<int64_t>();
  return memory;
}

RecallOptions DrawOptions(const model::ReferenceStore& reference, const std::vector<float>& cue) {
  RecallOptions options;
  options.limit = *rc::gen::weightedOneOf<size_t>(
      {{3, rc::gen::inRange<size_t>(1, 8)}, {1, rc::gen::just(kRecallLimitMax)}});
  if (*rc::gen::arbitrary<bool>()) options.calibrate_at = *AnyInteger<int64_t>();
  const int how = *rc::gen::inRange(0, 4);
  if (how == 0 || reference.Count() == 0) return options;
  const auto& memories = reference.memories();
  const auto which = *rc::gen::inRange<size_t>(0, memories.size());
  const double score = model::ReferenceScore(
      cue, std::next(memories.begin(), static_cast<ptrdiff_t>(which))->second.memory.embedding);
  options.threshold = how == 1   ? score
                      : how == 2 ? std::nextafter(score, 2.0)
                                 : std::nextafter(score, -2.0);
  return options;
}

void ExpectExact(MemoryStore& store, const model::ReferenceStore& reference) {
  const std::vector<float> cue = *AnyEmbedding();
  const RecallOptions options = DrawOptions(reference, cue);
  const absl::StatusOr<RecallResult> result = store.Recall(cue, options);
  RC_ASSERT(result.ok());
  const std::vector<RecallMatch> expected = model::ReferenceRecall(
      reference, cue, options, [&](const std::string& id) { return store.Contains(id)->tier; });
  RC_ASSERT(result->damaged.empty());
  RC_ASSERT(result->examined == reference.Count());
  RC_ASSERT(result->matches.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    RC_ASSERT(result->matches[i].id == expected[i].id);
    RC_ASSERT(model::SameBits(result->matches[i], expected[i]));
  }
}

RC_GTEST_PROP(RecallIsExact, WhateverIsStored, ()) {
  TrialStore store;
  model::ReferenceStore reference;
  for (int round = 0; round < 3; ++round) {
    const int count = *rc::gen::inRange(0, 20);
    for (int i = 0; i < count; ++i) {
      const Memory memory = DrawMemory();
      const absl::StatusOr<Sequence> stored = store->Store(memory);
      RC_ASSERT(stored.ok());
      reference.Store(memory, *stored).IgnoreError();
    }
    if (*rc::gen::arbitrary<bool>()) {
      const std::string id = "m" + std::to_string(*rc::gen::inRange(0, 40));
      RC_ASSERT(store->Remove(id).ok());
      reference.Remove(id).IgnoreError();
    }
    ExpectExact(*store, reference);
    if (round == 0) RC_ASSERT(store->Checkpoint().ok());
    if (round == 1) store.Reopen();
    ExpectExact(*store, reference);
  }
}

TEST(RecallIsExact, AndRefusesWhatIsOutOfBounds) {
  TrialStore store;
  const std::vector<float> cue(kEmbeddingDimension, 1.0F);
  const auto refuses = [&](const std::vector<float>& like, const RecallOptions& options) {
    return absl::IsInvalidArgument(store->Recall(like, options).status());
  };
  EXPECT_TRUE(store->Recall(cue, {}).ok());
  EXPECT_TRUE(refuses(cue, {.threshold = std::nan("")}));
  EXPECT_TRUE(refuses(cue, {.limit = 0}));
  EXPECT_TRUE(refuses(cue, {.limit = kRecallLimitMax + 1}));
  EXPECT_TRUE(refuses(std::vector<float>(kEmbeddingDimension - 1, 1.0F), {}));
  std::vector<float> infinite = cue;
  infinite[5] = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(refuses(infinite, {}));
  EXPECT_TRUE(absl::IsInvalidArgument(store->List("", 0, std::nullopt).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(store->List("", kPageLimitMax + 1, std::nullopt).status()));
}

}  // namespace
}  // namespace engram::properties
