// Each memory once, in an order that never changes, with the reference's bits.

#include "stress/store/model_walks.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "model/reference_recall.h"
#include "stress/store/operations.h"
#include "stress/store/recalls.h"

namespace engram::stress {
namespace {

using model::ReferenceStore;
using world::Operation;

// Checks items one after the other.
class Items {
 public:
  Items(const ReferenceStore& reference, bool in_order)
      : reference_(reference), in_order_(in_order) {}

  // `shows(memory)`: whether the item is that.
  template <typename Shows>
  void Check(const absl::Status& status, uint64_t hash, uint64_t last_hash, std::string_view id,
             Sequence sequence, const Shows& shows) {
    if (wrong_.has_value()) return;
    if (!status.ok() || last_hash != hash) {
      wrong_ = "An item is damage, and nothing was damaged.";
    } else if (in_order_ && (hash < hash_ || (hash == hash_ && id <= id_))) {
      wrong_ = absl::StrCat("Items are out of order at ", std::string(KeyName(KeyOf(id))));
    } else if (met_.contains(std::string(id))) {
      wrong_ = absl::StrCat("A memory was met twice: ", std::string(KeyName(KeyOf(id))));
    } else {
      const ReferenceStore::Version* const expected = *reference_.Get(id);
      if (expected == nullptr || expected->sequence != sequence || !shows(expected->memory)) {
        wrong_ =
            absl::StrCat("An item is not what was stored at ", std::string(KeyName(KeyOf(id))));
      }
    }
    hash_ = hash;
    id_ = id;
    met_.insert(id_);
  }

  // All that have been there from the beginning, `had`, and are there still must have been met.
  std::optional<std::string> Ended(const std::set<std::string>& had) {
    for (const std::string& id : had) {
      if (wrong_.has_value() || met_.contains(id) || !*reference_.Contains(id)) continue;
      wrong_ = absl::StrCat("A memory was not met: ", std::string(KeyName(KeyOf(id))));
    }
    return wrong_;
  }
  const std::optional<std::string>& wrong() const { return wrong_; }
  size_t met() const { return met_.size(); }

 private:
  const ReferenceStore& reference_;
  const bool in_order_;
  uint64_t hash_ = 0;
  std::string id_;
  std::set<std::string> met_;
  std::optional<std::string> wrong_;
};

std::set<std::string> IdsIn(const ReferenceStore& reference) {
  std::set<std::string> ids;
  for (const auto& [id, version] : reference.memories()) ids.insert(id);
  return ids;
}

// Asking for one tier shows those that are in it.
std::optional<std::string> WrongTiers(MemoryStore& store, const ReferenceStore& reference) {
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    std::set<std::string> expected;
    for (const std::string& id : IdsIn(reference)) {
      if (store.Contains(id)->tier == tier) expected.insert(id);
    }
    std::set<std::string> iterated, listed, recalled;
    const absl::Status status = store.Iterate(tier, [&](const IterationItem& item) {
      if (item.view != nullptr && item.view->tier == tier) iterated.emplace(item.id);
      return true;
    });
    const absl::StatusOr<Page> page = store.List("", kPageLimitMax, tier);
    RecallRequest request = RequestOf(0, static_cast<uint32_t>(Recalling::kAll));
    request.options.tier = tier;
    const absl::StatusOr<RecallResult> result = store.Recall(request.cue, request.options);
    if (!status.ok() || !page.ok() || !result.ok()) return "Asking for one tier failed.";
    for (const PageItem& item : page->items) {
      if (item.tier == tier) listed.insert(item.memory.id);
    }
    for (const RecallMatch& match : result->matches) {
      if (match.tier == tier) recalled.insert(match.id);
    }
    if (iterated != expected || listed != expected || recalled != expected ||
        page->items.size() != expected.size() || result->examined != expected.size()) {
      return absl::StrCat("Of tier ", static_cast<int>(tier), " there are ", expected.size(),
                          " memories; ", iterated.size(), " were iterated, ", listed.size(),
                          " listed, ", recalled.size(), " recalled.");
    }
  }
  return std::nullopt;
}

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
}

}  // namespace

