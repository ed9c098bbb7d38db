// Claim: two ids with one hash are two memories: storing, changing and removing one of them leaves
// the other as it is, wherever the index holds them.
//
// Method: three pairs of ids with equal 64-bit hashes, six memories in all, under lists of stores,
// removals, activations, checkpoints and reopenings drawn by RapidCheck; after each step all six
// are compared with a map. Checkpoints between put the two of a pair into different layers.
//
// Not covered: more than two ids with one hash; the pairs were found by search and are given.
//
// Requirements: S2, S3.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/colliding_ids.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

std::vector<std::string> Ids() {
  std::vector<std::string> ids;
  for (const model::CollidingIds& pair : model::kCollidingIds) {
    ids.emplace_back(pair.first);
    ids.emplace_back(pair.second);
  }
  return ids;
}

// What tells memories apart here: the access count.
Memory Counted(const std::string& id, uint64_t count) {
  Memory memory;
  memory.id = id;
  memory.embedding = EmbeddingOf(static_cast<uint32_t>(count));
  memory.access_count = count;
  return memory;
}

void ExpectHolds(MemoryStore& store, const std::map<std::string, uint64_t>& expected) {
  RC_ASSERT(store.Count() == expected.size());
  for (const std::string& id : Ids()) {
    const absl::StatusOr<GetResult> got = store.Get(id);
    RC_ASSERT(got.ok());
    const auto found = expected.find(id);
    RC_ASSERT(got->memory.has_value() == (found != expected.end()));
    if (!got->memory) continue;
    RC_ASSERT(got->memory->id == id);
    RC_ASSERT(got->memory->access_count == found->second);
  }
}

// {kind, which id}: 0..3 store, 4 remove, 5 activate, 6 checkpoint, 7 reopen.
using Step = std::pair<int, int>;

RC_GTEST_PROP(CollidingIdsStayApart, WhateverIsDoneToOneOfThem, ()) {
  const auto steps = *rc::gen::container<std::vector<Step>>(
      rc::gen::pair(rc::gen::inRange(0, 8), rc::gen::inRange(0, 6)));
  const std::vector<std::string> ids = Ids();
  TrialStore store;
  std::map<std::string, uint64_t> expected;
  uint64_t count = 0;
  for (const auto& [kind, which] : steps) {
    const std::string& id = ids[static_cast<size_t>(which)];
    const bool present = expected.contains(id);
    if (kind < 4) {
      RC_ASSERT(store->Store(Counted(id, ++count)).ok());
      expected[id] = count;
    } else if (kind == 4) {
      const absl::StatusOr<Sequence> removed = store->Remove(id);
      RC_ASSERT(removed.ok());
      RC_ASSERT((removed->value != 0) == present);
      expected.erase(id);
    } else if (kind == 5) {
      RC_ASSERT(store->UpdateActivation(id, 0.5F).ok() == present);
    } else if (kind == 6) {
      RC_ASSERT(store->Checkpoint().ok());
    } else {
      store.Reopen();
    }
    ExpectHolds(*store, expected);
  }
}

}  // namespace
}  // namespace engram::properties
