// Spawns the clients, keeps backups, verifications and migrations going on the calling thread, and
// judges.

#include "stress/threads/stress_round.h"

#include <algorithm>
#include <deque>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "base/status_macros.h"
#include "model/history_oracle.h"
#include "stress/threads/generated_memory.h"
#include "stress/threads/recording_client.h"
#include "stress/threads/shown_state.h"
#include "stress/threads/witness.h"
#include "sync/thread.h"

namespace engram::stress {
namespace {

// A backup was called for and returned at these stamps.
struct BackupCall {
  std::string path;
  uint64_t invoked_at = 0;
  uint64_t returned_at = 0;
};

absl::Status Judge(const model::History& history, const std::string& of) {
  const auto violation = model::JudgeHistory(history, {});
  if (!violation) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(of, ": ", violation->claim, ". ", violation->detail));
}

model::Call SyncCall(uint64_t invoked_at, uint64_t returned_at) {
  model::Call call;
  call.kind = model::CallKind::kSync;
  call.client = UINT8_MAX;
  call.invoked_at = invoked_at;
  call.returned_at = returned_at;
  call.outcome = model::CallOutcome::kOk;
  return call;
}

// What clients had seen when `backup` returned. The backup stands for the only sync: the moment it
// shows may lie before syncs that were called during it.
model::History HistoryUpTo(const BackupCall& backup, const std::vector<model::Call>& calls) {
  model::History history;
  auto& era = history.eras.emplace_back();
  for (const model::Call& call : calls) {
    if (call.invoked_at > backup.returned_at || call.kind == model::CallKind::kSync) continue;
    if (call.returned_at < backup.returned_at) {
      era.calls.push_back(call);
    } else if (call.outcome != model::CallOutcome::kRejected) {
      era.calls.push_back(call);
      era.calls.back().outcome = model::CallOutcome::kPending;
    }
  }
  era.calls.push_back(SyncCall(backup.invoked_at, backup.returned_at));
  return history;
}

// Thread safety: confined to the thread that runs the round; the clients are apart.
class Round {
 public:
  Round(const RoundOptions& options, uint32_t round, std::string path)
      : options_(options), round_(round), path_(std::move(path)) {
    options_.store.create_if_missing = true;
  }

  absl::Status Run() {
    options_.store.listener = &witness_;
    ENGRAM_ASSIGN_OR_RETURN(store_, MemoryStore::Open(path_, options_.store));
    witness_.BeginAfter(store_->Stats().last_sequence);
    ENGRAM_RETURN_IF_ERROR(RunClients());
    ENGRAM_RETURN_IF_ERROR(Collect());
    ENGRAM_RETURN_IF_ERROR(JudgeRest());
    ENGRAM_RETURN_IF_ERROR(JudgeReopened());
    for (const BackupCall& backup : backups_) ENGRAM_RETURN_IF_ERROR(JudgeBackup(backup));
    return absl::OkStatus();
  }

 private:
  absl::Status RunClients() {
    std::latch start(options_.writers + options_.readers + 1);
    std::vector<sync::Thread> threads;
    for (uint8_t i = 0; i < options_.writers + options_.readers; ++i) {
      RecordingClient& client = clients_.emplace_back(i, *store_, witness_);
      threads.emplace_back(absl::StrCat("client ", i), [this, i, &client, &start] {
        start.arrive_and_wait();
        if (i < options_.writers) {
          Write(options_.workload, round_, i, options_.seed + round_, client);
        } else {
          Read(options_.workload, i, options_.seed + round_, client);
        }
      });
    }
    start.arrive_and_wait();
    return RunMaintenance();
  }

  absl::Status RunMaintenance() {
    const uint32_t times =
        std::max({options_.backups, options_.verifications, options_.migrations});
    for (uint32_t i = 0; i < times; ++i) {
      if (i < options_.migrations) ENGRAM_RETURN_IF_ERROR(MigrateAll(i));
      if (i < options_.backups) {
        BackupCall& backup = backups_.emplace_back();
        backup.path = absl::StrCat(path_, ".backup", i);
        backup.invoked_at = witness_.Stamp();
        ENGRAM_RETURN_IF_ERROR(store_->Backup(backup.path));
        backup.returned_at = witness_.Stamp();
      }
      if (i < options_.verifications) ENGRAM_RETURN_IF_ERROR(CheckSound(*store_));
    }
    return absl::OkStatus();
  }

