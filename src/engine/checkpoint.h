// A checkpoint, for reading: the index of some moment, searched in place in the mapped file.
//
// Every bucket's checksum is verified whenever it is looked at, also by searches that find nothing.
// An entry leads to a record only while nothing newer supersedes it; that is the caller's affair.

#ifndef ENGRAM_ENGINE_CHECKPOINT_H_
#define ENGRAM_ENGINE_CHECKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/body.h"
#include "base/units.h"
#include "engine/space.h"
#include "format/checkpoint_pages.h"
#include "format/superblock.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::engine {

// Where a checkpoint stands in the file: what the superblock says of it. Its stream, over the
// payloads of its runs, is its buckets and behind them its meta data.
struct CheckpointPlace {
  Generation generation;  // 0: there is none
  uint64_t meta_bytes = 0;
  uint64_t meta_checksum = 0;
  uint64_t home_buckets = 0;
  uint64_t buckets = 0;
  uint64_t memories = 0;
  Sequence sequence;  // no entry is newer
  std::vector<format::ExtentRun> runs;

  // Where a byte of its stream stands in the file. REQUIRES: it has such a byte.
  FileOffset OffsetOf(uint64_t stream_position, const format::Geometry& geometry) const;
  // Reads the meta data. REQUIRES: target has meta_bytes.
  absl::Status ReadMeta(io::File& file, const format::Geometry& geometry,
                        std::span<std::byte> target) const;
  // Bytes that the runs hold.
  uint64_t StreamBytes(const format::Geometry& geometry) const;
};

// Buckets are made for so many entries each, so that few overflow.
inline constexpr uint64_t kEntriesPerHome = 12;

// The last hash whose search may come to bucket `number` and has to know it. REQUIRES: number <
// place.buckets.
inline uint64_t LastHashOfBucket(const CheckpointPlace& place, uint64_t number) {
  return number < place.home_buckets ? format::LastHashAtHome(number, place.home_buckets)
                                     : UINT64_MAX;
}

using IndexEntries = absl::InlinedVector<format::IndexEntry, 2>;

// Thread safety: immutable. Ownership: `space` must outlive it.
class Checkpoint final : public Retired {
 public:
  // `losses` are what is known to be lost besides the checkpoint itself.
  Checkpoint(Space& space, CheckpointPlace place, std::vector<format::Loss> losses)
      : space_(space), place_(std::move(place)), losses_(std::move(losses)) {}

  // Appends the entries with this hash to `found`. DATA_LOSS: a bucket where they might be is
  // damaged.
  absl::Status Search(uint64_t hash, IndexEntries& found) const;

  // The intact bucket `number`, valid while the caller's epoch lasts; DATA_LOSS: it is damaged.
  absl::StatusOr<std::span<const std::byte, format::kBucketBytes>> BucketAt(uint64_t number) const;

  // The last hash of a range from `from` on that has about `entries` entries.
  uint64_t LastHashFrom(uint64_t from, uint64_t entries) const;

  // Whether a memory with this hash, newest known at `sequence` (0: unknown), may have been changed
  // by what is lost.
  bool MayBeLost(uint64_t hash, Sequence sequence) const;

  const CheckpointPlace& place() const { return place_; }
  const std::vector<format::Loss>& losses() const { return losses_; }

 private:
  Space& space_;
  const CheckpointPlace place_;
  const std::vector<format::Loss> losses_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_CHECKPOINT_H_
