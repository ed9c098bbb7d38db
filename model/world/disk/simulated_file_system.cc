// Calls on names, the parts that all calls share, and crash points. Calls on open files are in
// simulated_file.cc.

#include "model/world/disk/simulated_file_system.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "model/world/allocation_faults.h"
#include "model/world/disk/simulated_file.h"
#include "model/world/scheduler.h"

namespace engram::world {
namespace {

// Everything survives.
class DefaultChoices final : public DiskChoices {
 public:
  uint32_t Choose(ChoiceKind, uint16_t, uint32_t, uint32_t) override { return 0; }
};

}  // namespace

uint32_t SimulatedFileSystem::Asker::Choose(ChoiceKind kind, uint16_t subject, uint32_t part,
                                            uint32_t alternatives) {
  return scheduler_.ChooseAbout(kind, subject, part, alternatives);
}

SimulatedFileSystem::SimulatedFileSystem(Scheduler& scheduler)
    : scheduler_(scheduler), asker_(scheduler), disk_(std::make_unique<SimulatedDisk>()) {}

SimulatedFileSystem::~SimulatedFileSystem() = default;

void SimulatedFileSystem::Reset() {
  disk_->Reset();
  disk_->set_tears(scheduler_.bounds().tears);
  counts_ = DiskCounts();
  faults_ = short_transfers_ = open_files_ = 0;
  crashes_held_ = false;
}

DiskCounts SimulatedFileSystem::counts() const {
  DiskCounts counts = counts_;
  counts.pages_decided = disk_->pages_decided();
  return counts;
}

uint64_t SimulatedFileSystem::StateAfter(CrashKind kind) const {
  const Bounds& bounds = scheduler_.bounds();
  const bool last = counts_.crashes + 1 >= bounds.crashes_max && faults_ >= bounds.faults_max;
  StateHash state;
  state.Add(disk_->StateAfter(kind, last));
  state.Add(counts_.crashes);
  state.Add(faults_);
  state.Add(short_transfers_);
  return state.value();
}

std::string SimulatedFileSystem::PathOf(uint16_t file) const {
  return std::string(disk_->PathOf(file));
}

// ---- The parts of a call.

// "write store, page 1": pages are what a crash decides about.
std::string SimulatedFileSystem::CallText(const CallName& name) {
  std::string text = absl::StrCat(name.call, " ", std::string(name.path));
  if (!name.has_range) return text;
  if (name.size == 0) return absl::StrCat(text, " at ", name.offset);
  const uint64_t first = name.offset / io::kPageBytes;
  const uint64_t last = (name.offset + name.size - 1) / io::kPageBytes;
  absl::StrAppend(&text, first == last ? ", page " : ", pages ", first);
  if (first != last) absl::StrAppend(&text, " to ", last);
  return text;
}

absl::Status SimulatedFileSystem::Error(absl::StatusCode code, const CallName& name,
                                        std::string_view reason) {
  const KernelScope kernel;
  std::string text = absl::StrCat(name.call, " ", std::string(name.path));
  if (name.has_range)
    absl::StrAppendFormat(&text, " at offset %u, %u bytes", name.offset, name.size);
  return absl::Status(code, absl::StrCat(text, ": ", std::string(reason)));
}

bool SimulatedFileSystem::IsDead(uint32_t generation) const {
  return scheduler_.winding_down() || generation != disk_->generation();
}

absl::Status SimulatedFileSystem::BeginCall(StepKind kind, sync::ObjectId object, Access access,
                                            bool changes_disk, uint32_t generation,
                                            const CallName& name, const sync::Location& where) {
  const Bounds& bounds = scheduler_.bounds();
  if (!IsDead(generation) || scheduler_.winding_down()) {
    Step step;
    step.kind = kind;
    step.access = access;
    step.flushes = true;  // the kernel takes locks
    step.object = object;
    if (changes_disk && bounds.crashes_max > 0) {
      step.second = kDiskOrder;
      step.second_access = Access::kWrite;
    }
    step.where = where;
    scheduler_.TakeStep(step);
    if (listener_ != nullptr && scheduler_.on_fiber()) {
      const KernelScope kernel;
      listener_(CallText(name));
    }
  }
  if (IsDead(generation)) {
    return Error(absl::StatusCode::kUnavailable, name, "the process has crashed");
  }
  disk_->set_recording(counts_.crashes < bounds.crashes_max || faults_ < bounds.faults_max);
  return absl::OkStatus();
}

absl::Status SimulatedFileSystem::ChooseFault(bool needs_space, const CallName& name) {
  if (faults_ >= scheduler_.bounds().faults_max) return absl::OkStatus();
  const uint32_t fault = scheduler_.Choose(ChoiceKind::kFault, needs_space ? 3 : 2);
  if (fault == 0) return absl::OkStatus();
  ++faults_;
  ++counts_.faults;
  return fault == 1 ? Error(absl::StatusCode::kUnavailable, name, "simulated I/O error")
                    : Error(absl::StatusCode::kResourceExhausted, name, "simulated lack of space");
}

size_t SimulatedFileSystem::ChooseTransfer(size_t size) {
  if (size < 2 || short_transfers_ >= scheduler_.bounds().short_transfers_max) return size;
  if (scheduler_.Choose(ChoiceKind::kShortTransfer, 2) == 0) return size;
  ++short_transfers_;
  ++counts_.faults;
  return size / 2;
}

absl::Status SimulatedFileSystem::EndCall(const CallName& name) {
  CrashPoint();
  if (!scheduler_.winding_down()) return absl::OkStatus();
  return Error(absl::StatusCode::kUnavailable, name, "the process has crashed");
}

void SimulatedFileSystem::CrashPoint() {
  const Bounds& bounds = scheduler_.bounds();
  if (!scheduler_.on_fiber() || scheduler_.winding_down()) return;
  if (crashes_held_ || counts_.crashes >= bounds.crashes_max) return;
  const bool both = bounds.kills && bounds.power_losses && disk_->CouldLose();
  const uint32_t crash = scheduler_.Choose(ChoiceKind::kCrash, both ? 3 : 2);
  if (crash == 0) return;
  ++counts_.crashes;
  {
    const KernelScope kernel;
    disk_->Crash(CrashKindOf(crash));
  }
  scheduler_.Crash();
}

CrashKind SimulatedFileSystem::CrashKindOf(uint32_t crash) const {
  const Bounds& bounds = scheduler_.bounds();
  // Where all is durable, a power loss leaves what a kill leaves.
  const bool only_kills = bounds.kills && !bounds.power_losses && disk_->CouldLose();
  return crash == 1 && !only_kills ? CrashKind::kPowerLoss : CrashKind::kKill;
}

// ---- Calls on names.

absl::StatusOr<std::unique_ptr<io::File>> SimulatedFileSystem::Open(std::string_view path,
                                                                    io::OpenMode mode) {
  const CallName name{"open", path, false, 0, 0};
  const bool creates = mode == io::OpenMode::kCreateNew;
  if (path.find('\0') != std::string_view::npos) {
    return Error(absl::StatusCode::kInvalidArgument, name, "the path contains a NUL byte");
  }
  ENGRAM_RETURN_IF_ERROR(BeginCall(StepKind::kOpen, kFileNames,
                                   creates ? Access::kWrite : Access::kRead, creates,
                                   disk_->generation(), name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(ChooseFault(creates, name));
  std::unique_ptr<io::File> opened;
  {
    const KernelScope kernel;
    DiskFile* file = disk_->Find(path, asker_);
    if (creates && file != nullptr) {
      return Error(absl::StatusCode::kAlreadyExists, name, "it exists");
    }
    if (!creates && file == nullptr) {
      return Error(absl::StatusCode::kNotFound, name, "there is no such file");
    }
    if (creates) {
      file = &disk_->Create(path, scheduler_.NameObject(sync::ObjectKind::kFile), asker_);
    }
    opened = std::make_unique<SimulatedFile>(*this, *file, path, mode, ++open_files_);
  }
  if (creates) ENGRAM_RETURN_IF_ERROR(EndCall(name));
  return opened;
}

absl::StatusOr<bool> SimulatedFileSystem::Exists(std::string_view path) {
  const CallName name{"look for", path, false, 0, 0};
  if (path.find('\0') != std::string_view::npos) {
    return Error(absl::StatusCode::kInvalidArgument, name, "the path contains a NUL byte");
  }
  ENGRAM_RETURN_IF_ERROR(BeginCall(StepKind::kStat, kFileNames, Access::kRead, false,
                                   disk_->generation(), name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(ChooseFault(false, name));
  const KernelScope kernel;
  const bool exists = disk_->Find(path, asker_) != nullptr;
  scheduler_.Observe(exists ? 1 : 0);
  return exists;
}

absl::Status SimulatedFileSystem::Remove(std::string_view path) {
  const CallName name{"remove", path, false, 0, 0};
  if (path.find('\0') != std::string_view::npos) {
    return Error(absl::StatusCode::kInvalidArgument, name, "the path contains a NUL byte");
  }
  ENGRAM_RETURN_IF_ERROR(BeginCall(StepKind::kRemove, kFileNames, Access::kWrite, true,
                                   disk_->generation(), name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(ChooseFault(false, name));
  {
    const KernelScope kernel;
    if (!disk_->Remove(path, asker_)) {
      return Error(absl::StatusCode::kNotFound, name, "there is no such file");
    }
  }
  return EndCall(name);
}

absl::Status SimulatedFileSystem::SyncDirectoryOf(std::string_view path) {
  const CallName name{"sync directory of", path, false, 0, 0};
  if (path.find('\0') != std::string_view::npos) {
    return Error(absl::StatusCode::kInvalidArgument, name, "the path contains a NUL byte");
  }
  ENGRAM_RETURN_IF_ERROR(BeginCall(StepKind::kSyncDirectory, kFileNames, Access::kWrite, true,
                                   disk_->generation(), name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(ChooseFault(false, name));
  {
    const KernelScope kernel;
    disk_->SyncDirectoryOf(path);
  }
  return EndCall(name);
}

// ---- For tests and oracles.

void SimulatedFileSystem::Install(std::string_view path, std::span<const std::byte> bytes) {
  DefaultChoices choices;
  DiskFile& file = disk_->Create(path, scheduler_.NameObject(sync::ObjectKind::kFile), choices);
  disk_->Install(file, path, bytes, choices);
}

std::vector<std::byte> SimulatedFileSystem::Contents(std::string_view path) {
  DefaultChoices choices;
  DiskFile* const file = disk_->Find(path, choices);
  if (file == nullptr) return {};
  std::vector<std::byte> bytes(file->Size(choices));
  file->Read(0, bytes, choices);
  return bytes;
}

}  // namespace engram::world
