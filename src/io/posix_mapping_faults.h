// What a read through a mapping does when the device cannot deliver the page, or the file has been
// cut under it: instead of SIGBUS ending the process, the page reads as zeros, which no checksum
// of the store matches.
//
// For ranges that were registered; every other SIGBUS goes to the handler that was there before.
// The handler is installed with the first range and stays. Not part of the simulated body.

#ifndef ENGRAM_IO_POSIX_MAPPING_FAULTS_H_
#define ENGRAM_IO_POSIX_MAPPING_FAULTS_H_

#include <cstddef>
#include <cstdint>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::io {

// Registers the mapping of `size` bytes at `base`. False: there are already kGuardedMax; this one
// is not guarded then. Thread safety: thread-safe.
inline constexpr int kGuardedMax = 1024;
bool GuardMapping(const std::byte* base, uint64_t size);
// REQUIRES: before the range is unmapped; no reads of it are under way.
void UnguardMapping(const std::byte* base);

}  // namespace engram::inline ENGRAM_BODY::io

#endif  // ENGRAM_IO_POSIX_MAPPING_FAULTS_H_
