// Names, and crashes of the disk as a whole. What happens inside of files is in disk_file.cc.

#include "model/world/disk/simulated_disk.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/checksum.h"

namespace engram::world {
namespace {

std::string_view DirectoryPart(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

}  // namespace

void SimulatedDisk::Reset() {
  surroundings_.Clear();
  surroundings_.generation = 0;
  surroundings_.recording = true;
  surroundings_.pages_decided = 0;
  surroundings_.fingerprints = false;
  file_count_ = entry_count_ = directory_count_ = 0;
}

SimulatedDisk::Directory& SimulatedDisk::DirectoryOf(std::string_view path) {
  const std::string_view name = DirectoryPart(path);
  for (uint32_t i = 0; i < directory_count_; ++i) {
    if (directories_[i].path == name) return directories_[i];
  }
  if (directory_count_ == directories_.size()) directories_.emplace_back();
  Directory& directory = directories_[directory_count_++];
  directory.path = name;
  directory.changes.clear();
  directory.undecided = false;
  return directory;
}

SimulatedDisk::Entry& SimulatedDisk::Lookup(std::string_view path, DiskChoices& choices) {
  Directory& directory = DirectoryOf(path);
  Decide(directory, choices);
  for (uint32_t i = 0; i < entry_count_; ++i) {
    if (entries_[i].path == path) return entries_[i];
  }
  if (entry_count_ == entries_.size()) entries_.emplace_back();
  Entry& entry = entries_[entry_count_++];
  entry.path = path;
  entry.file = nullptr;
  for (entry.directory = 0; &directories_[entry.directory] != &directory;) ++entry.directory;
  return entry;
}

void SimulatedDisk::Decide(Directory& directory, DiskChoices& choices) {
  if (!directory.undecided) return;
  directory.undecided = false;
  uint16_t ordinal = 0;
  while (&directories_[ordinal] != &directory) ++ordinal;
  std::vector<NameChange>& changes = directory.changes;
  const uint32_t lost =
      choices.Choose(ChoiceKind::kMetadata, ordinal, 1, static_cast<uint32_t>(changes.size() + 1));
  for (uint32_t i = 0; i < lost; ++i) {
    entries_[changes.back().entry].file = changes.back().file_before;
    changes.pop_back();
  }
  changes.clear();
}

void SimulatedDisk::ChangeName(Entry& entry, DiskFile* file) {
  if (surroundings_.recording) {
    uint32_t number = 0;
    while (&entries_[number] != &entry) ++number;
    directories_[entry.directory].changes.push_back({number, entry.file});
  }
  entry.file = file;
}

DiskFile* SimulatedDisk::Find(std::string_view path, DiskChoices& choices) {
  return Lookup(path, choices).file;
}

DiskFile& SimulatedDisk::Create(std::string_view path, sync::ObjectId object,
                                DiskChoices& choices) {
  Entry& entry = Lookup(path, choices);
  ENGRAM_CHECK(entry.file == nullptr, "the file exists");
  ENGRAM_CHECK(file_count_ < UINT16_MAX, "a disk has room for 65535 files in one execution");
  if (file_count_ == files_.size()) files_.emplace_back(surroundings_);
  DiskFile& file = files_[file_count_];
  file.Create(static_cast<uint16_t>(file_count_++), object);
  ChangeName(entry, &file);
  return file;
}

bool SimulatedDisk::Remove(std::string_view path, DiskChoices& choices) {
  Entry& entry = Lookup(path, choices);
  if (entry.file == nullptr) return false;
  ChangeName(entry, nullptr);
  return true;
}

std::string_view SimulatedDisk::PathOf(uint16_t ordinal) const {
  if (ordinal >= file_count_) return {};
  for (uint32_t i = 0; i < entry_count_; ++i) {
    if (entries_[i].file == &files_[ordinal]) return entries_[i].path;
  }
  return {};
}

void SimulatedDisk::SyncDirectoryOf(std::string_view path) {
  Directory& directory = DirectoryOf(path);
  // What is undecided was decided on the disk long ago: a sync does not change it.
  if (!directory.undecided) directory.changes.clear();
}

void SimulatedDisk::Crash(CrashKind kind) {
  ++surroundings_.generation;
  for (uint32_t i = 0; i < file_count_; ++i) {
    if (kind == CrashKind::kKill) {
      files_[i].Kill();
    } else {
      files_[i].LosePower();
    }
  }
  if (kind == CrashKind::kKill) return;
  for (uint32_t i = 0; i < directory_count_; ++i) {
    directories_[i].undecided = !directories_[i].changes.empty();
  }
}

bool SimulatedDisk::CouldLose() const {
  for (uint32_t i = 0; i < file_count_; ++i) {
    if (files_[i].CouldLose()) return true;
  }
  for (uint32_t i = 0; i < directory_count_; ++i) {
    if (!directories_[i].undecided && !directories_[i].changes.empty()) return true;
  }
  return false;
}

uint64_t SimulatedDisk::Fingerprint() const {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < entry_count_; ++i) {
    const Entry& entry = entries_[i];
    if (entry.file == nullptr) continue;
    sum += Checksum(std::as_bytes(std::span(entry.path)), entry.file->fingerprint());
  }
  return sum;
}

uint64_t SimulatedDisk::StateAfter(CrashKind kind, bool last) const {
  const auto state_of = [&](const DiskFile* file) {
    return file == nullptr ? 0 : file->StateAfter(kind, last);
  };
  uint64_t sum = 0;
  for (uint32_t i = 0; i < entry_count_; ++i) {
    const Entry& entry = entries_[i];
    if (entry.file == nullptr) continue;
    sum += Checksum(std::as_bytes(std::span(entry.path)), state_of(entry.file));
  }
  for (uint32_t i = 0; i < directory_count_; ++i) {
    const Directory& directory = directories_[i];
    const bool undecided = directory.undecided || kind == CrashKind::kPowerLoss;
    if (directory.changes.empty() || (!undecided && last)) continue;
    StateHash changes;
    changes.Add(undecided ? 1 : 0);
    for (const NameChange& change : directory.changes) {
      changes.Add(std::as_bytes(std::span(entries_[change.entry].path)));
      changes.Add(state_of(change.file_before));
    }
    sum += Checksum(std::as_bytes(std::span(directory.path)), changes.value());
  }
  return sum;
}

void SimulatedDisk::Install(DiskFile& file, std::string_view path, std::span<const std::byte> bytes,
                            DiskChoices& choices) {
  if (!bytes.empty()) {
    ENGRAM_CHECK(file.Write(0, bytes, choices), "the simulated disk needs address space");
  }
  file.Sync();
  SyncDirectoryOf(path);
}

}  // namespace engram::world
