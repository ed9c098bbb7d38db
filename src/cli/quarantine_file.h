// The file beside a store that keeps what was taken out of it: lines of JSON, one for each damage.
//
//   {"structure":"embedding","offset":4456448,"bytes":3072,"explanation":"...","is_memory":true,
//    "id":"drink","id_hash":1234,"sequence":77,
//    "intact":{"id":"drink","embedding":[],"confidence":0.5,...,"content":"..."},
//    "left":[{"structure":"log entry","offset":4194400,"length":152,"base64":"..."},...]}
//
// `intact` is there if what tells the id and the scalars is; in it, an empty embedding is one that
// is damaged, and content that is damaged is left out. `left` has the bytes as they stood in the
// store's file.

#ifndef ENGRAM_CLI_QUARANTINE_FILE_H_
#define ENGRAM_CLI_QUARANTINE_FILE_H_

#include <memory>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "api/quarantine.h"
#include "base/body.h"
#include "cli/file_stream.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::cli {

// Makes a new file when there is something to keep: the first of PATH.quarantine-1.jsonl,
// PATH.quarantine-2.jsonl, ... that does not exist. Never writes over one. Ownership: `files` must
// outlive it. Thread safety: confined to one thread.
class QuarantineFile final : public RemainsKeeper {
 public:
  QuarantineFile(io::FileSystem& files, std::string store_path)
      : files_(files), store_path_(std::move(store_path)) {}
  // Removes the file if it was never made durable: then nothing was taken out of the store.
  ~QuarantineFile() override;
  QuarantineFile(const QuarantineFile&) = delete;
  QuarantineFile& operator=(const QuarantineFile&) = delete;

  absl::Status Keep(const Remains& remains) override;
  // May be called again, for what was kept since.
  absl::Status MakeDurable() override;

  // Empty if nothing was kept.
  const std::string& path() const { return path_; }
  // Whether there is something in it that will stay.
  bool is_durable() const { return is_durable_; }

 private:
  absl::Status Create();

  io::FileSystem& files_;
  const std::string store_path_;
  std::string path_;
  std::unique_ptr<FileStreamBuffer> buffer_;
  bool is_durable_ = false;
};

// The line of one, without its end.
std::string QuarantineLine(const Remains& remains);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_QUARANTINE_FILE_H_