bool SameBits(const MemoryView& seen, const Memory& memory) {
  return seen.id == memory.id && model::SameBits(seen.confidence, memory.confidence) &&
         model::SameBits(seen.activation, memory.activation) &&
         model::SameBits(seen.decay_rate, memory.decay_rate) &&
         seen.created_at == memory.created_at && seen.last_access == memory.last_access &&
         seen.access_count == memory.access_count &&
         seen.content.has_value() == memory.content.has_value() &&
         (!seen.content.has_value() || *seen.content == *memory.content) &&
         std::equal(seen.embedding.begin(), seen.embedding.end(), memory.embedding.begin(),
                    memory.embedding.end(), [](float a, float b) { return model::SameBits(a, b); });
}

std::optional<std::string> WrongIteration(MemoryStore& store, const ReferenceStore& reference,
                                          const Operation& operation,
                                          const std::function<void(const Operation&)>& mutate) {
  const auto how = static_cast<Iterating>(operation.value % kIteratings);
  Items items(reference, /*in_order=*/false);
  const std::set<std::string> had = IdsIn(reference);
  size_t calls = 0;
  const absl::Status status = store.Iterate(std::nullopt, [&](const IterationItem& item) {
    ++calls;
    const Sequence sequence = item.view != nullptr ? item.view->sequence : Sequence{};
    items.Check(item.status, item.id_hash, item.id_hash_last, item.id, sequence,
                [&](const Memory& memory) {
                  return item.view != nullptr && SameBits(*item.view, memory) &&
                         item.view->tier == store.Contains(memory.id)->tier;
                });
    Operation inside = operation;
    inside.kind = static_cast<uint8_t>(how == Iterating::kRemoving ? Verb::kRemove : Verb::kStore);
    inside.value = static_cast<uint32_t>(Content::kShort);
    if (how == Iterating::kStoring || (how == Iterating::kRemoving && calls == 1)) mutate(inside);
    return how != Iterating::kFirst && !items.wrong().has_value();
  });
  if (items.wrong().has_value()) return items.wrong();
  if (!status.ok()) return TextOf(status);
  if (how != Iterating::kFirst) return items.Ended(had);
  if (calls == std::min<size_t>(1, had.size())) return std::nullopt;
  return "An iteration went on after it was told to stop.";
}

std::optional<std::string> WrongPages(MemoryStore& store, const ReferenceStore& reference,
                                      size_t limit) {
  Items items(reference, /*in_order=*/true);
  std::string cursor;
  do {
    const absl::StatusOr<Page> page = store.List(cursor, limit, std::nullopt);
    if (!page.ok()) return TextOf(page.status());
    const bool is_full = page->items.size() == limit;
    if (page->items.size() > limit || (!is_full && !page->cursor.empty())) {
      return "A page has more items than were asked for, or fewer without being the last.";
    }
    for (const PageItem& item : page->items) {
      items.Check(item.status, item.id_hash, item.id_hash_last, item.memory.id, item.sequence,
                  [&](const Memory& memory) {
                    return model::SameBits(item.memory, memory) &&
                           item.tier == store.Contains(memory.id)->tier;
                  });
    }
    cursor = page->cursor;
  } while (!cursor.empty() && !items.wrong().has_value());
  if (const auto wrong = items.Ended(IdsIn(reference))) return wrong;
  return WrongTiers(store, reference);
}

std::optional<std::string> WrongRecall(MemoryStore& store, const ReferenceStore& reference,
                                       const Operation& operation) {
  const RecallRequest& request = RequestOf(operation.key, operation.value);
  const absl::StatusOr<RecallResult> answer = store.Recall(request.cue, request.options);
  if (!answer.ok()) return TextOf(answer.status());
  if (!answer->damaged.empty() || answer->examined != reference.Count()) {
    return absl::StrCat("A recall examined ", answer->examined, " memories, not ",
                        reference.Count(), ", and found ", answer->damaged.size(), " damaged.");
  }
  const auto tier_of = [&](const std::string& id) { return store.Contains(id)->tier; };
  const std::vector<RecallMatch> expected =
      model::ReferenceRecall(reference, request.cue, request.options, tier_of);
  const bool same =
      std::equal(answer->matches.begin(), answer->matches.end(), expected.begin(), expected.end(),
                 [](const RecallMatch& a, const RecallMatch& b) { return model::SameBits(a, b); });
  if (same) return std::nullopt;
  return absl::StrCat("A recall found ", answer->matches.size(), " memories, the reference ",
                      expected.size(), ", or other ones, or other scores.");
}

}  // namespace engram::stress
