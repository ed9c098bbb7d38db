// Crashes are spread evenly over the points of an era, wherever its beginning lies.

#include "model/explore/crash_aim.h"

#include <gtest/gtest.h>

#include <array>

namespace engram::world {
namespace {

TEST(CrashAim, SpreadsCrashesOverAllPoints) {
  constexpr uint32_t kPoints = 100;
  constexpr int kExecutions = 20'000;
  CrashAim aim;
  std::array<int, 10> hits{};
  int crashes = 0;
  for (uint64_t execution = 0; execution < kExecutions; ++execution) {
    Random random(1, execution);
    aim.Begin(random);
    Name name;
    name.kind = ChoiceKind::kCrash;
    for (uint32_t point = 0; point < kPoints; ++point) {
      if (aim.Choose(name, 3) == 0) continue;
      ++hits[point / 10];
      ++crashes;
      break;
    }
    aim.End();
  }
  EXPECT_GT(crashes, kExecutions / 2);
  for (const int hit : hits) EXPECT_NEAR(10 * hit, crashes, crashes * 0.3);
}

TEST(CrashAim, LearnsEachEraByItself) {
  CrashAim aim;
  int second_crashes = 0;
  for (uint64_t execution = 0; execution < 1000; ++execution) {
    Random random(2, execution);
    aim.Begin(random);
    Name name;
    name.kind = ChoiceKind::kCrash;
    bool crashed = false;
    for (uint32_t point = 0; point < 200 && !crashed; ++point) crashed = aim.Choose(name, 2) != 0;
    name.thread = kThreadsMax;
    for (uint32_t point = 0; crashed && point < 5; ++point) {
      if (aim.Choose(name, 2) == 0) continue;
      ++second_crashes;
      break;
    }
    aim.End();
  }
  EXPECT_GT(second_crashes, 300);
}

}  // namespace
}  // namespace engram::world
