// The file behind a table of blocks: each id owns one small record, rewritten in place. Writing it
// can fail, and that is what specimens "no_rollback" and its twin are about; nothing ever reads it
// back.

#ifndef ENGRAM_STRESS_SPECIMENS_BLOCK_FILE_H_
#define ENGRAM_STRESS_SPECIMENS_BLOCK_FILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file_system.h"

namespace engram::specimens {

// Thread safety: thread-compatible.
class BlockFile {
 public:
  static absl::StatusOr<std::unique_ptr<BlockFile>> Create(io::FileSystem& file_system);

  // Writes the record of `id`. On an error the old record counts.
  absl::Status Write(const std::string& id, uint64_t place, uint64_t length);

 private:
  explicit BlockFile(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  std::unique_ptr<io::File> file_;
  std::map<std::string, uint64_t> record_of_;
};

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_BLOCK_FILE_H_
