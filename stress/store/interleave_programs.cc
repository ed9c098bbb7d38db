// Generating operations of several clients, for the suite `interleave`, and the bounds of its
// programs.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stress/store/operations.h"
#include "stress/store/store_program_parts.h"
#include "stress/store/store_programs.h"
#include "stress/store/store_scenario.h"

namespace engram::stress {
namespace {

using world::Operation;
using world::Random;

Operations GenerateInterleave(uint64_t seed) {
  Random random(seed, kOperationStream);
  OperationMix mix(random);
  mix.set_largest(Content::kSmallBlob);
  Operations operations;
  const uint32_t before = random.Below(3);
  for (uint32_t i = 0; i < before; ++i) operations.push_back(mix.NextMutation(kBefore));
  // A log begins anew, so that what came before can be compacted.
  if (random.OneIn(3)) operations.push_back(MakeOperation(kBefore, Verb::kReopen));
  if (random.OneIn(3)) operations.push_back(mix.Of(kBefore, Verb::kMigrate));
  for (const Client client : {kFirst, kSecond, kThird}) {
    for (int i = 0; i < 2; ++i) operations.push_back(mix.Next(client));
  }
  if (random.OneIn(2)) {
    operations.push_back(MakeOperation(kSyncer, random.OneIn(4) ? Verb::kCheckpoint : Verb::kSync));
  } else if (random.OneIn(2)) {
    operations.push_back(mix.Of(kSyncer, random.OneIn(3) ? Verb::kMaintain : Verb::kCompact));
  } else {
    operations.push_back(mix.Of(kSyncer, random.OneIn(4) ? Verb::kCompactCold : Verb::kMigrate));
  }
  operations.push_back(mix.Next(kAfterCrash));
  if (random.OneIn(2)) operations.push_back(mix.NextMutation(kAfterCrash));
  if (random.OneIn(8)) operations.push_back(MakeOperation(kAfterCrash, Verb::kVerify));
  if (random.OneIn(16)) operations.push_back(MakeOperation(kAfterCrash, Verb::kReopen));
  if (random.OneIn(16)) operations.push_back(MakeOperation(kAfter, Verb::kReopen));
  if (random.OneIn(16)) operations.push_back(MakeOperation(kAfter, Verb::kVerify));
  return Numbered(std::move(operations));
}

// A compaction that has something to move and to give back, beside readers and writers of it.
Operations GenerateCompacting(uint64_t seed) {
  Random random(seed, kOperationStream);
  OperationMix mix(random);
  mix.set_largest(Content::kSmallBlob);
  Operations operations;
  const auto extents = static_cast<uint16_t>(1 + random.Below(3));
  for (uint16_t key = 0; key < extents; ++key) {
    operations.push_back(
        MakeOperation(kBefore, Verb::kStore, key, static_cast<uint32_t>(Content::kShort)));
    operations.push_back(MakeOperation(kBefore, Verb::kReopen));
  }
  for (const Client client : {kFirst, kSecond}) {
    const auto key = static_cast<uint16_t>(random.Below(extents));
    operations.push_back(random.OneIn(2) ? MakeOperation(client, Verb::kGet, key)
                                         : mix.Next(client));
    operations.push_back(mix.Next(client));
  }
  operations.push_back(
      MakeOperation(kThird, Verb::kCompact, 0, static_cast<uint32_t>(Compacting::kForced)));
  return Numbered(std::move(operations));
}

// A reader inside of a memory while its room is released and used again; somebody else comes and
// goes meanwhile.
Operations GenerateReusing(uint64_t seed) {
  Random random(seed, kOperationStream);
  OperationMix mix(random);
  mix.set_largest(Content::kSmallBlob);
  constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
  Operations operations = {MakeOperation(kBefore, Verb::kStore, 0, kShort)};
  if (random.OneIn(3)) operations.push_back(mix.Of(kBefore, Verb::kMigrate));
  if (random.OneIn(2)) operations.push_back(MakeOperation(kBefore, Verb::kSync));
  operations.push_back(MakeOperation(kFirst, random.OneIn(2) ? Verb::kGet : Verb::kView));
  operations.push_back(MakeOperation(kSecond, random.OneIn(3) ? Verb::kRemove : Verb::kStore, 0,
                                     static_cast<uint32_t>(Content::kOther)));
  operations.push_back(MakeOperation(kSecond, random.OneIn(3) ? Verb::kCheckpoint : Verb::kSync));
  operations.push_back(random.OneIn(3) ? mix.Of(kSecond, Verb::kMigrate) : mix.Store(kSecond));
  operations.push_back(random.OneIn(2) ? mix.Next(kThird) : MakeOperation(kThird, Verb::kContains));
  return Numbered(std::move(operations));
}

// A migration of what two clients read and write.
Operations GenerateMigrating(uint64_t seed) {
  Random random(seed, kOperationStream);
  OperationMix mix(random);
  mix.set_largest(Content::kSmallBlob);
  Operations operations;
  const uint32_t before = 1 + random.Below(4);
  for (uint32_t i = 0; i < before; ++i) operations.push_back(mix.Store(kBefore));
  if (random.OneIn(2)) operations.push_back(mix.Of(kBefore, Verb::kMigrate));
  if (random.OneIn(3)) operations.push_back(mix.NextMutation(kBefore));
  for (const Client client : {kFirst, kSecond}) {
    for (int i = 0; i < 2; ++i) operations.push_back(mix.Next(client));
  }
  operations.push_back(mix.Of(kThird, Verb::kMigrate));
  operations.push_back(mix.Of(kThird, random.OneIn(3) ? Verb::kCompactCold : Verb::kMigrate));
  if (random.OneIn(4)) operations.push_back(mix.Of(kSyncer, Verb::kCompact));
  operations.push_back(MakeOperation(kAfter, Verb::kStats));
  if (random.OneIn(4)) operations.push_back(MakeOperation(kAfter, Verb::kVerify));
  return Numbered(std::move(operations));
}

// Pairs of operations side by side.
struct Pair {
  std::string_view name;
  Operation first, second;
  bool stops_compactions = false;
  uint16_t extents_before = 1;  // of a compaction: with one live record each
  bool cold_before = false;     // of a migration: what is stored before it
};

// All of store_checkpoint are 610,604, half a minute.
constexpr uint64_t kPairClassesMax = 50'000;
// There are many pairs of these; what a race needs is found long before.
constexpr uint64_t kMigrationClassesMax = 8'000;

std::vector<Pair> Pairs() {
  constexpr auto kOther = static_cast<uint32_t>(Content::kOther);
  const Operation store = MakeOperation(kFirst, Verb::kStore, 0, kOther);
  const Operation activate = MakeOperation(kFirst, Verb::kActivate, 0, 3);
  const Operation heat = MakeOperation(kFirst, Verb::kActivate, 0, kHotActivation);
  const Operation maintain = MakeOperation(kFirst, Verb::kMaintain);
  const Operation remove = MakeOperation(kFirst, Verb::kRemove);
  const Operation checkpoint = MakeOperation(kFirst, Verb::kCheckpoint);
  const auto second = [](Verb verb, uint16_t key = 0, uint32_t value = 0) {
    return MakeOperation(kSecond, verb, key, value);
  };
  const Operation compact =
      MakeOperation(kFirst, Verb::kCompact, 0, static_cast<uint32_t>(Compacting::kForced));
  return {
      // What looks at all, beside what changes one, and beside what replaces the index.
      {"store_iterate", store, second(Verb::kIterate)},
      {"remove_iterate", remove, second(Verb::kIterate)},
      {"activate_iterate", activate, second(Verb::kIterate)},
      {"move_iterate", compact, second(Verb::kIterate), true},
      {"checkpoint_iterate", checkpoint, second(Verb::kIterate)},
      {"store_list", store, second(Verb::kList)},
      {"remove_list", remove, second(Verb::kList)},
      {"move_list", compact, second(Verb::kList), true},
      {"checkpoint_list", checkpoint, second(Verb::kList)},
      {"store_recall", store, second(Verb::kRecall)},
      {"remove_recall", remove, second(Verb::kRecall)},
      {"move_recall", compact, second(Verb::kRecall), true},
      {"checkpoint_recall", checkpoint, second(Verb::kRecall)},
      {"collide_iterate", MakeOperation(kFirst, Verb::kStore, 1, kOther), second(Verb::kIterate)},
      // What changes one, beside what uses it.
      {"store_get", store, second(Verb::kGet)},
      {"store_store", store, second(Verb::kStore, 0, static_cast<uint32_t>(Content::kExtremes))},
      {"store_remove", store, second(Verb::kRemove)},
      {"store_activate", store, second(Verb::kActivate, 0, 4)},
      {"store_sync", store, second(Verb::kSync)},
      {"store_collides", store, second(Verb::kStore, 1, kOther)},
      {"activate_remove", activate, second(Verb::kRemove)},
      {"activate_get", activate, second(Verb::kGet)},
      {"checkpoint_get", checkpoint, second(Verb::kGet)},
      {"hot_get", heat, second(Verb::kGet)},
      {"hot_store", heat, second(Verb::kStore, 0, kOther)},
      {"hot_remove", heat, second(Verb::kRemove)},
      {"hot_activate", heat, second(Verb::kActivate, 0, 3)},
      {"maintain_get", maintain, second(Verb::kGet)},
      {"maintain_store", maintain, second(Verb::kStore, 0, kOther)},
      {"maintain_remove", maintain, second(Verb::kRemove)},
      {"maintain_activate", maintain, second(Verb::kActivate, 0, 3)},
      // What has tens of thousands of classes comes last: the others are done in seconds.
      {"store_checkpoint", store, second(Verb::kCheckpoint)},
      // What moves, beside what uses it.
      {"compact_get", compact, second(Verb::kGet)},
      // Of three extents that become free more than the reserve needs is given back at once.
      {.name = "punch_get", .first = compact, .second = second(Verb::kGet), .extents_before = 3},
      {"compact_store", compact, second(Verb::kStore, 0, kOther)},
      {"compact_remove", compact, second(Verb::kRemove)},
      {"compact_activate", compact, second(Verb::kActivate, 0, 3)},
      // The moves alone, without the checkpoint behind them.
      {"move_get", compact, second(Verb::kGet), true},
      {"move_store", compact, second(Verb::kStore, 0, kOther), true},
      {"move_remove", compact, second(Verb::kRemove), true},
      {"move_activate", compact, second(Verb::kActivate, 0, 3), true},
  };
}

// Of migrations: to cold, to warm, and of rows from run to run, beside each other operation.
std::vector<Pair> MigrationPairs() {
  const Operation to_cold =
      MakeOperation(kFirst, Verb::kMigrate, 0, static_cast<uint32_t>(Migrating::kOneToCold));
  const Operation to_warm =
      MakeOperation(kFirst, Verb::kMigrate, 0, static_cast<uint32_t>(Migrating::kOneToWarm));
  const Operation rewrite = MakeOperation(kFirst, Verb::kCompactCold);
  constexpr auto kOther = static_cast<uint32_t>(Content::kOther);
  const auto second = [](Verb verb, uint32_t value = 0) {
    return MakeOperation(kSecond, verb, 0, value);
  };
  const Operation compact = second(Verb::kCompact, static_cast<uint32_t>(Compacting::kForced));
  std::vector<Pair> pairs = {
      {"cold_get", to_cold, second(Verb::kGet)},
      {"cold_store", to_cold, second(Verb::kStore, kOther)},
      {"cold_remove", to_cold, second(Verb::kRemove)},
      {"cold_activate", to_cold, second(Verb::kActivate, 3)},
      {"cold_checkpoint", to_cold, second(Verb::kCheckpoint)},
      {"cold_compact", to_cold, compact},
      {"warm_get", to_warm, second(Verb::kGet)},
      {"warm_store", to_warm, second(Verb::kStore, kOther)},
      {"warm_remove", to_warm, second(Verb::kRemove)},
      {"warm_activate", to_warm, second(Verb::kActivate, 3)},
      {"warm_checkpoint", to_warm, second(Verb::kCheckpoint)},
      {"warm_compact", to_warm, compact},
      {"rewrite_get", rewrite, second(Verb::kGet)},
      {"rewrite_store", rewrite, second(Verb::kStore, kOther)},
      {"rewrite_remove", rewrite, second(Verb::kRemove)},
  };
  for (Pair& pair : pairs) pair.cold_before = !pair.name.starts_with("cold_");
  return pairs;
}

Operations PairOperations(const Pair& pair) {
  constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
  if (VerbOf(pair.first) == Verb::kMaintain) {
    // It was hot, is not after opening, and has been read since.
    return Numbered({MakeOperation(kBefore, Verb::kStore, 0, kShort),
                     MakeOperation(kBefore, Verb::kActivate, 0, kHotActivation),
                     MakeOperation(kBefore, Verb::kReopen), MakeOperation(kBefore, Verb::kGet),
                     pair.first, pair.second});
  }
  if (pair.cold_before) {
    // Of three rows two are dead, so that the run is worth rewriting.
    Operations operations;
    for (uint16_t key = 0; key < 3; ++key) {
      operations.push_back(MakeOperation(kBefore, Verb::kStore, key, kShort));
    }
    operations.push_back(
        MakeOperation(kBefore, Verb::kMigrate, 0, static_cast<uint32_t>(Migrating::kAllToCold)));
    operations.push_back(MakeOperation(kBefore, Verb::kRemove, 1));
    operations.push_back(MakeOperation(kBefore, Verb::kRemove, 2));
    operations.push_back(pair.first);
    operations.push_back(pair.second);
    return Numbered(std::move(operations));
  }
  if (VerbOf(pair.first) != Verb::kCompact) {
    return Numbered({MakeOperation(kBefore, Verb::kStore, 0, kShort), pair.first, pair.second});
  }
  // Extents with one live record each, before the one that the log goes on in.
  Operations operations;
  for (uint16_t key = 0; key < pair.extents_before; ++key) {
    operations.push_back(MakeOperation(kBefore, Verb::kStore, key, kShort));
    operations.push_back(MakeOperation(kBefore, Verb::kReopen));
  }
  operations.push_back(pair.first);
  operations.push_back(pair.second);
  return Numbered(std::move(operations));
}

}  // namespace

std::vector<StoreProgram> InterleavePrograms(const OpenStore& open) {
  std::vector<StoreProgram> programs;
  std::vector<Pair> pairs = MigrationPairs();
  const std::vector<Pair> others = Pairs();
  pairs.insert(pairs.end(), others.begin(), others.end());
  for (const Pair& pair : pairs) {
    programs.push_back(Exhaustive(
        {.name = "pair_" + std::string(pair.name),
         .open = open,
         .setup = Setup::kRare,
         .bounds = {.steps_max = 200'000},
         .generate = [operations = PairOperations(pair)](uint64_t) { return operations; },
         .stops_compactions = pair.stops_compactions},
        "Two operations side by side."));
    programs.back().classes_max = pair.cold_before || VerbOf(pair.first) == Verb::kMigrate
                                      ? kMigrationClassesMax
                                      : kPairClassesMax;
  }
  programs.push_back(Walk({.name = "interleave_compact",
                           .open = open,
                           .setup = Setup::kUsual,
                           .bounds = {.steps_max = 200'000},
                           .generate = GenerateCompacting},
                          "Two clients beside a compaction of what they read and write.", 2));
  programs.push_back(Walk({.name = "interleave_reuse",
                           .open = open,
                           .setup = Setup::kCrowded,
                           .bounds = {.steps_max = 200'000},
                           .generate = GenerateReusing},
                          "A reader of a memory whose room is released and used again.", 2));
  Trial migrating{.name = "interleave_migrate",
                  .open = open,
                  .setup = Setup::kUsual,
                  .bounds = CrashBounds(1),
                  .generate = GenerateMigrating};
  programs.push_back(
      Walk(std::move(migrating), "Two clients beside migrations of what they read and write.", 3));
  for (const bool migrates : {false, true}) {
    programs.push_back(Walk({.name = migrates ? "stalled_migration" : "stalled_compaction",
                             .open = open,
                             .setup = Setup::kUsual,
                             .bounds = {.steps_max = 200'000},
                             .generate = migrates ? GenerateMigrating : GenerateCompacting,
                             .stalls_housekeeping = true},
                            "The same, going on only when the clients have ended.", 1));
  }
  const auto add = [&](const char* name, Setup setup, uint32_t crashes, bool throws,
                       const char* about, double weight) {
    Trial trial{.name = name,
                .open = open,
                .setup = setup,
                .bounds = CrashBounds(crashes),
                .generate = GenerateInterleave,
                .listener_throws = throws};
    programs.push_back(Walk(std::move(trial), about, weight));
  };
  add("interleave", Setup::kUsual, 1, false,
      "Three clients with two operations each, perhaps a syncing one; a crash anywhere.", 4);
  add("interleave_narrow", Setup::kNarrow, 2, false,
      "The same with extents of 8 KiB, and a second crash.", 2);
  add("interleave_throws", Setup::kUsual, 1, true,
      "The same with a listener that throws at each event.", 1);
  add("interleave_each_write", Setup::kEachWrite, 1, false, "The same, syncing with each mutation.",
      1);
  add("interleave_chores", Setup::kChores, 1, false,
      "The same beside the store's own thread, which syncs and maintains.", 2);
  return programs;
}

}  // namespace engram::stress
