// Prints a failed check and stops the process.

#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace engram::inline ENGRAM_BODY {

namespace {

constinit CheckFailureListener check_failure_listener = nullptr;

}  // namespace

void SetCheckFailureListener(CheckFailureListener listener) { check_failure_listener = listener; }

void CheckFailed(std::string_view condition, std::string_view detail, std::source_location where) {
  if (check_failure_listener != nullptr) check_failure_listener(condition, detail, where);
  std::fprintf(stderr, "%s:%u: check failed: %.*s (%.*s)\n", where.file_name(),
               static_cast<unsigned>(where.line()), static_cast<int>(condition.size()),
               condition.data(), static_cast<int>(detail.size()), detail.data());
  std::abort();
}

}  // namespace engram::inline ENGRAM_BODY
