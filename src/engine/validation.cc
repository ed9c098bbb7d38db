// Bounds of arguments, as api/memory.h and api/options.h state them.

#include "engine/validation.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

absl::Status OutOfBounds(absl::string_view option, uint64_t value, uint64_t least, uint64_t most) {
  if (value >= least && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "Options::", option, " is ", value, ", which is not within [", least, ", ", most, "]"));
}

}  // namespace

absl::Status CheckId(std::string_view id) {
  if (id.empty()) return absl::InvalidArgumentError("the id is empty");
  if (id.size() > kIdBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the id has ", id.size(), " bytes, more than ", kIdBytesMax));
  }
  if (!IsValidUtf8(id)) return absl::InvalidArgumentError("the id is not UTF-8");
  return absl::OkStatus();
}

absl::Status CheckFraction(std::string_view field, float value) {
  // NaN fails both comparisons.
  if (value >= 0 && value <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(absl::string_view(field.data(), field.size()),
                                                 " is ", value, ", which is not within [0, 1]"));
}

absl::Status CheckEmbedding(std::span<const float> embedding) {
  if (embedding.size() != kEmbeddingDimension) {
    return absl::InvalidArgumentError(absl::StrCat("the embedding has ", embedding.size(),
                                                   " numbers instead of ", kEmbeddingDimension));
  }
  for (size_t i = 0; i < embedding.size(); ++i) {
    if (!std::isfinite(embedding[i])) {
      return absl::InvalidArgumentError(absl::StrCat("number ", i, " of the embedding is ",
                                                     embedding[i], ", which is not finite"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckLimit(size_t limit, size_t most) {
  if (limit >= 1 && limit <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("the limit is ", limit, ", which is not within [1, ", most, "]"));
}

absl::Status CheckRecall(const RecallOptions& options) {
  if (std::isnan(options.threshold)) {
    return absl::InvalidArgumentError("the threshold is not a number");
  }
  return CheckLimit(options.limit, kRecallLimitMax);
}

absl::Status CheckMemory(const Memory& memory, uint64_t content_bytes_max) {
  ENGRAM_RETURN_IF_ERROR(CheckId(memory.id));
  ENGRAM_RETURN_IF_ERROR(CheckFraction("confidence", memory.confidence));
  ENGRAM_RETURN_IF_ERROR(CheckFraction("activation", memory.activation));
  ENGRAM_RETURN_IF_ERROR(CheckFraction("decay_rate", memory.decay_rate));
  ENGRAM_RETURN_IF_ERROR(CheckEmbedding(memory.embedding));
  if (!memory.content) return absl::OkStatus();
  if (memory.content->size() > content_bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat("the content has ", memory.content->size(),
                                                   " bytes, more than Options::content_bytes_max, ",
                                                   content_bytes_max));
  }
  if (!IsValidUtf8(*memory.content)) {
    return absl::InvalidArgumentError("the content is not UTF-8");
  }
  return absl::OkStatus();
}

absl::Status CheckOptions(const Options& options) {
  ENGRAM_RETURN_IF_ERROR(
      OutOfBounds("extent_bytes", options.extent_bytes, kExtentBytesMin, kExtentBytesMax));
  if (options.extent_bytes % (4 * kKiB) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "Options::extent_bytes is ", options.extent_bytes, ", which is not a multiple of 4096"));
  }
  constexpr uint64_t kFileBytesMax = uint64_t{1} << 46;
  ENGRAM_RETURN_IF_ERROR(OutOfBounds("file_bytes_max", options.file_bytes_max,
                                     format::Geometry{options.extent_bytes}.FileBytes(8),
                                     kFileBytesMax));
  ENGRAM_RETURN_IF_ERROR(
      OutOfBounds("content_bytes_max", options.content_bytes_max, 0, kContentBytesHardMax));
  ENGRAM_RETURN_IF_ERROR(
      OutOfBounds("checkpoint_entries_min", options.checkpoint_entries_min, 1, UINT64_MAX));
  ENGRAM_RETURN_IF_ERROR(
      OutOfBounds("pending_releases_max", options.pending_releases_max, 1, UINT32_MAX));
  for (const auto& [option, value] :
       {std::pair("compaction_fragmentation_min", options.compaction_fragmentation_min),
        std::pair("hot_activation_threshold",
                  static_cast<double>(options.hot_activation_threshold))}) {
    // NaN fails both comparisons.
    if (value >= 0 && value <= 1) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("Options::", option, " is ", value, ", which is not within [0, 1]"));
  }
  if (options.sync_interval.count() <= 0 || options.maintenance_interval.count() < 0 ||
      options.cold_migration_age.count() < 0) {
    return absl::InvalidArgumentError(
        "Options::sync_interval must be above 0, and maintenance_interval and cold_migration_age "
        "not below");
  }
  return OutOfBounds("concurrency", options.concurrency, 1, 1024);
}

}  // namespace engram::inline ENGRAM_BODY::engine
