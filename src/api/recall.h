// Recall by likeness: what may be asked for, and what comes back. The call is
// MemoryStore::Recall.
//
// The score of a memory is the cosine of the angle between its embedding and the cue: within
// [-1, 1], and 0 if either is a zero vector. It is computed from the embeddings as they were
// stored, accumulated in double in one fixed order, so that every machine and every instruction set
// computes the same bits.

#ifndef ENGRAM_API_RECALL_H_
#define ENGRAM_API_RECALL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/tier.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

inline constexpr size_t kRecallLimitMax = 1000;

// Values out of bounds: INVALID_ARGUMENT.
struct RecallOptions {
  // Lowest score that counts, itself included; any number. -1: all.
  double threshold = -1;
  // At most so many matches, 1..kRecallLimitMax.
  size_t limit = 10;
  // Calibrate confidences as of this moment, in ns since the Unix epoch: a memory is believed less
  // the longer ago its last access was, half as much after ten years, and less in the slower tiers.
  //   clamp(confidence * factor * 0.5^(days / 3650), 0.01, 1), factor 1.0 hot, 0.95 warm, 0.9 cold
  // A last access after this moment counts as now. Scores and order do not change.
  std::optional<int64_t> calibrate_at = {};
  // Only memories of this tier.
  std::optional<Tier> tier = {};
};

struct RecallMatch {
  std::string id;
  double score = 0;
  float confidence = 0;  // as stored, or calibrated if that was asked for
  Tier tier = Tier::kWarm;
  Sequence sequence = {};  // of the mutation that was seen
};

// Something that would answer DATA_LOSS: a memory, or a part of the index that hides which memories
// there are.
struct DamagedMemory {
  std::string id;  // empty if it is not known
  // Hashes of ids that it may be about, both included; equal but for a part of the index.
  uint64_t id_hash = 0;
  uint64_t id_hash_last = 0;
  std::string explanation;
};

struct RecallResult {
  std::vector<RecallMatch> matches;    // by score, highest first; equal ones by id
  std::vector<DamagedMemory> damaged;  // might have been matches; in the order of hashes
  uint64_t examined = 0;               // memories whose score was computed
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_RECALL_H_
