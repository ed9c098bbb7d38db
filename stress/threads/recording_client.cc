// One stamp before and one after each call, nothing between them but the call itself.

#include "stress/threads/recording_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/history_text.h"
#include "model/reference_store.h"
#include "stress/threads/generated_memory.h"
#include "sync/thread.h"

namespace engram::stress {
namespace {

constexpr int kYieldsDuringView = 3;

model::CallOutcome OutcomeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return model::CallOutcome::kOk;
    case absl::StatusCode::kNotFound:
      return model::CallOutcome::kAbsent;
    case absl::StatusCode::kDataLoss:
      return model::CallOutcome::kDamaged;
    default:
      return UnknownOutcomeOf(status) ? model::CallOutcome::kUnknown
                                      : model::CallOutcome::kRejected;
  }
}

}  // namespace

void RecordingClient::Store(const Memory& memory) {
  model::Call& call = Begin(model::CallKind::kStore, memory.id);
  call.argument = memory;
  const absl::StatusOr<Sequence> result = store_.Store(memory);
  EndMutation(call, result, MutationKind::kStore);
}

void RecordingClient::Remove(std::string_view id) {
  model::Call& call = Begin(model::CallKind::kRemove, id);
  const absl::StatusOr<Sequence> result = store_.Remove(id);
  EndMutation(call, result, MutationKind::kRemove);
}

void RecordingClient::UpdateActivation(std::string_view id, float activation) {
  model::Call& call = Begin(model::CallKind::kUpdateActivation, id);
  call.argument.activation = activation;
  const absl::StatusOr<Sequence> result = store_.UpdateActivation(id, activation);
  EndMutation(call, result, MutationKind::kUpdateActivation);
}

void RecordingClient::Get(std::string_view id) {
  model::Call& call = Begin(model::CallKind::kGet, id);
  absl::StatusOr<GetResult> result = store_.Get(id);
  End(call, result.status());
  if (!result.ok()) return;
  call.sequence = result->sequence;
  if (!result->memory) call.outcome = model::CallOutcome::kAbsent;
  call.result = std::move(result->memory);
}

void RecordingClient::View(std::string_view id) {
  model::Call& call = Begin(model::CallKind::kGet, id);
  const absl::StatusOr<Presence> result = store_.View(id, [&](const MemoryView& view) {
    call.result = view.Copy();
    for (int i = 0; i < kYieldsDuringView; ++i) sync::Yield();
    (void)store_.Contains(id);  // a callback may call the store
    const Memory again = view.Copy();
    if (!model::SameBits(*call.result, again)) {
      Complain(absl::StrCat("a view changed while it was looked at: ",
                            model::Differences(again, *call.result)));
    }
    call.sequence = view.sequence;
  });
  End(call, result.status());
  if (!result.ok()) return;
  if (result->present != call.result.has_value()) {
    Complain(absl::StrCat(model::Told(call), ": present is ", result->present,
                          ", the callback ran ", call.result ? "once" : "never"));
  }
  if (result->present && call.sequence != result->sequence) {
    Complain(absl::StrCat(model::Told(call), " returned sequence ", result->sequence.value));
  }
  call.sequence = result->sequence;
  if (!result->present) call.outcome = model::CallOutcome::kAbsent;
}

void RecordingClient::Contains(std::string_view id) {
  model::Call& call = Begin(model::CallKind::kContains, id);
  const absl::StatusOr<Presence> result = store_.Contains(id);
  End(call, result.status());
  if (!result.ok()) return;
  call.sequence = result->sequence;
  if (!result->present) call.outcome = model::CallOutcome::kAbsent;
}

void RecordingClient::Iterate(uint32_t ids) {
  const uint64_t since = witness_.Stamp();
  uint64_t looked = since;
  std::set<std::string> shown;
  const absl::Status status = store_.Iterate(std::nullopt, [&](const IterationItem& item) {
    if (!item.status.ok()) {
      Complain(absl::StrCat("Iterate: ", item.status.ToString()));
      return false;
    }
    if (!shown.emplace(item.id).second) Complain("Iterate met a memory twice");
    Memory memory = item.view->Copy();
    sync::Yield();
    if (!model::SameBits(memory, item.view->Copy())) {
      Complain("a memory changed while an iteration showed it");
    }
    Shown(item.id, item.view->sequence, std::move(memory), looked);
    looked = witness_.Stamp();
    return true;
  });
  EndLook("Iterate", status, ids, since, shown);
}

void RecordingClient::List(uint32_t ids, size_t limit) {
  const uint64_t since = witness_.Stamp();
  std::set<std::string> shown;
  std::string cursor;
  absl::Status status;
  do {
    const uint64_t looked = witness_.Stamp();
    absl::StatusOr<Page> page = store_.List(cursor, limit, std::nullopt);
    status = page.status();
    if (!page.ok()) break;
    for (PageItem& item : page->items) {
      if (!item.status.ok()) Complain(absl::StrCat("List: ", item.status.ToString()));
      const std::string id = item.memory.id;
      if (!shown.insert(id).second) Complain("List showed a memory twice");
      Shown(id, item.sequence, std::move(item.memory), looked);
    }
    cursor = page->cursor;
  } while (!cursor.empty());
  EndLook("List", status, ids, since, shown);
}

