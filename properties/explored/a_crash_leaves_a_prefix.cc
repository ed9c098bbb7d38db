// Claim: after a kill or a power loss at any point, also inside recovery, a store holds the state
// after some prefix of its mutations, at least up to the last completed Sync.
//
// Method: lists of operations drawn by RapidCheck, each explored with up to three crashes, what
// survives being drawn, too; the history oracle judges what the reopened store shows. The second
// property lets the disk tear writes into sectors in any way.
//
// Not covered: all crashes and survivals of a list: suite `crash` covers a small list exhaustively.
// Drives that lie, bytes that rot.
//
// Requirements: U1, U2, U4, H2, H4.

#include "properties/explored/explored_trials.h"

namespace engram::properties {
namespace {

using stress::Verb;

rc::Gen<Operations> AnyLife() {
  return rc::gen::container<Operations>(
      AnyOperation({stress::kBefore, stress::kBefore, stress::kBefore, stress::kAfterCrash},
                   {Verb::kStore, Verb::kStore, Verb::kStore, Verb::kRemove, Verb::kActivate,
                    Verb::kSync, Verb::kSync, Verb::kCheckpoint, Verb::kReopen, Verb::kMigrate,
                    Verb::kMigrate, Verb::kCompactCold}));
}

stress::Trial Crashing(std::string name, stress::Setup setup, world::Tears tears) {
  stress::Trial trial;
  trial.name = std::move(name);
  trial.setup = setup;
  trial.bounds.crashes_max = 3;
  trial.bounds.tears = tears;
  return trial;
}

RC_GTEST_PROP(ACrashLeavesAPrefix, WhereverItComes, ()) {
  const Operations life = *AnyLife();
  const auto setup = *rc::gen::element(stress::Setup::kUsual, stress::Setup::kNarrow,
                                       stress::Setup::kEachWrite, stress::Setup::kRare);
  ExploreOrFail(Crashing("a_crash_leaves_a_prefix", setup, world::Tears::kFirstSector), life, 60);
}

RC_GTEST_PROP(ACrashLeavesAPrefix, HoweverItTears, ()) {
  ExploreOrFail(
      Crashing("a_tear_leaves_a_prefix", stress::Setup::kNarrow, world::Tears::kAnySectors),
      *AnyLife(), 60);
}

}  // namespace
}  // namespace engram::properties
