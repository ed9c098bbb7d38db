// Claim: a migration moves and changes nothing: a memory is the same bit by bit in every tier, with
// the same sequence, none beside empty content, through there and back again, reopening, rewriting
// of runs, checkpoint and backup; and each memory is in exactly one tier, the one that is told.
//
// Method: RapidCheck draws memories full of extremes and a list of moves, mutations and reopenings;
// after each step every memory is read by Get and by View, and the statistics are recounted.
//
// Not covered: anything beside a migration, and crashes: suites `interleave` and `crash`. Copies in
// RAM of hot memories, of which this store has none: suite `model`, counters_equal_a_recount.cc.
//
// Requirements: D2, T1, T3.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

constexpr int kIds = 6;

std::string IdOf(int number) { return "id " + std::to_string(number); }

struct Known {
  Memory memory;
  Sequence sequence;
  bool is_cold = false;
};
using State = std::map<std::string, Known>;

void ExpectState(MemoryStore& store, const State& state) {
  uint64_t cold = 0;
  for (int i = 0; i < kIds; ++i) {
    const absl::StatusOr<GetResult> got = store.Get(IdOf(i));
    RC_ASSERT(got.ok());
    const auto known = state.find(IdOf(i));
    RC_ASSERT(got->memory.has_value() == (known != state.end()));
    if (known == state.end()) continue;
    const Tier tier = known->second.is_cold ? Tier::kCold : Tier::kWarm;
    RC_ASSERT(model::SameBits(*got->memory, known->second.memory));
    RC_ASSERT(got->sequence == known->second.sequence);
    RC_ASSERT(got->tier == tier);
    bool same = false;
    RC_ASSERT(store
                  .View(IdOf(i),
                        [&](const MemoryView& view) {
                          same = view.tier == tier && view.sequence == known->second.sequence &&
                                 view.content == known->second.memory.content;
                        })
                  .ok());
    RC_ASSERT(same);
    cold += known->second.is_cold ? 1 : 0;
  }
  const Statistics stats = store.Stats();
  RC_ASSERT(stats.memories == state.size());
  RC_ASSERT(stats.memories_cold == cold);
  RC_ASSERT(stats.memories_warm == state.size() - cold);
  RC_ASSERT(stats.cold_rows_live == cold);
}

void ExpectSound(MemoryStore& store) {
  const absl::StatusOr<VerifyReport> report = store.Verify();
  RC_ASSERT(report.ok());
  RC_ASSERT(report->damages.empty());
  RC_ASSERT(report->miscounts.empty());
}

void StoreAny(MemoryStore& store, const std::string& id, State& state) {
  const Memory memory = *AnyMemory(id);
  const absl::StatusOr<Sequence> stored = store.Store(memory);
  RC_ASSERT(stored.ok());
  state[id] = {memory, *stored, false};
}

void MigrateAny(MemoryStore& store, State& state) {
  const auto ids =
      *rc::gen::container<std::vector<std::string>>(rc::gen::map(rc::gen::inRange(0, kIds), IdOf));
  const Tier to = *rc::gen::element(Tier::kCold, Tier::kCold, Tier::kWarm);
  uint64_t moved = 0;
  for (const std::string& id : ids) {
    const auto known = state.find(id);
    if (known == state.end() || known->second.is_cold == (to == Tier::kCold)) continue;
    known->second.is_cold = to == Tier::kCold;
    ++moved;
  }
  const absl::StatusOr<MigrationStats> stats = store.Migrate(ids, to);
  RC_ASSERT(stats.ok());
  RC_ASSERT(stats->moved == moved);
  RC_ASSERT(stats->moved + stats->absent + stats->unchanged == ids.size());
}

void StepOnce(TrialStore& store, State& state) {
  const std::string id = IdOf(*rc::gen::inRange(0, kIds));
  switch (*rc::gen::inRange(0, 10)) {
    case 0:
    case 1:
      return StoreAny(*store, id, state);
    case 2:
      RC_ASSERT(store->Remove(id).ok());
      state.erase(id);
      return;
    case 3: {
      const float activation = *AnyFraction();
      const absl::StatusOr<Sequence> set = store->UpdateActivation(id, activation);
      RC_ASSERT(set.ok() == state.contains(id));
      if (!set.ok()) return;
      Known& known = state[id];
      known.memory.activation = activation;
      known.sequence = *set;
      known.is_cold = false;
      return;
    }
    case 4:
      return store.Reopen();
    case 5:
      RC_ASSERT(store->CompactCold().ok());
      return;
    case 6:
      RC_ASSERT(store->Checkpoint().ok());
      return;
    default:
      return MigrateAny(*store, state);
  }
}

Options WithoutHotTier() {
  Options options = TinyOptions();
  options.hot_capacity_bytes = 0;
  return options;
}

RC_GTEST_PROP(AMigrationMoves, AndChangesNothing, ()) {
  TrialStore store(WithoutHotTier());
  State state;
  for (int i = 0; i < kIds; ++i) StoreAny(*store, IdOf(i), state);
  const int steps = *rc::gen::inRange(1, 12);
  for (int i = 0; i < steps; ++i) {
    StepOnce(store, state);
    ExpectState(*store, state);
  }
  ExpectSound(*store);
  const TrialFile copy;
  RC_ASSERT(store->Backup(copy.path()).ok());
  store.Reopen();
  ExpectState(*store, state);
  ExpectSound(*store);
  auto backup = MemoryStore::Open(copy.path(), WithoutHotTier());
  RC_ASSERT(backup.ok());
  ExpectState(**backup, state);
  ExpectSound(**backup);
}

}  // namespace
}  // namespace engram::properties
