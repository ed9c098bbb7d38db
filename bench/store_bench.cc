// How fast a store is on real files, beside what the machine can do at best, measured in turns in
// one process and one run. Every value that is read back is verified, outside of the measured time.
//
//   build/release/bin/store_bench --benchmark_repetitions=3 --benchmark_out=FILE
//   ENGRAM_BENCH_MEMORIES=N   memories in a store, 100,000 if it is not set
//   ENGRAM_BENCH_DIRECTORY=D  where the files are made, otherwise where temporary files are
//
// The argument of a benchmark is the length of all contents in bytes, -1 for a mix of 0 to 900.
// Times are per memory, but for sync and reopen: those are whole. The limit is, for
//   store_one_sync  one copy and one checksum of each memory, into RAM whose pages are there
//   store_sync_*    that, and the same bytes over written blocks of a file, synced as often
//   get, view       one checksum, and a copy out or one pass over the bytes in place
//   sync            1,000 memories over written blocks of a file, synced
//   reopen_*        opening and mapping a file, and a copy and a checksum of one memory
// and remove has none: it moves no bytes of a memory, so a copy of them would be no limit to it.
// Behind the numbers comes a table of the ratios.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
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

constexpr uint32_t kBatch = 500;
constexpr uint32_t kSyncedOneByOneMax = 2000;
constexpr uint32_t kSyncedAtOnce = 1000;

// Adds up what happens between Start and Stop.
class Stopwatch {
 public:
  void Start() { started_ns_ = io::SystemClock().MonotonicNs(); }
  // Returns what it added.
  int64_t Stop() {
    const int64_t ns = io::SystemClock().MonotonicNs() - started_ns_;
    total_ns_ += ns;
    return ns;
  }
  double total_us() const { return static_cast<double>(total_ns_) / 1000; }

 private:
  int64_t started_ns_ = 0;
  int64_t total_ns_ = 0;
};

// Times in microseconds for all of `count` pieces.
void Report(benchmark::State& state, const std::string& what, uint32_t count, double store_us,
            std::optional<double> limit_us) {
  state.SetIterationTime(store_us / 1e6);
  state.counters["us_each"] = store_us / count;
  if (limit_us) {
    state.counters["limit_us_each"] = *limit_us / count;
    state.counters["ratio"] = store_us / *limit_us;
    *limit_us /= count;
  }
  RatioTable::Instance().Add(what, state.range(0), store_us / count, limit_us);
}

// ---- Storing.

// Stores `count` memories in a new store, with a sync behind each `sync_each` (0: only at the end).
void StoreAll(benchmark::State& state, const std::string& what, uint32_t count,
              uint32_t sync_each) {
  const int64_t content = state.range(0);
  const BenchDirectory directory;
  RamLimit ram(count, content);
  std::unique_ptr<DiskLimit> disk;
  const std::vector<std::byte> record(LogicalBytes(count - 1, content));
  if (sync_each != 0) {
    disk = std::make_unique<DiskLimit>(directory.File("limit"), (sync_each + 1) * record.size());
  }
  const uint64_t private_before = PrivateBytes();
  const auto store = OpenOrDie(directory.File("store"));
  Stopwatch store_watch, limit_watch;
  for (uint32_t first = 0; first < count; first += kBatch) {
    const auto memories = MakeMemories(first, std::min(count, first + kBatch), content);
    limit_watch.Start();
    for (uint32_t i = 0; i < memories.size(); ++i) {
      ram.Store(first + i, memories[i]);
      if (disk) disk->Write(record);
      if (sync_each != 0 && (first + i + 1) % sync_each == 0) disk->Sync();
    }
    limit_watch.Stop();
    store_watch.Start();
    for (uint32_t i = 0; i < memories.size(); ++i) {
      OrDie(store->Store(memories[i]).status());
      if (sync_each != 0 && (first + i + 1) % sync_each == 0) OrDie(store->Sync());
    }
    store_watch.Stop();
  }
  store_watch.Start();
  OrDie(store->Sync());
  store_watch.Stop();
  Report(state, what, count, store_watch.total_us(), limit_watch.total_us());
  state.counters["private_MB"] =
      (static_cast<double>(PrivateBytes()) - static_cast<double>(private_before)) / 1e6;
  OrDie(store->Close());
  state.counters["disk_per_logical"] = static_cast<double>(DiskBytes(directory.File("store"))) /
                                       static_cast<double>(LogicalBytesOfAll(count, content));
}

