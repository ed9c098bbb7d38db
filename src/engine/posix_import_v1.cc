// Importing files of format 1 on the operating system's files. Not part of the simulated body.

#include "api/import_v1.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY {

absl::StatusOr<ImportV1Report> ImportV1(const std::string& source, const std::string& target,
                                        const ImportV1Options& options) {
  static constinit io::PosixFileSystem files;  // has no state
  return ImportV1(files, source, target, options);
}

}  // namespace engram::inline ENGRAM_BODY
