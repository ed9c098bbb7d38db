// Claim: what clients see who call at once can be explained by one order of their calls, the order
// of the sequences, and a crash keeps a prefix of it.
//
// Method: lists of operations of three threads and a syncing one, drawn by RapidCheck, each under
// many random schedules, with a crash somewhere; the history oracle looks for the order.
//
// Not covered: every schedule: the pairs of suite `interleave` are explored exhaustively. Real
// threads.
//
// Requirements: S1, S2, U1, U2, H2, H3.

#include "properties/explored/explored_trials.h"

namespace engram::properties {
namespace {

using stress::Verb;

RC_GTEST_PROP(ConcurrentCallsHaveAnOrder, AndACrashKeepsAPrefixOfIt, ()) {
  Operations calls = *rc::gen::container<Operations>(
      AnyOperation({stress::kBefore, stress::kFirst, stress::kSecond, stress::kThird},
                   {Verb::kStore, Verb::kStore, Verb::kRemove, Verb::kActivate, Verb::kGet,
                    Verb::kGet, Verb::kContains}));
  const auto syncer = *rc::gen::element(Verb::kGet, Verb::kSync, Verb::kCheckpoint, Verb::kMigrate);
  if (syncer != Verb::kGet) {
    const auto to_cold = static_cast<uint32_t>(stress::Migrating::kAllToCold);
    calls.push_back(stress::MakeOperation(stress::kSyncer, syncer, 0, to_cold));
  }
  stress::Trial trial;
  trial.name = "concurrent_calls_have_an_order";
  trial.bounds.crashes_max = 1;
  ExploreOrFail(trial, calls, 60);
}

}  // namespace
}  // namespace engram::properties
