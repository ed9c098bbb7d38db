// Asks the operating system about files and memory, which a store never does.

#include "bench/filled_store.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "bench/bench_memories.h"

namespace engram::bench {

BenchDirectory::BenchDirectory() {
  const char* wanted = std::getenv("ENGRAM_BENCH_DIRECTORY");
  const std::filesystem::path parent =
      wanted == nullptr ? std::filesystem::temp_directory_path() : std::filesystem::path(wanted);
  path_ = (parent / "engram_bench_XXXXXX").string();
  ENGRAM_CHECK(mkdtemp(path_.data()) != nullptr, "no directory can be made: " + path_);
}

BenchDirectory::~BenchDirectory() {
  std::error_code ignored;  // a file that stays behind harms no number
  std::filesystem::remove_all(path_, ignored);
}

void OrDie(const absl::Status& status) { ENGRAM_CHECK(status.ok(), status.ToString()); }

std::unique_ptr<MemoryStore> OpenOrDie(const std::string& path, const Options& options) {
  Options wanted = options;
  wanted.create_if_missing = true;
  auto store = MemoryStore::Open(path, wanted);
  OrDie(store.status());
  return *std::move(store);
}

uint64_t DiskBytes(const std::string& path) {
  struct stat found = {};
  ENGRAM_CHECK(stat(path.c_str(), &found) == 0, "the store has a file");
  return static_cast<uint64_t>(found.st_blocks) * 512;
}

uint64_t PrivateBytes() {
  std::ifstream status("/proc/self/status");
  std::string word;
  uint64_t kib = 0;
  while (status >> word) {
    if (word == "RssAnon:") status >> kib;
  }
  return kib * kKiB;
}

void CopyFile(const std::string& from, const std::string& to) {
  ENGRAM_CHECK(std::filesystem::copy_file(from, to), "the disk is full or broken");
}

FilledStore::FilledStore(int64_t content)
    : path(directory.File("filled")), memories(MemoriesWanted()), limit(memories, content) {
  const auto store = OpenOrDie(path);
  for (uint32_t i = 0; i < memories; ++i) {
    const Memory memory = MakeMemory(i, content);
    limit.Store(i, memory);
    OrDie(store->Store(memory).status());
  }
  OrDie(store->Close());
}

FilledStore& Filled(int64_t content) {
  static std::unique_ptr<FilledStore> filled;
  static int64_t filled_with = 0;
  if (!filled || filled_with != content) {
    filled.reset();
    filled = std::make_unique<FilledStore>(content);
    filled_with = content;
  }
  return *filled;
}

}  // namespace engram::bench
