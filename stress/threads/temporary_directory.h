// A directory for real files, gone when the test is.

#ifndef ENGRAM_STRESS_THREADS_TEMPORARY_DIRECTORY_H_
#define ENGRAM_STRESS_THREADS_TEMPORARY_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/check.h"

namespace engram::stress {

// In TMPDIR, or where the system keeps temporary files. The destructor removes it with all that is
// in it. Thread safety: immutable.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    path_ = (std::filesystem::temp_directory_path() / "engram_stress_XXXXXX").string();
    ENGRAM_CHECK(mkdtemp(path_.data()) != nullptr, "no temporary directory can be made");
  }
  ~TemporaryDirectory() {
    std::error_code ignored;  // what cannot be removed harms no test
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string File(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_TEMPORARY_DIRECTORY_H_
