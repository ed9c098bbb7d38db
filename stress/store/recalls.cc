// Requests, and the reference's scores of the whole table.

#include "stress/store/recalls.h"

#include <array>
#include <memory>

#include "absl/strings/str_cat.h"
#include "model/reference_recall.h"

namespace engram::stress {
namespace {

constexpr std::array<std::string_view, kRecalls> kNames = {
    "all like", "two alike to", "nothing for", "as like as", "all calibrated like"};
constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
// Where the embeddings of the table have the largest floats.
constexpr std::array<size_t, 2> kLargestAt = {3, kEmbeddingDimension - 1};

RecallRequest MakeRequest(uint16_t key, Recalling how) {
  RecallRequest request{MemoryOf(key, kShort).embedding, {}};
  request.options.limit = kRecallLimitMax;
  if (how == Recalling::kAlike) {
    request.options.limit = 2;
    return request;
  }
  for (const size_t i : kLargestAt) request.cue[i] = 0;
  if (how == Recalling::kNothing) {
    request.cue.assign(kEmbeddingDimension, -0.0F);
    request.options.threshold = 0;
    request.options.limit = 3;
  }
  if (how == Recalling::kAtLeast) {
    const std::vector<float>& least =
        MemoryOf(key, static_cast<uint32_t>(Content::kOther)).embedding;
    request.options.threshold = model::ReferenceScore(request.cue, least);
  }
  if (how == Recalling::kCalibrated) request.options.calibrate_at = int64_t{1} << 60;
  return request;
}

// All requests, and for each the score of each memory.
struct Requests {
  std::array<RecallRequest, kKeys * kRecalls> requests;
  std::array<std::array<double, kKeys * kValues>, kKeys * kRecalls> scores;
};

size_t NumberOf(uint16_t key, uint32_t value) { return key * kRecalls + value % kRecalls; }

const Requests& AllRequests() {
  static const auto& all = *[] {
    auto made = std::make_unique<Requests>();
    for (uint16_t key = 0; key < kKeys; ++key) {
      for (uint32_t value = 0; value < kRecalls; ++value) {
        const size_t number = NumberOf(key, value);
        RecallRequest& request = made->requests[number];
        request = MakeRequest(key, static_cast<Recalling>(value));
        for (uint16_t of = 0; of < kKeys; ++of) {
          for (uint32_t v = 0; v < kValues; ++v) {
            made->scores[number][of * kValues + v] =
                model::ReferenceScore(request.cue, MemoryOf(of, v).embedding);
          }
        }
      }
    }
    return made.release();
  }();
  return all;
}

}  // namespace

const RecallRequest& RequestOf(uint16_t key, uint32_t value) {
  return AllRequests().requests[NumberOf(key, value)];
}

std::string DescribeRecall(uint16_t key, uint32_t value) {
  return absl::StrCat(std::string(kNames[value % kRecalls]), " ", std::string(KeyName(key)));
}

std::optional<uint32_t> ValueShownBy(const RecallMatch& match, const RecallRequest& request,
                                     uint16_t key) {
  const auto number = static_cast<size_t>(&request - AllRequests().requests.data());
  uint32_t shown = kNoValue;
  for (uint32_t value = 0; value < kValues; ++value) {
    const Memory& memory = MemoryOf(key, value);
    const float confidence =
        request.options.calibrate_at
            ? model::ReferenceConfidence(memory, match.tier, *request.options.calibrate_at)
            : memory.confidence;
    if (!model::SameBits(match.score, AllRequests().scores[number][key * kValues + value]) ||
        !model::SameBits(match.confidence, confidence)) {
      continue;
    }
    if (shown != kNoValue) return std::nullopt;
    shown = value;
  }
  return shown;
}

uint16_t KeyOf(std::string_view id) {
  uint16_t key = 0;
  while (key < kKeys && IdOf(key) != id) ++key;
  return key;
}

}  // namespace engram::stress
