// How long a compaction takes, what it gives back, and what a reader notices of it.
//
//   build/release/bin/store_compaction_bench --benchmark_repetitions=3 --benchmark_out=FILE
//   ENGRAM_BENCH_MEMORIES=N   memories in the store, 100,000 if it is not set
//   ENGRAM_BENCH_DIRECTORY=D  where the file is made, otherwise where temporary files are
//
// The argument is the length of all contents in bytes. Each repetition stores all memories, removes
// every second one, and compacts: the time is that of CompactContent, its syncs and the returned
// space included. The limit is the live content written once over written blocks of a file, and one
// sync. A thread reads random memories all the while; its latencies are those of the same thread
// just before, in as long a time without a compaction, and during it.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
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

int64_t NowNs() { return io::SystemClock().MonotonicNs(); }

double ToUs(int64_t ns) { return static_cast<double>(ns) / 1000; }

// Reads random memories with even indices until told to stop.
class Reader {
 public:
  Reader(MemoryStore& store, uint32_t memories, int64_t content)
      : store_(store), content_(content), indices_(ShuffledIndices(memories)) {
    latencies_ns_.reserve(kReadsMax);
    thread_ = std::thread([this] { Run(); });
  }
  ~Reader() {
    if (thread_.joinable()) Stop();
  }
  // Stops it; the latency below which the part `share` of its reads stayed, and the longest.
  void Stop() {
    stops_.store(true);
    thread_.join();
    std::sort(latencies_ns_.begin(), latencies_ns_.end());
  }
  double QuantileUs(double share) const {
    if (latencies_ns_.empty()) return 0;
    const auto place = static_cast<size_t>(share * static_cast<double>(latencies_ns_.size() - 1));
    return ToUs(latencies_ns_[place]);
  }

 private:
  static constexpr size_t kReadsMax = 20'000'000;

  void Run() {
    for (size_t i = 0; !stops_.load() && latencies_ns_.size() < kReadsMax; ++i) {
      const uint32_t index = indices_[i % indices_.size()] / 2 * 2;
      const std::string id = IdOf(index);
      const int64_t began_ns = NowNs();
      const absl::StatusOr<GetResult> got = store_.Get(id);
      latencies_ns_.push_back(NowNs() - began_ns);
      ENGRAM_CHECK(got.ok() && got->memory && IsMemory(*got->memory, index, content_),
                   "what was stored is there");
    }
  }

  MemoryStore& store_;
  const int64_t content_;
  const std::vector<uint32_t> indices_;
  std::vector<int64_t> latencies_ns_;
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

int64_t Compact(MemoryStore& store, CompactionStats& told) {
  const int64_t began_ns = NowNs();
  absl::StatusOr<CompactionStats> stats = store.CompactContent(/*force=*/true);
  const int64_t ns = NowNs() - began_ns;
  OrDie(stats.status());
  told = *stats;
  return ns;
}

void FillAndRemoveHalf(MemoryStore& store, uint32_t memories, int64_t content) {
  for (uint32_t i = 0; i < memories; ++i) OrDie(store.Store(MakeMemory(i, content)).status());
  OrDie(store.Sync());
  for (uint32_t i = 1; i < memories; i += 2) OrDie(store.Remove(IdOf(i)).status());
  OrDie(store.Checkpoint());
}

void BM_Compact(benchmark::State& state) {
  const uint32_t memories = MemoriesWanted();
  const int64_t content = state.range(0);
  const BenchDirectory directory;
  const auto store = OpenOrDie(directory.File("store"), {.hot_capacity_bytes = 0});
  for (auto _ : state) {
    FillAndRemoveHalf(*store, memories, content);
    const Statistics before = store->Stats();
    DiskLimit disk(directory.File("limit"), before.content_bytes_live);
    const std::vector<std::byte> live(before.content_bytes_live);
    const int64_t limit_began_ns = NowNs();
    disk.Write(live);
    disk.Sync();
    const int64_t limit_ns = NowNs() - limit_began_ns;

    const uint64_t disk_before = DiskBytes(directory.File("store"));
    const uint64_t private_before = PrivateBytes();
    CompactionStats told;
    const int64_t alone_ns = Compact(*store, told);
    const uint64_t private_after = PrivateBytes();
    state.SetIterationTime(static_cast<double>(alone_ns) / 1e9);
    RatioTable::Instance().Add("compaction", content, ToUs(alone_ns), ToUs(limit_ns));
    state.counters["disk_mb_given_back"] =
        static_cast<double>(disk_before - DiskBytes(directory.File("store"))) / 1e6;
    state.counters["private_mb_more"] =
        (static_cast<double>(private_after) - static_cast<double>(private_before)) / 1e6;
    state.counters["longest_pause_us"] = static_cast<double>(told.longest_pause_us);
    state.counters["bytes_reclaimed"] = static_cast<double>(told.bytes_reclaimed);

    FillAndRemoveHalf(*store, memories, content);
    Reader before_reader(*store, memories, content);
    std::this_thread::sleep_for(std::chrono::nanoseconds(alone_ns));
    before_reader.Stop();
    Reader beside_reader(*store, memories, content);
    Compact(*store, told);
    beside_reader.Stop();
    RatioTable::Instance().Add("reader p50, beside / without", content,
                               beside_reader.QuantileUs(0.5), before_reader.QuantileUs(0.5));
    RatioTable::Instance().Add("reader p99.9, beside / without", content,
                               beside_reader.QuantileUs(0.999), before_reader.QuantileUs(0.999));
    RatioTable::Instance().Add("reader max, beside / without", content, beside_reader.QuantileUs(1),
                               before_reader.QuantileUs(1));
  }
}
BENCHMARK(BM_Compact)
    ->Name("compact")
    ->Arg(100)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  std::fputs(engram::bench::RatioTable::Instance().Text().c_str(), stderr);
  return 0;
}
