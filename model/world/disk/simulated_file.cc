// Calls on open files: each checks its arguments, stops, may fail by choice, takes effect, and may
// crash.

#include "model/world/disk/simulated_file.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/status_macros.h"
#include "model/world/allocation_faults.h"
#include "model/world/scheduler.h"

#ifdef ENGRAM_TSAN
extern "C" {
void __tsan_read_range(void* address, unsigned long bytes);
void __tsan_write_range(void* address, unsigned long bytes);
}
#endif

namespace engram::world {
namespace {

constexpr uint64_t kOffsetMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

// The kernel reads or writes the caller's own memory, which other threads must leave alone
// meanwhile.
void DeclareRead([[maybe_unused]] std::span<const std::byte> memory) {
#ifdef ENGRAM_TSAN
  __tsan_read_range(const_cast<std::byte*>(memory.data()), memory.size());
#endif
}
void DeclareWrite([[maybe_unused]] std::span<std::byte> memory) {
#ifdef ENGRAM_TSAN
  __tsan_write_range(memory.data(), memory.size());
#endif
}

}  // namespace

// ---- Mappings.

SimulatedMapping::SimulatedMapping(SimulatedFileSystem& files, DiskFile& file, FileBytes& bytes,
                                   const std::byte* base, uint64_t size)
    : files_(files),
      file_(file),
      bytes_(bytes),
      base_(base),
      size_(size),
      generation_(files.disk_->generation()) {}

const std::byte* SimulatedMapping::Bytes(FileOffset offset, uint64_t size) {
  Scheduler& scheduler = files_.scheduler_;
  if (offset.value > size_ || size > size_ - offset.value) {
    if (scheduler.winding_down()) return base_;
    ENGRAM_CHECK(scheduler.on_fiber(), "a range outside of a mapping was asked for");
    Failure failure;
    {
      const KernelScope kernel;
      failure = {FailureKind::kClaim, "view outside of a mapping",
                 absl::StrCat("offset ", offset.value, ", ", size,
                              " bytes were asked for of a mapping of ", size_, " bytes")};
    }
    scheduler.Fail(std::move(failure));
  }
  if (!files_.IsDead(generation_) || scheduler.winding_down()) {
    Step step;
    step.kind = StepKind::kView;
    step.access = Access::kRead;
    step.object = file_.object();
    step.where = sync::Location::current();
    scheduler.TakeStep(step);
  }
  const KernelScope kernel;
  if (!files_.IsDead(generation_)) {
    file_.View(offset.value, size, files_.asker_);
  } else if (kPoisons) {
    // The process it belongs to is gone; what still runs of it must not fall over the poison.
    const uint64_t end = offset.value + size;
    for (uint64_t index = offset.value / io::kPageBytes; index * io::kPageBytes < end; ++index) {
      bytes_.Touch(index);
      bytes_.Expose(index, static_cast<uint32_t>(io::kPageBytes));
    }
  }
  return base_ + offset.value;
}

// ---- Files.

SimulatedFile::SimulatedFile(SimulatedFileSystem& files, DiskFile& file, std::string_view path,
                             io::OpenMode mode, uint32_t number)
    : files_(files),
      file_(file),
      path_(path),
      mode_(mode),
      number_(number),
      generation_(files.disk_->generation()) {}

SimulatedFile::~SimulatedFile() {
  if (files_.IsDead(generation_) || file_.locked_by != number_) return;
  // Others may be trying to lock it: giving the lock back is an event of its own.
  if (files_
          .BeginCall(StepKind::kFileLock, file_.object(), Access::kWrite, false, generation_,
                     Name("close"), sync::Location::current())
          .ok()) {
    file_.locked_by = 0;
  }
}

absl::Status SimulatedFile::CheckRange(const CallName& name) const {
  if (name.offset <= kOffsetMax && name.size <= kOffsetMax - name.offset) return absl::OkStatus();
  return SimulatedFileSystem::Error(absl::StatusCode::kInvalidArgument, name,
                                    "the range ends beyond the largest offset");
}

absl::Status SimulatedFile::CheckWritable(const CallName& name) const {
  ENGRAM_RETURN_IF_ERROR(CheckRange(name));
  if (mode_ != io::OpenMode::kReadOnly) return absl::OkStatus();
  return SimulatedFileSystem::Error(absl::StatusCode::kFailedPrecondition, name,
                                    "the file was opened read-only");
}

absl::StatusOr<size_t> SimulatedFile::Read(FileOffset offset, std::span<std::byte> target) {
  const CallName name = Name("read", offset, target.size());
  ENGRAM_RETURN_IF_ERROR(CheckRange(name));
  if (target.empty()) return 0;
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kRead, file_.object(), Access::kRead, false,
                                          generation_, name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(files_.ChooseFault(false, name));
  size_t moved = 0;
  {
    const KernelScope kernel;
    const uint64_t size = file_.Size(files_.asker_);
    const uint64_t left = std::max(size, offset.value) - offset.value;
    moved = files_.ChooseTransfer(std::min<uint64_t>(target.size(), left));
    target = target.first(moved);
    file_.Read(offset.value, target, files_.asker_);
    files_.scheduler_.Observe(Checksum(target, moved));
  }
  DeclareWrite(target);
  return moved;
}

absl::StatusOr<size_t> SimulatedFile::Write(FileOffset offset, std::span<const std::byte> source) {
  const CallName name = Name("write", offset, source.size());
  ENGRAM_RETURN_IF_ERROR(CheckWritable(name));
  if (source.empty()) return 0;
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kWrite, file_.object(), Access::kWrite, true,
                                          generation_, name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(files_.ChooseFault(!file_.IsReserved(offset.value, source.size()), name));
  source = source.first(files_.ChooseTransfer(source.size()));
  {
    const KernelScope kernel;
    if (!file_.Write(offset.value, source, files_.asker_)) {
      return SimulatedFileSystem::Error(absl::StatusCode::kResourceExhausted, name,
                                        "the simulation has no address space for it");
    }
    files_.scheduler_.Observe(Checksum(source, offset.value));
  }
  DeclareRead(source);
  file_.DeclareWrite(offset.value, source.size());
  ENGRAM_RETURN_IF_ERROR(files_.EndCall(name));
  return source.size();
}

absl::Status SimulatedFile::SyncData() {
  const CallName name = Name("sync");
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kSync, file_.object(), Access::kWrite, true,
                                          generation_, name, sync::Location::current()));
  absl::Status fault = files_.ChooseFault(false, name);
  {
    const KernelScope kernel;
    if (fault.ok()) {
      file_.Sync();
    } else {
      const bool reverts =
          file_.HasWrites() && files_.scheduler_.Choose(ChoiceKind::kRevert, 2) == 1;
      file_.FailSync(reverts, files_.asker_);
    }
  }
  ENGRAM_RETURN_IF_ERROR(files_.EndCall(name));
  return fault;
}

