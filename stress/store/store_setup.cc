// The options of each setup of a simulated store.

#include "stress/store/store_setup.h"

#include <chrono>

#include "stress/store/memory_table.h"

namespace engram::stress {

Options OptionsOf(Setup setup, EventListener* listener) {
  Options options;
  options.create_if_missing = true;
  options.extent_bytes = 16 * kKiB;
  options.file_bytes_max = 96 * options.extent_bytes;
  options.content_bytes_max = 64 * kKiB;
  options.content_inline_bytes_max = kInlineBytesMax;
  options.checkpoint_entries_min = 8;
  options.pending_releases_max = 3;
  options.concurrency = 2;
  options.compaction_content_bytes_min = 500;
  options.compacts_by_itself = false;
  options.hot_capacity_bytes = 20'000;  // four copies are not too many, five are
  options.listener = listener;
  switch (setup) {
    case Setup::kUsual:
      break;
    case Setup::kNarrow:
      options.extent_bytes = kExtentBytesMin;
      options.checkpoint_entries_min = 12;
      options.pending_releases_max = 2;
      options.concurrency = 4;
      options.compaction_fragmentation_min = 0.25;
      options.compacts_by_itself = true;
      options.hot_capacity_bytes = 0;
      break;
    case Setup::kEachWrite:
      options.sync_mode = SyncMode::kEachWrite;
      break;
    case Setup::kRare:
      options.checkpoint_entries_min = 1000;
      options.pending_releases_max = 1000;
      break;
    case Setup::kNoWarm:
      options.warm_capacity_bytes = 0;
      break;
    case Setup::kChores:
      options.sync_mode = SyncMode::kInterval;
      options.sync_interval = std::chrono::microseconds(3);
      options.warm_capacity_bytes = 8'000;  // two memories
      options.maintenance_interval = std::chrono::microseconds(5);
      break;
    case Setup::kCrowded:
      options.concurrency = 1;
      break;
  }
  return options;
}

}  // namespace engram::stress
