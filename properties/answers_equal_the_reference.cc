// Claim: every answer of a store is the reference model's, through syncs, checkpoints, backups,
// verifications and reopenings.
//
// Method: RapidCheck draws lists of operations over a few ids, two of which share a hash, and does
// each on a store on a real file and on the reference; an operation that makes no sense is one that
// both refuse. In the end every memory is compared bit by bit, before and after reopening. A
// failing list shrinks.
//
// Not covered: more than one thread, crashes, faults (properties/explored/); what a reference has
// no notion of, such as statistics of the file.
//
// Requirements: S1, S2, S3, D2, H2.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "model/colliding_ids.h"
#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

using model::ReferenceStore;

enum class Verb : uint8_t {
  kStore,
  kRemove,
  kActivate,
  kGet,
  kContains,
  kSync,
  kCheckpoint,
  kReopen,
  kVerify,
  kBackup,
};
constexpr const char* kVerbNames[] = {"store", "remove",     "activate", "get",    "contains",
                                      "sync",  "checkpoint", "reopen",   "verify", "backup"};

struct Step {
  Verb verb = Verb::kStore;
  Memory memory;  // its id, and of kActivate its activation, are what the others use
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  out << kVerbNames[static_cast<int>(step.verb)] << " ";
  if (step.verb == Verb::kStore) {
    showValue(step.memory, out);
  } else if (step.verb < Verb::kSync) {
    out << step.memory.id << " " << step.memory.activation;
  }
  return out;
}

rc::Gen<Step> AnyStep() {
  const auto verb = rc::gen::weightedElement<Verb>({{8, Verb::kStore},
                                                    {3, Verb::kRemove},
                                                    {3, Verb::kActivate},
                                                    {4, Verb::kGet},
                                                    {1, Verb::kContains},
                                                    {1, Verb::kSync},
                                                    {1, Verb::kCheckpoint},
                                                    {1, Verb::kReopen},
                                                    {1, Verb::kVerify},
                                                    {1, Verb::kBackup}});
  const auto id = rc::gen::element<std::string>("a", std::string(model::kCollidingIds[0].first),
                                                std::string(model::kCollidingIds[0].second), "d");
  const auto memory =
      rc::gen::mapcat(id, [](const std::string& drawn) { return AnyMemory(drawn); });
  return rc::gen::build<Step>(rc::gen::set(&Step::verb, verb), rc::gen::set(&Step::memory, memory));
}

void ExpectSame(const absl::StatusOr<GetResult>& got, const ReferenceStore::Version* expected) {
  RC_ASSERT(got.ok());
  RC_ASSERT(got->memory.has_value() == (expected != nullptr));
  if (expected == nullptr) return;
  RC_ASSERT(got->sequence == expected->sequence);
  RC_ASSERT(model::SameBits(*got->memory, expected->memory));
}

void ExpectSameState(MemoryStore& store, const ReferenceStore& reference) {
  RC_ASSERT(store.Count() == reference.Count());
  for (const auto& [id, version] : reference.memories()) ExpectSame(store.Get(id), &version);
}

// A mutation of both, the reference's with the sequence that the store took.
template <typename Mutate>
void ExpectSameAnswer(const absl::StatusOr<Sequence>& answer, const Mutate& mutate) {
  const absl::StatusOr<Sequence> expected = mutate(answer.ok() ? *answer : Sequence{});
  RC_ASSERT(answer.status().code() == expected.status().code());
  if (answer.ok()) RC_ASSERT((answer->value == 0) == (expected->value == 0));
}

void ExpectBackup(MemoryStore& store, const ReferenceStore& reference) {
  const TrialFile copy;
  RC_ASSERT(store.Backup(copy.path()).ok());
  auto backup = MemoryStore::Open(copy.path(), TinyOptions());
  RC_ASSERT(backup.ok());
  ExpectSameState(**backup, reference);
}

void Do(const Step& step, TrialStore& store, ReferenceStore& reference) {
  const Memory& memory = step.memory;
  switch (step.verb) {
    case Verb::kStore:
      return ExpectSameAnswer(store->Store(memory),
                              [&](Sequence at) { return reference.Store(memory, at); });
    case Verb::kRemove:
      return ExpectSameAnswer(store->Remove(memory.id),
                              [&](Sequence at) { return reference.Remove(memory.id, at); });
    case Verb::kActivate:
      return ExpectSameAnswer(store->UpdateActivation(memory.id, memory.activation),
                              [&](Sequence at) {
                                return reference.UpdateActivation(memory.id, memory.activation, at);
                              });
    case Verb::kGet:
      return ExpectSame(store->Get(memory.id), *reference.Get(memory.id));
    case Verb::kContains:
      RC_ASSERT(store->Contains(memory.id)->present == *reference.Contains(memory.id));
      return;
    case Verb::kSync:
      RC_ASSERT(store->Sync().ok());
      return;
    case Verb::kCheckpoint:
      RC_ASSERT(store->Checkpoint().ok());
      return;
    case Verb::kReopen:
      store.Reopen();
      return ExpectSameState(*store, reference);
    case Verb::kVerify:
      RC_ASSERT(store->Verify()->sound());
      return;
    case Verb::kBackup:
      return ExpectBackup(*store, reference);
  }
}

RC_GTEST_PROP(AnswersEqualTheReference, WhateverIsDone, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(AnyStep());
  TrialStore store;
  ReferenceStore reference;
  for (const Step& step : steps) Do(step, store, reference);
  ExpectSameState(*store, reference);
  store.Reopen();
  ExpectSameState(*store, reference);
  RC_ASSERT(store->Verify()->sound());
}

}  // namespace
}  // namespace engram::properties
