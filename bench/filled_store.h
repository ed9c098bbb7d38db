// Real files for store benchmarks: a directory of their own, and one store full of memories that is
// made once and then opened again and again.

#ifndef ENGRAM_BENCH_FILLED_STORE_H_
#define ENGRAM_BENCH_FILLED_STORE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/memory_store.h"
#include "bench/limits.h"

namespace engram::bench {

// A new directory in ENGRAM_BENCH_DIRECTORY, or where the system keeps temporary files. Removed
// with all that is in it by the destructor. Thread safety: immutable.
class BenchDirectory {
 public:
  BenchDirectory();
  ~BenchDirectory();
  BenchDirectory(const BenchDirectory&) = delete;
  BenchDirectory& operator=(const BenchDirectory&) = delete;

  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// Opens or creates; a store that cannot be opened ends the program.
std::unique_ptr<MemoryStore> OpenOrDie(const std::string& path, const Options& options = {});
// Ends the program unless `status` is OK.
void OrDie(const absl::Status& status);

// Bytes of disk blocks that the file takes.
uint64_t DiskBytes(const std::string& path);
// RAM of this process that is no file: what it costs beyond the page cache.
uint64_t PrivateBytes();
// Makes a copy of the file as it is now.
void CopyFile(const std::string& from, const std::string& to);

// A closed store of MemoriesWanted() memories, and the same memories in RAM.
struct FilledStore {
  explicit FilledStore(int64_t content);

  BenchDirectory directory;
  std::string path;
  uint32_t memories = 0;
  RamLimit limit;
};

// The filled store for `content`. The last one is kept, and gone when another one is asked for.
FilledStore& Filled(int64_t content);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_FILLED_STORE_H_
