// The table of changes: everything put in is found by hash, equal hashes included, before and after
// it grows.

#include "engine/delta_table.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

Delta DeltaOf(uint64_t hash, uint64_t sequence) {
  Delta delta;
  delta.hash = hash;
  delta.sequence = {sequence};
  return delta;
}

std::vector<uint64_t> SequencesOf(const DeltaTable& table, uint64_t hash) {
  std::vector<uint64_t> sequences;
  table.ForEachOf(hash, [&](const Delta& delta) {
    sequences.push_back(delta.sequence.value);
    return true;
  });
  return sequences;
}

TEST(DeltaTable, HasTheRoomThatWasAskedFor) {
  for (const uint64_t entries : {0u, 1u, 6u, 7u, 8u, 100u, 1000u}) {
    DeltaTable table(entries);
    EXPECT_GE(table.free(), entries);
  }
}

TEST(DeltaTable, FindsWhatWasPutInAcrossGrowth) {
  DeltaTable table(4);
  constexpr uint64_t kEntries = 5000;
  // Hashes that collide in their low bits, where places are chosen.
  const auto hash_of = [](uint64_t i) { return (i % 7 + 1) + (i << 40); };
  for (uint64_t i = 1; i <= kEntries; ++i) {
    if (table.free() == 0) table.Grow();
    table.Insert(DeltaOf(hash_of(i), i));
  }
  EXPECT_EQ(table.size(), kEntries);
  for (uint64_t i = 1; i <= kEntries; ++i) {
    ASSERT_EQ(SequencesOf(table, hash_of(i)), std::vector<uint64_t>{i});
    ASSERT_NE(table.Find(hash_of(i), {i}), nullptr);
    EXPECT_EQ(table.Find(hash_of(i), {i + kEntries}), nullptr);
  }
  EXPECT_TRUE(SequencesOf(table, UINT64_MAX).empty());
  uint64_t seen = 0;
  table.ForEach([&](const Delta& delta) { seen += delta.sequence.value; });
  EXPECT_EQ(seen, kEntries * (kEntries + 1) / 2);
}

TEST(DeltaTable, KeepsEntriesWithOneHashApart) {
  DeltaTable table(10);
  for (const uint64_t sequence : {5u, 3u, 9u}) table.Insert(DeltaOf(77, sequence));
  EXPECT_EQ(SequencesOf(table, 77), (std::vector<uint64_t>{5, 3, 9}));
  table.Find(77, {3})->sequence = {11};
  EXPECT_EQ(SequencesOf(table, 77), (std::vector<uint64_t>{5, 11, 9}));
}

TEST(DeltaTable, TakesAtMostAHundredBytesAnEntry) {
  DeltaTable table(64);
  for (uint64_t i = 1; i <= 100'000; ++i) {
    if (table.free() == 0) table.Grow();
    table.Insert(DeltaOf(i * 0x9E3779B97F4A7C15u, i));
    if (i > 64) {
      ASSERT_LE(table.bytes(), 100 * i) << i;
    }
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
