// The simulated disk: files, the names they have, and what a crash does to both.
//
// Names are durable only after their directory is synced: creations and removals of names enter one
// ordered list per directory, of which a power loss keeps a prefix (chosen when somebody next looks
// for a name there). A file whose creation is lost has vanished with all its synced bytes; one
// whose removal is lost is back. Directories themselves always exist: a path is a text, and its
// directory is what stands before the last '/'.
//
// Pure: no scheduler, no faults, no time. The same calls and the same answers of DiskChoices give
// the same disk.

#ifndef ENGRAM_MODEL_WORLD_DISK_SIMULATED_DISK_H_
#define ENGRAM_MODEL_WORLD_DISK_SIMULATED_DISK_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "model/world/disk/disk_file.h"
#include "sync/runtime.h"

namespace engram::world {

// Thread safety: confined to the world's OS thread. Ownership: files live until Reset.
class SimulatedDisk {
 public:
  // An empty disk. The cost is in proportion to what was touched.
  void Reset();

  // The file that `path` names, or null.
  DiskFile* Find(std::string_view path, DiskChoices& choices);
  // Gives a new, empty file the name `path`, which must not exist.
  DiskFile& Create(std::string_view path, sync::ObjectId object, DiskChoices& choices);
  // Takes the name away; false if there is none. The file goes on existing for those who have it
  // open.
  bool Remove(std::string_view path, DiskChoices& choices);
  // A path that names the file with this ordinal; empty if none does.
  std::string_view PathOf(uint16_t ordinal) const;
  // Makes the names of the directory of `path` durable.
  void SyncDirectoryOf(std::string_view path);

  // Everything that programs hold of the disk (open files, mappings, locks) is dead.
  void Crash(CrashKind kind);
  uint32_t generation() const { return surroundings_.generation; }
  // Whether a power loss now could take away anything that a kill would leave.
  bool CouldLose() const;

  // Stands for what a crash now would leave: where it is equal, programs cannot tell the disks
  // apart. `last` as in DiskFile::StateAfter.
  uint64_t StateAfter(CrashKind kind, bool last) const;

  // Fills `file`, just created, with bytes that are durable at once; its name is, too.
  void Install(DiskFile& file, std::string_view path, std::span<const std::byte> bytes,
               DiskChoices& choices);

  void set_tears(Tears tears) { surroundings_.tears = tears; }
  // Whether to keep what a later crash or failed sync needs to know.
  void set_recording(bool recording) { surroundings_.recording = recording; }
  uint64_t pages_decided() const { return surroundings_.pages_decided; }

  // From the next crash on Fingerprint stands for what the last crash left of all files that have a
  // name, as far as it is decided. Until Reset.
  void KeepFingerprints() { surroundings_.fingerprints = true; }
  uint64_t Fingerprint() const;

 private:
  struct Directory;
  struct Entry {
    std::string path;
    uint32_t directory = 0;
    DiskFile* file = nullptr;  // null: the name does not exist
  };
  struct NameChange {
    uint32_t entry = 0;
    DiskFile* file_before = nullptr;
  };
  struct Directory {
    std::string path;
    std::vector<NameChange> changes;  // since it was last synced
    bool undecided = false;           // how many of them survived is not chosen yet
  };

  Directory& DirectoryOf(std::string_view path);
  // The name, decided; it may be one that does not exist.
  Entry& Lookup(std::string_view path, DiskChoices& choices);
  void Decide(Directory& directory, DiskChoices& choices);
  void ChangeName(Entry& entry, DiskFile* file);

  DiskSurroundings surroundings_;
  // The first `..._count_` of each are in use; the others keep their memory for later executions.
  std::deque<DiskFile> files_;
  std::deque<Entry> entries_;
  std::deque<Directory> directories_;
  uint32_t file_count_ = 0;
  uint32_t entry_count_ = 0;
  uint32_t directory_count_ = 0;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_SIMULATED_DISK_H_
