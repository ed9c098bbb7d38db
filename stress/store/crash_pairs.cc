// Which operations, what is there before them, and within which bounds.
//
// Two clients do one operation each, on the same memory where they name one. What is there before
// is as little as gives both something to do: a compaction finds a live record in an extent that
// the log has left, a rewriting a run that is mostly dead, a maintenance a hint. It is all durable,
// and nothing crashes before the clients begin or after they have ended.

#include "stress/store/crash_pairs.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "stress/store/operations.h"
#include "stress/store/store_program_parts.h"
#include "stress/store/store_scenario.h"

namespace engram::stress {
namespace {

using world::Operation;

struct Side {
  std::string_view name;
  Verb verb;
  uint32_t value = 0;
};

constexpr Side kSides[] = {
    {"store", Verb::kStore, static_cast<uint32_t>(Content::kOther)},
    {"remove", Verb::kRemove},
    {"activate", Verb::kActivate, 3},
    {"heat", Verb::kActivate, kHotActivation},
    {"get", Verb::kGet},
    {"view", Verb::kView},
    {"contains", Verb::kContains},
    {"iterate", Verb::kIterate},
    {"list", Verb::kList},
    {"recall", Verb::kRecall},
    {"sync", Verb::kSync},
    {"checkpoint", Verb::kCheckpoint},
    {"compact", Verb::kCompact, static_cast<uint32_t>(Compacting::kForced)},
    {"cold", Verb::kMigrate, static_cast<uint32_t>(Migrating::kOneToCold)},
    {"warm", Verb::kMigrate, static_cast<uint32_t>(Migrating::kOneToWarm)},
    {"hot", Verb::kMigrate, static_cast<uint32_t>(Migrating::kAllToHot)},
    {"rewrite", Verb::kCompactCold},
    {"maintain", Verb::kMaintain},
    {"verify", Verb::kVerify},
    {"backup", Verb::kBackup},
    {"stats", Verb::kStats},
};

class CrashPair {
 public:
  CrashPair(const Side& first, const Side& second) : first_(first), second_(second) {}

  std::string Name() const {
    return "crash_" + std::string(first_.name) + "_" + std::string(second_.name);
  }

  Operations All() const {
    Operations operations = Before();
    operations.push_back(MakeOperation(kFirst, first_.verb, 0, first_.value));
    operations.push_back(MakeOperation(kSecond, second_.verb, 0, second_.value));
    if (Involves("backup")) operations.push_back(MakeOperation(kAfter, Verb::kCheckBackup));
    return Numbered(std::move(operations));
  }

 private:
  bool Involves(std::string_view name) const { return first_.name == name || second_.name == name; }

  Operations Before() const {
    constexpr auto kShort = static_cast<uint32_t>(Content::kShort);
    Operations operations;
    const auto add = [&](Verb verb, uint16_t key = 0, uint32_t value = 0) {
      operations.push_back(MakeOperation(kBefore, verb, key, value));
    };
    const bool rewrites = Involves("rewrite");
    const bool is_cold = (rewrites || Involves("warm")) && !Involves("cold");
    add(Verb::kStore, 0, kShort);
    if (rewrites) {
      add(Verb::kStore, 1, kShort);
      add(Verb::kStore, 2, kShort);
    }
    if (rewrites || is_cold) {
      add(Verb::kMigrate, 0, static_cast<uint32_t>(Migrating::kAllToCold));
    }
    if (rewrites) {
      // Of three rows two are dead: those that are removed, or one that is stored again.
      add(Verb::kRemove, 2);
      is_cold ? add(Verb::kRemove, 1) : add(Verb::kStore, 0, kShort);
    }
    if (is_cold && Involves("compact")) add(Verb::kStore, 3, kShort);
    if (Involves("maintain")) add(Verb::kActivate, 0, kHotActivation);
    add(Verb::kReopen);
    if (Involves("maintain")) add(Verb::kGet, 0);
    return operations;
  }

  const Side& first_;
  const Side& second_;
};

StoreProgram Explored(const CrashPair& pair, const OpenStore& open) {
  return Exhaustive(
      {.name = pair.Name(),
       .open = open,
       .setup = Setup::kRare,
       .bounds = CrashBounds(2),
       .generate = [operations = pair.All()](uint64_t) { return operations; },
       .crashes_beside_only = true},
      "Two operations side by side; a crash anywhere meanwhile, and another one anywhere in the "
      "recovery from it.");
}

}  // namespace

std::vector<StoreProgram> EveryCrashPair(const OpenStore& open) {
  std::vector<StoreProgram> programs;
  for (const Side* first = std::begin(kSides); first != std::end(kSides); ++first) {
    for (const Side* second = first; second != std::end(kSides); ++second) {
      programs.push_back(Explored(CrashPair(*first, *second), open));
      programs.back().ends_by_clock = true;
    }
  }
  return programs;
}

std::vector<StoreProgram> DailyCrashPairs(const OpenStore& open) {
  // Some 12,000 executions together.
  constexpr std::string_view kDaily[] = {
      "crash_store_store",   "crash_store_remove", "crash_store_sync",
      "crash_store_get",     "crash_cold_cold",    "crash_checkpoint_checkpoint",
      "crash_remove_heat",   "crash_remove_sync",  "crash_activate_heat",
      "crash_activate_sync", "crash_heat_heat",    "crash_list_sync",
      "crash_sync_maintain", "crash_warm_warm",    "crash_warm_hot",
      "crash_warm_verify",   "crash_sync_stats",   "crash_maintain_maintain",
  };
  std::vector<StoreProgram> programs = EveryCrashPair(open);
  std::erase_if(programs, [&](const StoreProgram& program) {
    return std::find(std::begin(kDaily), std::end(kDaily), program.program.name) ==
           std::end(kDaily);
  });
  for (StoreProgram& program : programs) program.ends_by_clock = false;
  return programs;
}

}  // namespace engram::stress
