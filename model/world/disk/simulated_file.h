// An open file of the simulated file system, and its mappings: what a program holds. Both are dead
// once the world has crashed; what they refer to lives on in disk_file.h.

#ifndef ENGRAM_MODEL_WORLD_DISK_SIMULATED_FILE_H_
#define ENGRAM_MODEL_WORLD_DISK_SIMULATED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/file_system.h"
#include "model/world/disk/simulated_file_system.h"

namespace engram::world {

// Thread safety: confined to the world's OS thread. Ownership: must not outlive its file system.
class SimulatedMapping final : public io::Mapping {
 public:
  // The first `size` bytes of `file`, which programs see at `base` in `bytes`.
  SimulatedMapping(SimulatedFileSystem& files, DiskFile& file, FileBytes& bytes,
                   const std::byte* base, uint64_t size);

  const std::byte* Bytes(FileOffset offset, uint64_t size) override;
  uint64_t size() const override { return size_; }

 private:
  SimulatedFileSystem& files_;
  DiskFile& file_;
  FileBytes& bytes_;
  const std::byte* const base_;
  const uint64_t size_;
  const uint32_t generation_;
};

// Thread safety: confined to the world's OS thread. Ownership: must not outlive its file system.
class SimulatedFile final : public io::File {
 public:
  // `number` tells open files apart, for locks.
  SimulatedFile(SimulatedFileSystem& files, DiskFile& file, std::string_view path,
                io::OpenMode mode, uint32_t number);
  ~SimulatedFile() override;

  absl::StatusOr<size_t> Read(FileOffset offset, std::span<std::byte> target) override;
  absl::StatusOr<size_t> Write(FileOffset offset, std::span<const std::byte> source) override;
  absl::Status SyncData() override;
  absl::StatusOr<uint64_t> Size() override;
  absl::Status Reserve(FileOffset offset, uint64_t size) override;
  absl::Status Punch(FileOffset offset, uint64_t size) override;
  absl::Status Truncate(uint64_t size) override;
  absl::StatusOr<std::unique_ptr<io::Mapping>> Map(uint64_t size) override;
  absl::Status Lock() override;
  std::string_view path() const override { return path_; }

 private:
  using CallName = SimulatedFileSystem::CallName;

  CallName Name(const char* call) const { return {call, path_, false, 0, 0}; }
  CallName Name(const char* call, FileOffset offset, uint64_t size) const {
    return {call, path_, true, offset.value, size};
  }
  absl::Status CheckRange(const CallName& name) const;
  absl::Status CheckWritable(const CallName& name) const;
  struct ZeroedBytes {
    uint64_t begin = 0, end = 0;
  };
  // What is common to Reserve, Punch and Truncate, whose effect on the file is `resize`. Needs
  // space if it `reaches` beyond the end; what it zeroes may be seen by readers of mappings.
  template <typename Resize>
  absl::Status ChangeMetadata(const CallName& name, uint64_t reaches, ZeroedBytes zeroes,
                              const sync::Location& where, const Resize& resize);

  SimulatedFileSystem& files_;
  DiskFile& file_;
  const std::string path_;
  const io::OpenMode mode_;
  const uint32_t number_;
  const uint32_t generation_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_SIMULATED_FILE_H_
