// Each crash model takes away what its name says and nothing else.

#include "stress/verify/crash_models.h"

#include <gtest/gtest.h>

namespace engram::verify {
namespace {

TEST(CrashModels, NarrowTheBounds) {
  world::Bounds bounds;
  bounds.crashes_max = 5;
  bounds.tears = world::Tears::kAnySectors;
  EXPECT_EQ(CrashModels().front().name, "any");
  EXPECT_EQ(WithCrashes(bounds, "any").crashes_max, 5u);
  EXPECT_EQ(WithCrashes(bounds, "none").crashes_max, 0u);
  EXPECT_EQ(WithCrashes(bounds, "one").crashes_max, 1u);
  EXPECT_TRUE(WithCrashes(bounds, "kills").kills);
  EXPECT_FALSE(WithCrashes(bounds, "kills").power_losses);
  EXPECT_FALSE(WithCrashes(bounds, "torn").kills);
  EXPECT_EQ(WithCrashes(bounds, "torn").tears, world::Tears::kAnySectors);
  EXPECT_EQ(WithCrashes(bounds, "power_losses").tears, world::Tears::kNone);
  EXPECT_EQ(WithCrashes({}, "one").crashes_max, 0u) << "no model adds crashes";
}

}  // namespace
}  // namespace engram::verify
