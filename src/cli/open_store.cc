// The same errors in both ways of opening, with the file's name in each.

#include "cli/open_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "io/posix_file_system.h"
#include "io/posix_scratch_file_system.h"

namespace engram::inline ENGRAM_BODY::cli {
namespace {

// A store may be larger than what is reserved for one by default, and must have room to recover.
uint64_t FileBytesMax(uint64_t file_bytes) {
  return std::max(Options().file_bytes_max, 2 * file_bytes);
}

absl::StatusOr<uint64_t> FileBytes(const std::string& path) {
  io::PosixFileSystem files;
  ENGRAM_ASSIGN_OR_RETURN(const auto file, files.Open(path, io::OpenMode::kReadOnly));
  return file->Size();
}

absl::Status Named(const absl::Status& status, const std::string& path) {
  if (status.ok() || absl::StrContains(status.message(), path)) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": ", status.message()));
}

}  // namespace

absl::StatusOr<StoreForLooking> StoreForLooking::Open(const std::string& path,
                                                      EventListener* listener) {
  Options options;
  ENGRAM_ASSIGN_OR_RETURN(const uint64_t file_bytes, FileBytes(path));
  options.file_bytes_max = FileBytesMax(file_bytes);
  options.listener = listener;
  auto files = std::make_unique<io::PosixScratchFileSystem>(options.file_bytes_max);
  absl::StatusOr<std::unique_ptr<MemoryStore>> store = MemoryStore::Open(*files, path, options);
  if (!store.ok()) return Named(store.status(), path);
  return StoreForLooking(file_bytes, std::move(files), *std::move(store));
}

absl::StatusOr<std::unique_ptr<MemoryStore>> OpenForChanging(const std::string& path, bool create,
                                                             EventListener* listener) {
  Options options;
  options.create_if_missing = create;
  options.content_bytes_max = kContentBytesHardMax;  // whatever another program has allowed
  options.hot_capacity_bytes = 0;                    // nobody reads it from here
  options.listener = listener;
  const absl::StatusOr<uint64_t> file_bytes = FileBytes(path);
  if (file_bytes.ok()) {
    options.file_bytes_max = FileBytesMax(*file_bytes);
  } else if (!create || !absl::IsNotFound(file_bytes.status())) {
    return file_bytes.status();
  }
  absl::StatusOr<std::unique_ptr<MemoryStore>> store = MemoryStore::Open(path, options);
  if (!store.ok()) return Named(store.status(), path);
  return store;
}

}  // namespace engram::inline ENGRAM_BODY::cli
