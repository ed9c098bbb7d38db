// Claim: an iteration meets each memory that is there throughout exactly once, and any other at
// most once, whatever its callback does to the store and wherever the index holds what it meets;
// pages do, too, whatever happens between them, in one order, and a cursor outlives reopening.
//
// Method: RapidCheck draws a store - memories with three pairs of equal hashes among them, some
// stored before a checkpoint, some after it, some replaced, some removed - and what is done while
// it is walked: stores of new ids, replacements, removals, activations, checkpoints, compactions,
// and for pages reopenings. What is met is compared with a map that is changed alike. Memory that
// is met must be what the map holds at that moment.
//
// Not covered: mutations by other threads (suite `interleave`), damage (suite `damage`), other
// tiers than the one that there is.
//
// Requirements: S4, T1.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/colliding_ids.h"
#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

constexpr uint32_t kIds = 24;

// The first six have three hashes.
std::string IdOf(uint32_t which) {
  if (which >= 6) return "id " + std::to_string(which);
  const model::CollidingIds& pair = model::kCollidingIds[which / 2];
  return std::string(which % 2 == 0 ? pair.first : pair.second);
}

// {kind, which id}: 0..3 store, 4, 5 remove, 6 activate, 7 checkpoint, 8 compact; 9 reopen.
using Step = std::pair<int, uint32_t>;

rc::Gen<std::vector<Step>> Steps(int kinds) {
  return rc::gen::container<std::vector<Step>>(
      rc::gen::pair(rc::gen::inRange(0, kinds), rc::gen::inRange<uint32_t>(0, kIds)));
}

class Walked {
 public:
  void Do(const Step& step) {
    const auto& [kind, which] = step;
    const std::string id = IdOf(which);
    if (kind < 4) {
      Memory memory;
      memory.id = id;
      memory.access_count = ++stored_;
      memory.embedding = EmbeddingOf(static_cast<uint32_t>(stored_));
      RC_ASSERT(store_->Store(memory).ok());
      reference_.Store(memory).IgnoreError();
    } else if (kind < 6) {
      RC_ASSERT(store_->Remove(id).ok());
      reference_.Remove(id).IgnoreError();
      stayed_.erase(id);
    } else if (kind == 6) {
      const bool present = store_->UpdateActivation(id, 0.25F).ok();
      RC_ASSERT(present == reference_.UpdateActivation(id, 0.25F).ok());
    } else if (kind == 7) {
      RC_ASSERT(store_->Checkpoint().ok());
    } else if (kind == 8) {
      RC_ASSERT(store_->CompactContent(/*force=*/true).ok());
    } else {
      store_.Reopen();
    }
  }

  void Begin() {
    for (const auto& [id, version] : reference_.memories()) stayed_.insert(id);
  }
  void Meet(const absl::Status& status, std::string_view id, const Memory& memory) {
    RC_ASSERT(status.ok());
    RC_ASSERT(met_.insert(std::string(id)).second);
    const auto* const expected = *reference_.Get(id);
    RC_ASSERT(expected != nullptr);
    RC_ASSERT(model::SameBits(memory, expected->memory));
  }
  void End() const {
    for (const std::string& id : stayed_) RC_ASSERT(met_.contains(id));
  }

  TrialStore& store() { return store_; }

 private:
  TrialStore store_;
  model::ReferenceStore reference_;
  uint64_t stored_ = 0;
  std::set<std::string> stayed_;  // since Begin
  std::set<std::string> met_;
};

RC_GTEST_PROP(IterationMeetsEachMemoryOnce, WhateverItsCallbackDoes, ()) {
  Walked walked;
  for (const Step& step : *Steps(9)) walked.Do(step);
  const auto inside = *Steps(9);
  walked.Begin();
  size_t next = 0;
  RC_ASSERT(walked.store()
                ->Iterate(std::nullopt,
                          [&](const IterationItem& item) {
                            walked.Meet(item.status, item.id, item.view->Copy());
                            for (int i = 0; i < 3 && next < inside.size(); ++i) {
                              walked.Do(inside[next++]);
                            }
                            return true;
                          })
                .ok());
  walked.End();
}

RC_GTEST_PROP(IterationMeetsEachMemoryOnce, WhateverHappensBetweenPages, ()) {
  Walked walked;
  for (const Step& step : *Steps(10)) walked.Do(step);
  const auto between = *Steps(10);
  const size_t limit = *rc::gen::inRange<size_t>(1, 5);
  walked.Begin();
  size_t next = 0;
  std::string cursor;
  std::pair<uint64_t, std::string> last;
  do {
    const absl::StatusOr<Page> page = walked.store()->List(cursor, limit, std::nullopt);
    RC_ASSERT(page.ok());
    RC_ASSERT(page->items.size() <= limit);
    for (const PageItem& item : page->items) {
      walked.Meet(item.status, item.memory.id, item.memory);
      const std::pair<uint64_t, std::string> here(item.id_hash, item.memory.id);
      RC_ASSERT(last < here);
      last = here;
    }
    for (int i = 0; i < 3 && next < between.size(); ++i) walked.Do(between[next++]);
    cursor = page->cursor;
  } while (!cursor.empty());
  walked.End();
}

// As many as are met are stored meanwhile, each under a new id: it ends all the same.
TEST(IterationMeetsEachMemoryOnce, AndEndsAlthoughItsCallbackStores) {
  TrialStore store;
  Memory memory;
  memory.embedding = EmbeddingOf(1);
  for (int i = 0; i < 100; ++i) {
    memory.id = "first " + std::to_string(i);
    ASSERT_TRUE(store->Store(memory).ok());
  }
  int met = 0;
  ASSERT_TRUE(store
                  ->Iterate(std::nullopt,
                            [&](const IterationItem&) {
                              memory.id = "more " + std::to_string(++met);
                              EXPECT_TRUE(store->Store(memory).ok());
                              return true;
                            })
                  .ok());
  EXPECT_GE(met, 100);
  EXPECT_EQ(store->Count(), 100u + static_cast<uint64_t>(met));
}

TEST(IterationMeetsEachMemoryOnce, AndItsCallbackCannotCloseTheStore) {
  TrialStore store;
  Memory memory;
  memory.id = "only";
  memory.embedding = EmbeddingOf(1);
  ASSERT_TRUE(store->Store(memory).ok());
  int met = 0;
  ASSERT_TRUE(store
                  ->Iterate(std::nullopt,
                            [&](const IterationItem& item) {
                              ++met;
                              EXPECT_TRUE(absl::IsFailedPrecondition(store->Close()));
                              EXPECT_EQ(item.view->id, "only");
                              return true;
                            })
                  .ok());
  EXPECT_EQ(met, 1);
}

RC_GTEST_PROP(IterationMeetsEachMemoryOnce, AndRefusesCursorsThatItDidNotGiveOut,
              (const std::string& text)) {
  TrialStore store;
  Memory memory;
  memory.embedding = EmbeddingOf(1);
  for (const char* id : {"a", "b"}) {
    memory.id = id;
    RC_ASSERT(store->Store(memory).ok());
  }
  RC_PRE(!text.empty());
  RC_ASSERT(absl::IsInvalidArgument(store->List(text, 10, std::nullopt).status()));
  std::string cursor = store->List("", 1, std::nullopt)->cursor;
  RC_ASSERT(!cursor.empty());
  const auto at = *rc::gen::inRange<size_t>(0, cursor.size());
  cursor[at] = cursor[at] == 'A' ? 'B' : 'A';
  RC_ASSERT(absl::IsInvalidArgument(store->List(cursor, 10, std::nullopt).status()));
}

}  // namespace
}  // namespace engram::properties
