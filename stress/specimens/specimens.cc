// Which operations each specimen is tried with, and what it is condemned for.

#include "stress/specimens/specimens.h"

#include <utility>

#include "stress/specimens/designs.h"
#include "stress/specimens/specimen_scenario.h"

namespace engram::specimens {
namespace {

using Operations = std::vector<world::Operation>;

struct Condemned {
  std::string name;
  OpenSpecimen open;
  std::string belief;
  std::vector<std::string> condemned_for;
  uint64_t exhaustive_classes_max = 0;
};

struct Twin {
  OpenSpecimen open;
  std::string belief;
  uint64_t exhaustive_classes_max = 0;
};

// A condemned design and its twin, tried with the same operations within the same bounds.
void AddPair(std::vector<Specimen>& specimens, Condemned condemned, Twin twin,
             const Operations& operations, const world::Bounds& bounds) {
  Specimen& wrong = specimens.emplace_back();
  wrong.program = MakeProgram(condemned.name, std::move(condemned.open), operations, bounds);
  wrong.belief = std::move(condemned.belief);
  wrong.condemned_for = std::move(condemned.condemned_for);
  wrong.exhaustive_bounds = bounds;
  wrong.exhaustive_classes_max = condemned.exhaustive_classes_max;

  Specimen& right = specimens.emplace_back();
  right.program = MakeProgram(condemned.name + "_twin", std::move(twin.open), operations, bounds);
  right.belief = std::move(twin.belief);
  right.is_twin = true;
  right.twin_of = condemned.name;
  right.exhaustive_bounds = bounds;
  right.exhaustive_classes_max = twin.exhaustive_classes_max;
}

void AddCompactions(std::vector<Specimen>& specimens) {
  AddPair(
      specimens,
      {.name = "offsets_first",
       .open = OpenOffsetsFirst,
       .belief = "Each step holds the lock that it needs, the swap takes no time, and nothing is "
                 "ever unlocked while it is half written.",
       .condemned_for = {"another memory's bytes", "false corruption", "stale read"},
       .exhaustive_classes_max = 10'000},
      {.open = OpenIncrementalMoves,
       .belief = "An entry and its place change together, one entry at a time, if it is still "
                 "the one that was copied; readers inside keep the old bytes.",
       .exhaustive_classes_max = 5'000},
      {Store(kBefore, 'a', "apple"), Store(kBefore, 'b', "berry"), Remove(kBefore, 'a'),  //
       Compact(kFirst),                                                                   //
       Get(kSecond, 'b'), Store(kSecond, 'b', "dates"),                                   //
       Store(kThird, 'c', "grape"), Store(kThird, 'd', "pineapple"),                      //
       Get(kAfter, 'b'), Get(kAfter, 'c'), Get(kAfter, 'd')},
      {});
  AddPair(specimens,
          {.name = "swap_first",
           .open = OpenSwapFirst,
           .belief = "No block may name bytes that are not there yet, so the bytes come first; "
                     "blocks and buffer are rebuilt aside, and each is put in place at once.",
           .condemned_for = {"another memory's bytes", "false corruption", "lost store",
                             "resurrection"},
           .exhaustive_classes_max = 10'000},
          {.open = OpenIncrementalMoves,
           .belief = "A move beats no store and revives nothing, because it applies only to the "
                     "entry that was copied, and it touches no other.",
           .exhaustive_classes_max = 5'000},
          {Store(kBefore, 'a', "apple"), Store(kBefore, 'b', "berry"), Remove(kBefore, 'a'),  //
           Compact(kFirst),                                                                   //
           Get(kSecond, 'b'), Remove(kSecond, 'b'),                                           //
           Store(kThird, 'c', "fig"), Store(kThird, 'd', "pineapple"),                        //
           Get(kAfter, 'b'), Get(kAfter, 'c'), Get(kAfter, 'd')},
          {});
  world::Bounds one_fault;
  one_fault.faults_max = 1;
  AddPair(specimens,
          {.name = "no_rollback",
           .open = OpenNoRollback,
           .belief = "One lock around everything, so nobody sees buffer and blocks disagree; an "
                     "error is returned and the caller tries again.",
           .condemned_for = {"another memory's bytes", "false corruption"},
           .exhaustive_classes_max = 2'000},
          {.open = OpenIncrementalMovesWithFile,
           .belief = "A move that fails changes nothing: its entry names the old place, and the "
                     "old extent is not retired.",
           .exhaustive_classes_max = 10'000},
          {Store(kBefore, 'a', "apple"), Store(kBefore, 'b', "berry"), Store(kBefore, 'c', "grape"),
           Remove(kBefore, 'a'),                                 //
           Compact(kFirst),                                      //
           Get(kSecond, 'b'), Store(kSecond, 'd', "pineapple"),  //
           Get(kThird, 'c'),                                     //
           Get(kAfter, 'b'), Get(kAfter, 'c'), Get(kAfter, 'd')},
          one_fault);
}

void AddMigration(std::vector<Specimen>& specimens) {
  AddPair(
      specimens,
      {.name = "get_store_remove",
       .open = OpenGetStoreRemove,
       .belief = "Each of the three calls is safe by itself, and the source is removed last, so "
                 "the memory is somewhere at every moment.",
       .condemned_for = {"lost store", "lost update", "resurrection"},
       .exhaustive_classes_max = 10'000},
      {.open = OpenMigrationByMove,
       .belief = "One entry says where a memory is; the move switches it only if it is still "
                 "the one that was copied, and readers inside keep the old copy.",
       .exhaustive_classes_max = 60'000},
      {Store(kBefore, 'a', "apple"), Store(kBefore, 'b', "berry"), Demote(kBefore, 'b'),  //
       Demote(kFirst, 'a'), Promote(kFirst, 'b'),                                         //
       Get(kSecond, 'b'), Store(kSecond, 'a', "grape"),                                   //
       Activate(kThird, 'a', 50), Remove(kThird, 'b'),                                    //
       Get(kAfter, 'a'), Get(kAfter, 'b')},
      {});
}

void AddEpoch(std::vector<Specimen>& specimens) {
  AddPair(specimens,
          {.name = "epoch_release_store",
           .open = OpenEpochReleaseStore,
           .belief = "The announcement is released and the scan acquires, so every scan sees every "
                     "reader inside.",
           .condemned_for = {"another memory's bytes"},
           .exhaustive_classes_max = 30'000},
          {.open = OpenEpochFullFence,
           .belief = "The announcement is a full fence: a reader that a scan misses looks up after "
                     "the scan, and cannot find what is retired.",
           .exhaustive_classes_max = 15'000},
          {Store(kBefore, 'a', "apple"), Store(kBefore, 'b', "berry"),  //
           Get(kFirst, 'a'), Get(kFirst, 'b'),                          //
           Store(kSecond, 'a', "grape"), Store(kSecond, 'b', "dates"),  //
           Get(kThird, 'a'),                                            //
           Get(kAfter, 'a'), Get(kAfter, 'b')},
          {});
}

void AddSyncOrder(std::vector<Specimen>& specimens) {
  world::Bounds one_crash;
  one_crash.crashes_max = 1;
  AddPair(
      specimens,
      {.name = "sync_order",
       .open = OpenHeaderInSameSync,
       .belief = "The header is written last and the sync flushes both, so when the header is "
                 "on the disk, what it vouches for is too.",
       .condemned_for = {"mixed state after a crash"},
       .exhaustive_classes_max = 5'000},
      {.open = OpenHeaderAfterSync,
       .belief = "The records are durable before the header that names them is written, and "
                 "the header is one sector: old or new.",
       .exhaustive_classes_max = 50'000},
      {Store(kBefore, 'a', "apple"), Store(kBefore, 'b', "berry"), Store(kBefore, 'c', "grape"),  //
       Sync(kBefore),                                                                             //
       Store(kFirst, 'a', "dates"), Store(kFirst, 'c', "fig"), Sync(kFirst),                      //
       Store(kSecond, 'b', "banana"),                                                             //
       Store(kAfterCrash, 'c', "apple"), Sync(kAfterCrash)},
      one_crash);
  specimens.back().exhaustive_bounds.crashes_max = 2;
}

std::vector<Specimen> MakeSpecimens() {
  std::vector<Specimen> specimens;
  AddCompactions(specimens);
  AddMigration(specimens);
  AddEpoch(specimens);
  AddSyncOrder(specimens);
  return specimens;
}

}  // namespace

const std::vector<Specimen>& Specimens() {
  static const std::vector<Specimen>& specimens = *new std::vector<Specimen>(MakeSpecimens());
  return specimens;
}

const Specimen* FindSpecimen(std::string_view name) {
  for (const Specimen& specimen : Specimens()) {
    if (specimen.program.name == name) return &specimen;
  }
  return nullptr;
}

}  // namespace engram::specimens
