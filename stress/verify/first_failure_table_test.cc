// The table of costs, from numbers written down by hand.

#include "stress/verify/first_failure_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace engram::verify {
namespace {

TEST(CostTable, ShowsMedianTailAndMaximum) {
  CostRow row{"offsets_first", "random", {}};
  for (uint64_t i = 20; i >= 1; --i) {
    row.costs.push_back({i * 100, static_cast<double>(i) * 0.001, true});
  }
  const std::string table = CostTable({row});
  EXPECT_THAT(table, testing::HasSubstr("| offsets_first | random | 20 | 1,000 | 1,900 | 2,000 | "
                                        "10 ms | 19 ms | 20 ms |"));
}

TEST(CostTable, CountsWhatWasNotFoundAsMoreThanAnythingElse) {
  CostRow row{"hard", "pct", {{50, 0.5, false}, {100, 1.5, true}, {200, 2.5, true}}};
  const std::string table = CostTable({row});
  EXPECT_THAT(table, testing::HasSubstr("| 3, not found with 1 | 200 | > 50 | > 50 |"));
}

TEST(CostTable, IsMarkdownWithAsManyCellsInEachRow) {
  CostRow row{"a", "exhaustive", {{1, 0.1, true}}};
  const std::string table = CostTable({row, row});
  std::vector<size_t> bars;
  size_t count = 0;
  for (const char c : table) {
    if (c == '|') ++count;
    if (c != '\n') continue;
    bars.push_back(count);
    count = 0;
  }
  EXPECT_THAT(bars, testing::ElementsAre(10, 10, 10, 10));
}

}  // namespace
}  // namespace engram::verify
