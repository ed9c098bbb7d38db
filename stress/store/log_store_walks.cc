// Finding what comes next by looking at all.

#include "stress/store/log_store_walks.h"

#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "base/checksum.h"
#include "model/reference_recall.h"

namespace engram::stress {
namespace {

using model::ReferenceStore;

std::pair<uint64_t, std::string_view> OrderOf(std::string_view id) {
  return {Checksum(std::as_bytes(std::span(id)), 0), id};
}

}  // namespace

std::optional<Met> NextOf(const ReferenceStore& store, const TierOf& tier_of,
                          std::optional<Tier> tier, std::string_view id) {
  const Version* next = nullptr;
  for (const auto& [candidate, version] : store.memories()) {
    if (!id.empty() && OrderOf(candidate) <= OrderOf(id)) continue;
    if (tier.has_value() && tier_of(candidate) != *tier) continue;
    if (next == nullptr || OrderOf(candidate) < OrderOf(next->memory.id)) next = &version;
  }
  if (next == nullptr) return std::nullopt;
  return Met{*next, tier_of(next->memory.id)};
}

absl::Status IterateBy(const std::function<std::optional<Met>(std::string_view)>& next,
                       const std::function<bool(const IterationItem&)>& visit, Flaw flaw) {
  std::string id;
  std::optional<Met> ahead = next(id);
  for (int count = 1; ahead.has_value(); ++count) {
    // What comes next is looked up before this one is shown, or after it, as it should be.
    const Met shown = *ahead;
    id = shown.version.memory.id;
    if (flaw == Flaw::kIteratesStale) ahead = next(id);
    const MemoryView view = ViewOf(shown.version.memory, shown.version.sequence, shown.tier);
    const uint64_t hash = OrderOf(id).first;
    const IterationItem item{absl::OkStatus(), hash, hash, id, &view};
    const bool skips = flaw == Flaw::kIterationSkips && count % 3 == 0;
    if (!skips && !visit(item)) break;
    if (flaw == Flaw::kIterationRepeats && count % 3 == 0 && !visit(item)) break;
    if (flaw != Flaw::kIteratesStale) ahead = next(id);
  }
  return absl::OkStatus();
}

absl::StatusOr<Page> ListOf(const ReferenceStore& store, const TierOf& tier_of,
                            std::optional<Tier> tier, std::string_view cursor, size_t limit,
                            Flaw flaw) {
  if (limit < 1 || limit > kPageLimitMax) return absl::InvalidArgumentError("limit");
  std::string id;
  const bool is_cursor =
      absl::WebSafeBase64Unescape(absl::string_view(cursor.data(), cursor.size()), &id);
  if (!is_cursor || (!cursor.empty() && !ReferenceStore::CheckId(id).ok())) {
    return absl::InvalidArgumentError("cursor");
  }
  Page page;
  for (auto next = NextOf(store, tier_of, tier, id); next.has_value();
       next = NextOf(store, tier_of, tier, id)) {
    if (page.items.size() == limit) {
      // What begins the next page is on none, if the cursor names it.
      if (flaw == Flaw::kPagesLeaveGaps) id = next->version.memory.id;
      page.cursor = absl::WebSafeBase64Escape(id);
      break;
    }
    id = next->version.memory.id;
    const uint64_t hash = OrderOf(id).first;
    page.items.push_back(
        {absl::OkStatus(), hash, hash, next->version.memory, next->version.sequence, next->tier});
  }
  return page;
}

absl::StatusOr<RecallResult> RecallOf(const ReferenceStore& store, const TierOf& tier_of,
                                      std::span<const float> cue, const RecallOptions& options,
                                      Flaw flaw) {
  if (cue.size() != kEmbeddingDimension || options.limit < 1 || options.limit > kRecallLimitMax ||
      std::isnan(options.threshold)) {
    return absl::InvalidArgumentError("recall");
  }
  for (const float number : cue) {
    if (!std::isfinite(number)) return absl::InvalidArgumentError("cue");
  }
  RecallResult result;
  for (const auto& [id, version] : store.memories()) {
    if (!options.tier.has_value() || tier_of(id) == *options.tier) ++result.examined;
  }
  result.matches = model::ReferenceRecall(store, cue, options, tier_of);
  if (flaw == Flaw::kRecallForgets && result.matches.size() > 1) result.matches.pop_back();
  if (flaw == Flaw::kScoresAreRounded) {
    for (RecallMatch& match : result.matches) {
      match.score = static_cast<double>(static_cast<float>(match.score * 1e30)) / 1e30;
    }
  }
  return result;
}

}  // namespace engram::stress
