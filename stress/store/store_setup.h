// How trials open a store: tiny extents and bounds, so that everything a store does in a lifetime
// happens within a few operations.

#ifndef ENGRAM_STRESS_STORE_STORE_SETUP_H_
#define ENGRAM_STRESS_STORE_STORE_SETUP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/memory_store.h"
#include "api/options.h"
#include "io/file_system.h"

namespace engram::stress {

inline constexpr std::string_view kStorePath = "store";
inline constexpr std::string_view kBackupPath = "backup";

// The store under trial, as MemoryStore::Open.
using OpenStore = std::function<absl::StatusOr<std::unique_ptr<MemoryStore>>(
    io::FileSystem& files, const std::string& path, const Options& options)>;

// Tiny ones; created if missing.
enum class Setup : uint8_t {
  kUsual,      // extents of 16 KiB, a checkpoint every 8 entries
  kNarrow,     // extents of 8 KiB, where a slot extent holds two embeddings; compacts by itself
  kEachWrite,  // as kUsual, syncing before each mutation returns
  kRare,       // as kUsual, with bounds that are hardly ever reached
  kNoWarm,     // as kUsual, what is not hot becoming cold
  kChores,     // as kUsual, the store's own thread syncing and maintaining all the time
  kCrowded,    // as kUsual, with one lock for all ids and one place for a reader to be seen at
};
Options OptionsOf(Setup setup, EventListener* listener = nullptr);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_STORE_SETUP_H_
