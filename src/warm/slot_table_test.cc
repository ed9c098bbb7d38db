// Slots: none is handed out twice, each can be had, and freed ones come back.

#include "warm/slot_table.h"

#include <set>

#include "gtest/gtest.h"

namespace engram::inline ENGRAM_BODY::warm {
namespace {

constexpr format::Geometry kGeometry{64 * kKiB};

TEST(SlotTable, HandsOutEachSlotOnce) {
  SlotTable table(kGeometry);
  EXPECT_EQ(table.Take(), std::nullopt);
  table.AddExtent({3});
  table.AddExtent({1});
  EXPECT_EQ(table.free(), 2u * kGeometry.SlotsPerExtent());
  std::set<SlotIndex> taken;
  while (const std::optional<SlotIndex> slot = table.Take()) {
    EXPECT_TRUE(taken.insert(*slot).second) << slot->value;
    EXPECT_TRUE(table.IsUsed(*slot));
    const uint32_t extent = kGeometry.ExtentOf(*slot).value;
    EXPECT_TRUE(extent == 1 || extent == 3) << extent;
  }
  EXPECT_EQ(taken.size(), 2u * kGeometry.SlotsPerExtent());
  EXPECT_EQ(table.used(), taken.size());
  EXPECT_EQ(table.free(), 0u);
}

TEST(SlotTable, FreedSlotsComeBackAlsoFromAFullExtent) {
  SlotTable table(kGeometry);
  table.AddExtent({0});
  while (table.Take()) {
  }
  const SlotIndex freed = kGeometry.SlotAt({0}, 7);
  table.Free(freed);
  EXPECT_FALSE(table.IsUsed(freed));
  EXPECT_EQ(table.Take(), freed);
  EXPECT_EQ(table.Take(), std::nullopt);
}

TEST(SlotTable, WhatIsMarkedIsNotHandedOut) {
  SlotTable table(kGeometry);
  table.AddExtent({0});
  table.MarkUsed(kGeometry.SlotAt({0}, 0));
  table.MarkUsed(kGeometry.SlotAt({0}, 2));
  EXPECT_EQ(table.Take(), kGeometry.SlotAt({0}, 1));
  EXPECT_EQ(table.Take(), kGeometry.SlotAt({0}, 3));
  EXPECT_FALSE(table.IsUsed(kGeometry.SlotAt({9}, 0))) << "of an extent that is not here";
}

TEST(SlotTable, OfAWithheldExtentNothingIsTakenUntilItIsRestored) {
  SlotTable table(kGeometry);
  table.AddExtent({0});
  table.Withhold({0});
  EXPECT_EQ(table.Take(), std::nullopt);
  table.Restore({0});
  EXPECT_EQ(table.Take(), kGeometry.SlotAt({0}, 0));
}

TEST(SlotTableDeath, NothingIsFreedOrMarkedTwice) {
  SlotTable table(kGeometry);
  table.AddExtent({0});
  const SlotIndex slot = *table.Take();
  EXPECT_DEATH(table.MarkUsed(slot), "a slot is taken twice");
  table.Free(slot);
  EXPECT_DEATH(table.Free(slot), "a slot is freed twice");
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::warm
