// How fast a store looks at all its memories - iteration, pages, recall - beside how fast this
// machine reads as many bytes of embeddings on one core, measured in turns in one process and one
// run.
//
//   build/release/bin/store_walks_bench --benchmark_repetitions=3
//   ENGRAM_BENCH_MEMORIES=N   one store of N memories; otherwise one of 100,000, one of 1,000,000
//   ENGRAM_BENCH_DIRECTORY=D  where the files are made, otherwise where temporary files are
//
// The argument of a benchmark is the count of memories; each has 100 bytes of content. All are
// warm, for cold_* all are cold. Its pages are in the page cache and have been touched once. Times
// are per memory. The limit is one pass over that many embeddings, one behind the other in RAM,
// adding up words. Behind the numbers comes a table of the ratios.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/memory_store.h"
#include "api/tier.h"
#include "base/check.h"
#include "bench/bench_memories.h"
#include "bench/filled_store.h"
#include "bench/limits.h"
#include "bench/ratio_table.h"
#include "io/clock.h"

namespace engram::bench {
namespace {

constexpr int64_t kContent = 100;

// A store that is open, and as many embeddings in RAM.
struct WalkedStore {
  explicit WalkedStore(uint32_t count)
      : memories(count), embeddings(uint64_t{count} * kEmbeddingDimension, 1.0F) {
    const std::string path = directory.File("store");
    store = OpenOrDie(path);
    for (uint32_t i = 0; i < memories; ++i) {
      OrDie(store->Store(MakeMemory(i, kContent)).status());
    }
    OrDie(store->Close());
    store = OpenOrDie(path);
    CheckAll();
  }

  // Makes all of them cold, once.
  void MakeCold() const {
    if (store->Stats().memories_cold == memories) return;
    std::vector<std::string> ids;
    for (uint32_t i = 0; i < memories; ++i) ids.push_back(IdOf(i));
    const absl::StatusOr<MigrationStats> stats = store->Migrate(ids, Tier::kCold);
    OrDie(stats.status());
    ENGRAM_CHECK(stats->moved == memories, "each was warm");
    OrDie(store->Checkpoint());
    CheckAll();
  }

  // Every byte of every memory is what was stored; touches every page.
  void CheckAll() const {
    uint32_t met = 0;
    OrDie(store->Iterate(std::nullopt, [&](const IterationItem& item) {
      OrDie(item.status);
      const auto index = static_cast<uint32_t>(item.view->created_at);
      ENGRAM_CHECK(index < memories && IsMemory(*item.view, index, kContent),
                   "an iteration shows what was stored");
      ++met;
      return true;
    }));
    ENGRAM_CHECK(met == memories, "an iteration meets each memory once");
  }

  double LimitUs() const {
    const int64_t began = io::SystemClock().MonotonicNs();
    benchmark::DoNotOptimize(FoldBytes(embeddings.data(), embeddings.size() * sizeof(float)));
    return static_cast<double>(io::SystemClock().MonotonicNs() - began) / 1000;
  }

  const uint32_t memories;
  BenchDirectory directory;
  std::vector<float> embeddings;
  std::unique_ptr<MemoryStore> store;
};

const WalkedStore& Walked(int64_t count) {
  static std::unique_ptr<WalkedStore> walked;
  if (!walked || walked->memories != count) {
    walked.reset();
    walked = std::make_unique<WalkedStore>(static_cast<uint32_t>(count));
  }
  return *walked;
}

// Measures `walk`, which returns how many memories it met, and the limit, in turns.
template <typename Walk>
void Measure(benchmark::State& state, const std::string& what, const Walk& walk) {
  const WalkedStore& walked = Walked(state.range(0));
  for (auto _ : state) {
    const double limit_us = walked.LimitUs();
    const int64_t began = io::SystemClock().MonotonicNs();
    const uint64_t met = walk(walked);
    const double store_us = static_cast<double>(io::SystemClock().MonotonicNs() - began) / 1000;
    ENGRAM_CHECK(met == walked.memories, "each memory is met");
    const double bytes = static_cast<double>(walked.memories) * kEmbeddingDimension * sizeof(float);
    state.SetIterationTime(store_us / 1e6);
    state.counters["GB/s"] = bytes / store_us / 1000;
    state.counters["limit_GB/s"] = bytes / limit_us / 1000;
    state.counters["of_bandwidth"] = limit_us / store_us;
    RatioTable::Instance().Add(what + ", " + std::to_string(walked.memories), kContent,
                               store_us / walked.memories, limit_us / walked.memories);
  }
}

void Iterate(benchmark::State& state, const std::string& what) {
  Measure(state, what, [](const WalkedStore& walked) {
    uint64_t met = 0;
    OrDie(walked.store->Iterate(std::nullopt, [&](const IterationItem& item) {
      benchmark::DoNotOptimize(item.view->embedding.data());
      ++met;
      return true;
    }));
    return met;
  });
}

void BM_Iterate(benchmark::State& state) { Iterate(state, "iterate"); }

void BM_IterateCold(benchmark::State& state) {
  Walked(state.range(0)).MakeCold();
  Iterate(state, "iterate cold");
}

void BM_List(benchmark::State& state) {
  Measure(state, "list by 1000", [](const WalkedStore& walked) {
    uint64_t met = 0;
    std::string cursor;
    do {
      const absl::StatusOr<Page> page = walked.store->List(cursor, kPageLimitMax, std::nullopt);
      OrDie(page.status());
      met += page->items.size();
      cursor = page->cursor;
    } while (!cursor.empty());
    return met;
  });
}

void Recall(benchmark::State& state, const std::string& what) {
  Measure(state, what, [](const WalkedStore& walked) {
    const uint32_t wanted = walked.memories / 3;
    const absl::StatusOr<RecallResult> result =
        walked.store->Recall(MakeMemory(wanted, kContent).embedding, {});
    OrDie(result.status());
    ENGRAM_CHECK(result->matches.size() == 10 && result->matches.front().id == IdOf(wanted),
                 "a memory is most like itself");
    return result->examined;
  });
}

void BM_Recall(benchmark::State& state) { Recall(state, "recall"); }

void BM_RecallCold(benchmark::State& state) {
  Walked(state.range(0)).MakeCold();
  Recall(state, "recall cold");
}

void RegisterAll() {
  const std::vector<std::pair<const char*, void (*)(benchmark::State&)>> benchmarks = {
      {"iterate", BM_Iterate},
      {"list", BM_List},
      {"recall", BM_Recall},
      {"cold_iterate", BM_IterateCold},
      {"cold_recall", BM_RecallCold}};
  std::vector<int64_t> counts = {100'000, 1'000'000};
  if (std::getenv("ENGRAM_BENCH_MEMORIES") != nullptr) counts = {MemoriesWanted()};
  for (const int64_t count : counts) {
    for (const auto& [name, function] : benchmarks) {
      benchmark::RegisterBenchmark(name, function)
          ->Arg(count)
          ->Iterations(1)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  engram::bench::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  std::fputs(engram::bench::RatioTable::Instance().Text().c_str(), stderr);
  return 0;
}
