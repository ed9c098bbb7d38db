// Claim: ten threads that store, replace, remove, read, list and recall, beside compactions,
// maintenance and migrations that never end, always read what is true; the file does not grow
// without bound, and no lock is held for long.
//
// Method: each thread owns ids and knows what stands under them, so it checks every answer about
// them exactly, in memory that does not grow; of the ids of others it checks that values are whole
// and never go back. The main thread compacts, maintains and verifies all the while. A table tells
// latencies and for how long locks were held. This is a short form; for an hour:
//
//   ENGRAM_STRESS_SECONDS=3600 build/release/bin/engram_stress_tests --gtest_filter='Endurance.*'
//
// Not covered: the order of calls on one id by several writers, which the oracle judges in
// stress_test.cc.

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "gtest/gtest.h"
#include "model/explore/random.h"
#include "stress/threads/generated_memory.h"
#include "stress/threads/length.h"
#include "stress/threads/stress_round.h"
#include "stress/threads/temporary_directory.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::stress {
namespace {

constexpr uint32_t kThreads = 10;
constexpr uint32_t kIdsOfEach = 40;
constexpr uint32_t kCallsShort = 1500;

// Latencies by powers of two.
class Latencies {
 public:
  void Add(int64_t ns) {
    ++counts_.at(std::bit_width(static_cast<uint64_t>(ns)));
    longest_ns_ = std::max(longest_ns_, ns);
    ++count_;
  }
  void Add(const Latencies& other) {
    for (size_t i = 0; i < counts_.size(); ++i) counts_.at(i) += other.counts_.at(i);
    longest_ns_ = std::max(longest_ns_, other.longest_ns_);
    count_ += other.count_;
  }
  // So many microseconds are not exceeded by the part `share` of them.
  double QuantileUs(double share) const {
    uint64_t left = static_cast<uint64_t>(share * static_cast<double>(count_));
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (counts_.at(i) > left) return static_cast<double>(uint64_t{1} << i) / 1000;
      left -= counts_.at(i);
    }
    return 0;
  }
  void Print(const char* what) const {
    std::printf("%-28s %10llu calls, p50 < %.1f us, p99.9 < %.1f us, longest %.1f us\n", what,
                static_cast<unsigned long long>(count_), QuantileUs(0.5), QuantileUs(0.999),
                static_cast<double>(longest_ns_) / 1000);
  }

 private:
  std::array<uint64_t, 65> counts_{};
  int64_t longest_ns_ = 0;
  uint64_t count_ = 0;
};

// One thread's ids, and what stands under them.
class Owner {
 public:
  Owner(MemoryStore& store, uint32_t number, uint64_t seed)
      : store_(store), number_(number), random_(seed, number) {}

  // One call. False: something was wrong; see complaint().
  bool Step() {
    const uint32_t index = random_.Below(kIdsOfEach);
    const std::string id = IdAt(number_, index);
    switch (random_.Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
        return Store(index, id);
      case 5:
        return Remove(index, id);
      case 6:
        return Activate(index, id);
      case 7:
        return ReadOther(IdAt(random_.Below(kThreads), random_.Below(kIdsOfEach)));
      case 8:
        return random_.OneIn(20) ? ListOwn() : Read(index, id);
      case 9:
        return random_.OneIn(20) ? RecallOwn(index, id) : Read(index, id);
      default:
        return Read(index, id);
    }
  }

  const std::string& complaint() const { return complaint_; }
  size_t memories() const { return values_.size(); }
  Latencies stores, reads;

 private:
  static std::string IdAt(uint32_t owner, uint32_t index) {
    return IdOf(owner * kIdsOfEach + index);
  }
  bool Complain(const std::string& what, const absl::Status& status) {
    complaint_ = absl::StrCat(what, ": ", status.ToString());
    return false;
  }

