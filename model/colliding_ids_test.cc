// The colliding ids collide. That a store hashes ids in this way is claimed where ids are hashed.

#include "model/colliding_ids.h"

#include <gtest/gtest.h>

#include <set>
#include <span>
#include <string_view>

#include "api/memory.h"
#include "base/checksum.h"
#include "base/utf8.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

uint64_t HashOf(std::string_view id) {
  return Checksum(std::as_bytes(std::span(id.data(), id.size())), 0);
}

TEST(CollidingIds, AreDifferentValidIdsWithOneHash) {
  std::set<uint64_t> hashes;
  for (const CollidingIds& pair : kCollidingIds) {
    EXPECT_NE(pair.first, pair.second);
    for (const std::string_view id : {pair.first, pair.second}) {
      EXPECT_TRUE(IsValidUtf8(id) && !id.empty() && id.size() <= kIdBytesMax) << id;
      EXPECT_EQ(HashOf(id), pair.hash) << id;
    }
    EXPECT_TRUE(hashes.insert(pair.hash).second) << "two pairs share a hash";
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::model
