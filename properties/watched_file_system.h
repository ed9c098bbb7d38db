// The real file system, with a look over the shoulder: what a store reads, by read and by mapping.
// Long writes can be made to fail.
//
// Bytes are recognised by a mark that the test has put into its memories, so that nothing needs to
// be known of where a store keeps what.

#ifndef ENGRAM_PROPERTIES_WATCHED_FILE_SYSTEM_H_
#define ENGRAM_PROPERTIES_WATCHED_FILE_SYSTEM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "io/file_system.h"
#include "io/posix_file_system.h"

namespace engram::properties {

// What was read since it was made. Thread safety: confined to one thread.
struct ReadingsSeen {
  std::string_view mark;
  uint64_t bytes = 0;
  uint64_t marks = 0;  // how often the mark stood in them
  // Longer writes fail and have no effect.
  uint64_t write_bytes_max = UINT64_MAX;

  void Add(std::span<const std::byte> read) {
    bytes += read.size();
    const std::string_view text(reinterpret_cast<const char*>(read.data()), read.size());
    for (size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + 1)) ++marks;
  }
};

class WatchedMapping final : public io::Mapping {
 public:
  // What lies beyond `file_bytes` is not looked at.
  WatchedMapping(std::unique_ptr<io::Mapping> mapping, io::File& file, ReadingsSeen& seen)
      : mapping_(std::move(mapping)), file_(file), seen_(seen) {}

  const std::byte* Bytes(FileOffset offset, uint64_t size) override {
    const std::byte* const bytes = mapping_->Bytes(offset, size);
    const uint64_t end = std::min(offset.value + size, file_.Size().value_or(0));
    if (offset.value < end) seen_.Add({bytes, end - offset.value});
    return bytes;
  }
  uint64_t size() const override { return mapping_->size(); }

 private:
  const std::unique_ptr<io::Mapping> mapping_;
  io::File& file_;
  ReadingsSeen& seen_;
};

class WatchedFile final : public io::File {
 public:
  WatchedFile(std::unique_ptr<io::File> file, ReadingsSeen& seen)
      : file_(std::move(file)), seen_(seen) {}

  absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) override {
    absl::StatusOr<size_t> read = file_->Read(offset, target);
    if (read.ok()) seen_.Add(target.first(*read));
    return read;
  }
  absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) override {
    if (source.size() > seen_.write_bytes_max) return absl::UnavailableError("a long write");
    return file_->Write(offset, source);
  }
  absl::Status SyncData() override { return file_->SyncData(); }
  absl::StatusOr<uint64_t> Size() override { return file_->Size(); }
  absl::Status Reserve(FileOffset offset, uint64_t size) override {
    return file_->Reserve(offset, size);
  }
  absl::Status Punch(FileOffset offset, uint64_t size) override {
    return file_->Punch(offset, size);
  }
  absl::Status Truncate(uint64_t size) override { return file_->Truncate(size); }
  absl::StatusOr<std::unique_ptr<io::Mapping>> Map(uint64_t size) override {
    auto mapping = file_->Map(size);
    if (!mapping.ok()) return std::move(mapping).status();
    return std::make_unique<WatchedMapping>(*std::move(mapping), *file_, seen_);
  }
  absl::Status Lock() override { return file_->Lock(); }
  std::string_view path() const override { return file_->path(); }

 private:
  const std::unique_ptr<io::File> file_;
  ReadingsSeen& seen_;
};

// Ownership: `seen` must outlive it and its files.
class WatchedFileSystem final : public io::FileSystem {
 public:
  explicit WatchedFileSystem(ReadingsSeen& seen) : seen_(seen) {}

  absl::StatusOr<std::unique_ptr<io::File>> Open(std::string_view path,
                                                 io::OpenMode mode) override {
    auto file = files_.Open(path, mode);
    if (!file.ok()) return std::move(file).status();
    return std::make_unique<WatchedFile>(*std::move(file), seen_);
  }
  absl::StatusOr<bool> Exists(std::string_view path) override { return files_.Exists(path); }
  absl::Status Remove(std::string_view path) override { return files_.Remove(path); }
  absl::Status SyncDirectoryOf(std::string_view path) override {
    return files_.SyncDirectoryOf(path);
  }

 private:
  io::PosixFileSystem files_;
  ReadingsSeen& seen_;
};

}  // namespace engram::properties

#endif  // ENGRAM_PROPERTIES_WATCHED_FILE_SYSTEM_H_
