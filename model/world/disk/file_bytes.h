// The visible bytes of one simulated file: memory that the simulated kernel writes, and that
// mappings show to the program read-only, so that a stray write through a mapping is caught as it
// would be in production.
//
// Address space is cheap, memory is not: it is reserved in large pieces, used page by page, kept
// from one execution to the next, and cleared in proportion to what was touched. In
// AddressSanitizer builds everything in a view is poisoned except what Expose released.
//
// It knows nothing of what a byte means; see disk_file.h.

#ifndef ENGRAM_MODEL_WORLD_DISK_FILE_BYTES_H_
#define ENGRAM_MODEL_WORLD_DISK_FILE_BYTES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "io/file_system.h"
#include "model/world/sanitizers.h"

namespace engram::world {

#ifdef ENGRAM_ASAN
inline constexpr bool kPoisons = true;
#else
inline constexpr bool kPoisons = false;
#endif

#ifdef ENGRAM_TSAN
inline constexpr bool kSeesWrites = true;
#else
inline constexpr bool kSeesWrites = false;
#endif

// Invariant: bytes that were not written since the last Clear are zero.
// Thread safety: confined to the world's OS thread. Ownership: owns the memory; views die with it.
class FileBytes {
 public:
  FileBytes();
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  // The kernel's own address of page `index`, writable, never poisoned, valid until the next call;
  // null if the system has no more address space. What is written there must be announced by Touch.
  std::byte* Page(uint64_t index);
  // Page `index` is going to be written or exposed: Clear has to take care of it.
  void Touch(uint64_t index) { touched_.push_back(index); }

  // Where programs see the first `bytes` bytes, read-only; null if the system has no more address
  // space. Views stay valid until Clear; those that are large enough are shared. The caller exposes
  // what is to be seen in it.
  const std::byte* Map(uint64_t bytes);
  // Lets programs read the first `readable` bytes of page `index`, and no others of that page.
  void Expose(uint64_t index, uint32_t readable);
  // A write by the kernel, as ThreadSanitizer should see it: to each view.
  void DeclareWrite(uint64_t offset, uint64_t bytes);

  // Zeroes and hides everything again, and takes all views back.
  void Clear();

 private:
  struct View {
    std::byte* base = nullptr;
    uint64_t bytes = 0;
    std::vector<bool> opened;  // chunks that are accessible at all; AddressSanitizer builds only
  };

  bool Grow(uint64_t bytes);
  void Open(View& view, uint64_t chunk);

  int descriptor_ = -1;
  std::byte* kernel_ = nullptr;
  uint64_t bytes_ = 0;  // of the memory file and of kernel_
  std::vector<View> views_;
  size_t views_in_use_ = 0;  // the first of views_
  std::vector<uint64_t> touched_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_FILE_BYTES_H_
