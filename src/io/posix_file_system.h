// The file system of the operating system. Not part of the simulated body.
//
// How errno becomes a Status: ENOENT: NOT_FOUND. EEXIST: ALREADY_EXISTS. ENOSPC, EDQUOT, EFBIG,
// ENOMEM, EMFILE, ENFILE: RESOURCE_EXHAUSTED. EACCES, EPERM, EROFS, EBUSY, ETXTBSY, ENOTDIR, EISDIR
// and a lock held by another: FAILED_PRECONDITION. EINVAL, ENAMETOOLONG, ELOOP: INVALID_ARGUMENT. A
// file system that cannot reserve or punch: UNIMPLEMENTED. Everything else, EIO first of all:
// UNAVAILABLE.

#ifndef ENGRAM_IO_POSIX_FILE_SYSTEM_H_
#define ENGRAM_IO_POSIX_FILE_SYSTEM_H_

#include <memory>
#include <string_view>

#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::io {

// Only regular files can be opened. Locks are flock(2): they bind open Files, not processes, and
// only those who ask for them. Thread safety: thread-safe; has no state.
class PosixFileSystem final : public FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override;
  absl::StatusOr<bool> Exists(std::string_view path) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status SyncDirectoryOf(std::string_view path) override;
};

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_POSIX_FILE_SYSTEM_H_
