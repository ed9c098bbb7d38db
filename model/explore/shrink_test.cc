// Shrinking: what is left is needed, all of it.

#include "model/explore/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/explore/explore.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

enum Kind : uint8_t { kNothing, kIncrement };

// Two clients; increments are not atomic, everything else is noise.
class LossyCounter final : public Scenario {
 public:
  LossyCounter(World& world, std::span<const Operation> operations)
      : world_(world), operations_(operations.begin(), operations.end()) {}

  void Run() override {
    sync::Atomic<int> count(0);
    const auto client = [&](uint8_t number) {
      for (const Operation& operation : operations_) {
        if (operation.client != number) continue;
        world_.BeginOperation(operation.id, [] { return std::string("operation"); });
        const int seen = count.Load(std::memory_order_seq_cst);
        if (operation.kind == kIncrement) count.Store(seen + 1, std::memory_order_seq_cst);
        world_.EndOperation([] { return std::string("done"); });
      }
    };
    {
      sync::Thread first("first", [&] { client(0); }), second("second", [&] { client(1); });
    }
    const auto increments = std::count_if(operations_.begin(), operations_.end(),
                                          [](const Operation& o) { return o.kind == kIncrement; });
    if (count.Load(std::memory_order_seq_cst) != increments) world_.Fail("lost update", "");
  }

 private:
  World& world_;
  const std::vector<Operation> operations_;
};

Program LossyCounterProgram() {
  Program program;
  program.name = "lossy_counter";
  program.generate = [](uint64_t) {
    std::vector<Operation> operations;
    for (uint16_t id = 1; id <= 24; ++id) {
      Operation operation;
      operation.id = id;
      operation.client = id % 2;
      operation.kind = id % 3 == 0 ? kIncrement : kNothing;
      operations.push_back(operation);
    }
    return operations;
  };
  program.describe = [](const Operation& operation) {
    return std::string(operation.kind == kIncrement ? "increment" : "nothing");
  };
  program.make = [](World& world, std::span<const Operation> operations) {
    return std::make_unique<LossyCounter>(world, operations);
  };
  return program;
}

bool Fails(const Program& program, const std::vector<Operation>& operations,
           const std::vector<Deviation>& deviations) {
  const Replayed replayed = Replay(program, operations, deviations, program.bounds);
  return replayed.failure.has_value() && replayed.failure->claim == "lost update";
}

TEST(Shrink, LeavesNothingThatCouldBeLeftOut) {
  const Program program = LossyCounterProgram();
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Budget budget;
    budget.shrink = false;
    const Outcome outcome = Explore(program, {"random", seed}, program.bounds, budget);
    ASSERT_TRUE(outcome.finding.has_value());
    const Finding& raw = *outcome.finding;
    const Finding small =
        Shrink(program, raw.operations, raw.deviations, raw.failure, program.bounds);
    EXPECT_EQ(small.operations.size(), 2u);
    EXPECT_EQ(small.deviations.size(), 1u);
    ASSERT_TRUE(Fails(program, small.operations, small.deviations));
    for (size_t i = 0; i < small.operations.size(); ++i) {
      std::vector<Operation> fewer = small.operations;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
      EXPECT_FALSE(Fails(program, fewer, small.deviations));
    }
    for (size_t i = 0; i < small.deviations.size(); ++i) {
      std::vector<Deviation> fewer = small.deviations;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
      EXPECT_FALSE(Fails(program, small.operations, fewer));
      for (uint32_t value = 1; value < small.deviations[i].value; ++value) {
        std::vector<Deviation> lower = small.deviations;
        lower[i].value = value;
        EXPECT_FALSE(Fails(program, small.operations, lower));
      }
    }
  }
}

TEST(Shrink, AFailureThatDoesNotComeAgainIsReturnedWithTheReason) {
  const Program program = LossyCounterProgram();
  const Failure invented{FailureKind::kClaim, "lost update", "never seen"};
  const Finding finding = Shrink(program, program.generate(1), {}, invented, program.bounds);
  EXPECT_EQ(finding.operations, program.generate(1));
  EXPECT_GT(finding.failure.detail.size(), invented.detail.size());
}

}  // namespace
}  // namespace engram::world
