// For tests of the command: real files in a directory of its own, and runs as main makes them.

#ifndef ENGRAM_CLI_COMMAND_FIXTURE_H_
#define ENGRAM_CLI_COMMAND_FIXTURE_H_

#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/memory_store.h"
#include "base/body.h"
#include "cli/command_line.h"
#include "gtest/gtest.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY::cli {

// A directory for files, removed with them.
class TrialDirectory {
 public:
  TrialDirectory() : path_(testing::TempDir() + "engram_cli_XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TrialDirectory() {
    for (const std::string& name : Names()) (void)files_.Remove(File(name));
    rmdir(path_.c_str());
  }
  TrialDirectory(const TrialDirectory&) = delete;
  TrialDirectory& operator=(const TrialDirectory&) = delete;

  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }
  // Of all files in it.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    DIR* const directory = opendir(path_.c_str());
    EXPECT_NE(directory, nullptr);
    while (const dirent* entry = readdir(directory)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    closedir(directory);
    return names;
  }
  std::string Read(const std::string& path) {
    const auto file = files_.Open(path, io::OpenMode::kReadOnly);
    EXPECT_TRUE(file.ok()) << file.status();
    if (!file.ok()) return "";
    std::string bytes(*(*file)->Size(), '\0');
    EXPECT_TRUE(
        io::ReadFully(**file, {0}, std::as_writable_bytes(std::span(bytes.data(), bytes.size())))
            .ok());
    return bytes;
  }
  // Over what the file holds there; makes it if it does not exist.
  void Write(const std::string& path, uint64_t offset, std::string_view bytes) {
    auto file = files_.Open(path, io::OpenMode::kReadWrite);
    if (!file.ok()) file = files_.Open(path, io::OpenMode::kCreateNew);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE(io::WriteFully(**file, {offset}, std::as_bytes(std::span(bytes))).ok());
  }
  void Remove(const std::string& path) { EXPECT_TRUE(files_.Remove(path).ok()); }

 private:
  io::PosixFileSystem files_;
  std::string path_;
};

// What a run of the command gave.
struct Ran {
  int status = 0;
  std::string out;
  std::string err;
};

inline Ran RunCommand(std::vector<std::string> arguments, const std::string& in = "",
                      bool err_is_terminal = false) {
  std::istringstream input(in);
  std::ostringstream out;
  std::ostringstream err;
  const int status = Run(std::move(arguments), {input, out, err, err_is_terminal});
  return {status, std::move(out).str(), std::move(err).str()};
}

inline Memory SomeMemory(std::string id) {
  Memory memory;
  memory.id = std::move(id);
  memory.embedding.assign(kEmbeddingDimension, 0.25F);
  memory.embedding[0] = static_cast<float>(memory.id.size());
  memory.activation = 0.5F;
  memory.content = "the content of " + memory.id;
  return memory;
}

// Makes a store of these memories in `path`, small extents and all.
inline void MakeStore(const std::string& path, const std::vector<Memory>& memories) {
  auto store = MemoryStore::Open(path, {.create_if_missing = true, .extent_bytes = 64 * kKiB});
  ASSERT_TRUE(store.ok()) << store.status();
  for (const Memory& memory : memories) ASSERT_TRUE((*store)->Store(memory).ok());
  ASSERT_TRUE((*store)->Close().ok());
}

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_COMMAND_FIXTURE_H_
