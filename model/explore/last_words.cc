// Handlers that speak once, on a stack of their own: the fiber's may be what overflowed.

#include "model/explore/last_words.h"

#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>

#include "model/explore/token.h"
#include "model/world/allocation_faults.h"
#include "model/world/sanitizers.h"

namespace engram::world {
namespace {

struct FatalSignal {
  int number;
  const char* name;
};
constexpr FatalSignal kFatalSignals[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},
                                         {SIGFPE, "SIGFPE"},   {SIGILL, "SIGILL"},
                                         {SIGABRT, "SIGABRT"}, {SIGTERM, "SIGTERM"}};
constexpr size_t kStackBytes = 256 * 1024;
// Where the heap's lock is held by what died, the token waits for it in vain.
constexpr unsigned kSecondsToSpeak = 5;

constinit const char* replay_command = nullptr;
constinit const ExecutionUnderWay* under_way = nullptr;
constinit uint64_t executions = 0;

void Speak(const char* end) {
  const ExecutionUnderWay* const dying = under_way;
  if (dying == nullptr) return;
  under_way = nullptr;  // whatever dies of speaking stays silent
  alarm(kSecondsToSpeak);
  dying->WriteLastWords(end);
  alarm(0);
}

void OnSignal(int signal) {
  for (const FatalSignal& fatal : kFatalSignals) {
    if (fatal.number == signal) Speak(fatal.name);
  }
  // This ends the process, also where somebody else's handler has called this one.
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

void LeaveLastWords(const char* replay) {
  replay_command = replay;
  OnSanitizersDeath([] { Speak("a sanitizer's report"); });
  alignas(16) static std::array<std::byte, kStackBytes> stack;
  const stack_t own_stack = {.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  sigaltstack(&own_stack, nullptr);
  for (const FatalSignal& fatal : kFatalSignals) {
    struct sigaction before = {};
    sigaction(fatal.number, nullptr, &before);
    // A sanitizer that handles it has its report, and then says that it dies.
    if (before.sa_handler != SIG_DFL) continue;
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
    sigaction(fatal.number, &action, nullptr);
  }
}

ExecutionUnderWay::ExecutionUnderWay(std::string_view program,
                                     std::span<const Operation> operations,
                                     const Scheduler& scheduler)
    : program_(program), operations_(operations), scheduler_(scheduler), number_(++executions) {
  under_way = this;
}

ExecutionUnderWay::~ExecutionUnderWay() { under_way = nullptr; }

void ExecutionUnderWay::WriteLastWords(std::string_view end) const {
  const KernelScope kernel;
  std::string words = "\n";
  words.append(end).append(" ended execution ").append(std::to_string(number_)).append(":\n  ");
  words.append(replay_command).append(" '");
  words.append(EncodeToken(program_, operations_, scheduler_.deviations())).append("'\n");
  std::fputs(words.c_str(), stderr);
}

}  // namespace engram::world
