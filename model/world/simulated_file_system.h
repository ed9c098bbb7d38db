// A disk in RAM that keeps only what it promised: io::FileSystem for the simulated world.
//
// Each file has *visible* bytes (what a read returns), *durable* bytes (what a power loss leaves for sure), and
// per 4-KiB page the list of writes since the last completed SyncData. In a power loss each page keeps
// a prefix of its list (kSurvive: how many of the last are lost), and of the first lost write, some sectors
// (kTear). Size changes, reservations, punches and truncations form one ordered list per file, of which another
// prefix survives (kMetadata); so do creations and removals of names until SyncDirectoryOf. A page's fate is decided when
// it is first read, viewed or written after the crash: what recovery never looks at costs no alternatives.
// A kill leaves the visible bytes and their lists as they were. Open files of the crashed process are dead:
// their calls return UNAVAILABLE; their locks are gone.
//
// A SyncData that fails leaves the durable bytes old, marks pages clean, and leaves the visible bytes new or, by choice
// (kRevert), old again. Every call may fail (kFault: 1 = EIO, 2 = ENOSPC where the call can run out of space) within
// Bounds::faults_max, without effect except as said for SyncData; reads and writes may be short.
//
// Every call is a scheduling point before it takes effect and, if it changes the disk, a crash point after it.
// Writes copy into the mapped bytes with instrumented code, so that ThreadSanitizer sees them. Undecided pages
// and the bytes beyond the end of the file are poisoned for AddressSanitizer.
//
// What it allows beyond the POSIX body, and why, is listed in properties/README.md.

#ifndef ENGRAM_MODEL_WORLD_SIMULATED_FILE_SYSTEM_H_
#define ENGRAM_MODEL_WORLD_SIMULATED_FILE_SYSTEM_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/file_system.h"
#include "model/world/choices.h"

namespace engram::world {

class Scheduler;

enum class CrashKind : uint8_t { kPowerLoss, kKill };

// Counters of one execution.
struct DiskCounts {
  uint64_t crashes = 0;
  uint64_t faults = 0;       // calls that failed by choice, short transfers included
  uint64_t pages_decided = 0;
};

class SimulatedDisk;  // the files themselves; simulated_disk.h

// Thread safety: confined to the world's OS thread.
class SimulatedFileSystem final : public io::FileSystem {
 public:
  explicit SimulatedFileSystem(Scheduler& scheduler);
  ~SimulatedFileSystem() override;

  absl::StatusOr<std::unique_ptr<io::File>> Open(std::string_view path, io::OpenMode mode) override;
  absl::StatusOr<bool> Exists(std::string_view path) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status SyncDirectoryOf(std::string_view path) override;

  // ---- For the driver of executions; on the main stack.

  void Reset();  // an empty disk
  // ---- For the world.
  // A point at which the world may crash, if the bounds allow another crash. Called on a fiber after each effect on
  // the disk and after each acknowledgement.
  void CrashPoint();
  const DiskCounts& counts() const { return counts_; }

  // ---- For tests and oracles; on the main stack, between eras.
  // Fills a file with bytes that are durable at once, creating it.
  void Install(std::string_view path, std::span<const std::byte> bytes);
  // The visible bytes of a file, deciding whatever is undecided by default (everything survives).
  std::vector<std::byte> Contents(std::string_view path);

 private:
  friend class SimulatedFile;
  Scheduler& scheduler_;
  std::unique_ptr<SimulatedDisk> disk_;
  DiskCounts counts_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_SIMULATED_FILE_SYSTEM_H_
