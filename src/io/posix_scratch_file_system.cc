// Private mappings: the kernel copies a page when it is written, and never writes it back.
//
// Address space for the longest file is reserved first, of memory that is not backed by anything,
// and the file mapped over its beginning: so it grows without being moved.

#include "io/posix_scratch_file_system.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "io/posix_mapping_faults.h"

namespace engram::inline ENGRAM_BODY::io {
namespace {

absl::Status MappingError(std::string_view path, int error) {
  return absl::ResourceExhaustedError(absl::StrCat(
      "map ", std::string(path), " for looking at it: ", std::generic_category().message(error),
      " (errno ", error, ")"));
}

// Address space with a private view of a file at its beginning. Ownership: unmaps it.
class PrivateBytes {
 public:
  static absl::StatusOr<std::unique_ptr<PrivateBytes>> Of(const std::string& path,
                                                          uint64_t file_bytes, uint64_t size) {
    void* const base = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) return MappingError(path, errno);
    auto bytes = std::make_unique<PrivateBytes>(static_cast<std::byte*>(base), size);
    if (file_bytes == 0) return bytes;
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return MappingError(path, errno);
    const void* const mapped = mmap(base, file_bytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, descriptor, 0);
    const int error = errno;
    close(descriptor);  // the mapping holds the file
    if (mapped == MAP_FAILED) return MappingError(path, error);
    GuardMapping(bytes->base, size);
    return bytes;
  }

  PrivateBytes(std::byte* mapped, uint64_t mapped_bytes) : base(mapped), size(mapped_bytes) {}
  PrivateBytes(const PrivateBytes&) = delete;
  PrivateBytes& operator=(const PrivateBytes&) = delete;
  ~PrivateBytes() {
    UnguardMapping(base);
    munmap(base, size);
  }

  std::byte* const base;
  const uint64_t size;
};

class ScratchMapping final : public Mapping {
 public:
  ScratchMapping(const PrivateBytes& bytes, uint64_t size) : bytes_(bytes), size_(size) {}

  const std::byte* Bytes(FileOffset offset, uint64_t /*size*/) override {
    return bytes_.base + offset.value;
  }
  uint64_t size() const override { return size_; }

 private:
  const PrivateBytes& bytes_;  // of the file, which outlives its mappings
  const uint64_t size_;
};

// `file` is the one on the disk: for its path and its lock.
class ScratchFile final : public File {
 public:
  ScratchFile(std::unique_ptr<File> file, std::unique_ptr<PrivateBytes> bytes, uint64_t size)
      : file_(std::move(file)), bytes_(std::move(bytes)), size_(size) {}

  absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) override {
    const std::lock_guard lock(mutex_);
    if (offset.value >= size_ || target.empty()) return 0;
    const size_t count = std::min<uint64_t>(target.size(), size_ - offset.value);
    std::memcpy(target.data(), bytes_->base + offset.value, count);
    return count;
  }

  absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) override {
    const std::lock_guard lock(mutex_);
    ENGRAM_RETURN_IF_ERROR(ExtendTo(offset, source.size()));
    if (!source.empty()) std::memcpy(bytes_->base + offset.value, source.data(), source.size());
    return source.size();
  }

  absl::Status SyncData() override { return absl::OkStatus(); }

  absl::StatusOr<uint64_t> Size() override {
    const std::lock_guard lock(mutex_);
    return size_;
  }

  absl::Status Reserve(FileOffset offset, uint64_t size) override {
    const std::lock_guard lock(mutex_);
    return ExtendTo(offset, size);
  }

  absl::Status Punch(FileOffset offset, uint64_t size) override {
    const std::lock_guard lock(mutex_);
    if (offset.value >= size_) return absl::OkStatus();
    std::memset(bytes_->base + offset.value, 0, std::min(size, size_ - offset.value));
    return absl::OkStatus();
  }

  absl::Status Truncate(uint64_t size) override {
    const std::lock_guard lock(mutex_);
    if (size > size_) return ExtendTo(FileOffset{0}, size);
    std::memset(bytes_->base + size, 0, size_ - size);
    size_ = size;
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size) override {
    if (size > bytes_->size) return RoomError(size);
    return std::make_unique<ScratchMapping>(*bytes_, size);
  }

  absl::Status Lock() override {
    ENGRAM_RETURN_IF_ERROR(file_->Lock());
    // Whoever had the lock before may have changed the file after it was mapped.
    ENGRAM_ASSIGN_OR_RETURN(const uint64_t size, file_->Size());
    const std::lock_guard lock(mutex_);
    if (size == size_) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(
        "lock ", std::string(path()), ": it was changed while it was being opened; try again"));
  }
  std::string_view path() const override { return file_->path(); }

 private:
  absl::Status RoomError(uint64_t bytes) const {
    return absl::ResourceExhaustedError(absl::StrCat(std::string(path()), ": ", bytes,
                                                     " bytes are more than the ", bytes_->size,
                                                     " for which address space was reserved"));
  }

  // REQUIRES: mutex_ is held.
  absl::Status ExtendTo(FileOffset offset, uint64_t size) {
    if (offset.value > bytes_->size || size > bytes_->size - offset.value) {
      return RoomError(offset.value + size);
    }
    size_ = std::max(size_, offset.value + size);
    return absl::OkStatus();
  }

  const std::unique_ptr<File> file_;
  const std::unique_ptr<PrivateBytes> bytes_;
  std::mutex mutex_;
  uint64_t size_;  // under mutex_
};

}  // namespace

absl::StatusOr<std::unique_ptr<File>> PosixScratchFileSystem::Open(std::string_view path,
                                                                   OpenMode mode) {
  if (mode != OpenMode::kReadWrite) return files_.Open(path, mode);
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<File> file, files_.Open(path, OpenMode::kReadOnly));
  ENGRAM_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  if (size > file_bytes_max_) {
    return absl::InvalidArgumentError(absl::StrCat("open ", std::string(path), ": it has ", size,
                                                   " bytes, more than the ", file_bytes_max_,
                                                   " that were allowed"));
  }
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<PrivateBytes> bytes,
                          PrivateBytes::Of(std::string(path), size, file_bytes_max_));
  return std::make_unique<ScratchFile>(std::move(file), std::move(bytes), size);
}

absl::Status PosixScratchFileSystem::Remove(std::string_view path) {
  return absl::FailedPreconditionError(
      absl::StrCat("remove ", std::string(path), ": it was opened to be looked at"));
}

}  // namespace engram::inline ENGRAM_BODY::io
