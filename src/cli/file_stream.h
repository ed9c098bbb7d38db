// Files of io/ as streams, for what is read and written line by line.
//
// Errors are kept and asked for at the end: a stream itself only says that something went wrong.

#ifndef ENGRAM_CLI_FILE_STREAM_H_
#define ENGRAM_CLI_FILE_STREAM_H_

#include <memory>
#include <streambuf>
#include <vector>

#include "absl/status/status.h"
#include "base/body.h"
#include "base/units.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::cli {

// Reads or appends, one of the two. Thread safety: confined to one thread.
class FileStreamBuffer final : public std::streambuf {
 public:
  explicit FileStreamBuffer(std::unique_ptr<io::File> file) : file_(std::move(file)) {}

  // What went wrong so far.
  const absl::Status& status() const { return status_; }
  // Writes out what is left and makes all of it durable.
  absl::Status Finish();

 protected:
  int_type underflow() override;
  int_type overflow(int_type character) override;
  int sync() override;

 private:
  const std::unique_ptr<io::File> file_;
  FileOffset position_;  // of the file, behind what was read or written
  std::vector<char> buffer_ = std::vector<char>(64 * kKiB);
  absl::Status status_;
};

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_FILE_STREAM_H_
