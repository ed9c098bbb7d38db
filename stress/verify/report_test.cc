// The JSON that machines read: its keys are a contract.

#include "stress/verify/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "nlohmann/json.hpp"
#include "stress/verify/mixture_program.h"

namespace engram::verify {
namespace {

TEST(Report, HasTheKeysThatMachinesRead) {
  Report report;
  report.seed = 7;
  Part& part = report.parts.emplace_back();
  part.suite = "self";
  part.explorer = "random";
  part.event_hash = 0x1F;
  part.operation_kinds = {{"store", 3}};
  part.failures.push_back({"counter:AQ", "counter: lost update", "a story", 12, 0.5});
  Verdict& verdict = part.verdicts.emplace_back();
  verdict.program = "offsets_first";
  verdict.claim = "another memory's bytes";
  const nlohmann::ordered_json json = ToJson(report);

  EXPECT_EQ(json["seed"], 7);
  const nlohmann::ordered_json& suite = json["suites"].at(0);
  std::vector<std::string> keys;
  for (const auto& [key, value] : suite.items()) keys.push_back(key);
  keys.resize(12);
  EXPECT_THAT(
      keys, testing::ElementsAre("name", "explorer", "executions", "operations", "operation_kinds",
                                 "scheduling_points", "crashes", "recoveries", "faults", "seconds",
                                 "event_hash", "failures"));
  EXPECT_EQ(suite["event_hash"], "000000000000001f");
  EXPECT_EQ(suite["operation_kinds"]["store"], 3);
  EXPECT_EQ(suite["failures"].at(0).dump(),
            R"({"token":"counter:AQ","summary":"counter: lost update","executions":12,)"
            R"("cpu_seconds":0.5})");
  for (const char* key : {"program", "claim", "token", "executions", "cpu_seconds"}) {
    EXPECT_TRUE(suite["verdicts"].at(0).contains(key)) << key;
  }
}

TEST(Report, FailsIfAnyPartDoes) {
  Report report;
  report.parts.resize(3);
  EXPECT_FALSE(report.failed());
  report.parts[1].failures.emplace_back();
  EXPECT_TRUE(report.failed());
}

TEST(Part, AddsUpOutcomesAndNamesOperations) {
  world::Outcome outcome;
  outcome.executions = 10;
  outcome.steps = 100;
  outcome.crashes = 3;
  outcome.faults = 2;
  outcome.event_hash = 1;
  outcome.operation_kinds[0] = 5;
  const world::Program mixture = MixtureProgram();
  Part part;
  part.Add(mixture, outcome);
  const uint64_t first_hash = part.event_hash;
  part.Add(mixture, outcome);
  EXPECT_EQ(part.executions, 20u);
  EXPECT_EQ(part.scheduling_points, 200u);
  EXPECT_EQ(part.crashes, 6u);
  EXPECT_EQ(part.faults, 4u);
  EXPECT_EQ(part.operation_kinds, (std::map<std::string, uint64_t>{{"critical", 10}}));
  EXPECT_NE(part.event_hash, first_hash);
}

TEST(Part, TheHashDependsOnTheOrder) {
  const world::Program mixture = MixtureProgram();
  world::Outcome one, two;
  one.event_hash = 1;
  two.event_hash = 2;
  Part forwards, backwards;
  forwards.Add(mixture, one);
  forwards.Add(mixture, two);
  backwards.Add(mixture, two);
  backwards.Add(mixture, one);
  EXPECT_NE(forwards.event_hash, backwards.event_hash);
}

}  // namespace
}  // namespace engram::verify
