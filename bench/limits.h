// What the machine can do at best: the same bytes as a store moves, without a store. A ratio to
// these says what the store costs.

#ifndef ENGRAM_BENCH_LIMITS_H_
#define ENGRAM_BENCH_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/memory.h"
#include "io/posix_file_system.h"

namespace engram::bench {

// Memories as records in RAM whose pages are there already: one copy and one checksum each.
class RamLimit {
 public:
  RamLimit(uint32_t memories, int64_t content);

  // Copies every byte of the memory into its record and takes the record's checksum.
  void Store(uint32_t index, const Memory& memory);
  // Copies the record out and compares its checksum. REQUIRES: it was stored.
  void Get(uint32_t index, std::vector<std::byte>& target) const;
  // Compares the record's checksum and folds its bytes in place.
  uint64_t Fold(uint32_t index) const;

 private:
  std::vector<uint64_t> offsets_;  // of each record, and the end
  std::vector<uint64_t> checksums_;
  std::vector<std::byte> bytes_;
};

// All of `bytes`, eight at a time: what reading each byte once costs at least.
uint64_t FoldBytes(const void* bytes, size_t size);

// A file whose blocks have been written and synced before: overwriting it and syncing is the least
// that durability costs.
class DiskLimit {
 public:
  // Prepares the new file `path` with `bytes` bytes.
  DiskLimit(const std::string& path, uint64_t bytes);

  // Overwrites the next `source` bytes, from the beginning again when the file is full.
  void Write(std::span<const std::byte> source);
  void Sync();

 private:
  io::PosixFileSystem files_;
  std::unique_ptr<io::File> file_;
  const uint64_t bytes_;
  uint64_t next_ = 0;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_LIMITS_H_
