// Files, and what of them survives a power loss. The only way from Engram to a disk: the POSIX body
// is posix_file_system.h, the simulated one is model/world/disk/simulated_file_system.h. Both pass
// one contract test, io/file_system_contract.h.
//
// What survives: the bytes, the size and the reservations of a file as of the last SyncData that
// returned OK; the existence of a file as of the last SyncDirectory of its parent that returned OK.
// What was done later may survive in part and in any order, except that an aligned 512-byte sector
// is old or new as a whole and a write harms no byte outside of its sectors. After a SyncData that
// failed, nothing is known about what was written since the last one that succeeded, and repeating
// it proves nothing.
//
// Errors: NOT_FOUND (no such file), ALREADY_EXISTS, FAILED_PRECONDITION (locked by another),
// RESOURCE_EXHAUSTED (disk or quota full), UNAVAILABLE (I/O error, or the device is gone),
// INVALID_ARGUMENT (ranges that end beyond 2^63-1, an empty mapping, a NUL byte in a path),
// UNIMPLEMENTED (the file system cannot reserve or punch). Each names the path and the range.

#ifndef ENGRAM_IO_FILE_SYSTEM_H_
#define ENGRAM_IO_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY::io {

inline constexpr uint64_t kSectorBytes = 512;     // written as a whole or not at all
inline constexpr uint64_t kPageBytes = 4 * kKiB;  // what the page cache writes back at once

// A read-only view of a file. Thread safety: thread-safe. Ownership: must be destroyed before its
// File.
class Mapping {
 public:
  virtual ~Mapping() = default;

  // `size` bytes of the file from `offset`; the pointer stays valid until the mapping is destroyed,
  // and the bytes change when the file is written. Call it again to see later writes and for every
  // other range. REQUIRES: the range lies within the mapping; bytes beyond the end of the file must
  // not be read.
  virtual const std::byte* Bytes(FileOffset offset, uint64_t size) = 0;

  // These bytes will be looked at soon: a hint, of which nothing can be seen but time. The range
  // need not lie within the file.
  virtual void Prefetch([[maybe_unused]] FileOffset offset, [[maybe_unused]] uint64_t size) {}

  // How many bytes of address space the mapping has.
  virtual uint64_t size() const = 0;
};

// An open file. Thread safety: thread-safe; concurrent writes to overlapping ranges leave either's
// bytes.
class File {
 public:
  virtual ~File() = default;  // closes, unlocks, syncs nothing

  // Reads up to `target.size()` bytes from `offset`. Returns how many: fewer than asked for at the
  // end of the file, and, as read(2) may, at any other time, but 0 only at the end. See ReadFully.
  virtual absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) = 0;

  // Writes up to `source.size()` bytes at `offset`, extending the file. Returns how many, at least
  // 1 unless `source` is empty; fewer than given when the disk becomes full or as write(2) may. See
  // WriteFully.
  virtual absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) = 0;

  // Makes everything written, sized and reserved before this call durable (fdatasync).
  virtual absl::Status SyncData() = 0;

  virtual absl::StatusOr<uint64_t> Size() = 0;

  // Reserves disk blocks for the range and extends the file over it: later writes there do not fail
  // for want of space. New bytes read as zero (fallocate).
  virtual absl::Status Reserve(FileOffset offset, uint64_t size) = 0;

  // Gives the blocks of the range back to the file system; it reads as zero. The size stays.
  virtual absl::Status Punch(FileOffset offset, uint64_t size) = 0;

  // Cuts or extends (with zeros) the file to `size` bytes.
  virtual absl::Status Truncate(uint64_t size) = 0;

  // Maps `size` > 0 bytes of address space onto the beginning of the file, which may be shorter and
  // grow into it.
  virtual absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size) = 0;

  // Takes the file's exclusive lock without waiting: FAILED_PRECONDITION if another open File has
  // it, in this process or another. Released when this File or its process ends.
  virtual absl::Status Lock() = 0;

  // The path it was opened by, for messages.
  virtual std::string_view path() const = 0;
};

enum class OpenMode : uint8_t {
  kReadOnly,   // must exist; writing to it fails with FAILED_PRECONDITION
  kReadWrite,  // must exist
  kCreateNew,  // must not exist; its name is durable only after SyncDirectory
};

// Thread safety: thread-safe. Ownership: must outlive the files it opened.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) = 0;
  virtual absl::StatusOr<bool> Exists(std::string_view path) = 0;
  // Removes the name; an open File of it stays usable. NOT_FOUND if there is none.
  virtual absl::Status Remove(std::string_view path) = 0;
  // Makes the names of files created in and removed from the directory of `path` durable.
  virtual absl::Status SyncDirectoryOf(std::string_view path) = 0;
};

// Reads exactly `target.size()` bytes; OUT_OF_RANGE, naming both sizes, if the file ends before.
absl::Status ReadFully(File& file, FileOffset offset, std::span<std::byte> target);

// Writes all of `source`. On an error, any part of it may have been written.
absl::Status WriteFully(File& file, FileOffset offset, std::span<const std::byte> source);

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_FILE_SYSTEM_H_
