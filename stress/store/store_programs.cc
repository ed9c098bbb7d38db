// Generating operations for each suite, and the bounds of each program. Long because it is the list
// of all of them.

#include "stress/store/store_programs.h"

#include <utility>

#include "stress/store/model_scenario.h"
#include "stress/store/operations.h"
#include "stress/store/store_scenario.h"

namespace engram::stress {
namespace {

using world::Operation;
using world::Random;

using Operations = std::vector<Operation>;

// An activation that makes a memory hot.
constexpr uint32_t kHotActivation = kActivations - 1;

// Which stream of a seed's randomness operations are drawn from.
constexpr uint64_t kOperationStream = 1;

// ---- model

// A few long lists, many short ones: each mixes everything.
Operations GenerateModel(uint64_t seed) {
  Random random(seed, kOperationStream);
  OperationMix mix(random);
  if (!random.OneIn(4)) mix.set_largest(Content::kPageBlob);
  const uint32_t count = random.OneIn(8) ? 60 + random.Below(240) : 4 + random.Below(50);
  const uint32_t specials = 2 + random.Below(8);  // one in so many is no mutation and no read
  constexpr Verb kSpecial[] = {
      Verb::kSync,    Verb::kSync,    Verb::kCheckpoint, Verb::kReopen,   Verb::kCount,
      Verb::kVerify,  Verb::kStats,   Verb::kBackup,     Verb::kRefuse,   Verb::kStats,
      Verb::kCompact, Verb::kCompact, Verb::kMaintain,   Verb::kMaintain, Verb::kMigrate,
      Verb::kMigrate, Verb::kMigrate, Verb::kCompactCold};
  Operations operations;
  for (uint32_t i = 0; i < count; ++i) {
    operations.push_back(random.OneIn(specials)
                             ? mix.Of(kBefore, kSpecial[random.Below(std::size(kSpecial))])
                             : mix.Next(kBefore));
  }
  return Numbered(std::move(operations));
}

// ---- crash

Operations GenerateCrash(uint64_t seed) {
  Random random(seed, kOperationStream);
  OperationMix mix(random);
  mix.set_largest(random.OneIn(16) ? Content::kLargeBlob : Content::kSmallBlob);
  Operations operations;
  const uint32_t migrates = random.Below(4);  // of sixteen
  const auto add = [&](Client client, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t drawn = random.Below(16);
      if (drawn < 3) {
        operations.push_back(MakeOperation(client, Verb::kSync));
      } else if (drawn == 3) {
        operations.push_back(MakeOperation(client, Verb::kCheckpoint));
      } else if (drawn == 4 && random.OneIn(2)) {
        operations.push_back(MakeOperation(client, Verb::kReopen));
      } else if (drawn == 5 && random.OneIn(2)) {
        operations.push_back(mix.Of(client, random.OneIn(3) ? Verb::kMaintain : Verb::kCompact));
      } else if (drawn == 6 && random.OneIn(2)) {
        constexpr Verb kLooks[] = {Verb::kIterate, Verb::kList, Verb::kRecall};
        operations.push_back(mix.Of(client, kLooks[random.Below(3)]));
      } else if (drawn >= 7 && drawn < 7 + migrates) {
        operations.push_back(mix.Of(client, random.OneIn(6) ? Verb::kCompactCold : Verb::kMigrate));
      } else {
        operations.push_back(mix.NextMutation(client));
      }
    }
  };
  add(kBefore, 2 + random.Below(8));
  add(kAfterCrash, 1 + random.Below(3));
  if (random.OneIn(16)) operations.push_back(MakeOperation(kAfterCrash, Verb::kBackup));
  if (random.OneIn(8)) operations.push_back(MakeOperation(kAfterCrash, Verb::kVerify));
  if (random.OneIn(8)) operations.push_back(MakeOperation(kAfterCrash, Verb::kReopen));
  return Numbered(std::move(operations));
}

// Two stores, a replace, a remove, a sync and a reopen.
Operations SmallCrash(uint64_t) {
  constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
  constexpr auto kOther = static_cast<uint32_t>(Content::kOther);
  return Numbered({MakeOperation(kBefore, Verb::kStore, 0, kShort),
                   MakeOperation(kBefore, Verb::kStore, 1, kShort),
                   MakeOperation(kBefore, Verb::kStore, 0, kOther),
                   MakeOperation(kBefore, Verb::kRemove, 1), MakeOperation(kBefore, Verb::kSync),
                   MakeOperation(kBefore, Verb::kReopen)});
}

Operations CrashCompaction(uint64_t) {
  constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
  return Numbered(
      {MakeOperation(kBefore, Verb::kStore, 0, kShort),
       MakeOperation(kBefore, Verb::kStore, 1, kShort), MakeOperation(kBefore, Verb::kReopen),
       MakeOperation(kBefore, Verb::kRemove, 1),
       MakeOperation(kBefore, Verb::kCompact, 0, static_cast<uint32_t>(Compacting::kForced))});
}

// To cold, one of them replaced, and back to warm.
Operations CrashMigrations(uint64_t) {
  const auto store = [](uint16_t key, Content content) {
    return MakeOperation(kBefore, Verb::kStore, key, static_cast<uint32_t>(content));
  };
  const auto migrate = [](Migrating how) {
    return MakeOperation(kBefore, Verb::kMigrate, 0, static_cast<uint32_t>(how));
  };
  return Numbered({store(0, Content::kShort), store(1, Content::kSmallestBlob),
                   migrate(Migrating::kAllToCold), store(0, Content::kOther),
                   migrate(Migrating::kAllToWarm), MakeOperation(kBefore, Verb::kSync)});
}

// A run that is mostly dead is rewritten, and the log cut behind it.
Operations CrashRewriting(uint64_t) {
  constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
  return Numbered(
      {MakeOperation(kBefore, Verb::kStore, 0, kShort),
       MakeOperation(kBefore, Verb::kStore, 1, kShort),
       MakeOperation(kBefore, Verb::kStore, 2, kShort),
       MakeOperation(kBefore, Verb::kMigrate, 0, static_cast<uint32_t>(Migrating::kAllToCold)),
       MakeOperation(kBefore, Verb::kRemove, 0), MakeOperation(kBefore, Verb::kActivate, 1, 3),
       MakeOperation(kBefore, Verb::kCompactCold)});
}

world::Bounds CrashBounds(uint32_t crashes) {
  world::Bounds bounds;
  bounds.crashes_max = crashes;
  bounds.steps_max = 200'000;
  return bounds;
}

// ---- fault

Operations FaultOperations(uint64_t) {
  Operations operations;
  const auto store = [&](uint16_t key, Content content) {
    operations.push_back(MakeOperation(kBefore, Verb::kStore, key, static_cast<uint32_t>(content)));
  };
  const auto add = [&](Verb verb, uint16_t key = 0, uint32_t value = 0) {
    operations.push_back(MakeOperation(kBefore, verb, key, value));
  };
  store(0, Content::kShort);
  store(1, Content::kSmallBlob);
  add(Verb::kGet, 0);
  add(Verb::kSync);
  store(0, Content::kOther);
  add(Verb::kActivate, 1, 3);
  store(2, Content::kRunBlob);
  add(Verb::kView, 1);
  add(Verb::kRemove, 1);
  add(Verb::kCheckpoint);
  store(3, Content::kNone);
  add(Verb::kReopen);
  add(Verb::kCompact, 0, static_cast<uint32_t>(Compacting::kForced));
  add(Verb::kActivate, 3, kHotActivation);
  add(Verb::kReopen);
  add(Verb::kGet, 3);
  add(Verb::kMaintain);
  store(1, Content::kExtremes);
  add(Verb::kIterate);
  add(Verb::kList, 0, 1);
  add(Verb::kRecall);
  add(Verb::kContains, 2);
  add(Verb::kRemove, 2);
  add(Verb::kVerify);
  add(Verb::kReopen);
  return Numbered(std::move(operations));
}

Operations FaultMigrations(uint64_t) {
  const auto store = [](uint16_t key, Content content) {
    return MakeOperation(kBefore, Verb::kStore, key, static_cast<uint32_t>(content));
  };
  const auto migrate = [](Migrating how, uint16_t key = 0) {
    return MakeOperation(kBefore, Verb::kMigrate, key, static_cast<uint32_t>(how));
  };
  return Numbered({store(0, Content::kShort), store(1, Content::kSmallBlob),
                   store(2, Content::kNone), migrate(Migrating::kAllToCold),
                   MakeOperation(kBefore, Verb::kActivate, 2, 3), migrate(Migrating::kOneToWarm, 1),
                   MakeOperation(kBefore, Verb::kCompactCold),
                   MakeOperation(kBefore, Verb::kGet, 0), MakeOperation(kBefore, Verb::kReopen)});
}

// ---- interleave

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

// All of a pair with a checkpoint are 610,604, half a minute.
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
      {"store_get", store, second(Verb::kGet)},
      {"store_store", store, second(Verb::kStore, 0, static_cast<uint32_t>(Content::kExtremes))},
      {"store_remove", store, second(Verb::kRemove)},
      {"store_activate", store, second(Verb::kActivate, 0, 4)},
      {"store_sync", store, second(Verb::kSync)},
      {"store_checkpoint", store, second(Verb::kCheckpoint)},
      {"store_collides", store, second(Verb::kStore, 1, kOther)},
      {"activate_remove", activate, second(Verb::kRemove)},
      {"activate_get", activate, second(Verb::kGet)},
      {"hot_get", heat, second(Verb::kGet)},
      {"hot_store", heat, second(Verb::kStore, 0, kOther)},
      {"hot_remove", heat, second(Verb::kRemove)},
      {"hot_activate", heat, second(Verb::kActivate, 0, 3)},
      {"maintain_get", maintain, second(Verb::kGet)},
      {"maintain_store", maintain, second(Verb::kStore, 0, kOther)},
      {"maintain_remove", maintain, second(Verb::kRemove)},
      {"maintain_activate", maintain, second(Verb::kActivate, 0, 3)},
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

StoreProgram Walk(Trial trial, std::string about, double weight) {
  StoreProgram program;
  if (trial.bounds.crashes_max > 0) trial.images = std::make_shared<RecoveredImages>();
  program.images = trial.images;
  program.program = MakeProgram(std::move(trial));
  program.about = std::move(about);
  program.weight = weight;
  return program;
}

StoreProgram Exhaustive(Trial trial, std::string about) {
  StoreProgram program = Walk(std::move(trial), std::move(about), 1);
  program.exhaustive = true;
  return program;
}

}  // namespace

