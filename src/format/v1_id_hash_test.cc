// The hash of ids in files of format 1, against values that the program which wrote those files
// computes: Rust's std::collections::hash_map::DefaultHasher, over a str.

#include "format/v1_id_hash.h"

#include <gtest/gtest.h>

#include <string>

#include "api/format_1_fixture.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

TEST(V1IdHash, IsWhatTheOldProgramComputed) {
  EXPECT_EQ(V1IdHash(""), 0x30406ea523c53defu);
  EXPECT_EQ(V1IdHash("a"), 0x719b50b9a4f0e9f3u);
  EXPECT_EQ(V1IdHash("first"), 0x21bcdc5b32efc5ffu);
  EXPECT_EQ(V1IdHash("memory-12"), 0xd5bfcb2c2c155933u);
  EXPECT_EQ(V1IdHash("\u00FC\u20AC"), 0xd938d93f977e732cu);
  EXPECT_EQ(V1IdHash("a text id that is longer than sixteen bytes"), 0xf430df6a79cffa09u);
}

TEST(V1IdHash, IsWhatSampleFilesHave) {
  for (size_t bytes = 0; bytes < 300; ++bytes) {
    const std::string id(bytes, 'x');
    EXPECT_EQ(V1IdHash(id), V1SampleHash(id)) << bytes;
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::format