  bool Store(uint32_t index, const std::string& id) {
    const uint64_t value = ++last_value_ * kThreads + number_;
    Memory memory = GeneratedMemory(id, value);
    memory.activation = random_.OneIn(3) ? 0.9F : 0.1F;
    const int64_t began_ns = sync::MonotonicNs();
    const absl::Status stored = store_.Store(memory).status();
    stores.Add(sync::MonotonicNs() - began_ns);
    if (!stored.ok()) return Complain("Store", stored);
    values_[index] = value;
    return true;
  }
  bool Remove(uint32_t index, const std::string& id) {
    const absl::StatusOr<Sequence> removed = store_.Remove(id);
    if (!removed.ok() || (removed->value != 0) != values_.contains(index)) {
      return Complain("Remove", removed.status());
    }
    values_.erase(index);
    return true;
  }
  bool Activate(uint32_t index, const std::string& id) {
    const absl::Status set = store_.UpdateActivation(id, random_.OneIn(2) ? 1.0F : 0.0F).status();
    if (set.ok() == values_.contains(index) && (set.ok() || absl::IsNotFound(set))) return true;
    return Complain("UpdateActivation", set);
  }
  bool Read(uint32_t index, const std::string& id) {
    const int64_t began_ns = sync::MonotonicNs();
    const absl::StatusOr<GetResult> got = store_.Get(id);
    reads.Add(sync::MonotonicNs() - began_ns);
    const auto found = values_.find(index);
    if (!got.ok() || got->memory.has_value() != (found != values_.end())) {
      return Complain("Get", got.status());
    }
    if (found == values_.end() || GeneratedFrom(*got->memory) == found->second) return true;
    return Complain("Get returned another value", got.status());
  }
  bool ReadOther(const std::string& id) {
    const absl::StatusOr<GetResult> got = store_.Get(id);
    if (!got.ok()) return Complain("Get", got.status());
    if (!got->memory) return true;
    const std::optional<uint64_t> value = GeneratedFrom(*got->memory);
    uint64_t& seen = seen_[id];
    if (!value || *value < seen) return Complain("a value is torn, or goes back", got.status());
    seen = *value;
    return true;
  }
  // Each of the ids that this thread owns is there throughout: it is met once, as it is.
  bool ListOwn() {
    std::map<std::string, uint64_t> wanted;
    for (const auto& [index, value] : values_) wanted[IdAt(number_, index)] = value;
    std::string cursor;
    do {
      const absl::StatusOr<Page> page = store_.List(cursor, 50, std::nullopt);
      if (!page.ok()) return Complain("List", page.status());
      for (const PageItem& item : page->items) {
        const auto found = wanted.find(item.memory.id);
        if (!item.status.ok()) return Complain("an item of List", item.status);
        if (found == wanted.end()) continue;
        if (GeneratedFrom(item.memory) != found->second) return Complain("List", item.status);
        wanted.erase(found);
      }
      cursor = page->cursor;
    } while (!cursor.empty());
    return wanted.empty() || Complain("List lacks one of them", absl::OkStatus());
  }
  // What is most like a memory that nobody changes meanwhile is that memory.
  bool RecallOwn(uint32_t index, const std::string& id) {
    const auto found = values_.find(index);
    if (found == values_.end()) return true;
    const Memory memory = GeneratedMemory(id, found->second);
    const absl::StatusOr<RecallResult> recalled =
        store_.Recall(memory.embedding, {.threshold = 0.999, .limit = 1000});
    if (!recalled.ok() || !recalled->damaged.empty()) return Complain("Recall", recalled.status());
    for (const RecallMatch& match : recalled->matches) {
      if (match.id == id) return true;
    }
    return Complain("Recall lacks the cue itself", absl::OkStatus());
  }

  MemoryStore& store_;
  const uint32_t number_;
  world::Random random_;
  uint64_t last_value_ = 0;
  std::map<uint32_t, uint64_t> values_;
  std::map<std::string, uint64_t> seen_;  // of others' ids
  std::string complaint_;
};

// What goes on beside the threads, until told to stop.
class Housekeeping {
 public:
  explicit Housekeeping(MemoryStore& store) : store_(store) {}

