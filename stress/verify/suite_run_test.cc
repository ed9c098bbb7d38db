// Sharing out time and executions.

#include "stress/verify/suite_run.h"

#include <gtest/gtest.h>

namespace engram::verify {
namespace {

TEST(Allowance, SharesExecutionsEvenlyWithoutLookingAtAClock) {
  Allowance allowance = Allowance::OfExecutions(1000);
  EXPECT_TRUE(allowance.counts_executions());
  const world::Budget first = allowance.Share(4);
  EXPECT_EQ(first.executions_max, 250u);
  EXPECT_EQ(first.time_max, std::chrono::nanoseconds::max());
  allowance.Spend(100);  // what one run does not need, the others get
  EXPECT_EQ(allowance.Share(3).executions_max, 300u);
  EXPECT_FALSE(allowance.used_up());
  allowance.Spend(5000);
  EXPECT_TRUE(allowance.used_up());
  EXPECT_EQ(allowance.Share(1).executions_max, 1u);
}

TEST(Allowance, SharesTime) {
  const Allowance allowance = Allowance::OfTime(std::chrono::hours(4));
  EXPECT_FALSE(allowance.counts_executions());
  const world::Budget budget = allowance.Share(4);
  EXPECT_EQ(budget.executions_max, UINT64_MAX);
  EXPECT_GT(budget.time_max, std::chrono::minutes(59));
  EXPECT_LE(budget.time_max, std::chrono::minutes(60));
  EXPECT_TRUE(Allowance::OfTime(std::chrono::nanoseconds(0)).used_up());
}

TEST(Allowance, WhatIsDoneToItsEndTakesNothingFromTheOthers) {
  Allowance allowance = Allowance::OfTime(std::chrono::hours(4));
  allowance.Extend(std::chrono::hours(2));
  EXPECT_EQ(allowance.extended(), std::chrono::hours(2));
  EXPECT_GT(allowance.Share(1).time_max, std::chrono::minutes(359));
  EXPECT_EQ(allowance.Part(0.5).extended(), std::chrono::hours(0)) << "an allowance of its own";
  Allowance counted = Allowance::OfExecutions(10);
  counted.Extend(std::chrono::hours(2));
  EXPECT_EQ(counted.Share(1).executions_max, 10u);
}

TEST(Allowance, APartIsAnAllowanceOfItsOwn) {
  const Allowance whole = Allowance::OfExecutions(1000);
  Allowance part = whole.Part(0.25);
  EXPECT_EQ(part.Share(1).executions_max, 250u);
  part.Spend(250);
  EXPECT_TRUE(part.used_up());
  EXPECT_EQ(whole.Share(1).executions_max, 1000u);
  const Allowance hour = Allowance::OfTime(std::chrono::hours(4)).Part(0.25);
  EXPECT_LE(hour.Share(1).time_max, std::chrono::hours(1));
}

TEST(Grouped, SetsCommasBetweenThousands) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
}

}  // namespace
}  // namespace engram::verify
