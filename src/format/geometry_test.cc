// Where things stand, and the hashes and seeds that are part of the format.

#include "format/geometry.h"

#include <gtest/gtest.h>

#include <string_view>

namespace engram::inline ENGRAM_BODY::format {
namespace {

TEST(IdHash, IsXxh3WithSeedZero) {
  EXPECT_EQ(IdHash("a"), 0xE6C632B61E964E1Fu);
  EXPECT_EQ(IdHash("abc"), 0x78AF5F94892F3950u);
}

// The pairs of model/colliding_ids.h, on which tests of collisions in the store rest.
TEST(IdHash, OfTheModelsCollidingIdsIsEqual) {
  for (const std::string_view id : {"trVRFFyu_WE", "CPECtFyy2ND"}) {
    EXPECT_EQ(IdHash(id), 0x5EFBBE177683D48Bu) << id;
  }
  for (const std::string_view id : {"OvmBozkRSYL", "Ho6pmXZmPsA"}) {
    EXPECT_EQ(IdHash(id), 0xD1629858551B98D2u) << id;
  }
  for (const std::string_view id : {"1P2CxKoX6DI", "cj5KogLUA0H"}) {
    EXPECT_EQ(IdHash(id), 0xC04E9C7A7ECB24F5u) << id;
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
