// The told histories against the oracle, and the check against told histories that are wrong
// themselves.

#include "stress/verify/told_histories.h"

#include <gtest/gtest.h>

#include <set>

#include "stress/verify/self_suite.h"

namespace engram::verify {
namespace {

TEST(ToldHistories, AreJudgedAsTheySay) { EXPECT_EQ(JudgeOracle(), ""); }

TEST(ToldHistories, HaveOneForEachClaimOfTheOracle) {
  std::set<std::string> claims;
  for (const ToldHistory& told : ToldHistories()) claims.insert(told.claim);
  EXPECT_EQ(claims, (std::set<std::string>{
                        "", "another memory's bytes", "changed after recovery",
                        "duplicate sequence", "effect of a rejected call", "false corruption",
                        "invented value", "lost after sync", "lost store", "lost update",
                        "mixed state after a crash", "read from the future", "resurrection",
                        "sequence against real time", "stale read", "wrong answer"}));
}

}  // namespace
}  // namespace engram::verify
