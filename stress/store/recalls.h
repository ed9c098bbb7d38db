// What trials recall: a few cues and options, and what the answers say.
//
// Embeddings of the table hold the largest floats, beside which all else vanishes: to a cue that
// has them, too, all memories are equally like. Cues without them tell every memory from every
// other one. Both are tried.

#ifndef ENGRAM_STRESS_STORE_RECALLS_H_
#define ENGRAM_STRESS_STORE_RECALLS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/recall.h"
#include "stress/store/memory_table.h"

namespace engram::stress {

// Ways to recall, for each key.
enum class Recalling : uint32_t {
  kAll,         // each with a score of its own
  kAlike,       // all with one score: the first two ids
  kNothing,     // a zero vector
  kAtLeast,     // what is not less like than one value of the key
  kCalibrated,  // all, with calibrated confidences
};
inline constexpr uint32_t kRecalls = 5;

struct RecallRequest {
  std::vector<float> cue;
  RecallOptions options;

  // Whether every memory that there is must be in the answer.
  bool shows_all() const { return options.threshold <= -1 && options.limit >= kKeys; }
};
// Made once. For people: "all like a".
const RecallRequest& RequestOf(uint16_t key, uint32_t value);
std::string DescribeRecall(uint16_t key, uint32_t value);

// Which value of the key a match shows, if score and confidence are those of exactly one; of none:
// kNoValue; of several: nothing.
inline constexpr uint32_t kNoValue = UINT32_MAX;
std::optional<uint32_t> ValueShownBy(const RecallMatch& match, const RecallRequest& request,
                                     uint16_t key);

// The key of an id, or kKeys.
uint16_t KeyOf(std::string_view id);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_RECALLS_H_
