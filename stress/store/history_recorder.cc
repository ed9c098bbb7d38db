// Calls, steps of invocations and returns, and sequences as they are assigned.

#include "stress/store/history_recorder.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "model/world/allocation_faults.h"
#include "model/world/state_hash.h"

namespace engram::stress {
namespace {

using model::Call;
using model::CallKind;

bool IsRead(CallKind kind) { return kind == CallKind::kGet || kind == CallKind::kContains; }

// Whether the oracle looks at a call that has not returned: not if nothing was assigned to it.
bool Counts(const Call& call) {
  if (call.outcome != model::CallOutcome::kPending) return true;
  return !IsRead(call.kind) && call.sequence.value != 0;
}

uint64_t HashOfText(const std::string& text) { return Checksum(std::as_bytes(std::span(text)), 0); }

// All that a call tells but its stamps and who made it, which only texts for people show.
uint64_t HashOfCall(const Call& call) {
  world::StateHash hash;
  hash.Add(static_cast<uint64_t>(call.kind) << 8 | static_cast<uint64_t>(call.outcome));
  hash.Add(HashOfText(call.argument.id));
  if (call.argument.content.has_value()) hash.Add(HashOf(call.argument));
  hash.Add(std::bit_cast<uint32_t>(call.argument.activation));
  hash.Add(call.sequence.value);
  hash.Add(call.tells_activation ? 1 : 0);
  hash.Add(call.result.has_value() ? HashOf(*call.result) : 0);
  if (call.result.has_value()) hash.Add(HashOfText(call.result->id));
  return hash.value();
}

// Names the returns of a client's calls; far from the objects that threads create.
sync::ObjectId ReturnsOf(uint8_t client) { return sync::ObjectId{0xFFFFFF00U + client}; }

CallKind KindOf(MutationKind kind) {
  switch (kind) {
    case MutationKind::kStore:
      return CallKind::kStore;
    case MutationKind::kRemove:
      return CallKind::kRemove;
    case MutationKind::kUpdateActivation:
      break;
  }
  return CallKind::kUpdateActivation;
}

bool IsThread(uint8_t client) { return client >= kFirst && client <= kSyncer; }

}  // namespace

void HistoryRecorder::BeginEra(std::optional<model::RecoveredState> recovered) {
  const world::AllocationScope scope;
  eras_.emplace_back().recovered = std::move(recovered);
  calls_of_thread_.fill(nullptr);
}

Call& HistoryRecorder::Invoke(const world::Operation& operation, CallKind kind) {
  TakeInvocationStep(operation.client);
  const world::AllocationScope scope;
  Call& call = eras_.back().calls[operation.client].emplace_back();
  call.kind = kind;
  call.operation = operation.id;
  call.client = operation.client;
  if (kind == CallKind::kStore) {
    call.argument = WitnessOf(operation.key, operation.value);
  } else if (kind != CallKind::kSync) {
    call.argument.id = IdOf(operation.key);
    if (kind == CallKind::kUpdateActivation) {
      call.argument.activation = ActivationOf(operation.value);
    }
  }
  call.invoked_at = world_.Now();
  calls_of_thread_[world_.scheduler().CurrentThread()] = &call;
  return call;
}

void HistoryRecorder::Return(Call& call) {
  calls_of_thread_[world_.scheduler().CurrentThread()] = nullptr;
  call.returned_at = world_.Now();
  world_.Observe(static_cast<uint64_t>(call.outcome));
  world_.Observe(call.sequence.value);
  if (call.result.has_value()) world_.Observe(HashOf(*call.result));
  TakeReturnStep(call.client);
}

void HistoryRecorder::Note(const Call& call) {
  const world::AllocationScope scope;
  eras_.back().calls[call.client].push_back(call);
}

uint64_t HistoryRecorder::BeginLook(Client client) {
  TakeInvocationStep(client);
  return world_.Now();
}

uint64_t HistoryRecorder::EndLook(Client client) {
  const uint64_t now = world_.Now();
  TakeReturnStep(client);
  return now;
}

void HistoryRecorder::OnSequenceAssigned(MutationKind kind, std::string_view id,
                                         Sequence sequence) {
  if (world_.winding_down()) return;
  Call* const call = calls_of_thread_[world_.scheduler().CurrentThread()];
  if (call == nullptr || call->kind != KindOf(kind) || call->argument.id != id) {
    world_.Fail("wrong event", "OnSequenceAssigned named a mutation that its thread is not in.");
    return;
  }
  if (call->sequence.value != 0) {
    world_.Fail("wrong event",
                absl::StrCat("A mutation was assigned sequence ", call->sequence.value,
                             " and then sequence ", sequence.value, "."));
    return;
  }
  call->sequence = sequence;
  Throw();
}

void HistoryRecorder::OnDurable(Sequence) { Throw(); }

bool HistoryRecorder::OnCompactionProgress(uint64_t, uint64_t) {
  AwaitClients();
  if (listener_throws_) Throw();
  return !stops_compactions_;
}

bool HistoryRecorder::OnMigrationProgress(uint64_t) {
  AwaitClients();
  if (listener_throws_) Throw();
  return true;
}

void HistoryRecorder::OnSpan(const Span&) { Throw(); }

void HistoryRecorder::StallFor(int clients) {
  const sync::MutexLock lock(mutex_);
  clients_awaited_ = clients;
}

void HistoryRecorder::ClientEnded() {
  const sync::MutexLock lock(mutex_);
  --clients_awaited_;
  client_ended_.NotifyAll();
}

void HistoryRecorder::AwaitClients() {
  const sync::MutexLock lock(mutex_);
  while (clients_awaited_ > 0) client_ended_.Wait(mutex_);
}

void HistoryRecorder::Throw() const {
  struct ThrownByListener {};
  if (listener_throws_) throw ThrownByListener();
}

// Real time is a matter of which returns come before which invocations: stamps become the number of
// times that the one kind has followed upon the other.
uint64_t HistoryRecorder::Knowledge() const {
  std::vector<std::pair<uint64_t, bool>> moments;  // doubled stamps: a return comes first
  const auto began = [](const Call& call) { return 2 * call.invoked_at + 1; };
  const auto ended = [&](const Call& call) {
    return call.outcome == model::CallOutcome::kPending
               ? UINT64_MAX
               : std::max(2 * call.returned_at, began(call) + 1);
  };
  const auto for_each_call = [&](const Era& era, const auto& look) {
    for (const std::deque<Call>& calls : era.calls) {
      for (const Call& call : calls) {
        if (Counts(call)) look(call);
      }
    }
  };
  for (const Era& era : eras_) {
    for_each_call(era, [&](const Call& call) {
      moments.emplace_back(began(call), true);
      moments.emplace_back(ended(call), false);
    });
  }
  std::sort(moments.begin(), moments.end());
  std::vector<uint64_t> turns(moments.size(), 0);  // parallel to moments
  for (size_t i = 1; i < moments.size(); ++i) {
    turns[i] = turns[i - 1] + (moments[i].second != moments[i - 1].second ? 1 : 0);
  }
  const auto turn_of = [&](uint64_t moment, bool begins) {
    const auto at = std::lower_bound(moments.begin(), moments.end(), std::pair(moment, begins));
    return turns[static_cast<size_t>(at - moments.begin())];
  };
  world::StateHash knowledge;
  for (const Era& era : eras_) {
    uint64_t sum = 0;
    for_each_call(era, [&](const Call& call) {
      world::StateHash hash;
      hash.Add(HashOfCall(call));
      hash.Add(turn_of(began(call), true));
      hash.Add(turn_of(ended(call), false));
      sum += hash.value();
    });
    knowledge.Add(sum);
    knowledge.Add(era.recovered.has_value() ? 1 : 0);
    if (!era.recovered.has_value()) continue;
    for (const Memory& memory : era.recovered->memories) {
      knowledge.Add(HashOfText(memory.id));
      knowledge.Add(HashOf(memory));
    }
  }
  return knowledge.value();
}

model::History HistoryRecorder::TakeHistory() {
  model::History history;
  for (Era& era : eras_) {
    model::History::Era& merged = history.eras.emplace_back();
    merged.recovered = std::move(era.recovered);
    for (std::deque<Call>& calls : era.calls) {
      merged.calls.insert(merged.calls.end(), std::make_move_iterator(calls.begin()),
                          std::make_move_iterator(calls.end()));
    }
  }
  eras_.clear();
  return history;
}

// Looks at the returns of the other threads; those of the main thread are ordered anyhow.
void HistoryRecorder::TakeInvocationStep(uint8_t client) {
  if (!IsThread(client)) return;
  world::Step step;
  step.kind = world::StepKind::kAcknowledge;
  step.object = ReturnsOf(client == kFirst ? kSecond : kFirst);
  step.access = world::Access::kRead;
  step.second = ReturnsOf(client >= kThird ? kSecond : kThird);
  step.second_access = world::Access::kRead;
  world_.scheduler().TakeStep(step);
}

void HistoryRecorder::TakeReturnStep(uint8_t client) {
  if (!IsThread(client)) return;
  world::Step step;
  step.kind = world::StepKind::kAcknowledge;
  step.object = ReturnsOf(client);
  step.access = world::Access::kWrite;
  world_.scheduler().TakeStep(step);
}

}  // namespace engram::stress