void RecordingClient::Recall(uint32_t ids, const Memory& like) {
  const uint64_t since = witness_.Stamp();
  std::set<std::string> shown;
  const absl::StatusOr<RecallResult> result =
      store_.Recall(like.embedding, {.limit = kRecallLimitMax});
  if (result.ok()) {
    if (!result->damaged.empty()) Complain("Recall: " + result->damaged[0].explanation);
    for (const RecallMatch& match : result->matches) {
      if (!shown.insert(match.id).second) Complain("Recall found a memory twice");
      Shown(match.id, match.sequence, std::nullopt, since);
    }
  }
  EndLook("Recall", result.status(), ids, since, shown);
}

void RecordingClient::Shown(std::string_view id, Sequence sequence, std::optional<Memory> memory,
                            uint64_t since) {
  model::Call& call =
      Begin(memory ? model::CallKind::kGet : model::CallKind::kContains, std::string(id));
  call.returned_at = call.invoked_at;
  call.invoked_at = since;
  call.outcome = model::CallOutcome::kOk;
  call.sequence = sequence;
  call.result = std::move(memory);
}

void RecordingClient::EndLook(std::string_view call, const absl::Status& status, uint32_t ids,
                              uint64_t since, const std::set<std::string>& shown) {
  const uint64_t returned_at = witness_.Stamp();
  if (!status.ok()) {
    return Complain(absl::StrCat(std::string(call), ": ", status.ToString()));
  }
  for (uint32_t i = 0; i < ids; ++i) {
    const std::string id = IdOf(i);
    if (shown.contains(id)) continue;
    model::Call& absent = Begin(model::CallKind::kGet, id);
    absent.invoked_at = since;
    absent.returned_at = returned_at;
    absent.outcome = model::CallOutcome::kAbsent;
  }
}

void RecordingClient::Sync() {
  model::Call& call = Begin(model::CallKind::kSync, "");
  const absl::Status status = store_.Sync();
  End(call, status);
}

void RecordingClient::Checkpoint() {
  model::Call& call = Begin(model::CallKind::kSync, "");
  const absl::Status status = store_.Checkpoint();
  call.returned_at = witness_.Stamp();
  call.outcome = OutcomeOf(status);
  if (!status.ok() && status.code() != absl::StatusCode::kAborted) {
    Complain(absl::StrCat("Checkpoint: ", status.ToString()));
  }
}

model::Call& RecordingClient::Begin(model::CallKind kind, std::string_view id) {
  model::Call& call = calls_.emplace_back();
  call.kind = kind;
  call.operation = static_cast<uint16_t>(calls_.size());
  call.client = number_;
  call.argument.id = id;
  call.invoked_at = witness_.Stamp();
  return call;
}

void RecordingClient::End(model::Call& call, const absl::Status& status) {
  call.returned_at = witness_.Stamp();
  call.outcome = OutcomeOf(status);
  if (!status.ok() && call.outcome != model::CallOutcome::kAbsent) {
    Complain(absl::StrCat(model::Told(call), ": ", status.ToString()));
  }
}

void RecordingClient::EndMutation(model::Call& call, const absl::StatusOr<Sequence>& result,
                                  MutationKind kind) {
  call.returned_at = witness_.Stamp();
  call.outcome = OutcomeOf(result.status());
  if (result.ok()) {
    call.sequence = *result;
    if (result->value == 0) call.outcome = model::CallOutcome::kAbsent;
  } else if (const auto unknown = UnknownOutcomeOf(result.status())) {
    call.sequence = *unknown;
  }
  const bool is_invalid =
      call.kind == model::CallKind::kStore && !model::ReferenceStore::Check(call.argument, {}).ok();
  const bool was_refused = absl::IsInvalidArgument(result.status());
  if (is_invalid != was_refused ||
      (!result.ok() && !was_refused && !absl::IsNotFound(result.status()))) {
    Complain(absl::StrCat(model::Told(call), ": ", result.status().ToString()));
  }
  CheckAssignments(call, kind);
}

void RecordingClient::CheckAssignments(const model::Call& call, MutationKind kind) {
  const std::vector<Witness::Assignment> told = Witness::TakeAssignments();
  const size_t expected = call.sequence.value == 0 ? 0 : 1;
  if (told.size() != expected) {
    Complain(absl::StrCat(model::Told(call), ": the listener was told ", told.size(),
                          " sequences instead of ", expected));
  } else if (expected == 1 && (told[0].kind != kind || told[0].id != call.argument.id ||
                               told[0].sequence != call.sequence)) {
    Complain(absl::StrCat(model::Told(call), ": the listener was told of sequence ",
                          told[0].sequence.value, " of ", model::Quoted(told[0].id)));
  }
}

void RecordingClient::Complain(const std::string& what) {
  if (!complaint_) complaint_ = absl::StrCat("client ", number_, ": ", what);
}

}  // namespace engram::stress
