// The suite `self`: the harness is tested on programs of which everything is known, before anybody
// believes it about others.

#ifndef ENGRAM_STRESS_VERIFY_SELF_SUITE_H_
#define ENGRAM_STRESS_VERIFY_SELF_SUITE_H_

#include "stress/verify/self_programs.h"
#include "stress/verify/suites.h"

namespace engram::verify {

Suite MakeSelfSuite();

// What is wrong with how `explorer` explored a known program; empty if nothing.
std::string JudgeKnown(const KnownProgram& known, std::string_view explorer,
                       const world::Outcome& outcome);

// What is wrong with the oracle; empty if it judges each told history as it should.
std::string JudgeOracle();

// What is wrong with the shrinker, which must reduce planted bugs from `seeds` seeds to their core;
// empty if nothing.
std::string JudgeShrinker(uint64_t seeds);

// What is wrong with determinism: each of `executions` executions of the mixture, run twice, must
// have the same hash.
std::string JudgeDeterminism(uint64_t seed, uint64_t executions);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_SELF_SUITE_H_
