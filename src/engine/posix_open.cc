// Opening a store on the operating system's files. Not part of the simulated body.

#include "api/memory_store.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY {

absl::StatusOr<std::unique_ptr<MemoryStore>> MemoryStore::Open(const std::string& path,
                                                               const Options& options) {
  static constinit io::PosixFileSystem files;  // has no state
  return Open(files, path, options);
}

}  // namespace engram::inline ENGRAM_BODY
