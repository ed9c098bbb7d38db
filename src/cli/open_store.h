// Opening the store that a command is about.

#ifndef ENGRAM_CLI_OPEN_STORE_H_
#define ENGRAM_CLI_OPEN_STORE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/event_listener.h"
#include "api/memory_store.h"
#include "base/body.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::cli {

// A store that is only looked at: whatever opening it has to recover stays in memory, and no byte
// of its file changes. Thread safety: as the store's.
class StoreForLooking {
 public:
  // `listener` may be null, and must outlive it. Errors are those of MemoryStore::Open, whose
  // messages say which file it was.
  static absl::StatusOr<StoreForLooking> Open(const std::string& path, EventListener* listener);

  // Of the file as it is; what opening would add is in the store's statistics.
  uint64_t file_bytes() const { return file_bytes_; }
  MemoryStore& operator*() const { return *store_; }
  MemoryStore* operator->() const { return store_.get(); }

 private:
  StoreForLooking(uint64_t file_bytes, std::unique_ptr<io::FileSystem> files,
                  std::unique_ptr<MemoryStore> store)
      : file_bytes_(file_bytes), files_(std::move(files)), store_(std::move(store)) {}

  uint64_t file_bytes_ = 0;
  std::unique_ptr<io::FileSystem> files_;  // outlives the store
  std::unique_ptr<MemoryStore> store_;
};

// A store that is changed. It is made if there is none and `create` says so; `listener` as above.
absl::StatusOr<std::unique_ptr<MemoryStore>> OpenForChanging(const std::string& path, bool create,
                                                             EventListener* listener);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_OPEN_STORE_H_
