// The operating system's files, of which those that exist are never changed: who opens one for
// writing gets it as it is, and what is written stays in this process's memory, and is gone with
// it. So a store can be recovered, looked at and copied without touching a byte of its file, also
// on a medium that cannot be written. Not part of the simulated body.
//
// Files that are created are real. A page of an existing file that the device cannot deliver reads
// as zeros, as in every mapping; see posix_mapping_faults.h.

#ifndef ENGRAM_IO_POSIX_SCRATCH_FILE_SYSTEM_H_
#define ENGRAM_IO_POSIX_SCRATCH_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::io {

// Locks are those of PosixFileSystem, and taken on the file itself: it is excluded from being
// changed meanwhile by whoever takes them. Thread safety: thread-safe.
class PosixScratchFileSystem final : public FileSystem {
 public:
  // Files that are opened may grow, in memory, up to `file_bytes_max`: so much address space each
  // takes. It may be opened if it is not longer than that.
  explicit PosixScratchFileSystem(uint64_t file_bytes_max) : file_bytes_max_(file_bytes_max) {}

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::StatusOr<bool> Exists(std::string_view path) override { return files_.Exists(path); }
  // FAILED_PRECONDITION: nothing that exists is touched.
  absl::Status Remove(std::string_view path) override;
  absl::Status SyncDirectoryOf(std::string_view path) override {
    return files_.SyncDirectoryOf(path);
  }

 private:
  const uint64_t file_bytes_max_;
  PosixFileSystem files_;
};

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_POSIX_SCRATCH_FILE_SYSTEM_H_
