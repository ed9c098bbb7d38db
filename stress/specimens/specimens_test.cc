// Every specimen is condemned for what it is said to be condemned for, and for nothing else, by
// every explorer; and every twin passes, exhaustively within its bounds.

#include "stress/specimens/specimens.h"

#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/explore/explore.h"
#include "stress/specimens/specimen_scenario.h"

namespace engram::specimens {

void PrintTo(const Specimen& specimen, std::ostream* stream) { *stream << specimen.program.name; }

namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

// Over 20 seeds, 8,917 were enough for every verdict; the twins' proof is the exhaustive one.
constexpr uint64_t kRandomExecutions = 20'000;
constexpr uint64_t kRandomExecutionsOfTwins = 5'000;
constexpr size_t kTokenCharactersMax = 120;
constexpr size_t kOperationsMax = 8;  // of a minimal finding

std::vector<Specimen> Select(bool twins) {
  std::vector<Specimen> selected;
  for (const Specimen& specimen : Specimens()) {
    if (specimen.is_twin == twins) selected.push_back(specimen);
  }
  return selected;
}

std::string NameOf(const testing::TestParamInfo<Specimen>& specimen) {
  return specimen.param.program.name;
}

world::Outcome ExploreAll(const Specimen& specimen, const world::ExplorerOptions& explorer,
                          uint64_t executions_max) {
  world::Budget budget;
  budget.executions_max = executions_max;
  budget.stop_at_finding = false;
  const bool exhaustive = explorer.name == "exhaustive";
  return world::Explore(specimen.program, explorer,
                        exhaustive ? specimen.exhaustive_bounds : specimen.program.bounds, budget);
}

std::vector<std::string> ClaimsOf(const world::Outcome& outcome) {
  std::vector<std::string> claims;
  for (const world::Finding& finding : outcome.findings) {
    claims.push_back(finding.failure.kind == world::FailureKind::kClaim
                         ? finding.failure.claim
                         : std::string(world::FailureKindName(finding.failure.kind)) + ": " +
                               finding.failure.detail);
  }
  return claims;
}

class Condemned : public testing::TestWithParam<Specimen> {
 protected:
  // What was found is what is listed, and each finding is small and happens again from its token.
  static void ExpectCondemned(const world::Outcome& outcome, const world::Bounds& bounds) {
    EXPECT_THAT(ClaimsOf(outcome), UnorderedElementsAreArray(GetParam().condemned_for));
    for (const world::Finding& finding : outcome.findings) {
      EXPECT_LT(finding.token.size(), kTokenCharactersMax) << finding.token;
      EXPECT_LE(finding.operations.size(), kOperationsMax) << finding.failure.claim;
      const absl::StatusOr<world::Replayed> replayed =
          world::Replay(GetParam().program, finding.token, bounds);
      ASSERT_TRUE(replayed.ok()) << replayed.status();
      ASSERT_TRUE(replayed->failure.has_value()) << finding.token;
      EXPECT_EQ(replayed->failure->claim, finding.failure.claim);
    }
  }
};

TEST_P(Condemned, ByTheRandomExplorerForWhatIsListed) {
  ExpectCondemned(ExploreAll(GetParam(), {.name = "random", .seed = 1}, kRandomExecutions),
                  GetParam().program.bounds);
}

TEST_P(Condemned, ByThePctExplorerForWhatIsListed) {
  ExpectCondemned(ExploreAll(GetParam(), {.name = "pct", .seed = 1}, kRandomExecutions),
                  GetParam().program.bounds);
}

TEST_P(Condemned, ByTheExhaustiveExplorerForWhatIsListed) {
  const world::Outcome outcome =
      ExploreAll(GetParam(), {.name = "exhaustive"}, GetParam().exhaustive_classes_max);
  EXPECT_TRUE(outcome.exhausted);
  ExpectCondemned(outcome, GetParam().exhaustive_bounds);
}

INSTANTIATE_TEST_SUITE_P(Specimens, Condemned, testing::ValuesIn(Select(/*twins=*/false)), NameOf);

class Twin : public testing::TestWithParam<Specimen> {};

TEST_P(Twin, PassesExhaustivelyWithinItsBounds) {
  const world::Outcome outcome = ExploreAll(GetParam(), {.name = "exhaustive"}, UINT64_MAX);
  EXPECT_TRUE(outcome.exhausted);
  EXPECT_THAT(ClaimsOf(outcome), IsEmpty());
  EXPECT_LE(outcome.executions, GetParam().exhaustive_classes_max);
}

TEST_P(Twin, PassesWithTheRandomExplorers) {
  for (const char* name : {"random", "pct"}) {
    const world::Outcome outcome =
        ExploreAll(GetParam(), {.name = name, .seed = 1}, kRandomExecutionsOfTwins);
    EXPECT_THAT(ClaimsOf(outcome), IsEmpty()) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Specimens, Twin, testing::ValuesIn(Select(/*twins=*/true)), NameOf);

TEST(Specimens, EachHasATwinThatDoesTheSame) {
  for (const Specimen& twin : Select(/*twins=*/true)) {
    const Specimen* condemned = FindSpecimen(twin.twin_of);
    ASSERT_NE(condemned, nullptr) << twin.program.name;
    EXPECT_FALSE(condemned->is_twin);
    EXPECT_EQ(condemned->program.generate(1), twin.program.generate(1));
    EXPECT_THAT(twin.condemned_for, IsEmpty());
  }
  EXPECT_EQ(Select(false).size(), Select(true).size());
}

TEST(Specimens, TogetherShowEveryVerdictThatIsRequired) {
  std::set<std::string> shown;
  for (const Specimen& specimen : Specimens()) {
    shown.insert(specimen.condemned_for.begin(), specimen.condemned_for.end());
  }
  EXPECT_THAT(shown,
              testing::IsSupersetOf({"another memory's bytes", "false corruption", "lost store",
                                     "lost update", "resurrection", "mixed state after a crash"}));
}

TEST(Specimens, OperationsReadAsText) {
  EXPECT_EQ(DescribeOperation(Store(kFirst, 'a', "apple")), "store a=\"apple\"");
  EXPECT_EQ(DescribeOperation(Activate(kFirst, 'b', 50)), "activate b=50%");
  EXPECT_EQ(DescribeOperation(Compact(kFirst)), "compact");
}

}  // namespace
}  // namespace engram::specimens
