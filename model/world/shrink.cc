// Greedy delta debugging over named decisions: what is left out shifts nothing else, so most
// attempts make sense.

#include "model/world/shrink.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/check.h"
#include "model/world/execution.h"
#include "model/world/explorers.h"
#include "model/world/token.h"

namespace engram::world {
namespace {

// Decisions that make something fail, go missing or end early; the others only order what happens.
bool Harms(const Deviation& deviation) {
  switch (deviation.name.kind) {
    case ChoiceKind::kSchedule:
    case ChoiceKind::kWake:
    case ChoiceKind::kValue:
      return false;
    default:
      return true;
  }
}

class Shrinker {
 public:
  Shrinker(const Program& program, const Failure& failure, const Bounds& bounds)
      : execution_(program, bounds), failure_(failure) {}

  // Whether this execution fails as wanted; if so, it becomes the current one, reduced to the
  // deviations that were used.
  bool Accept(std::vector<Operation> operations, const std::vector<Deviation>& deviations) {
    ReplayExplorer replay(deviations);
    execution_.Run(operations, replay);
    const std::optional<Failure>& failure = execution_.failure();
    if (!failure.has_value() || failure->kind != failure_.kind ||
        failure->claim != failure_.claim) {
      return false;
    }
    last_failure_ = *failure;
    operations_ = std::move(operations);
    deviations_ = execution_.scheduler().deviations();
    event_hash_ = execution_.scheduler().event_hash();
    return true;
  }

  void RunToFixpoint() {
    for (bool smaller = true; smaller;) {
      smaller = LeaveOutClients();
      smaller |= LeaveOut<Operation>(&Shrinker::operations_, [](const Operation&) { return true; });
      smaller |= LeaveOut<Deviation>(&Shrinker::deviations_, Harms);
      smaller |= LeaveOut<Deviation>(&Shrinker::deviations_,
                                     [](const Deviation& deviation) { return !Harms(deviation); });
      smaller |= LowerValues();
    }
  }

  const std::vector<Operation>& operations() const { return operations_; }
  const std::vector<Deviation>& deviations() const { return deviations_; }
  const Failure& last_failure() const { return last_failure_; }
  uint64_t event_hash() const { return event_hash_; }

 private:
  bool LeaveOutClients() {
    bool smaller = false;
    for (uint32_t client = 0; client < 256; ++client) {
      std::vector<Operation> rest;
      for (const Operation& operation : operations_) {
        if (operation.client != client) rest.push_back(operation);
      }
      if (rest.size() < operations_.size() && Accept(std::move(rest), deviations_)) smaller = true;
    }
    return smaller;
  }

  // Leaves out elements of a list for which `may_go` holds: runs of them, half as long each time,
  // down to single ones. From the end, because what comes late depends on what comes early.
  template <typename Element, typename Predicate>
  bool LeaveOut(std::vector<Element> Shrinker::* list, const Predicate& may_go) {
    bool smaller = false;
    for (size_t run = (this->*list).size(); run > 0; run /= 2) {
      for (size_t end = (this->*list).size(); end > 0;) {
        end = std::min(end, (this->*list).size());
        const size_t begin = end > run ? end - run : 0;
        std::vector<Element> rest;
        for (size_t i = 0; i < (this->*list).size(); ++i) {
          if (i < begin || i >= end || !may_go((this->*list)[i])) rest.push_back((this->*list)[i]);
        }
        if (rest.size() < (this->*list).size() && AcceptList(std::move(rest))) smaller = true;
        end = begin;
      }
    }
    return smaller;
  }
  bool AcceptList(std::vector<Operation> rest) { return Accept(std::move(rest), deviations_); }
  bool AcceptList(std::vector<Deviation> rest) { return Accept(operations_, rest); }

  bool LowerValues() {
    bool smaller = false;
    for (size_t i = 0; i < deviations_.size(); ++i) {
      for (uint32_t value = 1; i < deviations_.size() && value < deviations_[i].value; ++value) {
        std::vector<Deviation> lower = deviations_;
        lower[i].value = value;
        if (Accept(operations_, lower)) smaller = true;
      }
    }
    return smaller;
  }

  Execution execution_;
  const Failure failure_;
  std::vector<Operation> operations_;
  std::vector<Deviation> deviations_;
  Failure last_failure_;
  uint64_t event_hash_ = 0;
};

}  // namespace

Finding Shrink(const Program& program, std::span<const Operation> operations,
               std::span<const Deviation> deviations, const Failure& failure,
               const Bounds& bounds) {
  Shrinker shrinker(program, failure, bounds);
  ENGRAM_CHECK(shrinker.Accept({operations.begin(), operations.end()},
                               {deviations.begin(), deviations.end()}),
               "the execution does not fail again as it did: the program depends on something that "
               "is not decided by its operations and choices");
  shrinker.RunToFixpoint();
  for (int again = 0; again < 2; ++again) {
    const uint64_t hash = shrinker.event_hash();
    const std::vector<Deviation> before = shrinker.deviations();
    ENGRAM_CHECK(shrinker.Accept(shrinker.operations(), before) && shrinker.event_hash() == hash &&
                     shrinker.deviations() == before,
                 "a replay of the shrunk execution is not the same execution");
  }
  Finding finding;
  finding.failure = shrinker.last_failure();
  finding.operations = shrinker.operations();
  finding.deviations = shrinker.deviations();
  finding.token = EncodeToken(program.name, finding.operations, finding.deviations);
  return finding;
}

}  // namespace engram::world
