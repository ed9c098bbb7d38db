// One stamp before and one after each call, nothing between them but the call itself.

#include "stress/threads/recording_client.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/history_text.h"
#include "model/reference_store.h"
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
