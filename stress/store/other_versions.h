// Files that are of another version of the format: no damage, but nothing that a store may open,
// recover or write to. They are written from what all versions have in common and share no code
// with the store.

#ifndef ENGRAM_STRESS_STORE_OTHER_VERSIONS_H_
#define ENGRAM_STRESS_STORE_OTHER_VERSIONS_H_

#include <cstdint>
#include <string>

#include "stress/store/small_store.h"

namespace engram::stress {

inline constexpr uint32_t kOtherVersions = 15;
inline constexpr uint64_t kTwoSuperblocksBytes = 8192;

// Makes of `image`, a store's file, number `number` of the files of other versions: the store with
// another version in one of its superblocks or both, or a file of format 1 in its place. Returns
// what it is, for people. REQUIRES: number < kOtherVersions; `image` has two superblocks.
std::string MakeOtherVersion(uint32_t number, FileImage& image);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_OTHER_VERSIONS_H_
