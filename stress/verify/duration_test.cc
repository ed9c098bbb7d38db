// Durations as they are written on a command line, and as they are told.

#include "stress/verify/duration.h"

#include <gtest/gtest.h>

namespace engram::verify {
namespace {

using std::chrono::nanoseconds;

TEST(ParseDuration, TakesANumberAndAUnit) {
  EXPECT_EQ(ParseDuration("500ms").value(), std::chrono::milliseconds(500));
  EXPECT_EQ(ParseDuration("30s").value(), std::chrono::seconds(30));
  EXPECT_EQ(ParseDuration("5m").value(), std::chrono::minutes(5));
  EXPECT_EQ(ParseDuration("2h").value(), std::chrono::hours(2));
  EXPECT_EQ(ParseDuration("0s").value(), nanoseconds(0));
}

TEST(ParseDuration, RefusesEverythingElseWithAnExample) {
  for (const char* text : {"", "30", "s", "-5s", "+5s", " 5s", "5 s", "5s ", "5sec", "1.5s", "0x5s",
                           "99999999999s", "4000000000h"}) {
    const absl::StatusOr<nanoseconds> duration = ParseDuration(text);
    ASSERT_FALSE(duration.ok()) << text;
    EXPECT_NE(duration.status().message().find("30s"), absl::string_view::npos) << text;
  }
}

TEST(DurationText, SuitsItsSize) {
  EXPECT_EQ(DurationText(0.00123), "1.23 ms");
  EXPECT_EQ(DurationText(0.85), "850 ms");
  EXPECT_EQ(DurationText(12.34), "12.3 s");
  EXPECT_EQ(DurationText(245), "4 min 05 s");
}

}  // namespace
}  // namespace engram::verify
