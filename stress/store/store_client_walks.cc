// Iteration and recall: what they show of each id is a read of that id, somewhere within the call;
// an id that they do not show was absent at some moment of the call.

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/world/allocation_faults.h"
#include "stress/store/recalls.h"
#include "stress/store/store_client.h"

namespace engram::stress {

using model::Call;
using model::CallKind;
using model::CallOutcome;
using world::AllocationScope;
using world::Operation;

// One call that looks at all ids: collects what it shows of each.
class StoreClient::Look {
 public:
  Look(StoreClient& client, const Operation& operation)
      : client_(client),
        operation_(operation),
        faults_before_(client.Faults()),
        began_at_(client.recorder_.BeginLook(static_cast<Client>(operation.client))),
        seen_since_(began_at_) {}

  uint64_t faults_before() const { return faults_before_; }
  // What is shown from here on has not been looked at before now.
  void SeesFromNow() { seen_since_ = client_.world_.Now(); }

  // A memory is shown. `kind` kGet, with a result, or kContains.
  void Show(std::string_view id, CallKind kind, Sequence sequence, std::optional<Memory> result,
            bool tells_activation) {
    const AllocationScope scope;
    const uint16_t key = KeyOf(id);
    if (key == kKeys || is_met_[key]) {
      return client_.Demand(
          false, "wrong answer",
          key == kKeys ? "An id was shown that nobody has stored." : "A memory was met twice.");
    }
    is_met_[key] = true;
    Call call = CallOn(key, kind);
    call.outcome = CallOutcome::kOk;
    call.sequence = sequence;
    call.result = std::move(result);
    call.tells_activation = tells_activation;
    call.invoked_at = seen_since_;
    call.returned_at = client_.world_.Now();
    Note(call);
  }
  // Damage is shown, and nothing is damaged: excused if a failed sync has taken something back.
  void ShowDamage(std::string_view detail) {
    is_complete_ = false;
    client_.Demand(client_.LostBySync(), "false corruption", detail);
  }
  // Not all are shown.
  void StopsHere() { is_complete_ = false; }

  // The call has returned: what was not shown was absent.
  void Return(std::string_view name, const absl::Status& status) {
    if (client_.died()) return;
    if (absl::IsDataLoss(status)) {
      client_.Demand(client_.LostBySync(), "false corruption", "A look at all answered DATA_LOSS.");
    } else {
      client_.DemandExcuse(name, status, faults_before_);
    }
    const uint64_t returned_at = client_.recorder_.EndLook(static_cast<Client>(operation_.client));
    if (!status.ok() || !is_complete_) return;
    for (uint16_t key = 0; key < kKeys; ++key) {
      if (is_met_[key]) continue;
      const AllocationScope scope;
      Call call = CallOn(key, CallKind::kGet);
      call.outcome = CallOutcome::kAbsent;
      call.invoked_at = began_at_;
      call.returned_at = returned_at;
      Note(call);
    }
  }

 private:
  Call CallOn(uint16_t key, CallKind kind) const {
    Call call;
    call.kind = kind;
    call.operation = operation_.id;
    call.client = operation_.client;
    call.argument.id = IdOf(key);
    return call;
  }
  void Note(const Call& call) {
    client_.world_.Observe(static_cast<uint64_t>(call.outcome));
    client_.world_.Observe(call.sequence.value);
    if (call.result.has_value()) client_.world_.Observe(HashOf(*call.result));
    client_.recorder_.Note(call);
  }