void BM_StoreOneSync(benchmark::State& state) {
  for (auto _ : state) StoreAll(state, "store, one sync", MemoriesWanted(), 0);
}

void BM_StoreSyncEach1000(benchmark::State& state) {
  for (auto _ : state) StoreAll(state, "store, sync every 1000", MemoriesWanted(), kSyncedAtOnce);
}

void BM_StoreSyncEach(benchmark::State& state) {
  const uint32_t count = std::min(MemoriesWanted(), kSyncedOneByOneMax);
  for (auto _ : state) StoreAll(state, "store, sync each", count, 1);
}

// ---- Reading.

double Percentile(std::vector<int64_t>& ns, size_t percent) {
  std::sort(ns.begin(), ns.end());
  return static_cast<double>(ns[(ns.size() - 1) * percent / 100]);
}

void BM_Get(benchmark::State& state) {
  const FilledStore& filled = Filled(state.range(0));
  const auto store = OpenOrDie(filled.path);
  std::vector<std::byte> target;
  for (auto _ : state) {
    Stopwatch store_watch, limit_watch;
    std::vector<int64_t> store_ns, limit_ns;
    for (const uint32_t index : ShuffledIndices(filled.memories)) {
      limit_watch.Start();
      filled.limit.Get(index, target);
      limit_ns.push_back(limit_watch.Stop());
      const std::string id = IdOf(index);
      store_watch.Start();
      const absl::StatusOr<GetResult> got = store->Get(id);
      store_ns.push_back(store_watch.Stop());
      ENGRAM_CHECK(got.ok() && got->memory && IsMemory(*got->memory, index, state.range(0)),
                   "Get returns what was stored");
    }
    Report(state, "get, mean", filled.memories, store_watch.total_us(), limit_watch.total_us());
    const double store_p50 = Percentile(store_ns, 50);
    const double limit_p50 = Percentile(limit_ns, 50);
    state.counters["p50_ns"] = store_p50;
    state.counters["limit_p50_ns"] = limit_p50;
    state.counters["p99_ns"] = Percentile(store_ns, 99);
    RatioTable::Instance().Add("get, median", state.range(0), store_p50 / 1000, limit_p50 / 1000);
  }
}

// The views of all memories in the order in which they were stored; every byte is read in place.
void BM_View(benchmark::State& state) {
  const FilledStore& filled = Filled(state.range(0));
  const auto store = OpenOrDie(filled.path);
  for (auto _ : state) {
    Stopwatch store_watch, limit_watch;
    for (uint32_t index = 0; index < filled.memories; ++index) {
      limit_watch.Start();
      benchmark::DoNotOptimize(filled.limit.Fold(index));
      limit_watch.Stop();
      const std::string id = IdOf(index);
      store_watch.Start();
      const absl::StatusOr<Presence> shown = store->View(id, [&](const MemoryView& view) {
        benchmark::DoNotOptimize(FoldBytes(view.embedding.data(), view.embedding.size_bytes()));
        benchmark::DoNotOptimize(FoldBytes(view.content->data(), view.content->size()));
        store_watch.Stop();
        ENGRAM_CHECK(IsMemory(view, index, state.range(0)), "View shows what was stored");
        store_watch.Start();
      });
      store_watch.Stop();
      ENGRAM_CHECK(shown.ok() && shown->present, "all are there");
    }
    Report(state, "view, all in order", filled.memories, store_watch.total_us(),
           limit_watch.total_us());
    state.counters["GB/s"] =
        static_cast<double>(LogicalBytesOfAll(filled.memories, state.range(0))) /
        (store_watch.total_us() * 1000);
  }
}

// ---- Syncing.

// One sync that covers 1,000 replaced memories.
void BM_Sync(benchmark::State& state) {
  const FilledStore& filled = Filled(state.range(0));
  const uint32_t count = std::min(filled.memories, kSyncedAtOnce);
  const auto memories = MakeMemories(0, count, state.range(0));
  const std::vector<std::byte> bytes(LogicalBytesOfAll(count, state.range(0)));
  const BenchDirectory directory;
  DiskLimit disk(directory.File("limit"), bytes.size());
  const auto store = OpenOrDie(filled.path);
  for (auto _ : state) {
    Stopwatch store_watch, limit_watch;
    limit_watch.Start();
    disk.Write(bytes);
    disk.Sync();
    limit_watch.Stop();
    for (const Memory& memory : memories) OrDie(store->Store(memory).status());
    store_watch.Start();
    OrDie(store->Sync());
    store_watch.Stop();
    Report(state, "sync of 1000", 1, store_watch.total_us(), limit_watch.total_us());
  }
}

