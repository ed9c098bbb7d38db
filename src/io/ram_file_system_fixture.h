// Files in RAM: io::FileSystem for tests and fuzzing of the production body, where speed, fixed
// paths and reads beyond the end of a file matter. It fails only for want of room or where a test
// says so, loses nothing, and knows no crashes: for those see model/world/disk.
//
// A file has room for so many bytes, all in one piece, so that mappings show it in place. What lies
// beyond its end is poisoned for AddressSanitizer.

#ifndef ENGRAM_IO_RAM_FILE_SYSTEM_FIXTURE_H_
#define ENGRAM_IO_RAM_FILE_SYSTEM_FIXTURE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/body.h"
#include "base/check.h"
#include "io/file_system.h"

#if defined(__SANITIZE_ADDRESS__)
#define ENGRAM_RAM_FILES_ARE_POISONED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ENGRAM_RAM_FILES_ARE_POISONED
#endif
#endif
#ifdef ENGRAM_RAM_FILES_ARE_POISONED
#include <sanitizer/asan_interface.h>
#endif

namespace engram::inline ENGRAM_BODY::io {

// The bytes of one file. Thread safety: thread-compatible.
class RamBytes {
 public:
  explicit RamBytes(uint64_t room)
      : room_(room), bytes_(static_cast<std::byte*>(std::calloc(room, 1))) {
    if (bytes_ == nullptr) throw std::bad_alloc();
    SetPoison();
  }
  ~RamBytes() {
    size_ = room_;
    SetPoison();
    std::free(bytes_);
  }
  RamBytes(const RamBytes&) = delete;
  RamBytes& operator=(const RamBytes&) = delete;

  uint64_t room() const { return room_; }
  uint64_t size() const { return size_; }
  std::byte* data() { return bytes_; }
  // REQUIRES: size <= room().
  void Resize(uint64_t size) {
    if (size < size_) std::fill(bytes_ + size, bytes_ + size_, std::byte{0});
    size_ = size;
    SetPoison();
  }

  const void* locked_by = nullptr;
  // If a test has set them: what becomes of a read, after its bytes were copied, and of a sync.
  std::function<absl::Status(FileOffset, std::span<std::byte>)> on_read;
  std::function<absl::Status()> on_sync;

 private:
  void SetPoison() {
#ifdef ENGRAM_RAM_FILES_ARE_POISONED
    // Only what has changed.
    if (poisoned_from_ < size_) {
      ASAN_UNPOISON_MEMORY_REGION(bytes_ + poisoned_from_, size_ - poisoned_from_);
    }
    if (size_ < poisoned_from_) {
      ASAN_POISON_MEMORY_REGION(bytes_ + size_, poisoned_from_ - size_);
    }
    poisoned_from_ = size_;
#endif
  }

  const uint64_t room_;
  uint64_t size_ = 0;
  [[maybe_unused]] uint64_t poisoned_from_ = room_;
  std::byte* const bytes_;
};

class RamMapping final : public Mapping {
 public:
  RamMapping(std::shared_ptr<RamBytes> bytes, uint64_t size)
      : bytes_(std::move(bytes)), size_(size) {}

  const std::byte* Bytes(FileOffset offset, uint64_t size) override {
    ENGRAM_CHECK(offset.value <= size_ && size <= size_ - offset.value,
                 "a range lies outside of its mapping");
    ENGRAM_CHECK(offset.value <= bytes_->room(), "a range lies outside of any file in RAM");
    return bytes_->data() + offset.value;
  }
  uint64_t size() const override { return size_; }

 private:
  const std::shared_ptr<RamBytes> bytes_;
  const uint64_t size_;
};

class RamFile final : public File {
 public:
  RamFile(std::string path, std::shared_ptr<RamBytes> bytes, bool read_only)
      : path_(std::move(path)), bytes_(std::move(bytes)), read_only_(read_only) {}
  ~RamFile() override {
    if (bytes_->locked_by == this) bytes_->locked_by = nullptr;
  }

  absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) override {
    if (absl::Status range = CheckRange("read", offset, target.size()); !range.ok()) return range;
    if (offset.value >= bytes_->size()) return size_t{0};
    const size_t moved = std::min<uint64_t>(target.size(), bytes_->size() - offset.value);
    std::copy_n(bytes_->data() + offset.value, moved, target.begin());
    if (bytes_->on_read) {
      if (absl::Status read = bytes_->on_read(offset, target.first(moved)); !read.ok()) return read;
    }
    return moved;
  }
  absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) override {
    if (absl::Status can = Extend("write", offset, source.size()); !can.ok()) return can;
    std::copy(source.begin(), source.end(), bytes_->data() + offset.value);
    return source.size();
  }
  absl::Status SyncData() override {
    return bytes_->on_sync ? bytes_->on_sync() : absl::OkStatus();
  }
  absl::StatusOr<uint64_t> Size() override { return bytes_->size(); }
  absl::Status Reserve(FileOffset offset, uint64_t size) override {
    return Extend("reserve", offset, size);
  }
  absl::Status Punch(FileOffset offset, uint64_t size) override {
    if (absl::Status can = CheckChange("punch", offset, size); !can.ok()) return can;
    const uint64_t end = std::min(bytes_->size(), offset.value + size);
    if (offset.value < end) {
      std::fill(bytes_->data() + offset.value, bytes_->data() + end, std::byte{0});
    }
    return absl::OkStatus();
  }
  absl::Status Truncate(uint64_t size) override {
    if (absl::Status can = CheckChange("truncate", {0}, size); !can.ok()) return can;
    if (size > bytes_->room()) return Error(absl::StatusCode::kResourceExhausted, "truncate");
    bytes_->Resize(size);
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<Mapping>> Map(uint64_t size) override {
    if (size == 0) return Error(absl::StatusCode::kInvalidArgument, "map");
    if (absl::Status range = CheckRange("map", {0}, size); !range.ok()) return range;
    return std::make_unique<RamMapping>(bytes_, size);
  }
  absl::Status Lock() override {
    if (bytes_->locked_by != nullptr && bytes_->locked_by != this) {
      return Error(absl::StatusCode::kFailedPrecondition, "lock");
    }
    bytes_->locked_by = this;
    return absl::OkStatus();
  }
  std::string_view path() const override { return path_; }

 private:
  absl::Status Error(absl::StatusCode code, std::string_view call) const {
    return {code, absl::StrCat(std::string(call), " ", path_, ", a file in RAM")};
  }
  absl::Status CheckRange(std::string_view call, FileOffset offset, uint64_t size) const {
    constexpr uint64_t kEndMax = INT64_MAX;
    const bool fits = offset.value <= kEndMax && size <= kEndMax - offset.value;
    return fits ? absl::OkStatus() : Error(absl::StatusCode::kInvalidArgument, call);
  }
  absl::Status CheckChange(std::string_view call, FileOffset offset, uint64_t size) const {
    if (read_only_) return Error(absl::StatusCode::kFailedPrecondition, call);
    return CheckRange(call, offset, size);
  }
  // The file reaches over the range from here on.
  absl::Status Extend(std::string_view call, FileOffset offset, uint64_t size) {
    if (absl::Status can = CheckChange(call, offset, size); !can.ok()) return can;
    if (size == 0) return absl::OkStatus();
    if (offset.value + size > bytes_->room()) {
      return Error(absl::StatusCode::kResourceExhausted, call);
    }
    bytes_->Resize(std::max(bytes_->size(), offset.value + size));
    return absl::OkStatus();
  }

  const std::string path_;
  const std::shared_ptr<RamBytes> bytes_;
  const bool read_only_;
};

// Thread safety: thread-compatible. Ownership: files and mappings may outlive it.
class RamFileSystem final : public FileSystem {
 public:
  // Each file has room for `file_bytes_max` bytes.
  explicit RamFileSystem(uint64_t file_bytes_max) : file_bytes_max_(file_bytes_max) {}

  absl::StatusOr<std::unique_ptr<File>> Open(std::string_view path, OpenMode mode) override {
    if (absl::Status valid = CheckPath("open", path); !valid.ok()) return valid;
    auto found = files_.find(path);
    if (mode == OpenMode::kCreateNew) {
      if (found != files_.end()) return Error(absl::StatusCode::kAlreadyExists, "open", path);
      found = files_.emplace(path, std::make_shared<RamBytes>(file_bytes_max_)).first;
    }
    if (found == files_.end()) return Error(absl::StatusCode::kNotFound, "open", path);
    return std::make_unique<RamFile>(std::string(path), found->second, mode == OpenMode::kReadOnly);
  }
  absl::StatusOr<bool> Exists(std::string_view path) override {
    if (absl::Status valid = CheckPath("look for", path); !valid.ok()) return valid;
    return files_.contains(path);
  }
  absl::Status Remove(std::string_view path) override {
    if (absl::Status valid = CheckPath("remove", path); !valid.ok()) return valid;
    const auto found = files_.find(path);
    if (found == files_.end()) return Error(absl::StatusCode::kNotFound, "remove", path);
    files_.erase(found);
    return absl::OkStatus();
  }
  absl::Status SyncDirectoryOf(std::string_view path) override {
    return CheckPath("sync the directory of", path);
  }

  // ---- For tests.

  // Puts a file of these bytes in place of what `path` names. REQUIRES: they fit.
  void Install(std::string_view path, std::span<const std::byte> bytes) {
    auto file = std::make_shared<RamBytes>(file_bytes_max_);
    ENGRAM_CHECK(bytes.size() <= file->room(), "a file does not fit into its room in RAM");
    file->Resize(bytes.size());
    std::copy(bytes.begin(), bytes.end(), file->data());
    files_.insert_or_assign(std::string(path), std::move(file));
  }
  // The file itself, to set what becomes of its calls. REQUIRES: it exists.
  RamBytes& Bytes(std::string_view path) const {
    const auto found = files_.find(path);
    ENGRAM_CHECK(found != files_.end(), "there is no such file in RAM");
    return *found->second;
  }
  // A copy of the bytes of a file. REQUIRES: it exists.
  std::vector<std::byte> Contents(std::string_view path) const {
    const auto found = files_.find(path);
    ENGRAM_CHECK(found != files_.end(), "there is no such file in RAM");
    return {found->second->data(), found->second->data() + found->second->size()};
  }

 private:
  static absl::Status Error(absl::StatusCode code, std::string_view call, std::string_view path) {
    return {code, absl::StrCat(std::string(call), " ", std::string(path), ", a file in RAM")};
  }
  static absl::Status CheckPath(std::string_view call, std::string_view path) {
    return path.find('\0') == std::string_view::npos
               ? absl::OkStatus()
               : Error(absl::StatusCode::kInvalidArgument, call, path);
  }

  const uint64_t file_bytes_max_;
  std::map<std::string, std::shared_ptr<RamBytes>, std::less<>> files_;
};

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_RAM_FILE_SYSTEM_FIXTURE_H_
