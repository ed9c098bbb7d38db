// How a store is opened: every choice a caller has, with its default and its bounds.

#ifndef ENGRAM_API_OPTIONS_H_
#define ENGRAM_API_OPTIONS_H_

#include <chrono>
#include <cstdint>

#include "api/memory.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

namespace io {
class Clock;
}

class EventListener;

// When what was stored becomes durable without being asked to.
enum class SyncMode : uint8_t {
  kOnRequest,  // at Sync, Checkpoint, Backup and Close, and when the store needs room back
  kEachWrite,  // before each mutation returns; writers that come together share one sync
  kInterval,   // as kOnRequest, and every Options::sync_interval, by a thread of the store's
};

inline constexpr uint64_t kExtentBytesDefault = 4 * kMiB;
inline constexpr uint64_t kExtentBytesMin = 8 * kKiB;
inline constexpr uint64_t kExtentBytesMax = 1024 * kMiB;

// Values out of bounds: INVALID_ARGUMENT at Open, nothing touched.
struct Options {
  // Create the store if its file is missing, empty or all zero. Otherwise that is an error.
  bool create_if_missing = false;

  // Bytes of an extent, the unit in which the file grows: a multiple of 4 KiB within
  // [kExtentBytesMin, kExtentBytesMax]. Fixed when the store is created; later it is what the file
  // says.
  uint64_t extent_bytes = kExtentBytesDefault;

  // Address space reserved for the file, and so the size beyond which it does not grow
  // (RESOURCE_EXHAUSTED). At least eight extents. Costs no memory.
  uint64_t file_bytes_max = 256 * 1024 * kMiB;

  // Longest content a Store accepts, in bytes; at most kContentBytesHardMax.
  uint64_t content_bytes_max = kContentBytesMaxDefault;

  // Content up to this many bytes stands in the content log beside its scalars; longer content is a
  // blob of its own, so that a change of scalars does not write it again. At most a quarter of an
  // extent; more is taken as that.
  uint32_t content_inline_bytes_max = 4 * kKiB;

  SyncMode sync_mode = SyncMode::kOnRequest;
  // Of kInterval; above 0. What is acknowledged is durable about so long later.
  std::chrono::nanoseconds sync_interval = std::chrono::seconds(1);

  // A checkpoint is cut when this many log entries have come since the last one, or a sixteenth of
  // the count of memories, whichever is more: what a crash reopen replays. At least 1.
  uint64_t checkpoint_entries_min = 64 * 1024;

  // Replaced and removed memories keep their room until their release is durable. When so many wait
  // for that, the store syncs itself. At least 1.
  uint32_t pending_releases_max = 4096;

  // Compaction without force needs both: content of which a larger part than this is dead, and more
  // bytes of content than this, dead ones included (Statistics::fragmentation and
  // content_bytes_total). The first within [0, 1].
  double compaction_fragmentation_min = 0.5;
  uint64_t compaction_content_bytes_min = 100'000'000;
  // Whenever a checkpoint is due by itself and both are exceeded, the mutation that cuts it also
  // compacts a part of the log; see MemoryStore::CompactContent.
  bool compacts_by_itself = true;

  // A memory whose activation is at least this becomes hot when it is stored or its activation is
  // set, within [0, 1].
  float hot_activation_threshold = 0.7F;
  // RAM for copies of hot memories; see HotCopyBytes, HotFullBytes. 0: none is ever hot.
  uint64_t hot_capacity_bytes = 64 * kMiB;

  // Maintenance makes warm memories cold: whose last_access is longer ago than this, and then, as
  // long as Statistics::warm_bytes is more than the capacity, those of the earliest last_access. A
  // capacity of 0: what is not hot becomes cold, and what the hot tier evicts does so at once.
  std::chrono::nanoseconds cold_migration_age = std::chrono::hours(24);
  uint64_t warm_capacity_bytes = UINT64_MAX;

  // How often a thread of the store's own runs MemoryStore::RunMaintenance, from the end of one run
  // to the beginning of the next. 0: never; then the caller does. Not negative.
  std::chrono::nanoseconds maintenance_interval{0};

  // By which clock memories grow old. Null: the operating system's, or none at all if the store is
  // in a file system of the caller's. Must outlive the store.
  io::Clock* clock = nullptr;

  // How many threads the store's locks are spread for, 1..1024; more threads work, and wait.
  uint32_t concurrency = 64;

  // Is told what happens; null: nobody. Must outlive the store.
  EventListener* listener = nullptr;
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_OPTIONS_H_
