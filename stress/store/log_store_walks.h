// Iteration, pages and recall of the store in its simplest form (log_store_testing.h), and ways to
// get them wrong. Memories come by (checksum of the id, id); a cursor is the id of the last item.

#ifndef ENGRAM_STRESS_STORE_LOG_STORE_WALKS_H_
#define ENGRAM_STRESS_STORE_LOG_STORE_WALKS_H_

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/memory_store.h"
#include "model/reference_store.h"
#include "stress/store/log_store_testing.h"

namespace engram::stress {

using Version = model::ReferenceStore::Version;

// A memory, and where it is.
struct Met {
  Version version;
  Tier tier = Tier::kWarm;
};
using TierOf = std::function<Tier(const std::string& id)>;

// The one that comes after the one with this id (empty: the first), if there is one; of those in
// `tier`, if one is asked for.
std::optional<Met> NextOf(const model::ReferenceStore& store, const TierOf& tier_of,
                          std::optional<Tier> tier, std::string_view id);

// `next(id)` is NextOf, as of now. Flawed as `flaw` says.
absl::Status IterateBy(const std::function<std::optional<Met>(std::string_view)>& next,
                       const std::function<bool(const IterationItem&)>& visit, Flaw flaw);
absl::StatusOr<Page> ListOf(const model::ReferenceStore& store, const TierOf& tier_of,
                            std::optional<Tier> tier, std::string_view cursor, size_t limit,
                            Flaw flaw);
absl::StatusOr<RecallResult> RecallOf(const model::ReferenceStore& store, const TierOf& tier_of,
                                      std::span<const float> cue, const RecallOptions& options,
                                      Flaw flaw);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_LOG_STORE_WALKS_H_
