// Generating operations of one client, for the suites `model`, `crash` and `fault`, and the bounds
// of their programs.

#include "stress/store/store_programs.h"

#include <utility>

#include "stress/store/model_scenario.h"
#include "stress/store/operations.h"
#include "stress/store/store_program_parts.h"
#include "stress/store/store_scenario.h"

namespace engram::stress {
namespace {

using world::Operation;
using world::Random;

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
  // Most can be found by the first, so it comes first.
  add("crash_torn", Setup::kUsual, 5, world::Tears::kAnySectors,
      "One client; up to five crashes, each anywhere; of a torn write any sectors may survive.", 3);
  add("crash", Setup::kUsual, 5, world::Tears::kFirstSector,
      "The same; of a torn write the first sector survives or none.", 3);
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

}  // namespace engram::stress
