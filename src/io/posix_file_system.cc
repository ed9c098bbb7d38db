// Files by system calls: pread, pwrite, fdatasync, fallocate, ftruncate, mmap, flock.
//
// Every error names the call, the path, the range and errno, in a message made by StrCat: StrFormat
// ends the process when it runs out of memory. Calls that a signal interrupts are repeated, except
// fdatasync and fsync: a sync that did not return 0 has failed, and repeating it proves nothing.

#include "io/posix_file_system.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "io/posix_mapping_faults.h"

namespace engram::inline ENGRAM_BODY::io {
namespace {

constexpr uint64_t kOffsetMax = static_cast<uint64_t>(std::numeric_limits<off_t>::max());

absl::StatusCode CodeOfErrno(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    case EACCES:
    case EPERM:
    case EROFS:
    case EBUSY:
    case ETXTBSY:
    case ENOTDIR:
    case EISDIR:
    case EWOULDBLOCK:
      return absl::StatusCode::kFailedPrecondition;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
      return absl::StatusCode::kInvalidArgument;
    case EOPNOTSUPP:
    case ENOSYS:
      return absl::StatusCode::kUnimplemented;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

// `what` names the call, the path and the range.
absl::Status ErrnoError(const std::string& what, int error) {
  return absl::Status(
      CodeOfErrno(error),
      absl::StrCat(what, ": ", std::generic_category().message(error), " (errno ", error, ")"));
}

// Repeats `call` while signals interrupt it.
template <typename Call>
auto RetryInterrupted(const Call& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

// `path` as a C string; what a NUL byte cuts off must not be ignored.
absl::StatusOr<std::string> CheckedPath(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(
        "path '", std::string(path.substr(0, path.find('\0'))), "...' contains a NUL byte"));
  }
  return std::string(path);
}

// A file descriptor. Ownership: closes it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0)
      close(number_);  // nothing is promised by closing, so nothing is lost by its error
  }
  int number() const { return number_; }

 private:
  int number_;
};

class PosixMapping final : public Mapping {
 public:
  PosixMapping(std::byte* base, uint64_t size) : base_(base), size_(size) {}
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ~PosixMapping() override {
    UnguardMapping(base_);
    munmap(base_, size_);
  }

  const std::byte* Bytes(FileOffset offset, [[maybe_unused]] uint64_t size) override {
    ENGRAM_AUDIT(offset.value <= size_ && size <= size_ - offset.value,
                 absl::StrCat("offset ", offset.value, ", ", size, " bytes, of a mapping of ",
                              size_, " bytes"));
    return base_ + offset.value;
  }
  void Prefetch(FileOffset offset, uint64_t size) override {
    constexpr uint64_t kLineBytes = 64;
    if (offset.value > size_ || size > size_ - offset.value) return;
    const std::byte* const end = base_ + offset.value + size;
    for (const std::byte* line = base_ + offset.value / kLineBytes * kLineBytes; line < end;
         line += kLineBytes) {
      __builtin_prefetch(line);
    }
  }
  uint64_t size() const override { return size_; }

