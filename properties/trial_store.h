// A store on a file of its own, for the claims about the store as it is installed: the production
// body, real files, tiny extents, so that a few operations go through everything.

#ifndef ENGRAM_PROPERTIES_TRIAL_STORE_H_
#define ENGRAM_PROPERTIES_TRIAL_STORE_H_

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "api/memory_store.h"
#include "base/check.h"
#include "gtest/gtest.h"

namespace engram::properties {

// Extents of 16 KiB hold five embeddings.
inline Options TinyOptions() {
  Options options;
  options.create_if_missing = true;
  options.extent_bytes = 16 * kKiB;
  options.file_bytes_max = 64 * kMiB;
  options.content_bytes_max = 256 * kKiB;
  options.content_inline_bytes_max = 64;
  options.checkpoint_entries_min = 16;
  options.pending_releases_max = 4;
  options.concurrency = 2;
  return options;
}

// A name that no other test has, removed with this object.
class TrialFile {
 public:
  TrialFile() {
    static int files = 0;
    path_ = testing::TempDir() + "engram_property_" + std::to_string(getpid()) + "_" +
            std::to_string(++files);
    std::filesystem::remove(path_);
  }
  ~TrialFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TrialFile(const TrialFile&) = delete;
  TrialFile& operator=(const TrialFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Errors of opening and closing end the test: the claims are about what comes between.
class TrialStore {
 public:
  explicit TrialStore(const Options& options = TinyOptions()) : options_(options) { Open(); }

  MemoryStore& operator*() { return *store_; }
  MemoryStore* operator->() { return store_.get(); }
  const std::string& path() const { return file_.path(); }

  void Reopen() {
    const absl::Status closed = store_->Close();
    ENGRAM_CHECK(closed.ok(), closed.ToString());
    Open();
  }

 private:
  void Open() {
    store_.reset();
    auto opened = MemoryStore::Open(file_.path(), options_);
    ENGRAM_CHECK(opened.ok(), opened.status().ToString());
    store_ = *std::move(opened);
  }

  const Options options_;
  const TrialFile file_;
  std::unique_ptr<MemoryStore> store_;
};

}  // namespace engram::properties

#endif  // ENGRAM_PROPERTIES_TRIAL_STORE_H_
