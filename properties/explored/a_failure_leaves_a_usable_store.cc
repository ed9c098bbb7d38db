// Claim: whatever fails once - a call of the file system, a sync, an allocation - fails at most the
// operation that met it: the store stays consistent, and works or is read-only until it is opened
// again.
//
// Method: lists of operations drawn by RapidCheck, each under many draws of up to two faults, one
// short transfer and one failing allocation; the history oracle and the store's own verification
// judge what is left.
//
// Not covered: every fault of a list: suite `fault` tries each call and each allocation of one.
//
// Requirements: U5, U6, H6.

#include "properties/explored/explored_trials.h"

namespace engram::properties {
namespace {

using stress::Verb;

RC_GTEST_PROP(AFailureLeavesAUsableStore, WhateverFails, ()) {
  const auto operations = *rc::gen::container<Operations>(AnyOperation(
      {stress::kBefore}, {Verb::kStore, Verb::kStore, Verb::kRemove, Verb::kActivate, Verb::kGet,
                          Verb::kSync, Verb::kCheckpoint, Verb::kReopen, Verb::kVerify,
                          Verb::kMigrate, Verb::kMigrate, Verb::kCompactCold}));
  stress::Trial trial;
  trial.name = "a_failure_leaves_a_usable_store";
  trial.bounds.faults_max = 2;
  trial.bounds.short_transfers_max = 1;
  trial.bounds.allocation_failures_max = 1;
  trial.faults_excuse = true;
  ExploreOrFail(trial, operations, 60);
}

}  // namespace
}  // namespace engram::properties
