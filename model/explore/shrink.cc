// Greedy removal in ever smaller pieces (Zeller's delta debugging without complements), to a
// fixpoint.

#include "model/explore/shrink.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "model/explore/explorers.h"
#include "model/explore/reschedule.h"
#include "model/explore/token.h"

namespace engram::world {
namespace {

constexpr uint64_t kStepsMax = 40'000'000;  // some five seconds
constexpr uint64_t kReschedulingStepsMax = 10'000'000;
constexpr size_t kPairsOfDeviationsMax = 24;  // up to so many deviations are left out in pairs
constexpr uint32_t kValuesTriedMax = 64;

// Whether a deviation of this kind is something going wrong, rather than a matter of order.
bool IsFault(ChoiceKind kind) {
  switch (kind) {
    case ChoiceKind::kCrash:
    case ChoiceKind::kFault:
    case ChoiceKind::kShortTransfer:
    case ChoiceKind::kRevert:
    case ChoiceKind::kMetadata:
    case ChoiceKind::kSurvive:
    case ChoiceKind::kTear:
    case ChoiceKind::kAllocation:
      return true;
    case ChoiceKind::kSchedule:
    case ChoiceKind::kWake:
    case ChoiceKind::kSpuriousWake:
    case ChoiceKind::kWeakFailure:
    case ChoiceKind::kValue:
      return false;
  }
  return false;
}

class Shrinker {
 public:
  Shrinker(Runner& runner, std::vector<Operation> operations, std::vector<Deviation> deviations,
           const Failure& failure)
      : runner_(runner),
        operations_(std::move(operations)),
        deviations_(std::move(deviations)),
        failure_(failure) {}

  Finding Shrink() {
    if (!Keep(operations_, deviations_)) {
      return Found("\nIt could not be made smaller: replayed, it does not fail in this way.");
    }
    bool smaller = true;
    while (smaller) {
      smaller = LeaveOutClients();
      smaller |= LeaveOutOperations();
      smaller |= LeaveOutDeviations(true);
      smaller |= LeaveOutDeviations(false);
      smaller |= LowerValues();
      if (!smaller) smaller = LeaveOutPairs();
      if (!smaller) smaller = RescheduleShorter();
    }
    const std::optional<uint64_t> first = Replay(operations_, deviations_);
    const std::optional<uint64_t> second = Replay(operations_, deviations_);
    if (!first || first != second) {
      return Found("\nReplayed twice, it did not do the same: the program is not deterministic.");
    }
    failure_ = *runner_.scheduler().failure();
    return Found("");
  }

 private:
  // The event hash of the execution if it fails in the same way.
  std::optional<uint64_t> Replay(const std::vector<Operation>& operations,
                                 const std::vector<Deviation>& deviations) {
    ReplayExplorer explorer(deviations);
    explorer.Begin(runner_.scheduler());
    runner_.Run(operations, explorer);
    explorer.End();
    const Scheduler& scheduler = runner_.scheduler();
    steps_ += scheduler.step_count() + 1;
    const bool same = scheduler.failed() && scheduler.failure()->kind == failure_.kind &&
                      scheduler.failure()->claim == failure_.claim;
    return same ? std::optional(scheduler.event_hash()) : std::nullopt;
  }

  // Takes a smaller execution if it still fails.
  bool Keep(const std::vector<Operation>& operations, const std::vector<Deviation>& deviations) {
    if (steps_ >= kStepsMax || !Replay(operations, deviations)) return false;
    std::vector<Operation> kept = operations;  // may be operations_ itself
    operations_ = std::move(kept);
    deviations_ = runner_.scheduler().deviations();
    return true;
  }

  bool LeaveOutClients() {
    bool smaller = false;
    for (uint32_t client = 0; client < 256; ++client) {
      std::vector<Operation> rest = operations_;
      std::erase_if(rest, [&](const Operation& o) { return o.client == client; });
      if (rest.size() < operations_.size()) smaller |= Keep(rest, deviations_);
    }
    return smaller;
  }