// ---- Opening.

void ReportReopen(benchmark::State& state, const std::string& what, const std::string& path,
                  const FilledStore& filled) {
  io::PosixFileSystem files;
  std::vector<std::byte> target;
  Stopwatch store_watch, limit_watch;
  limit_watch.Start();
  auto file = files.Open(path, io::OpenMode::kReadWrite);
  OrDie(file.status());
  OrDie((*file)->Map(kMiB).status());
  filled.limit.Get(filled.memories / 2, target);
  limit_watch.Stop();
  file->reset();

  const std::string id = IdOf(filled.memories / 2);
  store_watch.Start();
  const auto store = OpenOrDie(path);
  const absl::StatusOr<GetResult> got = store->Get(id);
  store_watch.Stop();
  ENGRAM_CHECK(store->Count() == filled.memories, "all are there");
  ENGRAM_CHECK(
      got.ok() && got->memory && IsMemory(*got->memory, filled.memories / 2, state.range(0)),
      "what was stored is there");
  Report(state, what, 1, store_watch.total_us(), limit_watch.total_us());
  state.counters["entries_replayed"] = static_cast<double>(store->recovery().entries_replayed);
  OrDie(store->Close());
}

void BM_ReopenClean(benchmark::State& state) {
  const FilledStore& filled = Filled(state.range(0));
  for (auto _ : state) ReportReopen(state, "reopen, clean, to first get", filled.path, filled);
}

// The file is copied while the store is open and has changed: as a kill leaves it.
void BM_ReopenKilled(benchmark::State& state) {
  const FilledStore& filled = Filled(state.range(0));
  for (auto _ : state) {
    const BenchDirectory directory;
    const std::string path = directory.File("killed");
    {
      const auto store = OpenOrDie(filled.path);
      for (uint32_t i = 0; i < filled.memories / 10; ++i) {
        OrDie(store->Store(MakeMemory(i, state.range(0))).status());
      }
      OrDie(store->Sync());
      CopyFile(filled.path, path);
    }
    ReportReopen(state, "reopen, killed, to first get", path, filled);
  }
}

// ---- Removing.

void BM_Remove(benchmark::State& state) {
  const FilledStore& filled = Filled(state.range(0));
  for (auto _ : state) {
    const BenchDirectory directory;
    CopyFile(filled.path, directory.File("store"));
    const auto store = OpenOrDie(directory.File("store"));
    std::vector<std::string> ids;
    for (const uint32_t index : ShuffledIndices(filled.memories)) ids.push_back(IdOf(index));
    Stopwatch store_watch;
    ENGRAM_CHECK(store->Count() == filled.memories, "all are there");
    uint32_t removed = 0;
    store_watch.Start();
    for (const std::string& id : ids) {
      const absl::StatusOr<Sequence> sequence = store->Remove(id);
      removed += sequence.ok() && sequence->value != 0 ? 1 : 0;
    }
    OrDie(store->Sync());
    store_watch.Stop();
    ENGRAM_CHECK(removed == filled.memories && store->Count() == 0, "each was there, and is gone");
    Report(state, "remove, one sync", filled.memories, store_watch.total_us(), std::nullopt);
  }
}

void RegisterAll() {
  const std::vector<std::pair<const char*, void (*)(benchmark::State&)>> benchmarks = {
      {"store_one_sync", BM_StoreOneSync},
      {"store_sync_every_1000", BM_StoreSyncEach1000},
      {"store_sync_each", BM_StoreSyncEach},
      {"get", BM_Get},
      {"view", BM_View},
      {"sync", BM_Sync},
      {"reopen_clean", BM_ReopenClean},
      {"reopen_killed", BM_ReopenKilled},
      {"remove", BM_Remove}};
  for (const int64_t content :
       {kMixedContent, int64_t{0}, int64_t{10}, int64_t{100}, int64_t{1000}, int64_t{10'000}}) {
    for (const auto& [name, function] : benchmarks) {
      benchmark::RegisterBenchmark(name, function)
          ->Arg(content)
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
