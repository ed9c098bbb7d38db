// Claim: the index takes at most 100 bytes of RAM per memory that has changed since the last
// checkpoint, and nothing for the others.
//
// Method: a store whose checkpoints come only on request gets thousands of memories, replaced and
// removed ones among them; Statistics::index_bytes is compared with how many changed, again and
// again while the tables grow. What empty tables take, a constant, is measured first.
//
// Not covered: that index_bytes tells the truth of the allocator; checkpoints, which are on disk.
//
// Requirements: P (index RAM).

#include <string>

#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

constexpr uint64_t kBytesPerChangeMax = 100;
constexpr uint64_t kMemories = 12'000;

TEST(IndexRamIsBounded, ByWhatHasChanged) {
  Options options = TinyOptions();
  options.extent_bytes = 4 * kMiB;
  options.file_bytes_max = 1024 * kMiB;
  options.checkpoint_entries_min = 1'000'000;
  TrialStore store(options);
  const uint64_t bytes_empty = store->Stats().index_bytes;
  Memory memory;
  memory.embedding = EmbeddingOf(1);
  for (uint64_t i = 0; i < kMemories; ++i) {
    memory.id = "id " + std::to_string(i);
    ASSERT_TRUE(store->Store(memory).ok());
    if (i % 4 == 1) {
      ASSERT_TRUE(store->Store(memory).ok());
    }
    if (i % 4 == 2) {
      ASSERT_TRUE(store->Remove(memory.id).ok());
    }
    if (i % 4 == 3) {
      ASSERT_TRUE(store->UpdateActivation(memory.id, 0.5F).ok());
    }
    if (i % 100 != 0) continue;
    const Statistics stats = store->Stats();
    ASSERT_EQ(stats.changed_memories, i + 1);
    ASSERT_LE(stats.index_bytes, bytes_empty + kBytesPerChangeMax * stats.changed_memories)
        << stats.changed_memories << " changed memories";
  }
  ASSERT_TRUE(store->Checkpoint().ok());
  EXPECT_EQ(store->Stats().changed_memories, 0u);
  EXPECT_LE(store->Stats().index_bytes, bytes_empty);
  EXPECT_EQ(store->Count(), kMemories / 4 * 3);
}

}  // namespace
}  // namespace engram::properties