 private:
  std::byte* const base_;
  const uint64_t size_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path, OpenMode mode)
      : descriptor_(std::move(descriptor)), path_(std::move(path)), mode_(mode) {}

  absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) override {
    ENGRAM_RETURN_IF_ERROR(CheckRange("read", offset, target.size()));
    const ssize_t moved = RetryInterrupted([&] {
      return pread(descriptor_.number(), target.data(), target.size(),
                   static_cast<off_t>(offset.value));
    });
    if (moved < 0) return RangeError("read", offset, target.size(), errno);
    return static_cast<size_t>(moved);
  }

  absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) override {
    ENGRAM_RETURN_IF_ERROR(CheckWritable("write", offset, source.size()));
    if (source.empty()) return 0;
    const ssize_t moved = RetryInterrupted([&] {
      return pwrite(descriptor_.number(), source.data(), source.size(),
                    static_cast<off_t>(offset.value));
    });
    if (moved < 0) return RangeError("write", offset, source.size(), errno);
    if (moved == 0) return RangeError("write", offset, source.size(), EIO);
    return static_cast<size_t>(moved);
  }

  absl::Status SyncData() override {
    if (fdatasync(descriptor_.number()) != 0)
      return ErrnoError(absl::StrCat("sync ", path_), errno);
    return absl::OkStatus();
  }

  absl::StatusOr<uint64_t> Size() override {
    struct stat status = {};
    if (fstat(descriptor_.number(), &status) != 0) {
      return ErrnoError(absl::StrCat("size of ", path_), errno);
    }
    return static_cast<uint64_t>(status.st_size);
  }

  absl::Status Reserve(FileOffset offset, uint64_t size) override {
    return Allocate("reserve", 0, offset, size);
  }

  absl::Status Punch(FileOffset offset, uint64_t size) override {
    return Allocate("punch", FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
  }

  absl::Status Truncate(uint64_t size) override {
    ENGRAM_RETURN_IF_ERROR(CheckWritable("truncate", FileOffset{size}, 0));
    const int result =
        RetryInterrupted([&] { return ftruncate(descriptor_.number(), static_cast<off_t>(size)); });
    if (result != 0) return RangeError("truncate", FileOffset{size}, 0, errno);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size) override {
    ENGRAM_RETURN_IF_ERROR(CheckRange("map", FileOffset{0}, size));
    if (size == 0) return RangeError("map", FileOffset{0}, size, EINVAL);
    void* const base = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor_.number(), 0);
    if (base == MAP_FAILED) return RangeError("map", FileOffset{0}, size, errno);
    // An unguarded one works as well, but for reads that the device cannot serve.
    GuardMapping(static_cast<std::byte*>(base), size);
    return std::make_unique<PosixMapping>(static_cast<std::byte*>(base), size);
  }

  absl::Status Lock() override {
    const int result =
        RetryInterrupted([&] { return flock(descriptor_.number(), LOCK_EX | LOCK_NB); });
    if (result == 0) return absl::OkStatus();
    if (errno == EWOULDBLOCK) {
      return absl::FailedPreconditionError(
          absl::StrCat("lock ", path_, ": another open file has the lock"));
    }
    return ErrnoError(absl::StrCat("lock ", path_), errno);
  }

  std::string_view path() const override { return path_; }

 private:
  std::string RangeText(const char* call, FileOffset offset, uint64_t size) const {
    return absl::StrCat(call, " ", path_, " at offset ", offset.value, ", ", size, " bytes");
  }

  absl::Status RangeError(const char* call, FileOffset offset, uint64_t size, int error) const {
    return ErrnoError(RangeText(call, offset, size), error);
  }

  absl::Status CheckRange(const char* call, FileOffset offset, uint64_t size) const {
    if (offset.value <= kOffsetMax && size <= kOffsetMax - offset.value) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        RangeText(call, offset, size), ": the range ends beyond the largest offset ", kOffsetMax));
  }

  absl::Status CheckWritable(const char* call, FileOffset offset, uint64_t size) const {
    ENGRAM_RETURN_IF_ERROR(CheckRange(call, offset, size));
    if (mode_ != OpenMode::kReadOnly) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(RangeText(call, offset, size), ": the file was opened read-only"));
  }

  absl::Status Allocate(const char* call, int flags, FileOffset offset, uint64_t size) {
    ENGRAM_RETURN_IF_ERROR(CheckWritable(call, offset, size));
    if (size == 0) return absl::OkStatus();
    const int result = RetryInterrupted([&] {
      return fallocate(descriptor_.number(), flags, static_cast<off_t>(offset.value),
                       static_cast<off_t>(size));
    });
    if (result != 0) return RangeError(call, offset, size, errno);
    return absl::OkStatus();
  }

  const Descriptor descriptor_;
  const std::string path_;
  const OpenMode mode_;
};

int OpenFlags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kReadOnly:
      return O_RDONLY;
    case OpenMode::kReadWrite:
      return O_RDWR;
    case OpenMode::kCreateNew:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  CheckFailed("mode is an OpenMode", absl::StrCat(static_cast<int>(mode)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<File>> PosixFileSystem::Open(std::string_view path, OpenMode mode) {
  std::string name;
  ENGRAM_ASSIGN_OR_RETURN(name, CheckedPath(path));
  // O_NONBLOCK: opening a pipe by mistake must not hang; it does nothing for regular files.
  const int flags = OpenFlags(mode) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  Descriptor descriptor(RetryInterrupted([&] { return open(name.c_str(), flags, 0644); }));
  if (descriptor.number() < 0) return ErrnoError(absl::StrCat("open ", name), errno);
  struct stat status = {};
  if (fstat(descriptor.number(), &status) != 0) {
    return ErrnoError(absl::StrCat("open ", name), errno);
  }
  if (!S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("open ", name, ": not a regular file"));
  }
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(name), mode);
}

absl::StatusOr<bool> PosixFileSystem::Exists(std::string_view path) {
  std::string name;
  ENGRAM_ASSIGN_OR_RETURN(name, CheckedPath(path));
  struct stat status = {};
  if (stat(name.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return ErrnoError(absl::StrCat("look for ", name), errno);
}

absl::Status PosixFileSystem::Remove(std::string_view path) {
  std::string name;
  ENGRAM_ASSIGN_OR_RETURN(name, CheckedPath(path));
  if (unlink(name.c_str()) != 0) return ErrnoError(absl::StrCat("remove ", name), errno);
  return absl::OkStatus();
}

absl::Status PosixFileSystem::SyncDirectoryOf(std::string_view path) {
  std::string name;
  ENGRAM_ASSIGN_OR_RETURN(name, CheckedPath(path));
  const size_t slash = name.rfind('/');
  const std::string directory = slash == std::string::npos ? "."
                                : slash == 0               ? "/"
                                                           : name.substr(0, slash);
  const std::string what = absl::StrCat("sync directory ", directory, " of ", name);
  const Descriptor descriptor(RetryInterrupted(
      [&] { return open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (descriptor.number() < 0) return ErrnoError(what, errno);
  if (fsync(descriptor.number()) != 0) return ErrnoError(what, errno);
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::io
