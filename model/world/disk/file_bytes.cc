// One memory file, mapped writable for the kernel and read-only for programs.

#include "model/world/disk/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/units.h"

#ifdef ENGRAM_TSAN
extern "C" void __tsan_write_range(void* address, unsigned long bytes);
#endif

namespace engram::world {
namespace {

constexpr uint64_t kFileBytesMin = 64 * kMiB;
constexpr uint64_t kViewBytesMin = 64 * kMiB;
// Opening and poisoning happens in pieces of this size.
constexpr uint64_t kChunkBytes = 256 * kKiB;
// More touched pages than this are given back to the system instead of being zeroed.
constexpr size_t kPagesZeroedMax = 4096;
// Above it, the system's own limits for files are near.
constexpr uint64_t kFileBytesMax = uint64_t{1} << 46;

}  // namespace

FileBytes::FileBytes() {
  descriptor_ = memfd_create("engram simulated file", MFD_CLOEXEC);
  ENGRAM_CHECK(descriptor_ >= 0, "the simulated disk needs memfd_create");
  ENGRAM_CHECK(Grow(kFileBytesMin), "the simulated disk needs address space");
}

FileBytes::~FileBytes() {
#ifdef ENGRAM_ASAN
  for (View& view : views_) {
    for (size_t chunk = 0; chunk < view.opened.size(); ++chunk) {
      if (view.opened[chunk]) {
        ASAN_UNPOISON_MEMORY_REGION(view.base + chunk * kChunkBytes, kChunkBytes);
      }
    }
  }
#endif
  for (const View& view : views_) munmap(view.base, view.bytes);
  munmap(kernel_, bytes_);
  close(descriptor_);
}

bool FileBytes::Grow(uint64_t bytes) {
  if (bytes > kFileBytesMax) return false;
  bytes = std::bit_ceil(bytes);
  if (ftruncate(descriptor_, static_cast<off_t>(bytes)) != 0) return false;
  void* const base =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (base == MAP_FAILED) return false;
  if (kernel_ != nullptr) munmap(kernel_, bytes_);
  kernel_ = static_cast<std::byte*>(base);
  bytes_ = bytes;
  return true;
}

std::byte* FileBytes::Page(uint64_t index) {
  if (index >= bytes_ / io::kPageBytes) {
    if (index >= kFileBytesMax / io::kPageBytes || !Grow((index + 1) * io::kPageBytes)) {
      return nullptr;
    }
  }
  return kernel_ + index * io::kPageBytes;
}

const std::byte* FileBytes::Map(uint64_t bytes) {
  const auto fits = [&](const View& view) { return view.bytes >= bytes; };
  const auto unused = views_.begin() + static_cast<ptrdiff_t>(views_in_use_);
  if (auto view = std::find_if(views_.begin(), unused, fits); view != unused) return view->base;
  if (auto view = std::find_if(unused, views_.end(), fits); view != views_.end()) {
    std::swap(*view, *unused);
    return views_[views_in_use_++].base;
  }
  if (bytes > kFileBytesMax) return nullptr;
  bytes = std::max(std::bit_ceil(bytes), kViewBytesMin);
  if (bytes > bytes_ && !Grow(bytes)) return nullptr;
  const int access = kPoisons ? PROT_NONE : PROT_READ;
  void* const base = mmap(nullptr, bytes, access, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (base == MAP_FAILED) return nullptr;
  View view{static_cast<std::byte*>(base), bytes, {}};
  if (kPoisons) view.opened.resize(bytes / kChunkBytes);
  views_.insert(unused, std::move(view));
  return views_[views_in_use_++].base;
}

void FileBytes::Open([[maybe_unused]] View& view, [[maybe_unused]] uint64_t chunk) {
#ifdef ENGRAM_ASAN
  if (view.opened[chunk]) return;
  view.opened[chunk] = true;
  std::byte* const base = view.base + chunk * kChunkBytes;
  ENGRAM_CHECK(mprotect(base, kChunkBytes, PROT_READ) == 0, "the simulated disk needs mprotect");
  ASAN_POISON_MEMORY_REGION(base, kChunkBytes);
#endif
}

void FileBytes::Expose([[maybe_unused]] uint64_t index, [[maybe_unused]] uint32_t readable) {
#ifdef ENGRAM_ASAN
  for (size_t i = 0; i < views_in_use_; ++i) {
    View& view = views_[i];
    if (index >= view.bytes / io::kPageBytes) continue;
    const uint64_t chunk = index * io::kPageBytes / kChunkBytes;
    if (readable == 0 && !view.opened[chunk]) continue;
    Open(view, chunk);
    std::byte* const page = view.base + index * io::kPageBytes;
    ASAN_POISON_MEMORY_REGION(page, io::kPageBytes);
    ASAN_UNPOISON_MEMORY_REGION(page, readable);
  }
#endif
}

void FileBytes::DeclareWrite([[maybe_unused]] uint64_t offset, [[maybe_unused]] uint64_t bytes) {
#ifdef ENGRAM_TSAN
  for (size_t i = 0; i < views_in_use_; ++i) {
    const View& view = views_[i];
    if (offset >= view.bytes) continue;
    __tsan_write_range(view.base + offset, std::min(bytes, view.bytes - offset));
  }
#endif
}

void FileBytes::Clear() {
  for (uint64_t index : touched_) Expose(index, 0);
  if (touched_.size() > kPagesZeroedMax) {
    const int result = fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                                 static_cast<off_t>(bytes_));
    ENGRAM_CHECK(result == 0, "the simulated disk needs fallocate");
  } else {
    for (uint64_t index : touched_) {
      std::memset(kernel_ + index * io::kPageBytes, 0, io::kPageBytes);
    }
  }
  touched_.clear();
  views_in_use_ = 0;
}

}  // namespace engram::world
