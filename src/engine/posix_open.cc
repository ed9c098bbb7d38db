// Opening a store on the operating system's files. Not part of the simulated body.

#include "api/memory_store.h"
#include "io/clock.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY {

absl::StatusOr<std::unique_ptr<MemoryStore>> MemoryStore::Open(const std::string& path,
                                                               const Options& options) {
  static constinit io::PosixFileSystem files;  // has no state
  Options with_clock = options;
  if (with_clock.clock == nullptr) with_clock.clock = &io::SystemClock();
  return Open(files, path, with_clock);
}

}  // namespace engram::inline ENGRAM_BODY
