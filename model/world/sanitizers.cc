// What the sanitizers ask of the program: options, whether to look for leaks, and where reports of
// data races go.

#include "model/world/sanitizers.h"

#include <fcntl.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/world/scheduler.h"
#include "model/world/world.h"

namespace engram::world {
namespace {

[[maybe_unused]] constinit bool stacks_abandoned = false;

}  // namespace

void StopLookingForLeaks() { stacks_abandoned = true; }

void SilenceReports() {
#ifdef ENGRAM_TSAN
  __sanitizer_set_report_fd(
      reinterpret_cast<void*>(static_cast<intptr_t>(open("/dev/null", O_WRONLY))));
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
  return "suppress_equal_stacks=0:suppress_equal_addresses=0:detect_deadlocks=0:exitcode=0:"
         "halt_on_error=0:report_destroy_locked=0:report_signal_unsafe=0:history_size=2";
}

void __tsan_on_report(void* report) {
  const char* description = nullptr;
  int counts[7] = {};
  void* sleep_trace[1] = {};
  __tsan_get_report_data(report, &description, &counts[0], &counts[1], &counts[2], &counts[3],
                         &counts[4], &counts[5], &counts[6], sleep_trace, 1);
  std::string text =
      absl::StrCat("ThreadSanitizer: ", description == nullptr ? "race" : description);
  for (int i = 0; i < counts[2]; ++i) {
    int tid = 0, size = 0, write = 0, atomic = 0;
    void* address = nullptr;
    void* trace[8] = {};
    __tsan_get_report_mop(report, static_cast<unsigned long>(i), &tid, &address, &size, &write,
                          &atomic, trace, 8);
    absl::StrAppend(&text, "\n", write != 0 ? "write" : "read", " of ", size, " bytes");
    for (void* pc : trace) {
      if (pc == nullptr) break;
      char place[512] = {};
      __sanitizer_symbolize_pc(pc, "%f %s:%l", place, sizeof(place));
      absl::StrAppend(&text, "\n    ", place);
    }
  }
  engram::sync::Runtime* const runtime = engram::sync::Runtime::CurrentOrNull();
  if (runtime == nullptr) {
    std::fprintf(stderr, "outside of any world: %s\n", text.c_str());
    std::abort();
  }
  static_cast<engram::world::Scheduler*>(runtime)->ReportDataRace(std::move(text));
}

}  // extern "C"
#endif