  absl::Status Step() {
    const absl::StatusOr<CompactionStats> compacted = store_.CompactContent(/*force=*/true);
    if (compacted.ok()) {
      longest_pause_us_ = std::max(longest_pause_us_, compacted->longest_pause_us);
    } else if (!absl::IsAborted(compacted.status())) {
      return compacted.status();
    }
    const absl::StatusOr<MaintenanceReport> maintained = store_.RunMaintenance();
    if (!maintained.ok() && !absl::IsAborted(maintained.status())) return maintained.status();
    if (maintained.ok() && !maintained->errors.empty()) {
      return absl::InternalError(maintained->errors.front());
    }
    if (++steps_ % 32 != 0) return absl::OkStatus();
    const absl::StatusOr<VerifyReport> report = store_.Verify();
    if (!report.ok()) return report.status();
    if (!report->damages.empty()) return absl::DataLossError(report->damages.front().explanation);
    if (!report->miscounts.empty()) return absl::InternalError(report->miscounts.front());
    return absl::OkStatus();
  }

  uint64_t steps() const { return steps_; }
  uint64_t longest_pause_us() const { return longest_pause_us_; }

 private:
  MemoryStore& store_;
  uint64_t steps_ = 0;
  uint64_t longest_pause_us_ = 0;
};

TEST(Endurance, TenThreadsBesideHousekeepingThatNeverEnds) {
  const uint64_t seconds = NumberFrom("ENGRAM_STRESS_SECONDS", 0);
  const TemporaryDirectory directory;
  Options options = OptionsUnderPressure();
  options.hot_capacity_bytes = 200'000;
  options.maintenance_interval = std::chrono::milliseconds(1);
  auto store = MemoryStore::Open(directory.File("store"), options);
  ASSERT_TRUE(store.ok()) << store.status();
  std::vector<std::unique_ptr<Owner>> owners;
  for (uint32_t i = 0; i < kThreads; ++i) {
    owners.push_back(std::make_unique<Owner>(**store, i, SeedWanted()));
  }
  const int64_t ends_ns = sync::MonotonicNs() + static_cast<int64_t>(seconds) * 1'000'000'000;
  const auto goes_on = [&](uint32_t call) {
    return seconds > 0 ? sync::MonotonicNs() < ends_ns : call < kCallsShort;
  };
  sync::Atomic<uint32_t> working{kThreads};
  Housekeeping housekeeping(**store);
  absl::Status kept;
  {
    std::vector<sync::Thread> threads;
    for (auto& owner : owners) {
      threads.emplace_back("owner", [&] {
        for (uint32_t call = 0; goes_on(call) && owner->Step(); ++call) {
        }
        working.FetchSub(1, std::memory_order_seq_cst);
      });
    }
    while (working.Load(std::memory_order_seq_cst) > 0 && kept.ok()) kept = housekeeping.Step();
  }
  EXPECT_TRUE(kept.ok()) << kept;
  Latencies stores, reads;
  uint64_t memories = 0;
  for (const auto& owner : owners) {
    EXPECT_EQ(owner->complaint(), "");
    stores.Add(owner->stores);
    reads.Add(owner->reads);
    memories += owner->memories();
  }
  EXPECT_EQ((*store)->Count(), memories);
  const Statistics stats = (*store)->Stats();
  EXPECT_LE(stats.hot_bytes, HotFullBytes(options.hot_capacity_bytes));
  // A live set of at most 400 memories of up to 20,000 bytes, three times over.
  EXPECT_LT(stats.file_bytes, 32 * kMiB);
  stores.Print("stores beside housekeeping");
  reads.Print("reads beside housekeeping");
  std::printf("%llu rounds of housekeeping; longest time a lock was held: %llu us\n",
              static_cast<unsigned long long>(housekeeping.steps()),
              static_cast<unsigned long long>(housekeeping.longest_pause_us()));
  EXPECT_TRUE((*store)->Close().ok());
}

}  // namespace
}  // namespace engram::stress