  StoreClient& client_;
  const Operation& operation_;
  const uint64_t faults_before_;
  const uint64_t began_at_;
  uint64_t seen_since_;
  std::array<bool, kKeys> is_met_ = {};
  bool is_complete_ = true;
};

void StoreClient::Iterate(const Operation& operation) {
  Look look(*this, operation);
  const auto how = static_cast<Iterating>(operation.value % kIteratings);
  bool is_first = true;
  const auto show = [&](const IterationItem& item) {
    if (died()) return false;
    if (!item.status.ok()) {
      look.ShowDamage("An iteration met damage, and nothing was damaged.");
      return true;
    }
    std::optional<Memory> witness;
    {
      const AllocationScope scope;
      witness = WitnessOf(*item.view);
    }
    look.Show(item.id, CallKind::kGet, item.view->sequence, std::move(witness), true);
    Operation inside = operation;
    inside.kind = static_cast<uint8_t>(how == Iterating::kRemoving ? Verb::kRemove : Verb::kStore);
    inside.value = static_cast<uint32_t>(Content::kShort);
    const bool changes = how == Iterating::kStoring || (how == Iterating::kRemoving && is_first);
    if (changes) Mutate(inside);
    is_first = false;
    if (how == Iterating::kFirst) look.StopsHere();
    look.SeesFromNow();
    return !died() && how != Iterating::kFirst;
  };
  std::function<bool(const IterationItem&)> visit;
  {
    const AllocationScope scope;
    visit = show;
  }
  const absl::Status status = store_->Iterate(std::nullopt, visit);
  look.Return("Iterate", status);
}

void StoreClient::List(const Operation& operation) {
  Look look(*this, operation);
  std::string cursor;
  absl::Status status;
  // Each page is a call of its own; an excuse for one is none for the next.
  for (;;) {
    absl::StatusOr<Page> page = store_->List(cursor, PageLimitOf(operation.value), std::nullopt);
    if (died()) return;
    status = page.status();
    if (!page.ok()) break;
    Demand(page->items.size() <= PageLimitOf(operation.value), "wrong answer",
           "A page has more items than were asked for.");
    for (const PageItem& item : page->items) {
      if (!item.status.ok()) {
        look.ShowDamage("A page shows damage, and nothing was damaged.");
        continue;
      }
      std::optional<Memory> witness;
      {
        const AllocationScope scope;
        witness = WitnessOf(item.memory);
      }
      look.Show(item.memory.id, CallKind::kGet, item.sequence, std::move(witness), true);
    }
    look.SeesFromNow();
    if (page->cursor.empty() || died()) break;
    const AllocationScope scope;
    cursor = page->cursor;
  }
  look.Return("List", status);
}

void StoreClient::Recall(const Operation& operation) {
  const RecallRequest& request = [&]() -> const RecallRequest& {
    const AllocationScope scope;  // the first to ask makes all of them
    return RequestOf(operation.key, operation.value);
  }();
  Look look(*this, operation);
  const absl::StatusOr<RecallResult> answer = store_->Recall(request.cue, request.options);
  if (died()) return;
  if (!answer.ok()) return look.Return("Recall", answer.status());
  if (!request.shows_all()) look.StopsHere();
  if (!answer->damaged.empty()) look.ShowDamage("A recall met damage, and nothing was damaged.");
  Demand(
      answer->matches.size() <= request.options.limit && answer->examined >= answer->matches.size(),
      "wrong answer", "A recall found more than was asked for, or than it looked at.");
  const RecallMatch* before = nullptr;
  for (const RecallMatch& match : answer->matches) {
    const bool is_in_order = before == nullptr || before->score > match.score ||
                             (before->score == match.score && before->id < match.id);
    Demand(is_in_order && match.score >= request.options.threshold, "wrong answer",
           "The matches of a recall are out of order, or below the threshold.");
    before = &match;
    const uint16_t key = KeyOf(match.id);
    const std::optional<uint32_t> value =
        key == kKeys ? std::nullopt : ValueShownBy(match, request, key);
    Demand(value != kNoValue, "wrong answer", "A recall gave a score that no memory has.");
    if (died() || value == kNoValue) return;
    std::optional<Memory> witness;
    if (value.has_value()) {
      const AllocationScope scope;
      witness = WitnessOf(key, *value);
    }
    look.Show(match.id, value.has_value() ? CallKind::kGet : CallKind::kContains, match.sequence,
              std::move(witness), /*tells_activation=*/false);
  }
  look.Return("Recall", absl::OkStatus());
}

}  // namespace engram::stress
