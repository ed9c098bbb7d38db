// The token of an execution that ends the process: a segmentation fault, a failed assertion of a
// library or a sanitizer's report leaves nobody to judge it, and would leave nothing to replay it
// by.

#ifndef ENGRAM_MODEL_EXPLORE_LAST_WORDS_H_
#define ENGRAM_MODEL_EXPLORE_LAST_WORDS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "model/world/program.h"
#include "model/world/scheduler.h"

namespace engram::world {

// From now on a fatal signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT; SIGTERM, with which what
// hangs is ended) or, in builds with a sanitizer, its fatal report makes the process write to
// standard error, before it ends as it would have,
//
//   SIGSEGV ended execution 1234:
//     <replay> '<token>'
//
// with the token of the execution under way, not shrunk, if there is one, and its number in this
// process. What is written is put together where the process is broken already: that may fail, and
// if it hangs, SIGALRM ends the process after a few seconds. Call it once, before anything is
// explored; not in fuzzers, which have words of their own. `replay` must outlive the process.
void LeaveLastWords(const char* replay);

// Says which execution is under way. Thread safety: one at a time in a process. Ownership: what it
// names must outlive it.
class ExecutionUnderWay {
 public:
  ExecutionUnderWay(std::string_view program, std::span<const Operation> operations,
                    const Scheduler& scheduler);
  ~ExecutionUnderWay();
  ExecutionUnderWay(const ExecutionUnderWay&) = delete;
  ExecutionUnderWay& operator=(const ExecutionUnderWay&) = delete;

  // Writes what LeaveLastWords promises. `end` says what ended it: "SIGSEGV".
  void WriteLastWords(std::string_view end) const;

 private:
  const std::string_view program_;
  const std::span<const Operation> operations_;
  const Scheduler& scheduler_;
  const uint64_t number_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_EXPLORE_LAST_WORDS_H_
