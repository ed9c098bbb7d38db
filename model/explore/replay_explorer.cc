// Answers choices from a list of deviations.

#include <algorithm>
#include <tuple>

#include "model/explore/explorers.h"

namespace engram::world {

ReplayExplorer::ReplayExplorer(std::span<const Deviation> deviations)
    : sorted_(deviations.begin(), deviations.end()), used_(deviations.size(), 0) {
  std::sort(sorted_.begin(), sorted_.end());
  unused_.reserve(sorted_.size());
  deviation_steps_.reserve(sorted_.size());
}

ReplayExplorer::~ReplayExplorer() = default;

bool ReplayExplorer::Begin(const Scheduler& scheduler) {
  scheduler_ = &scheduler;
  std::fill(used_.begin(), used_.end(), uint8_t{0});
  deviation_steps_.clear();
  return true;
}

uint32_t ReplayExplorer::Choose(const Name& name, uint32_t alternatives) {
  if (deviation_steps_.size() == sorted_.size()) return 0;
  const auto found = std::lower_bound(
      sorted_.begin(), sorted_.end(), name,
      [](const Deviation& deviation, const Name& wanted) { return deviation.name < wanted; });
  if (found == sorted_.end() || found->name != name) return 0;
  if (found->value == 0 || found->value >= alternatives) return 0;
  uint8_t& used = used_[static_cast<size_t>(found - sorted_.begin())];
  if (used != 0) return 0;
  used = 1;
  deviation_steps_.push_back(scheduler_->step_count());
  return found->value;
}

bool ReplayExplorer::End() {
  unused_.clear();
  for (size_t i = 0; i < sorted_.size(); ++i) {
    if (used_[i] == 0) unused_.push_back(sorted_[i]);
  }
  return true;
}

}  // namespace engram::world