  bool LeaveOutOperations() {
    bool smaller = false;
    for (size_t piece = std::max<size_t>(1, operations_.size() / 2); piece > 0; piece /= 2) {
      for (size_t end = operations_.size(); end > 0; end -= std::min(piece, end)) {
        if (end > operations_.size()) continue;
        const size_t begin = end - std::min(piece, end);
        std::vector<Operation> rest = operations_;
        rest.erase(rest.begin() + static_cast<ptrdiff_t>(begin),
                   rest.begin() + static_cast<ptrdiff_t>(end));
        smaller |= Keep(rest, deviations_);
      }
    }
    return smaller;
  }

  // Indices of the deviations that are faults, or of those that are not.
  std::vector<size_t> Deviations(bool faults) const {
    std::vector<size_t> indices;
    for (size_t i = 0; i < deviations_.size(); ++i) {
      if (IsFault(deviations_[i].name.kind) == faults) indices.push_back(i);
    }
    return indices;
  }

  bool KeepWithout(const std::vector<size_t>& indices, size_t begin, size_t end) {
    std::vector<Deviation> rest;
    for (size_t i = 0; i < deviations_.size(); ++i) {
      const auto found = std::find(indices.begin() + static_cast<ptrdiff_t>(begin),
                                   indices.begin() + static_cast<ptrdiff_t>(end), i);
      if (found == indices.begin() + static_cast<ptrdiff_t>(end)) rest.push_back(deviations_[i]);
    }
    return Keep(operations_, rest);
  }

  bool LeaveOutDeviations(bool faults) {
    bool smaller = false;
    std::vector<size_t> indices = Deviations(faults);
    for (size_t piece = indices.size(); piece > 0; piece /= 2) {
      for (size_t end = indices.size(); end > 0; end -= std::min(piece, end)) {
        if (end > indices.size()) continue;
        if (KeepWithout(indices, end - std::min(piece, end), end)) {
          smaller = true;
          indices = Deviations(faults);
        }
      }
    }
    return smaller;
  }

  // Where one deviation only undoes what another has done, neither can go alone.
  bool LeaveOutPairs() {
    if (deviations_.size() > kPairsOfDeviationsMax) return false;
    for (size_t i = 0; i < deviations_.size(); ++i) {
      for (size_t j = i + 1; j < deviations_.size(); ++j) {
        if (KeepWithout({i, j}, 0, 2)) return true;
      }
    }
    return false;
  }

  // An interruption in another place may do what several did.
  bool RescheduleShorter() {
    const auto shorter =
        Reschedule(runner_, operations_, deviations_, failure_, kReschedulingStepsMax, steps_);
    return shorter.has_value() && Keep(operations_, *shorter);
  }

  bool KeepLowered(size_t index, uint32_t value) {
    std::vector<Deviation> lowered = deviations_;
    lowered[index].value = value;
    return Keep(operations_, lowered);
  }

  bool LowerValues() {
    bool smaller = false;
    for (size_t i = 0; i < deviations_.size(); ++i) {
      const uint32_t value = deviations_[i].value;
      if (value > kValuesTriedMax) {
        const bool lowered =
            KeepLowered(i, 1) || KeepLowered(i, value / 2) || KeepLowered(i, value - 1);
        smaller |= lowered;
        continue;
      }
      for (uint32_t lower = 1; lower < value; ++lower) {
        if (!KeepLowered(i, lower)) continue;
        smaller = true;
        break;
      }
    }
    return smaller;
  }

  Finding Found(const char* remark) const {
    Finding finding;
    finding.failure = failure_;
    finding.failure.detail += remark;
    finding.operations = operations_;
    finding.deviations = deviations_;
    finding.token = EncodeToken(runner_.program().name, operations_, deviations_);
    return finding;
  }

  Runner& runner_;
  std::vector<Operation> operations_;
  std::vector<Deviation> deviations_;
  Failure failure_;
  uint64_t steps_ = 0;  // scheduling points spent
};

}  // namespace

Finding Shrink(Runner& runner, const std::vector<Operation>& operations,
               const std::vector<Deviation>& deviations, const Failure& failure) {
  return Shrinker(runner, operations, deviations, failure).Shrink();
}

Finding Shrink(const Program& program, const std::vector<Operation>& operations,
               const std::vector<Deviation>& deviations, const Failure& failure,
               const Bounds& bounds) {
  Runner runner(program, bounds);
  return Shrink(runner, operations, deviations, failure);
}

}  // namespace engram::world
