// How fast memories go to cold and come back on real files, and what that does to the file: beside
// the least it can cost, a copy and a checksum of each, and the same bytes over written blocks,
// synced. Every memory is read back and compared, outside of the measured time.
//
//   build/release/bin/store_migration_bench
//   ENGRAM_BENCH_MEMORIES, ENGRAM_BENCH_DIRECTORY: as store_bench
//
// The argument is the length of contents, as there. live_per_logical: bytes of the extents that are
// in use, for each byte of the memories.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "api/memory_store.h"
#include "base/check.h"
#include "bench/bench_memories.h"
#include "bench/filled_store.h"
#include "bench/limits.h"
#include "bench/ratio_table.h"
#include "io/clock.h"

namespace engram::bench {
namespace {

double UsSince(int64_t began_ns) {
  return static_cast<double>(io::SystemClock().MonotonicNs() - began_ns) / 1000;
}

// A copy, a checksum, and a write of each memory, one sync.
double LimitUs(FilledStore& filled, DiskLimit& disk, int64_t content) {
  std::vector<std::byte> record;
  const int64_t began_ns = io::SystemClock().MonotonicNs();
  for (uint32_t i = 0; i < filled.memories; ++i) {
    record.resize(LogicalBytes(i, content));
    filled.limit.Get(i, record);
    disk.Write(record);
  }
  disk.Sync();
  return UsSince(began_ns);
}

void CheckAll(MemoryStore& store, const FilledStore& filled, Tier tier, int64_t content) {
  for (uint32_t i = 0; i < filled.memories; ++i) {
    bool same = false;
    const auto seen =
        store.View(IdOf(i), [&](const MemoryView& view) { same = IsMemory(view, i, content); });
    ENGRAM_CHECK(seen.ok() && same && seen->tier == tier, "it is what was stored, and there");
  }
}

// Bytes of the file that something is in.
double LiveBytes(MemoryStore& store) {
  OrDie(store.Checkpoint());
  OrDie(store.CompactContent(/*force=*/true).status());
  const Statistics stats = store.Stats();
  return static_cast<double>(stats.file_bytes - stats.extents_free * stats.extent_bytes);
}

void BM_ToColdAndBack(benchmark::State& state) {
  const int64_t content = state.range(0);
  for (auto _ : state) {
    FilledStore& filled = Filled(content);
    const BenchDirectory directory;
    DiskLimit disk(directory.File("limit"), 64 * kMiB);
    CopyFile(filled.path, directory.File("store"));
    const auto store = OpenOrDie(directory.File("store"));
    std::vector<std::string> ids;
    for (uint32_t i = 0; i < filled.memories; ++i) ids.push_back(IdOf(i));
    const auto logical = static_cast<double>(LogicalBytesOfAll(filled.memories, content));
    state.counters["warm_live_per_logical"] = LiveBytes(*store) / logical;
    double total_us = 0;
    for (const Tier to : {Tier::kCold, Tier::kWarm}) {
      const double limit_us = LimitUs(filled, disk, content);
      const uint64_t private_before = PrivateBytes();
      const int64_t began_ns = io::SystemClock().MonotonicNs();
      const auto moved = store->Migrate(ids, to);
      OrDie(moved.status());
      OrDie(store->Sync());
      const double us = UsSince(began_ns);
      total_us += us;
      ENGRAM_CHECK(moved->moved == filled.memories, "each was moved");
      const std::string name = to == Tier::kCold ? "to_cold" : "to_warm";
      RatioTable::Instance().Add(name, content, us / filled.memories, limit_us / filled.memories);
      state.counters[name + "_us_each"] = us / filled.memories;
      state.counters[name + "_pause_us"] = static_cast<double>(moved->longest_pause_us);
      state.counters[name + "_private_MB"] =
          (static_cast<double>(PrivateBytes()) - static_cast<double>(private_before)) / 1e6;
      CheckAll(*store, filled, to, content);
      state.counters[name + "_live_per_logical"] = LiveBytes(*store) / logical;
    }
    state.SetIterationTime(total_us / 1e6);
    OrDie(store->Close());
  }
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  for (const int64_t content : {engram::bench::kMixedContent, int64_t{100}, int64_t{10'000}}) {
    benchmark::RegisterBenchmark("to_cold_and_back", engram::bench::BM_ToColdAndBack)
        ->Arg(content)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  std::fputs(engram::bench::RatioTable::Instance().Text().c_str(), stderr);
  return 0;
}
