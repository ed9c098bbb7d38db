// engram-kill-victim: the program that is killed. Not a test itself; kill_test.cc runs it.
//
//   engram-kill-victim mutate FILE DESCRIPTOR SEED ROUND IDS SYNC_EACH_WRITE
//       opens the store, shows it, then stores, removes, updates and syncs from three threads until
//       it is killed; tells about everything on the descriptor, see victim_report.h
//   engram-kill-victim open FILE
//       opens the store; the exit status is the code of the status
//
// Exit status 125: the command line cannot be understood, or the pipe is broken.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/event_listener.h"
#include "api/memory_store.h"
#include "model/explore/random.h"
#include "stress/threads/generated_memory.h"
#include "stress/threads/stress_round.h"
#include "stress/threads/victim_report.h"
#include "stress/threads/workload.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::stress {
namespace {

constexpr int kCouldNotRun = 125;
constexpr uint8_t kClients = 3;

// The call that this thread makes.
thread_local VictimReport under_way;

// Thread safety: thread-safe.
class Reporter final : public EventListener {
 public:
  explicit Reporter(int descriptor) : descriptor_(descriptor) {}

  void Tell(VictimReport report) {
    report.stamp = clock_.FetchAdd(1, std::memory_order_seq_cst);
    if (write(descriptor_, &report, sizeof(report)) != sizeof(report)) _exit(kCouldNotRun);
  }

  // `report` says which call the calling thread makes from now on.
  void Invoke(VictimReport report) {
    under_way = report;
    report.kind = ReportKind::kInvoked;
    Tell(report);
  }
  void Return(const absl::Status& status, uint64_t sequence) {
    VictimReport report = under_way;
    report.kind = ReportKind::kReturned;
    report.sequence = sequence;
    report.outcome = model::CallOutcome::kOk;
    if (absl::IsNotFound(status) || (status.ok() && sequence == 0 && Mutates(report.call))) {
      report.outcome = model::CallOutcome::kAbsent;
    } else if (!status.ok()) {
      Complain(status);
    }
    Tell(report);
  }
  void Complain(const absl::Status& status) {
    std::fprintf(stderr, "engram-kill-victim: %s\n", status.ToString().c_str());
    Tell({});
  }

  void OnSequenceAssigned(MutationKind, std::string_view, Sequence sequence) override {
    VictimReport report = under_way;
    report.kind = ReportKind::kAssigned;
    report.sequence = sequence.value;
    Tell(report);
  }

 private:
  static bool Mutates(model::CallKind call) { return call != model::CallKind::kSync; }

  const int descriptor_;
  sync::Atomic<uint64_t> clock_{1};
};

void Show(MemoryStore& store, uint32_t ids, Reporter& reporter) {
  for (uint32_t i = 0; i < ids; ++i) {
    const absl::StatusOr<GetResult> got = store.Get(IdOf(i));
    if (!got.ok()) return reporter.Complain(got.status());
    VictimReport report;
    report.kind = ReportKind::kShown;
    report.id_index = i;
    report.sequence = got->sequence.value;
    report.outcome = got->memory ? model::CallOutcome::kOk : model::CallOutcome::kAbsent;
    if (got->memory) {
      const std::optional<uint64_t> value = GeneratedFrom(*got->memory);
      if (!value) {
        return reporter.Complain(absl::InternalError(absl::StrCat("nobody stored ", IdOf(i))));
      }
      report.value = *value;
      report.activation = got->memory->activation;
    }
    reporter.Tell(report);
  }
  reporter.Tell({.kind = ReportKind::kReady});
}

// One call after the other, for ever.
void Mutate(MemoryStore& store, const VictimOrders& orders, uint8_t client, Reporter& reporter) {
  world::Random random(orders.seed + orders.round, client);
  for (uint32_t operation = 0;; ++operation) {
    VictimReport call;
    call.client = client;
    call.operation = operation;
    call.id_index = random.Below(orders.ids);
    const std::string id = IdOf(call.id_index);
    const uint32_t dice = random.Below(100);
    if (dice < 60) {
      call.call = model::CallKind::kStore;
      call.value = ValueOf(orders.round, client, operation);
      const Memory memory = GeneratedMemory(id, call.value);
      reporter.Invoke(call);
      const auto stored = store.Store(memory);
      reporter.Return(stored.status(), stored.ok() ? stored->value : 0);
    } else if (dice < 75) {
      call.call = model::CallKind::kRemove;
      reporter.Invoke(call);
      const auto removed = store.Remove(id);
      reporter.Return(removed.status(), removed.ok() ? removed->value : 0);
    } else if (dice < 92) {
      call.call = model::CallKind::kUpdateActivation;
      call.activation = static_cast<float>(random.Below(1001)) / 1000.0F;
      reporter.Invoke(call);
      const auto updated = store.UpdateActivation(id, call.activation);
      reporter.Return(updated.status(), updated.ok() ? updated->value : 0);
    } else {
      call.call = model::CallKind::kSync;
      reporter.Invoke(call);
      const absl::Status status = dice < 99 ? store.Sync() : store.Checkpoint();
      // A checkpoint that gives way to another one promises nothing: it never returns.
      if (!absl::IsAborted(status)) reporter.Return(status, 0);
    }
  }
}

int MutateUntilKilled(const std::string& path, int descriptor, const VictimOrders& orders) {
  Reporter reporter(descriptor);
  Options options = OptionsUnderPressure();
  options.listener = &reporter;
  if (orders.sync_each_write) options.sync_mode = SyncMode::kEachWrite;
  reporter.Tell({.kind = ReportKind::kOpening});
  const auto store = MemoryStore::Open(path, options);
  if (!store.ok()) {
    reporter.Complain(store.status());
    return kCouldNotRun;
  }
  if (!(*store)->recovery().damages.empty()) {
    reporter.Complain(absl::InternalError((*store)->recovery().damages[0].explanation));
  }
  Show(**store, orders.ids, reporter);
  std::vector<sync::Thread> threads;
  for (uint8_t i = 0; i < kClients; ++i) {
    threads.emplace_back("client", [&, i] { Mutate(**store, orders, i, reporter); });
  }
  threads.clear();
  return 0;
}

int Run(const std::vector<std::string>& arguments) {
  const auto number = [&](size_t i) { return std::strtoull(arguments[i].c_str(), nullptr, 10); };
  if (arguments.size() == 2 && arguments[0] == "open") {
    return static_cast<int>(MemoryStore::Open(arguments[1], {}).status().code());
  }
  if (arguments.size() != 7 || arguments[0] != "mutate") return kCouldNotRun;
  VictimOrders orders;
  orders.seed = number(3);
  orders.round = static_cast<uint32_t>(number(4));
  orders.ids = static_cast<uint32_t>(number(5));
  orders.sync_each_write = number(6) != 0;
  return MutateUntilKilled(arguments[1], static_cast<int>(number(2)), orders);
}

}  // namespace
}  // namespace engram::stress

int main(int argc, char** argv) { return engram::stress::Run({argv + 1, argv + argc}); }
