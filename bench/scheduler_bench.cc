// How fast the world is: scheduling points per second on the program of three threads that take one
// mutex twice each, for the bare scheduler and for each explorer. Run:
// build/release/bin/scheduler_bench

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "model/explore/explore.h"
#include "model/world/program.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

Program ThreeThreadsOneMutex() {
  return FromFunction("three-threads-one-mutex", [] {
    sync::Mutex mutex;
    const auto twice = [&mutex] {
      for (int i = 0; i < 2; ++i) sync::MutexLock lock(mutex);
    };
    sync::Thread a("a", twice), b("b", twice), c("c", twice);
  });
}

// The default schedule over and over: what an execution costs with nothing decided.
class Defaults final : public Choices {
 public:
  uint32_t Choose(const Name&, uint32_t) override { return 0; }
};

void ReportPoints(benchmark::State& state, uint64_t points, uint64_t executions) {
  state.counters["points/s"] =
      benchmark::Counter(static_cast<double>(points), benchmark::Counter::kIsRate);
  state.counters["executions/s"] =
      benchmark::Counter(static_cast<double>(executions), benchmark::Counter::kIsRate);
}

void BM_DefaultSchedule(benchmark::State& state) {
  const Program program = ThreeThreadsOneMutex();
  World world;
  Defaults defaults;
  uint64_t points = 0, executions = 0;
  for (auto _ : state) {
    world.Begin(program.bounds, defaults, /*telling=*/false);
    const std::unique_ptr<Scenario> scenario = program.make(world, {});
    world.scheduler().RunEra([&] { scenario->Run(); });
    points += world.scheduler().step_count();
    ++executions;
    world.End();
  }
  ReportPoints(state, points, executions);
}
BENCHMARK(BM_DefaultSchedule);

void BM_Explore(benchmark::State& state, const std::string& explorer) {
  const Program program = ThreeThreadsOneMutex();
  Budget budget;
  budget.executions_max = 100'000;
  uint64_t points = 0, executions = 0;
  for (auto _ : state) {
    const Outcome outcome = Explore(program, ExplorerOptions{explorer}, program.bounds, budget);
    ENGRAM_CHECK(outcome.failures == 0, "the program is right");
    points += outcome.steps;
    executions += outcome.executions;
  }
  ReportPoints(state, points, executions);
}
BENCHMARK_CAPTURE(BM_Explore, random, "random")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Explore, pct, "pct")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Explore, exhaustive, "exhaustive")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace engram::world
