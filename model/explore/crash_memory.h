// What the exhaustive explorer has seen crashes lead to: where a crash leaves the same world and
// the same knowledge as an earlier one (Runner::StateAfter), all that comes after it has been
// explored and judged, and is counted instead of run.

#ifndef ENGRAM_MODEL_EXPLORE_CRASH_MEMORY_H_
#define ENGRAM_MODEL_EXPLORE_CRASH_MEMORY_H_

#include <cstdint>
#include <optional>
#include <unordered_map>

namespace engram::world {

// Thread safety: thread-compatible.
class CrashMemory {
 public:
  // How many classes of executions a crash that leaves `state` leads to, if that has been explored
  // to its end; they count as met again.
  std::optional<uint64_t> Meet(uint64_t state) {
    const auto found = classes_.find(state);
    if (found == classes_.end()) return std::nullopt;
    ++crashes_met_;
    classes_met_ += found->second;
    return found->second;
  }
  // What follows `state` has been explored to its end: so many classes, those met again included.
  void Keep(uint64_t state, uint64_t classes) { classes_.emplace(state, classes); }

  uint64_t states() const { return classes_.size(); }
  uint64_t crashes_met() const { return crashes_met_; }
  uint64_t classes_met() const { return classes_met_; }

 private:
  std::unordered_map<uint64_t, uint64_t> classes_;  // by state
  uint64_t crashes_met_ = 0;
  uint64_t classes_met_ = 0;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_CRASH_MEMORY_H_
