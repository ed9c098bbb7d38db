// Estimates of what is left, on trees of known size.

#include "model/explore/tree_estimate.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>

#include "model/explore/explore.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

constexpr auto kSeqCst = std::memory_order_seq_cst;

Outcome After(const Program& program, uint64_t executions) {
  Budget budget;
  budget.executions_max = executions;
  return Explore(program, {"exhaustive"}, program.bounds, budget);
}

// What the whole is estimated to be after so many executions; 0 if that is not told.
double WholeAfter(const Program& program, uint64_t executions) {
  const Outcome outcome = After(program, executions);
  if (!outcome.classes_left.has_value()) return 0;
  return static_cast<double>(outcome.classes()) + outcome.classes_left->classes;
}

TEST(TreeEstimate, IsExactWhereAllSubtreesAreAlike) {
  const Program program = FromFunction("even", [] {
    for (int i = 0; i < 7; ++i) CurrentWorld().Choose(3);
  });
  // What was found since the last look, at most a sixteenth, is not yet part of it.
  for (const uint64_t executions : {150u, 729u, 1000u, 2000u}) {
    EXPECT_NEAR(WholeAfter(program, executions), 2187, 2187.0 / 16) << executions;
  }
  const Outcome whole = After(program, UINT64_MAX);
  EXPECT_TRUE(whole.exhausted);
  EXPECT_EQ(whole.executions, 2187u);
  EXPECT_FALSE(whole.classes_left.has_value()) << "nothing is left";
}

// Nothing told is no mistake; what is told is within `factor` of the truth.
void ExpectWithin(double told, double truth, double factor) {
  if (told == 0) return;
  EXPECT_GT(told, truth / factor);
  EXPECT_LT(told, truth * factor);
}

TEST(TreeEstimate, ComesNearTheTruthWhereTheyAreNot) {
  // Below each second alternative there is half as much as below the first: 3^8 leaves.
  const Program program = FromFunction("uneven", [] {
    for (int i = 0; i < 8; ++i) {
      if (CurrentWorld().Choose(2) == 0) CurrentWorld().Choose(2);
    }
  });
  for (const uint64_t executions : {500u, 1000u, 2000u, 4000u, 6000u}) {
    ExpectWithin(WholeAfter(program, executions), 6561, 2);
  }
}

// n threads that write one atomic have n! classes.
Program Writers(int count) {
  return FromFunction("writers", [count] {
    sync::Atomic<int> written(0);
    std::deque<sync::Thread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back("writer " + std::to_string(i),
                           [&written, i] { written.Store(i, kSeqCst); });
    }
  });
}

// Alternatives are added while the search goes on, so early numbers are too small.
TEST(TreeEstimate, HoldsUnderReduction) {
  const Program program = Writers(7);
  for (const uint64_t executions : {500u, 1000u, 2500u}) {
    ExpectWithin(WholeAfter(program, executions), 5040, 4);
  }
  ExpectWithin(WholeAfter(program, 4000), 5040, 1.5);
}

TEST(TreeEstimate, TellsNothingWhileItMovesALot) {
  TreeEstimate estimate;
  uint64_t classes = 1000;
  for (int i = 0; i < 24; ++i) {
    estimate.Look(classes += 100, i % 2 == 0 ? 1e6 : 3e6);
  }
  EXPECT_FALSE(estimate.Left().has_value());
  for (int i = 0; i < 24; ++i) estimate.Look(classes += 100, i % 2 == 0 ? 1e6 : 1.5e6);
  ASSERT_TRUE(estimate.Left().has_value());
  EXPECT_DOUBLE_EQ(estimate.Left()->factor, 1.5);
  EXPECT_DOUBLE_EQ(estimate.Left()->classes, 1.5e6 - static_cast<double>(classes));
}

}  // namespace
}  // namespace engram::world
