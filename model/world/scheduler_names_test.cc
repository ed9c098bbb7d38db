// Names of decisions: no two of an execution are the same, or a list of deviations would be
// ambiguous.

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "model/world/choices.h"
#include "model/world/scheduler.h"

namespace engram::world {
namespace {

class NoteNames final : public Choices {
 public:
  uint32_t Choose(const Name& name, uint32_t) override {
    ++asked;
    names.insert(name);
    return 0;
  }
  size_t asked = 0;
  std::set<Name> names;
};

TEST(SchedulerNames, AreDifferentBeforeBetweenAndAfterOperations) {
  NoteNames choices;
  const auto scheduler = std::make_unique<Scheduler>();
  scheduler->Begin(Bounds(), choices);
  scheduler->RunEra([&] {
    constexpr uint16_t kOperations[] = {0, 1, 0, 2, 0};
    for (const uint16_t operation : kOperations) {
      scheduler->SetOperation(operation);
      scheduler->Choose(ChoiceKind::kValue, 2);
      scheduler->Choose(ChoiceKind::kCrash, 2);
    }
  });
  EXPECT_EQ(choices.asked, 10u);
  EXPECT_EQ(choices.names.size(), choices.asked);
  scheduler->End();
}

}  // namespace
}  // namespace engram::world