absl::StatusOr<uint64_t> SimulatedFile::Size() {
  const CallName name = Name("size of");
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kStat, file_.object(), Access::kRead, false,
                                          generation_, name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(files_.ChooseFault(false, name));
  const KernelScope kernel;
  const uint64_t size = file_.Size(files_.asker_);
  files_.scheduler_.Observe(size);
  return size;
}

template <typename Resize>
absl::Status SimulatedFile::ChangeMetadata(const CallName& name, uint64_t reaches,
                                           ZeroedBytes zeroes, const sync::Location& where,
                                           const Resize& resize) {
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kResize, file_.object(), Access::kWrite, true,
                                          generation_, name, where));
  uint64_t size = 0;
  {
    const KernelScope kernel;
    size = file_.Size(files_.asker_);
  }
  ENGRAM_RETURN_IF_ERROR(files_.ChooseFault(reaches > size, name));
  {
    const KernelScope kernel;
    resize();
  }
  zeroes.end = std::min(zeroes.end, size);
  if (zeroes.begin < zeroes.end) file_.DeclareWrite(zeroes.begin, zeroes.end - zeroes.begin);
  return files_.EndCall(name);
}

absl::Status SimulatedFile::Reserve(FileOffset offset, uint64_t size) {
  const CallName name = Name("reserve", offset, size);
  ENGRAM_RETURN_IF_ERROR(CheckWritable(name));
  if (size == 0) return absl::OkStatus();
  return ChangeMetadata(name, /*reaches=*/UINT64_MAX, {}, sync::Location::current(),
                        [&] { file_.Reserve(offset.value, size, files_.asker_); });
}

absl::Status SimulatedFile::Punch(FileOffset offset, uint64_t size) {
  const CallName name = Name("punch", offset, size);
  ENGRAM_RETURN_IF_ERROR(CheckWritable(name));
  if (size == 0) return absl::OkStatus();
  return ChangeMetadata(name, /*reaches=*/0, {offset.value, offset.value + size},
                        sync::Location::current(),
                        [&] { file_.Punch(offset.value, size, files_.asker_); });
}

absl::Status SimulatedFile::Truncate(uint64_t size) {
  const CallName name = Name("truncate", FileOffset{size}, 0);
  ENGRAM_RETURN_IF_ERROR(CheckWritable(name));
  return ChangeMetadata(name, /*reaches=*/size, {size, UINT64_MAX}, sync::Location::current(),
                        [&] { file_.Truncate(size, files_.asker_); });
}

absl::StatusOr<std::unique_ptr<io::Mapping>> SimulatedFile::Map(uint64_t size) {
  const CallName name = Name("map", FileOffset{0}, size);
  ENGRAM_RETURN_IF_ERROR(CheckRange(name));
  if (size == 0) {
    return SimulatedFileSystem::Error(absl::StatusCode::kInvalidArgument, name,
                                      "a mapping cannot be empty");
  }
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kMap, file_.object(), Access::kRead, false,
                                          generation_, name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(files_.ChooseFault(true, name));
  const KernelScope kernel;
  const std::byte* const base = file_.Map(size);
  if (base == nullptr) {
    return SimulatedFileSystem::Error(absl::StatusCode::kResourceExhausted, name,
                                      "the simulation has no address space for it");
  }
  return std::make_unique<SimulatedMapping>(files_, file_, file_.bytes(), base, size);
}

absl::Status SimulatedFile::Lock() {
  const CallName name = Name("lock");
  ENGRAM_RETURN_IF_ERROR(files_.BeginCall(StepKind::kFileLock, file_.object(), Access::kWrite,
                                          false, generation_, name, sync::Location::current()));
  ENGRAM_RETURN_IF_ERROR(files_.ChooseFault(false, name));
  if (file_.locked_by == 0) file_.locked_by = number_;
  if (file_.locked_by == number_) return absl::OkStatus();
  return SimulatedFileSystem::Error(absl::StatusCode::kFailedPrecondition, name,
                                    "another open file has the lock");
}

}  // namespace engram::world