std::vector<StoreProgram> ModelPrograms(const OpenStore& open) {
  std::vector<StoreProgram> programs;
  const auto add = [&](const char* name, Setup setup, const char* about, double weight) {
    StoreProgram program;
    program.program = MakeModelProgram(name, open, setup, GenerateModel);
    program.about = about;
    program.weight = weight;
    programs.push_back(std::move(program));
  };
  add("model", Setup::kUsual, "One client; extents of 16 KiB, a checkpoint every 8 entries.", 3);
  add("model_narrow", Setup::kNarrow, "The same with extents of 8 KiB.", 2);
  add("model_each_write", Setup::kEachWrite, "The same, syncing with each mutation.", 1);
  add("model_rare", Setup::kRare, "The same, checkpoints and syncs only when asked for.", 1);
  add("model_no_warm", Setup::kNoWarm, "The same, what is not hot becoming cold.", 1);
  return programs;
}

std::vector<StoreProgram> CrashPrograms(const OpenStore& open) {
  std::vector<StoreProgram> programs;
  programs.push_back(
      Exhaustive({.name = "crash_small",
                  .open = open,
                  .setup = Setup::kRare,
                  .bounds = CrashBounds(2),
                  .generate = SmallCrash},
                 "Two stores, a replace, a remove, a sync and a reopen; crashes anywhere, and "
                 "again inside recovery."));
  const auto add_small = [&](const char* name, Operations (*generate)(uint64_t), uint32_t crashes,
                             const char* about) {
    programs.push_back(Exhaustive({.name = name,
                                   .open = open,
                                   .setup = Setup::kRare,
                                   .bounds = CrashBounds(crashes),
                                   .generate = generate},
                                  about));
  };
  add_small("crash_compaction", CrashCompaction, 1,
            "A log extent with a live and a dead record is compacted; a crash anywhere.");
  add_small("crash_migrations", CrashMigrations, 2,
            "Memories go to cold, one is replaced, one comes back; crashes as before.");
  add_small("crash_rewriting", CrashRewriting, 1,
            "A run that is mostly dead is rewritten; a crash anywhere.");
  const auto add = [&](const char* name, Setup setup, uint32_t crashes, world::Tears tears,
                       const char* about, double weight) {
    Trial trial{.name = name,
                .open = open,
                .setup = setup,
                .bounds = CrashBounds(crashes),
                .generate = GenerateCrash};
    trial.bounds.tears = tears;
    programs.push_back(Walk(std::move(trial), about, weight));
  };
  add("crash", Setup::kUsual, 5, world::Tears::kFirstSector,
      "One client; up to five crashes, each anywhere.", 4);
  add("crash_torn", Setup::kUsual, 5, world::Tears::kAnySectors,
      "The same; of a torn write any sectors may survive.", 1);
  add("crash_narrow", Setup::kNarrow, 5, world::Tears::kFirstSector,
      "The same with extents of 8 KiB.", 2);
  add("crash_each_write", Setup::kEachWrite, 4, world::Tears::kFirstSector,
      "The same, syncing with each mutation.", 1);
  return programs;
}

