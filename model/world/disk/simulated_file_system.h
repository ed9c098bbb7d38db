// A disk in RAM that keeps only what it promised: io::FileSystem for the simulated world.
//
// Each file has *visible* bytes (what a read returns), *durable* bytes (what a power loss leaves
// for sure), and per 4-KiB page the list of writes since the last completed SyncData. In a power
// loss each page keeps a prefix of its list (kSurvive: how many of the last are lost), and of the
// first lost write, some sectors (kTear). Size changes, punches and truncations form one ordered
// list per file, of which another prefix survives (kMetadata); so do creations and removals of
// names until SyncDirectoryOf. A page's fate is decided when it is first read, viewed or changed
// after the crash: what recovery never looks at costs no alternatives. A kill leaves the visible
// bytes and their lists as they were. Open files of the crashed process are dead: their calls
// return UNAVAILABLE; their locks are gone; their mappings go on showing what they showed.
//
// A SyncData that fails leaves the durable bytes old, marks pages clean, and leaves the visible
// bytes new or, by choice (kRevert), old again; metadata stays pending. Every call but
// Mapping::Bytes may fail (kFault: 1 = EIO, 2 = ENOSPC where the call can run out of space) within
// Bounds::faults_max, without effect except as said for SyncData; reads and writes may be short
// (kShortTransfer).
//
// Every call is a scheduling point before it takes effect and, if it changes the disk, a crash
// point after it. Calls from the main stack take effect at once; what they find undecided is chosen
// as for a thread. Writes are declared to ThreadSanitizer where mappings show them. Undecided
// pages, pages that were not asked for by Bytes and the bytes beyond the end of the file are
// poisoned for AddressSanitizer.
//
// The files themselves are simulated_disk.h. What it allows beyond the POSIX body, and why, is
// listed in properties/README.md.

#ifndef ENGRAM_MODEL_WORLD_DISK_SIMULATED_FILE_SYSTEM_H_
#define ENGRAM_MODEL_WORLD_DISK_SIMULATED_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/file_system.h"
#include "model/world/disk/simulated_disk.h"
#include "model/world/step.h"

namespace engram::world {

class Scheduler;

// Stands for all names of files: looking for one reads it, creating and removing write it.
inline constexpr sync::ObjectId kFileNames{0xFFFFFFFCu};

// Counters of one execution.
struct DiskCounts {
  uint64_t crashes = 0;
  uint64_t faults = 0;         // calls that failed by choice, short transfers included
  uint64_t pages_decided = 0;  // pages of which recovery saw one of several possible states
};

// Thread safety: confined to the world's OS thread. Ownership: must outlive its open files.
class SimulatedFileSystem final : public io::FileSystem {
 public:
  explicit SimulatedFileSystem(Scheduler& scheduler);
  ~SimulatedFileSystem() override;

  absl::StatusOr<std::unique_ptr<io::File>> Open(std::string_view path, io::OpenMode mode) override;
  absl::StatusOr<bool> Exists(std::string_view path) override;
  absl::Status Remove(std::string_view path) override;
  absl::Status SyncDirectoryOf(std::string_view path) override;

  // ---- For the driver of executions; on the main stack.

  // An empty disk, and bounds as the scheduler has them now. Files opened before must be destroyed.
  void Reset();

  // ---- For the world.

  // A point at which the world may crash, if the bounds allow another crash. Called on a fiber
  // after each effect on the disk and after each acknowledgement.
  void CrashPoint();
  // While `held` nothing crashes: for what a program does before its question begins.
  void HoldCrashes(bool held) { crashes_held_ = held; }
  DiskCounts counts() const;
  // Stands for the disk, and for what the bounds still allow to happen to it, after a crash of this
  // kind at the crash point that is being decided.
  uint64_t StateAfter(CrashKind kind) const;
  // What the alternative `crash`, 1 or 2, of the crash point that is being decided is.
  CrashKind CrashKindOf(uint32_t crash) const;
  // Called with what each call is about, right after its step, while an execution is told as a
  // story; null: nobody listens.
  void set_listener(std::function<void(std::string)> listener) { listener_ = std::move(listener); }
  // A path of the file that choices about pages call by this number; empty if it has none now.
  std::string PathOf(uint16_t file) const;

  // ---- For tests and oracles; on the main stack, between eras.

  // Fills a file with bytes that are durable at once, creating it. REQUIRES: it does not exist.
  void Install(std::string_view path, std::span<const std::byte> bytes);
  // Asks for ImageFingerprint, for this execution.
  void FingerprintImages() { disk_->KeepFingerprints(); }
  // Stands for the image of the disk that the last crash left, as far as somebody has looked at it;
  // equal images have equal ones. Any stack.
  uint64_t ImageFingerprint() const { return disk_->Fingerprint(); }
  // The visible bytes of a file, deciding whatever is undecided by default (everything survives);
  // empty if there is no such file.
  std::vector<std::byte> Contents(std::string_view path);

 private:
  friend class SimulatedFile;
  friend class SimulatedMapping;

  // Asks the world's Choices.
  class Asker final : public DiskChoices {
   public:
    explicit Asker(Scheduler& scheduler) : scheduler_(scheduler) {}
    uint32_t Choose(ChoiceKind kind, uint16_t subject, uint32_t part,
                    uint32_t alternatives) override;

   private:
    Scheduler& scheduler_;
  };

  // What a call is called in messages.
  struct CallName {
    const char* call = "";
    std::string_view path;
    bool has_range = false;
    uint64_t offset = 0;
    uint64_t size = 0;
  };
  static std::string CallText(const CallName& name);
  static absl::Status Error(absl::StatusCode code, const CallName& name, std::string_view reason);

  // ---- The parts of a call, in order.

  // Stops before the call. UNAVAILABLE if the `generation` of whoever calls is over.
  absl::Status BeginCall(StepKind kind, sync::ObjectId object, Access access, bool changes_disk,
                         uint32_t generation, const CallName& name, const sync::Location& where);
  bool IsDead(uint32_t generation) const;
  // UNAVAILABLE or RESOURCE_EXHAUSTED if the call is chosen to fail.
  absl::Status ChooseFault(bool needs_space, const CallName& name);
  // How many of `size` bytes are moved: at least one of them, if there are any.
  size_t ChooseTransfer(size_t size);
  // After the effect of a call that changed the disk: a crash point. UNAVAILABLE if it crashed.
  absl::Status EndCall(const CallName& name);

  Scheduler& scheduler_;
  Asker asker_;
  std::unique_ptr<SimulatedDisk> disk_;
  DiskCounts counts_;
  uint32_t faults_ = 0;
  uint32_t short_transfers_ = 0;
  bool crashes_held_ = false;
  uint32_t open_files_ = 0;  // opened in this execution; numbers them
  std::function<void(std::string)> listener_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_SIMULATED_FILE_SYSTEM_H_
