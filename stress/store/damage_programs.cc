// The small stores that are damaged: closed ones, one with a blob, one with cold memories, and
// such whose process was killed.

#include "stress/store/damage_programs.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "stress/store/operations.h"
#include "stress/store/small_store.h"

namespace engram::stress {
namespace {

using world::Operation;

Operation Store(uint16_t key, Content content) {
  return MakeOperation(kBefore, Verb::kStore, key, static_cast<uint32_t>(content));
}
Operation Remove(uint16_t key) { return MakeOperation(kBefore, Verb::kRemove, key); }
Operation Activate(uint16_t key) { return MakeOperation(kBefore, Verb::kActivate, key, 3); }
Operation Migrate(Migrating how, uint16_t key = 0) {
  return MakeOperation(kBefore, Verb::kMigrate, key, static_cast<uint32_t>(how));
}
Operation Just(Verb verb) { return MakeOperation(kBefore, verb); }

struct Variant {
  std::string_view name;
  std::string_view about;
  Setup setup = Setup::kNarrow;
  bool closed = true;
  std::vector<Operation> operations;
};

std::vector<Variant> Variants() {
  return {
      {"closed",
       "a store that was closed twice: four memories, two with one hash, one replaced, one removed",
       Setup::kNarrow,
       true,
       {Store(0, Content::kShort), Store(1, Content::kInlineMax), Store(2, Content::kNone),
        Just(Verb::kSync), Store(2, Content::kEmpty), Activate(1), Store(3, Content::kShort),
        Just(Verb::kReopen), Remove(3), Store(4, Content::kExtremes)}},
      {"blob",
       "a store that was closed, with blobs shorter and longer than an extent",
       Setup::kNarrow,
       true,
       {Store(0, Content::kSmallBlob), Store(1, Content::kRunBlob), Just(Verb::kSync),
        Store(2, Content::kSmallestBlob), Activate(0)}},
      {"cold",
       "a store that was closed, with cold memories in two runs, some of whose rows are dead",
       Setup::kNarrow,
       true,
       {Store(0, Content::kShort), Store(1, Content::kSmallBlob), Store(2, Content::kNone),
        Store(3, Content::kEmpty), Migrate(Migrating::kAllToCold), Remove(3), Activate(2),
        Store(4, Content::kExtremes), Migrate(Migrating::kOneToCold, 4)}},
      {"cold_tail",
       "a store whose process was killed between migrations there and back",
       Setup::kRare,
       false,
       {Store(0, Content::kShort), Store(1, Content::kSmallBlob), Just(Verb::kSync),
        Store(2, Content::kOther), Migrate(Migrating::kAllToCold), Just(Verb::kSync),
        Migrate(Migrating::kOneToWarm, 1), Store(0, Content::kOther), Just(Verb::kSync),
        Migrate(Migrating::kOneToCold, 0), Remove(2)}},
      {"tail",
       "a store whose process was killed: a checkpoint, two commits, and what came after them",
       Setup::kRare,
       false,
       {Store(0, Content::kShort), Store(1, Content::kSmallBlob), Just(Verb::kCheckpoint),
        Store(2, Content::kInlineMax), Remove(1), Just(Verb::kSync), Store(0, Content::kOther),
        Activate(2), Just(Verb::kSync), Store(3, Content::kShort), Remove(0)}},
  };
}

std::vector<DamageTrial> Trials(const OpenStore& open, const std::vector<DamageKind>& kinds) {
  std::vector<DamageTrial> trials;
  for (const Variant& variant : Variants()) {
    auto store = std::make_shared<const SmallStore>(MakeSmallStore(
        std::string(variant.name), open, variant.setup, variant.closed, variant.operations));
    for (const DamageKind kind : kinds) {
      DamageTrial trial;
      trial.kind = kind;
      trial.images = DamageList(*store, kind).count();
      if (trial.images == 0) continue;
      trial.counts = std::make_shared<DamageCounts>();
      const std::string name(DamageKindName(kind));
      trial.program = MakeDamageProgram(absl::StrCat(name, "_", std::string(variant.name)), open,
                                        store, kind, trial.counts);
      trial.about = absl::StrCat("Damage of kind ", name, " to ", std::string(variant.about), ".");
      trials.push_back(std::move(trial));
    }
  }
  return trials;
}

}  // namespace

std::vector<DamageTrial> TruncateTrials(const OpenStore& open) {
  return Trials(open, {DamageKind::kTruncate});
}

std::vector<DamageTrial> DamageTrials(const OpenStore& open) {
  return Trials(open,
                {DamageKind::kZeroPage, DamageKind::kZeroSector, DamageKind::kDuplicate,
                 DamageKind::kSwap, DamageKind::kStale, DamageKind::kVersion, DamageKind::kFlip});
}

}  // namespace engram::stress