std::vector<StoreProgram> FaultPrograms(const OpenStore& open) {
  std::vector<StoreProgram> programs;
  const auto add = [&](const char* name, Operations (*generate)(uint64_t), world::Bounds bounds,
                       bool excuse, const char* about) {
    bounds.steps_max = 200'000;
    programs.push_back(Exhaustive({.name = name,
                                   .open = open,
                                   .setup = Setup::kUsual,
                                   .bounds = bounds,
                                   .generate = generate,
                                   .faults_excuse = excuse},
                                  about));
  };
  add("fault_io", FaultOperations, {.faults_max = 1}, true,
      "Each call of the file system fails once: EIO, ENOSPC, failed syncs.");
  add("fault_short", FaultOperations, {.short_transfers_max = 1}, false,
      "Each read and write moves half of its bytes once.");
  add("fault_allocation", FaultOperations, {.allocation_failures_max = 1}, true,
      "Each allocation fails once.");
  add("fault_io_migrations", FaultMigrations, {.faults_max = 1}, true,
      "Each call fails once, of migrations there and back and of rewriting.");
  add("fault_short_migrations", FaultMigrations, {.short_transfers_max = 1}, false,
      "Each transfer is short once, of the same.");
  add("fault_allocation_migrations", FaultMigrations, {.allocation_failures_max = 1}, true,
      "Each allocation fails once, of the same.");
  world::Bounds both = CrashBounds(2);
  both.faults_max = 2;
  both.short_transfers_max = 1;
  both.allocation_failures_max = 1;
  programs.push_back(Walk({.name = "fault_crash",
                           .open = open,
                           .setup = Setup::kUsual,
                           .bounds = both,
                           .generate = GenerateCrash,
                           .faults_excuse = true},
                          "One client; up to four faults and two crashes, each anywhere.", 2));
  return programs;
}

std::vector<StoreProgram> InterleavePrograms(const OpenStore& open) {
  std::vector<StoreProgram> programs;
  std::vector<Pair> pairs = Pairs();
  const std::vector<Pair> migrations = MigrationPairs();
  pairs.insert(pairs.end(), migrations.begin(), migrations.end());
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
