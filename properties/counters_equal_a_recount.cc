// Claim: after every operation the statistics are what a recount finds: how many memories there
// are in each tier, the bytes of hot copies and of live content.
//
// Method: RapidCheck draws lists of operations over a few ids, with a hot tier of a few copies.
// Then each id is asked for its presence and tier, and the sums are compared with the statistics;
// live content is recounted by the formula of api/fragmentation.h, hot copies by that of
// api/tier.h, and Verify recounts from the file.
//
// Not covered: operations side by side, where statistics are of about now.
//
// Requirements: T1, C6, M3.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "api/tier.h"
#include "model/colliding_ids.h"
#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

enum class Verb : uint8_t {
  kStore,
  kRemove,
  kActivate,
  kGet,
  kCompact,
  kMaintain,
  kToCold,
  kToHot,
  kToWarm,
  kCompactCold,
  kReopen
};
constexpr const char* kVerbNames[] = {"store",   "remove",       "activate", "get",
                                      "compact", "maintain",     "to cold",  "to hot",
                                      "to warm", "compact cold", "reopen"};

struct Step {
  Verb verb = Verb::kStore;
  Memory memory;  // its id, and of kActivate its activation, are what the others use
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << kVerbNames[static_cast<int>(step.verb)] << " " << step.memory.id << " "
             << step.memory.activation;
}

const std::array<std::string, 5> kIds = {"a", std::string(model::kCollidingIds[0].first),
                                         std::string(model::kCollidingIds[0].second), "d", "e"};

rc::Gen<Step> AnyStep() {
  const auto verb = rc::gen::weightedElement<Verb>({{8, Verb::kStore},
                                                    {2, Verb::kRemove},
                                                    {3, Verb::kActivate},
                                                    {4, Verb::kGet},
                                                    {1, Verb::kCompact},
                                                    {2, Verb::kMaintain},
                                                    {4, Verb::kToCold},
                                                    {2, Verb::kToHot},
                                                    {2, Verb::kToWarm},
                                                    {1, Verb::kCompactCold},
                                                    {1, Verb::kReopen}});
  const auto memory = rc::gen::mapcat(rc::gen::elementOf(kIds),
                                      [](const std::string& id) { return AnyMemory(id); });
  return rc::gen::build<Step>(rc::gen::set(&Step::verb, verb), rc::gen::set(&Step::memory, memory));
}

void Do(const Step& step, TrialStore& store, model::ReferenceStore& reference) {
  const Memory& memory = step.memory;
  switch (step.verb) {
    case Verb::kStore:
      RC_ASSERT(store->Store(memory).ok());
      RC_ASSERT(reference.Store(memory).ok());
      return;
    case Verb::kRemove:
      RC_ASSERT(store->Remove(memory.id).ok());
      RC_ASSERT(reference.Remove(memory.id).ok());
      return;
    case Verb::kActivate:
      RC_ASSERT(store->UpdateActivation(memory.id, memory.activation).ok() ==
                reference.UpdateActivation(memory.id, memory.activation).ok());
      return;
    case Verb::kGet:
      RC_ASSERT(store->Get(memory.id).ok());
      return;
    case Verb::kCompact:
      RC_ASSERT(store->CompactContent(/*force=*/true).ok());
      return;
    case Verb::kMaintain:
      RC_ASSERT(store->RunMaintenance()->errors.empty());
      return;
    case Verb::kToCold:
      RC_ASSERT(store->Migrate({&memory.id, 1}, Tier::kCold).ok());
      return;
    case Verb::kToHot:
      RC_ASSERT(store->Migrate({&memory.id, 1}, Tier::kHot).ok());
      return;
    case Verb::kToWarm:
      RC_ASSERT(store->Migrate({&memory.id, 1}, Tier::kWarm).ok());
      return;
    case Verb::kCompactCold:
      RC_ASSERT(store->CompactCold().ok());
      return;
    case Verb::kReopen:
      store.Reopen();
      RC_ASSERT(store->Stats().memories_hot == 0u);
  }
}

// An iteration over one tier meets just the memories that say they are in it.
void ExpectIterates(TrialStore& store, Tier tier, const std::set<std::string>& ids) {
  std::set<std::string> met;
  const absl::Status iterated = store->Iterate(tier, [&](const IterationItem& item) {
    RC_ASSERT(item.view != nullptr);
    RC_ASSERT(item.view->tier == tier);
    RC_ASSERT(met.emplace(item.view->id).second);
    return true;
  });
  RC_ASSERT(iterated.ok());
  RC_ASSERT(met == ids);
}

void ExpectRecounted(TrialStore& store, const model::ReferenceStore& reference,
                     const Options& options) {
  std::array<std::set<std::string>, kTiers> memories;
  uint64_t hot_bytes = 0;
  uint64_t warm_bytes = 0;
  uint64_t live_bytes = 0;
  for (const std::string& id : kIds) {
    const absl::StatusOr<Presence> presence = store->Contains(id);
    RC_ASSERT(presence.ok());
    const model::ReferenceStore::Version* const version = *reference.Get(id);
    RC_ASSERT(presence->present == (version != nullptr));
    if (version == nullptr) continue;
    memories.at(static_cast<size_t>(presence->tier)).insert(id);
    if (presence->tier == Tier::kHot) hot_bytes += HotCopyBytes(version->memory);
    const uint64_t home_bytes = WarmBytesOf(version->memory, options.content_inline_bytes_max);
    if (presence->tier == Tier::kWarm) warm_bytes += home_bytes;
    if (presence->tier == Tier::kCold) continue;
    live_bytes += home_bytes - kEmbeddingDimension * sizeof(float);
  }
  const Statistics stats = store->Stats();
  RC_ASSERT(stats.memories == reference.Count());
  RC_ASSERT(stats.memories_hot == memories.at(0).size());
  RC_ASSERT(stats.memories_warm == memories.at(1).size());
  RC_ASSERT(stats.memories_cold == memories.at(2).size());
  RC_ASSERT(stats.cold_rows_live == stats.memories_cold);
  RC_ASSERT(stats.warm_bytes == warm_bytes);
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    ExpectIterates(store, tier, memories.at(static_cast<size_t>(tier)));
  }
  RC_ASSERT(stats.hot_bytes == hot_bytes);
  RC_ASSERT(stats.hot_bytes <= HotFullBytes(options.hot_capacity_bytes));
  RC_ASSERT(stats.content_bytes_live == live_bytes);
}

RC_GTEST_PROP(CountersEqualARecount, AfterEachOperation, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  Options options = TinyOptions();
  options.hot_capacity_bytes = static_cast<uint64_t>(*rc::gen::element(0, 10'000, 20'000, 60'000));
  TrialStore store(options);
  model::ReferenceStore reference;
  for (const Step& step : steps) {
    Do(step, store, reference);
    ExpectRecounted(store, reference, options);
  }
  RC_ASSERT(store->Verify()->sound());
}

}  // namespace
}  // namespace engram::properties
