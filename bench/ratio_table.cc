// Medians and formatting. The ratio is the median of the ratios of each repetition, because a store
// and its limit are measured one right after the other.

#include "bench/ratio_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/bench_memories.h"

namespace engram::bench {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string ContentText(int64_t content) {
  return content == kMixedContent ? "mix" : absl::StrCat(content);
}

}  // namespace

RatioTable& RatioTable::Instance() {
  static RatioTable table;
  return table;
}

void RatioTable::Add(const std::string& what, int64_t content, double store_us,
                     std::optional<double> limit_us) {
  auto& repetitions = rows_[{what, content}];
  if (repetitions.empty()) order_.emplace_back(what, content);
  repetitions.push_back({store_us, limit_us});
}

std::string RatioTable::Text() const {
  std::string text = absl::StrFormat("%-34s %8s %12s %12s %8s %18s\n", "us each", "content",
                                     "store", "limit", "ratio", "(spread)");
  for (const auto& key : order_) {
    std::vector<double> stores, limits, ratios;
    for (const Repetition& repetition : rows_.at(key)) {
      stores.push_back(repetition.store_us);
      if (!repetition.limit_us) continue;
      limits.push_back(*repetition.limit_us);
      ratios.push_back(repetition.store_us / *repetition.limit_us);
    }
    if (ratios.empty()) {
      absl::StrAppendFormat(&text, "%-34s %8s %12.3f %12s %8s\n", key.first,
                            ContentText(key.second), Median(stores), "-", "-");
      continue;
    }
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    absl::StrAppendFormat(&text, "%-34s %8s %12.3f %12.3f %8.2f %9.2f..%.2f\n", key.first,
                          ContentText(key.second), Median(stores), Median(limits), Median(ratios),
                          *least, *most);
  }
  return text;
}

}  // namespace engram::bench
