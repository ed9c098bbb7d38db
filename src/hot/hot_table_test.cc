// What the hot tier keeps, for whom, and what it lets go first.

#include "hot/hot_table.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/tier.h"

namespace engram::hot {
namespace {

std::unique_ptr<Copy> CopyOf(const std::string& id) {
  Memory memory;
  memory.id = id;
  memory.embedding.assign(kEmbeddingDimension, 1.0F);
  return std::make_unique<Copy>(std::move(memory));
}

const uint64_t kCopyBytes = HotCopyBytes(CopyOf("a")->memory);

TEST(HotTable, FindsACopyByItsSequenceAlone) {
  HotTable table(10 * kCopyBytes, 2);
  table.Insert(CopyOf("a"), Sequence{7});
  EXPECT_EQ(table.Find(Sequence{7})->memory.id, "a");
  EXPECT_FALSE(table.Find(Sequence{8}));
  EXPECT_EQ(table.copies(), 1u);
  EXPECT_EQ(table.bytes(), kCopyBytes);
}

TEST(HotTable, WhatIsErasedIsGone) {
  HotTable table(10 * kCopyBytes, 2);
  table.Insert(CopyOf("a"), Sequence{7});
  table.Erase(Sequence{8});
  table.Erase(Sequence{7});
  EXPECT_FALSE(table.Find(Sequence{7}));
  EXPECT_EQ(table.copies(), 0u);
  EXPECT_EQ(table.bytes(), 0u);
}

TEST(HotTable, AHeldCopyOutlivesItsErasure) {
  HotTable table(10 * kCopyBytes, 1);
  table.Insert(CopyOf("a"), Sequence{7});
  const Held held = table.Find(Sequence{7});
  table.Clear();
  EXPECT_EQ(held->memory.id, "a");
  EXPECT_EQ(table.copies(), 0u);
}

// Full is more than 80 % of the capacity, eased at most 70 % of it.
TEST(HotTable, EvictsTheLeastRecentlyUsedDownToSeventyPercent) {
  HotTable table(10 * kCopyBytes, 3);
  for (uint64_t i = 1; i <= 8; ++i) table.Insert(CopyOf("m"), Sequence{i});
  table.Evict();
  EXPECT_EQ(table.copies(), 8u) << "80 % is not above 80 %";
  table.Touch(table.Find(Sequence{1}));
  table.Insert(CopyOf("m"), Sequence{9});
  table.Evict();
  EXPECT_EQ(table.copies(), 7u);
  EXPECT_EQ(table.evictions(), 2u);
  EXPECT_TRUE(table.Find(Sequence{1})) << "it was used last but one";
  EXPECT_FALSE(table.Find(Sequence{2}));
  EXPECT_FALSE(table.Find(Sequence{3}));
  EXPECT_TRUE(table.Find(Sequence{4}));
}

TEST(HotTable, AdmitsNothingThatWouldDriveOutItself) {
  const HotTable table(10 * kCopyBytes, 1);
  EXPECT_TRUE(table.Admits(8 * kCopyBytes));
  EXPECT_FALSE(table.Admits(8 * kCopyBytes + 1));
  EXPECT_FALSE(HotTable(0, 1).Admits(1));
}

}  // namespace
}  // namespace engram::hot
