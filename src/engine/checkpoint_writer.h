// Writing a checkpoint: the old one and the changes since, merged into a new table, in one pass and
// with little memory.

#ifndef ENGRAM_ENGINE_CHECKPOINT_WRITER_H_
#define ENGRAM_ENGINE_CHECKPOINT_WRITER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "engine/checkpoint.h"
#include "engine/delta_table.h"
#include "engine/space.h"
#include "format/checkpoint_pages.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::engine {

// The state of the moment that a checkpoint is cut.
struct CheckpointCut {
  std::vector<Delta> changes;              // since the old one, by hash and sequence
  std::vector<format::ExtentRow> extents;  // see Space::Rows
  uint64_t memories = 0;
  Sequence sequence;  // the highest assigned
};

// Where the new one stands, and what it knows to be lost.
struct WrittenCheckpoint {
  CheckpointPlace place;
  std::vector<format::Loss> losses;
};

// Thread safety: confined to one thread; the caller keeps `old` alive and its extents unused.
class CheckpointWriter {
 public:
  CheckpointWriter(io::File& file, Space& space) : file_(file), space_(space) {}

  // Writes old + cut. Nothing names it yet, and it is not synced. A damaged bucket of the old one
  // becomes a loss. On an error everything taken is given back.
  absl::StatusOr<WrittenCheckpoint> Write(const Checkpoint& old, CheckpointCut cut);

 private:
  absl::Status Merge(const Checkpoint& old, std::span<const Delta> changes);
  absl::Status TakeOld(const Checkpoint& old, std::span<const Delta> changes);
  absl::Status AddChangesUpTo(uint64_t hash, std::span<const Delta> changes);
  absl::Status Add(const format::IndexEntry& entry);
  absl::Status FinishBucket();
  absl::Status WriteMeta(CheckpointCut& cut);
  absl::Status Append(std::span<const std::byte> bytes);
  absl::Status FlushBuffer();
  absl::Status ExtendTo(uint64_t stream_bytes);

  io::File& file_;
  Space& space_;
  WrittenCheckpoint written_;
  std::vector<format::IndexEntry> bucket_;
  size_t next_change_ = 0;
  // What is not written yet: the stream's bytes from flushed_ on.
  std::vector<std::byte> buffer_;
  uint64_t flushed_ = 0;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_CHECKPOINT_WRITER_H_
