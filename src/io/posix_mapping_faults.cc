// A handler of SIGBUS over a fixed table of ranges: it may take no lock and allocate nothing.

#include "io/posix_mapping_faults.h"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <csignal>
#include <mutex>

namespace engram::inline ENGRAM_BODY::io {
namespace {

constexpr uintptr_t kPage = 4096;

// `begin` is stored last and cleared first: who sees it sees the size.
struct Range {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> bytes{0};
};

constinit std::array<Range, kGuardedMax> ranges;
constinit struct sigaction previous = {};

bool IsGuarded(uintptr_t address) {
  for (const Range& range : ranges) {
    // acquire: partner of the release in GuardMapping.
    const uintptr_t begin = range.begin.load(std::memory_order_acquire);
    if (begin != 0 && address >= begin &&
        address - begin < range.bytes.load(std::memory_order_relaxed)) {
      return true;
    }
  }
  return false;
}

void OnBusError(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  void* const page = static_cast<char*>(info->si_addr) - address % kPage;
  if (IsGuarded(address) && mmap(page, kPage, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
    return;  // the access is repeated, and finds a page of zeros
  }
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // The access is repeated, and ends the process as it would have without us.
    sigaction(SIGBUS, &previous, nullptr);
  }
}

void Install() {
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, &previous);
}

}  // namespace

bool GuardMapping(const std::byte* base, uint64_t size) {
  static std::once_flag installed;
  std::call_once(installed, Install);
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  for (Range& range : ranges) {
    if (range.begin.load(std::memory_order_relaxed) != 0) continue;
    range.bytes.store(size, std::memory_order_relaxed);
    // release: partner of the acquire in IsGuarded.
    range.begin.store(reinterpret_cast<uintptr_t>(base), std::memory_order_release);
    return true;
  }
  return false;
}

void UnguardMapping(const std::byte* base) {
  for (Range& range : ranges) {
    uintptr_t begin = reinterpret_cast<uintptr_t>(base);
    if (range.begin.compare_exchange_strong(begin, 0, std::memory_order_release)) return;
  }
}

}  // namespace engram::inline ENGRAM_BODY::io
