// What the sanitizers ask of the program: options, whether to look for leaks, and where reports of
// data races go.

#include "model/world/sanitizers.h"

#include <fcntl.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/runtime.h"

namespace engram::world {
namespace {

[[maybe_unused]] constinit bool stacks_abandoned = false;

}  // namespace

#ifdef ENGRAM_TSAN
// The first report of ThreadSanitizer that nobody has taken yet.
struct RaceReport {
  static constexpr int kAccessesMax = 4;
  static constexpr int kFramesMax = 12;
  struct Access {
    bool writes = false;
    int bytes = 0;
    void* pcs[kFramesMax] = {};
  };
  const char* description = nullptr;
  int accesses = 0;
  Access access[kAccessesMax];
};
constinit RaceReport first_race;
#endif

void StopLookingForLeaks() { stacks_abandoned = true; }

void SilenceReports() {
#ifdef ENGRAM_TSAN
  static const auto nowhere = static_cast<intptr_t>(open("/dev/null", O_WRONLY | O_CLOEXEC));
  __sanitizer_set_report_fd(reinterpret_cast<void*>(nowhere));
#endif
}

void OnSanitizersDeath([[maybe_unused]] void (*callback)()) {
#if defined(ENGRAM_ASAN) || defined(ENGRAM_TSAN)
  __sanitizer_set_death_callback(callback);
#endif
}

}  // namespace engram::world

#ifdef ENGRAM_ASAN
// An abandoned stack owns memory that nobody can free any more.
extern "C" int __lsan_is_turned_off() { return engram::world::stacks_abandoned ? 1 : 0; }
#endif

#ifdef ENGRAM_TSAN
extern "C" {

// Debug interface of the ThreadSanitizer runtime (compiler-rt, lib/tsan/rtl/tsan_debugging.cpp).
int __tsan_get_report_data(void* report, const char** description, int* count, int* stack_count,
                           int* mop_count, int* loc_count, int* mutex_count, int* thread_count,
                           int* unique_tid_count, void** sleep_trace, unsigned long trace_size);
int __tsan_get_report_mop(void* report, unsigned long idx, int* tid, void** addr, int* size,
                          int* write, int* atomic, void** trace, unsigned long trace_size);
void __sanitizer_symbolize_pc(void* pc, const char* fmt, char* out_buf, size_t out_buf_size);

// The same race may come again in the next execution and must be reported again; lock order is the
// scheduler's affair; the report becomes the execution's failure, so the process goes on and prints
// nothing itself.
const char* __tsan_default_options() {
  return "suppress_equal_stacks=0:suppress_equal_addresses=0:detect_deadlocks=0:"
         "halt_on_error=0:report_destroy_locked=0:report_signal_unsafe=0:history_size=2";
}

// Every report has failed an execution already; but the runtime's own fatal errors must still end
// in its exit code.
int __tsan_on_finalize(int) { return 0; }

// Runs inside ThreadSanitizer, with its locks held: instrumented code, and that includes the
// standard library's templates and intercepted functions, would wait for ever. So it only notes
// addresses.
void __tsan_on_report(void* report) {
  static const char* description;
  static int counts[7], tid, size, write, atomic;
  static void* address;
  static void* sleep_trace[1];
  __tsan_get_report_data(report, &description, &counts[0], &counts[1], &counts[2], &counts[3],
                         &counts[4], &counts[5], &counts[6], sleep_trace, 1);
  engram::world::RaceReport& race = engram::world::first_race;
  if (race.description != nullptr) return;
  race.description = description;
  race.accesses = 0;
  for (int i = 0; i < counts[2] && race.accesses < engram::world::RaceReport::kAccessesMax; ++i) {
    engram::world::RaceReport::Access& access = race.access[race.accesses++];
    for (void*& pc : access.pcs) pc = nullptr;
    __tsan_get_report_mop(report, static_cast<unsigned long>(i), &tid, &address, &size, &write,
                          &atomic, access.pcs, engram::world::RaceReport::kFramesMax);
    access.writes = write != 0;
    access.bytes = size;
  }
  if (engram::sync::Runtime::CurrentOrNull() == nullptr) std::abort();
}

}  // extern "C"
#endif

namespace engram::world {

std::string TakeRaceReport() {
  std::string text;
#ifdef ENGRAM_TSAN
  if (first_race.description == nullptr) return text;
  text = absl::StrCat("ThreadSanitizer: ", first_race.description);
  for (int i = 0; i < first_race.accesses; ++i) {
    const RaceReport::Access& access = first_race.access[i];
    absl::StrAppend(&text, "\n", access.writes ? "write" : "read", " of ", access.bytes, " bytes");
    std::string last;
    for (void* pc : access.pcs) {
      if (pc == nullptr) break;
      char place[512] = {};
      __sanitizer_symbolize_pc(pc, "%f %s:%l", place, sizeof(place));
      // Inlined frames come several times, and the standard library's are not where the mistake is.
      if (last == place || std::string_view(place).find("/usr/") != std::string_view::npos) {
        continue;
      }
      absl::StrAppend(&text, "\n    ", last = place);
    }
  }
  first_race.description = nullptr;
#endif
  return text;
}

}  // namespace engram::world
