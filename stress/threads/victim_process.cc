// Forks, runs the program beside this one, reads its pipe, kills it. The pipe is read all the time:
// a victim that had to wait for its parent would do nothing worth a kill.

#include "stress/threads/victim_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "stress/threads/generated_memory.h"

namespace engram::stress {
namespace {

// The victim is built into the directory of this program.
std::string VictimProgram() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / "engram-kill-victim";
}

pid_t Start(const std::vector<std::string>& arguments) {
  const std::string program = VictimProgram();
  std::vector<char*> words;
  words.push_back(const_cast<char*>(program.c_str()));
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  const pid_t child = fork();
  ENGRAM_CHECK(child >= 0, "no process can be made");
  if (child == 0) {
    execv(program.c_str(), words.data());
    _exit(127);
  }
  return child;
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    ENGRAM_CHECK(errno == EINTR, "the child is ours");
  }
  return status;
}

// Reads records until the pipe is closed. A piece of a record at the end is none.
class ReportReader {
 public:
  explicit ReportReader(int descriptor) : descriptor_(descriptor) {}

  // Waits for the next record; false: there will be none.
  bool Next(VictimReport& report) {
    size_t have = 0;
    auto* bytes = reinterpret_cast<char*>(&report);
    while (have < sizeof(report)) {
      const ssize_t got = read(descriptor_, bytes + have, sizeof(report) - have);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      have += static_cast<size_t>(got);
    }
    return true;
  }

  // Whether there is something to read within `patience`.
  bool Wait(std::chrono::nanoseconds patience) const {
    pollfd asked = {.fd = descriptor_, .events = POLLIN, .revents = 0};
    const timespec limit = {.tv_sec = 0, .tv_nsec = std::max<int64_t>(0, patience.count())};
    return ppoll(&asked, 1, &limit, nullptr) > 0;
  }

 private:
  const int descriptor_;
};

// Reads until `moment`. False: the victim ended before.
bool ReadUntil(const KillMoment& moment, ReportReader& reader, std::vector<VictimReport>& life) {
  using Clock = std::chrono::steady_clock;
  VictimReport report;
  while (life.size() <= moment.reports) {
    if (!reader.Next(report)) return false;
    life.push_back(report);
  }
  const Clock::time_point end = Clock::now() + moment.later;
  while (Clock::now() < end && reader.Wait(end - Clock::now())) {
    if (!reader.Next(report)) return false;
    life.push_back(report);
  }
  return true;
}

model::Call CallOf(const VictimReport& invoked) {
  model::Call call;
  call.kind = invoked.call;
  call.operation = static_cast<uint16_t>(invoked.operation);
  call.client = invoked.client;
  call.invoked_at = invoked.stamp;
  if (call.kind == model::CallKind::kSync) return call;
  call.argument.id = IdOf(invoked.id_index);
  if (call.kind == model::CallKind::kStore) {
    call.argument = GeneratedMemory(call.argument.id, invoked.value);
  }
  if (call.kind == model::CallKind::kUpdateActivation) {
    call.argument.activation = invoked.activation;
  }
  return call;
}

// What was shown of one id, as a Get that came before all calls.
model::Call ReadOf(const VictimReport& shown) {
  model::Call read;
  read.kind = model::CallKind::kGet;
  read.operation = static_cast<uint16_t>(shown.id_index);
  read.client = UINT8_MAX;
  read.argument.id = IdOf(shown.id_index);
  read.invoked_at = shown.stamp;
  read.returned_at = shown.stamp;
  read.outcome = shown.outcome;
  read.sequence = {shown.sequence};
  if (shown.outcome == model::CallOutcome::kOk) {
    read.result = GeneratedMemory(read.argument.id, shown.value);
    read.result->activation = shown.activation;
  }
  return read;
}

}  // namespace

absl::StatusOr<std::vector<VictimReport>> RunAndKill(const std::string& path,
                                                     const VictimOrders& orders,
                                                     const KillMoment& moment) {
  int ends[2];
  ENGRAM_CHECK(pipe2(ends, O_CLOEXEC) == 0, "no pipe can be made");
  // Only its own end is inherited by the victim; it must stay open across exec.
  ENGRAM_CHECK(fcntl(ends[1], F_SETFD, 0) == 0, "the descriptor is ours");
  const pid_t victim = Start({"mutate", path, absl::StrCat(ends[1]), absl::StrCat(orders.seed),
                              absl::StrCat(orders.round), absl::StrCat(orders.ids),
                              absl::StrCat(orders.sync_each_write ? 1 : 0)});
  close(ends[1]);
  ReportReader reader(ends[0]);
  std::vector<VictimReport> life;
  const bool reached = ReadUntil(moment, reader, life);
  kill(victim, SIGKILL);
  const int status = WaitFor(victim);
  VictimReport report;
  while (reader.Next(report)) life.push_back(report);
  close(ends[0]);
  if (!reached || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
    return absl::InternalError(absl::StrCat("the victim ended by itself, with status ", status));
  }
  for (const VictimReport& told : life) {
    if (told.kind == ReportKind::kWrong) {
      return absl::InternalError("the victim complained, see stderr");
    }
  }
  std::sort(life.begin(), life.end(),
            [](const VictimReport& a, const VictimReport& b) { return a.stamp < b.stamp; });
  return life;
}

model::History::Era EraOf(const std::vector<VictimReport>& life) {
  model::History::Era era;
  model::RecoveredState state;
  std::map<uint8_t, size_t> under_way;  // client -> index of its call
  for (const VictimReport& report : life) {
    switch (report.kind) {
      case ReportKind::kOpening:
      case ReportKind::kWrong:
        break;
      case ReportKind::kShown:
        era.calls.push_back(ReadOf(report));
        if (era.calls.back().result) state.memories.push_back(*era.calls.back().result);
        break;
      case ReportKind::kReady:
        state.shown_at = report.stamp;
        era.recovered = std::exchange(state, {});
        break;
      case ReportKind::kInvoked:
        under_way[report.client] = era.calls.size();
        era.calls.push_back(CallOf(report));
        break;
      case ReportKind::kAssigned:
        era.calls[under_way.at(report.client)].sequence = {report.sequence};
        break;
      case ReportKind::kReturned: {
        model::Call& call = era.calls[under_way.at(report.client)];
        call.returned_at = report.stamp;
        call.outcome = report.outcome;
        call.sequence = {report.sequence};
        break;
      }
    }
  }
  // What was shown of a part of the store was not yet the answer of anything.
  if (!era.recovered) era.calls.clear();
  return era;
}

absl::StatusOr<absl::StatusCode> OpenInAnotherProcess(const std::string& path) {
  const int status = WaitFor(Start({"open", path}));
  if (!WIFEXITED(status) || WEXITSTATUS(status) >= 125) {
    return absl::InternalError(absl::StrCat("the other process ended with status ", status));
  }
  return static_cast<absl::StatusCode>(WEXITSTATUS(status));
}

}  // namespace engram::stress
