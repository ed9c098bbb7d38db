// The superblock: what a store is, and where its index and its log begin. Two copies, written one
// after the other with a sync after each, so that one of them is always intact; the intact one with
// the higher number counts. All that the superblock of a new store says stands in its first sector,
// so that creating a store is never torn.

#ifndef ENGRAM_FORMAT_SUPERBLOCK_H_
#define ENGRAM_FORMAT_SUPERBLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::format {

// `extents` extents from `first` on, used as one.
struct ExtentRun {
  ExtentId first;
  uint32_t extents = 0;
  friend bool operator==(const ExtentRun&, const ExtentRun&) = default;
};

// A stretch of the log: it begins at `offset` bytes into `extent`, a multiple of kAlignment, with
// entry `first`, and ends where the next segment's first entry would follow. Everything before the
// last segment is durable.
struct LogSegment {
  LogNumber first;         // not 0
  Generation generation;   // of the extent; not 0 unless the store is clean
  LogNumber extent_first;  // of the extent's first entry; at most `first`
  ExtentId extent;
  uint32_t offset = 0;  // behind the extent's header
  friend bool operator==(const LogSegment&, const LogSegment&) = default;
};

struct Superblock {
  static constexpr size_t kRunsMax = 64;
  static constexpr size_t kSegmentsMax = 12;

  uint64_t store_id = 0;
  uint64_t number = 0;       // of this write of the superblock
  uint64_t incarnation = 0;  // raised by each Open, before its first mutation; <= kIncarnationMax
  bool clean = false;        // closed: nothing follows in the log
  uint64_t extent_bytes = 0;

  // The checkpoint: a stream of its buckets and behind them its meta data, over the payloads of
  // `runs`, which have room for it. Without one, generation is 0, and so is all the rest but
  // checkpoint_sequence.
  Generation checkpoint_generation;
  uint64_t meta_bytes = 0;
  uint64_t meta_checksum = 0;
  uint64_t home_buckets = 0;     // 0 only if there are no memories
  uint64_t buckets = 0;          // at least home_buckets
  uint64_t memories = 0;         // entries in the buckets
  Sequence checkpoint_sequence;  // no entry of the checkpoint is newer
  std::vector<ExtentRun> runs;

  // What to replay, at least one, `first` never falling. If clean, one: where the log goes on.
  std::vector<LogSegment> segments;

  friend bool operator==(const Superblock&, const Superblock&) = default;
};

using SuperblockBytes = std::array<std::byte, kSuperblockBytes>;

// REQUIRES: no more runs and segments than fit, extents of the file's size, and all values as
// Superblock says.
SuperblockBytes Encode(const Superblock& superblock);

// DATA_LOSS: these are not the bytes of an intact superblock; UNIMPLEMENTED: of another version,
// named. What is accepted is safe to compute with: every extent, run and stream lies in a file that
// can be.
absl::StatusOr<Superblock> DecodeSuperblock(std::span<const std::byte, kSuperblockBytes> bytes);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_SUPERBLOCK_H_
