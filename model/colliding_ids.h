// Pairs of different ids with one 64-bit hash, for tests of what a store does when two memories
// meet in its index.
//
// Found by a search with distinguished points (van Oorschot, Wiener: "Parallel Collision Search
// with Cryptanalytic Applications", 1999): 2^33 evaluations of XXH3-64 with seed 0, a minute on one
// core. That the store finds ids by this hash is its own affair; src/format/geometry_test.cc says
// that it does.

#ifndef ENGRAM_MODEL_COLLIDING_IDS_H_
#define ENGRAM_MODEL_COLLIDING_IDS_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::model {

// Two valid ids, `hash` being the XXH3-64 with seed 0 of both. No two pairs share a hash.
struct CollidingIds {
  std::string_view first;
  std::string_view second;
  uint64_t hash = 0;
};

inline constexpr std::array<CollidingIds, 3> kCollidingIds = {{
    {.first = "trVRFFyu_WE", .second = "CPECtFyy2ND", .hash = 0x5EFBBE177683D48B},
    {.first = "OvmBozkRSYL", .second = "Ho6pmXZmPsA", .hash = 0xD1629858551B98D2},
    {.first = "1P2CxKoX6DI", .second = "cj5KogLUA0H", .hash = 0xC04E9C7A7ECB24F5},
}};

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_COLLIDING_IDS_H_
