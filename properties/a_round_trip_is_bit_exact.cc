// Claim: what is read is what was stored, bit by bit in every field: zeros of both signs,
// denormals, the extremes of every integer, no content beside empty content.
//
// Method: RapidCheck draws memories full of extremes; each is read by Get and by View from the
// log's buffer, after a checkpoint, after reopening, and from a backup.
//
// Not covered: tiers other than warm: `a_migration_moves`.
//
// Requirements: D1, D2.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

void ExpectHolds(MemoryStore& store, const std::vector<Memory>& memories) {
  for (const Memory& memory : memories) {
    const absl::StatusOr<GetResult> got = store.Get(memory.id);
    RC_ASSERT(got.ok());
    RC_ASSERT(got->memory.has_value());
    RC_ASSERT(model::SameBits(*got->memory, memory));
    Memory viewed;
    RC_ASSERT(store.View(memory.id, [&](const MemoryView& view) { viewed = view.Copy(); }).ok());
    RC_ASSERT(model::SameBits(viewed, memory));
  }
}

RC_GTEST_PROP(ARoundTripIsBitExact, WhereverTheMemoryIs, ()) {
  std::vector<Memory> memories;
  const int count = *rc::gen::inRange(1, 8);
  for (int i = 0; i < count; ++i) memories.push_back(*AnyMemory("id " + std::to_string(i)));
  TrialStore store;
  for (const Memory& memory : memories) RC_ASSERT(store->Store(memory).ok());
  ExpectHolds(*store, memories);
  RC_ASSERT(store->Checkpoint().ok());
  ExpectHolds(*store, memories);
  const TrialFile copy;
  RC_ASSERT(store->Backup(copy.path()).ok());
  store.Reopen();
  ExpectHolds(*store, memories);
  auto backup = MemoryStore::Open(copy.path(), TinyOptions());
  RC_ASSERT(backup.ok());
  ExpectHolds(**backup, memories);
}

// A new activation is the only field that changes.
RC_GTEST_PROP(ARoundTripIsBitExact, AlsoWhenAnActivationIsSet, ()) {
  Memory memory = *AnyMemory("a");
  TrialStore store;
  RC_ASSERT(store->Store(memory).ok());
  memory.activation = *AnyFraction();
  RC_ASSERT(store->UpdateActivation("a", memory.activation).ok());
  ExpectHolds(*store, {memory});
  store.Reopen();
  ExpectHolds(*store, {memory});
}

}  // namespace
}  // namespace engram::properties
