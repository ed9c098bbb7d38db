// The short table behind the numbers: for each row of what was measured, the store, the limit
// beside it, and the ratio; medians over the repetitions.

#ifndef ENGRAM_BENCH_RATIO_TABLE_H_
#define ENGRAM_BENCH_RATIO_TABLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace engram::bench {

// Thread safety: thread-compatible.
class RatioTable {
 public:
  // The table of this program.
  static RatioTable& Instance();

  // One repetition: `what` is a row, `content` as in bench_memories.h; times in microseconds. Rows
  // without a limit show no ratio. REQUIRES: a row has a limit in all repetitions or in none.
  void Add(const std::string& what, int64_t content, double store_us,
           std::optional<double> limit_us);

  // One line for each row and content, in the order in which they came first.
  std::string Text() const;

 private:
  struct Repetition {
    double store_us = 0;
    std::optional<double> limit_us;
  };
  std::vector<std::pair<std::string, int64_t>> order_;
  std::map<std::pair<std::string, int64_t>, std::vector<Repetition>> rows_;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_RATIO_TABLE_H_
