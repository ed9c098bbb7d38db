// What a valid argument is: INVALID_ARGUMENT names the first field that is wrong, its value and its
// bounds.

#ifndef ENGRAM_ENGINE_VALIDATION_H_
#define ENGRAM_ENGINE_VALIDATION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "api/memory.h"
#include "api/options.h"
#include "api/recall.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::engine {

absl::Status CheckId(std::string_view id);
// A number in [0, 1]; not NaN. -0.0 is one.
absl::Status CheckFraction(std::string_view field, float value);
// `content_bytes_max`: Options'.
absl::Status CheckMemory(const Memory& memory, uint64_t content_bytes_max);
// Of a memory, or what is compared with one.
absl::Status CheckEmbedding(std::span<const float> embedding);
// How many are asked for: 1 to `most`.
absl::Status CheckLimit(size_t limit, size_t most);
absl::Status CheckRecall(const RecallOptions& options);
absl::Status CheckOptions(const Options& options);

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_VALIDATION_H_