  absl::Status MigrateAll(uint32_t turn) {
    std::vector<std::string> ids;
    for (uint32_t id = 0; id < options_.workload.ids; ++id) ids.push_back(IdOf(id));
    const Tier to = turn % 2 == 0 ? Tier::kCold : Tier::kWarm;
    ENGRAM_RETURN_IF_ERROR(store_->Migrate(ids, to).status());
    ENGRAM_RETURN_IF_ERROR(store_->CompactCold().status());
    return turn % 3 == 0 ? store_->CompactContent(/*force=*/true).status() : absl::OkStatus();
  }

  absl::Status Collect() {
    for (RecordingClient& client : clients_) {
      if (client.complaint()) return absl::InternalError(*client.complaint());
      std::move(client.calls().begin(), client.calls().end(), std::back_inserter(calls_));
    }
    if (auto complaint = witness_.complaint()) return absl::InternalError(*complaint);
    return absl::OkStatus();
  }

  absl::Status JudgeRest() {
    ENGRAM_ASSIGN_OR_RETURN(ShownState shown,
                            ShowAll(*store_, options_.workload.ids, witness_.Stamp()));
    // The stamps behind these reads are used again by nobody who is judged with them.
    ended_at_ = shown.reads.back().returned_at + 1;
    model::History history;
    history.eras.emplace_back().calls = calls_;
    std::move(shown.reads.begin(), shown.reads.end(), std::back_inserter(history.eras[0].calls));
    ENGRAM_RETURN_IF_ERROR(Judge(history, "the clients"));
    return CheckSound(*store_);
  }

  // Closing promises what a sync does.
  absl::Status JudgeReopened() {
    ENGRAM_RETURN_IF_ERROR(store_->Close());
    store_.reset();
    options_.store.listener = nullptr;
    ENGRAM_ASSIGN_OR_RETURN(store_, MemoryStore::Open(path_, options_.store));
    if (!store_->recovery().clean) return absl::InternalError("a closed store is not clean");
    ENGRAM_ASSIGN_OR_RETURN(ShownState shown, ShowAll(*store_, options_.workload.ids, ended_at_));
    model::History history;
    history.eras.emplace_back().calls = calls_;
    history.eras[0].calls.push_back(SyncCall(ended_at_, ended_at_ + 1));
    history.eras.push_back({std::move(shown.state), std::move(shown.reads)});
    ENGRAM_RETURN_IF_ERROR(Judge(history, "after reopening"));
    return CheckSound(*store_);
  }

  absl::Status JudgeBackup(const BackupCall& backup) const {
    ENGRAM_ASSIGN_OR_RETURN(const auto copy, MemoryStore::Open(backup.path, options_.store));
    ENGRAM_ASSIGN_OR_RETURN(ShownState shown,
                            ShowAll(*copy, options_.workload.ids, backup.returned_at));
    model::History history = HistoryUpTo(backup, calls_);
    history.eras.push_back({std::move(shown.state), std::move(shown.reads)});
    ENGRAM_RETURN_IF_ERROR(Judge(history, backup.path));
    return CheckSound(*copy);
  }

  RoundOptions options_;
  const uint32_t round_;
  const std::string path_;
  Witness witness_;
  std::unique_ptr<MemoryStore> store_;  // before what calls it, so that it is destroyed after
  std::deque<RecordingClient> clients_;
  std::vector<BackupCall> backups_;
  std::vector<model::Call> calls_;
  uint64_t ended_at_ = 0;
};

}  // namespace

Options OptionsUnderPressure() {
  Options options;
  options.create_if_missing = true;
  options.extent_bytes = 64 * kKiB;
  options.file_bytes_max = 64 * kMiB;
  options.checkpoint_entries_min = 200;
  options.pending_releases_max = 32;
  options.concurrency = 8;
  return options;
}

std::optional<std::string> RunRound(const RoundOptions& options, uint32_t round,
                                    const std::string& path) {
  const absl::Status status = Round(options, round, path).Run();
  if (status.ok()) return {};
  return absl::StrCat("round ", round, " of seed ", options.seed, ": ", status.ToString());
}

}  // namespace engram::stress
