// Claim: replaced and removed memories leave no trace in the size of the file: a store that holds a
// few memories stays small, however often they change, also when nobody ever calls Sync.
//
// Method: RapidCheck draws how many ids there are, how long their contents may be and how often a
// change is a removal; hundreds of changes follow. The file may not grow after its first few
// hundred, but for what the contents alive at one moment can differ by.
//
// Not covered: long-lived memories scattered over log extents, whose room only compaction gives
// back; what other failures leave (suite fault).
//
// Requirements: S3.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"
#include "properties/watched_file_system.h"

namespace engram::properties {
namespace {

constexpr int kChangesFirst = 500;
constexpr int kChanges = 1'500;

// Bounds that are reached some ten times, without a sync for every few changes.
Options RareOptions() {
  Options options = TinyOptions();
  options.pending_releases_max = 100;
  options.checkpoint_entries_min = 200;
  return options;
}

// How large the file may be while `ids` memories with contents of up to `content_bytes` live, with
// all that waits for a sync, a checkpoint under way, and the reserve.
uint64_t FileBytesMax(const Options& options, uint64_t ids, uint64_t content_bytes) {
  const uint64_t rooms = ids + options.pending_releases_max + 1;
  const uint64_t slots = rooms * kEmbeddingDimension * sizeof(float);
  // A blob may own a run, or keep one extent from being used again.
  const uint64_t blobs = rooms * (content_bytes + options.extent_bytes);
  // The log of two checkpoints, the checkpoints, spares and the reserve.
  const uint64_t log = 2 * options.checkpoint_entries_min * 256;
  return 2 * (slots + blobs) + log + 16 * options.extent_bytes;
}

RC_GTEST_PROP(RoomIsUsedAgain, HoweverOftenMemoriesChange, ()) {
  const auto ids = *rc::gen::inRange<uint64_t>(1, 12);
  const auto content_bytes = *rc::gen::element<uint64_t>(0, 40, 2'000, 12'000);
  const auto removals = *rc::gen::inRange<uint64_t>(0, 8);  // of sixteen changes
  TrialStore store(RareOptions());
  uint64_t state = *rc::gen::arbitrary<uint32_t>();
  const auto draw = [&](uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
  };
  uint64_t bytes_first = 0;
  for (int change = 0; change < kChanges; ++change) {
    const std::string id = "id " + std::to_string(draw(ids));
    if (draw(16) < removals) {
      RC_ASSERT(store->Remove(id).ok());
    } else {
      Memory memory;
      memory.id = id;
      memory.embedding = EmbeddingOf(0);
      if (content_bytes > 0) memory.content = std::string(draw(content_bytes + 1), 'x');
      RC_ASSERT(store->Store(memory).ok());
    }
    if (change == kChangesFirst) bytes_first = store->Stats().file_bytes;
  }
  const Statistics stats = store->Stats();
  RC_ASSERT(stats.file_bytes <= FileBytesMax(RareOptions(), ids, content_bytes));
  RC_ASSERT(stats.file_bytes <= 2 * bytes_first);
  RC_ASSERT(stats.slots_used <= ids + stats.releases_pending);
  RC_ASSERT(store->Verify()->sound());
}

// Closing and opening again gives back what only RAM knew of.
TEST(RoomIsUsedAgain, AlsoByReopening) {
  TrialStore store;
  uint64_t bytes_first = 0;
  for (uint32_t round = 0; round < 60; ++round) {
    for (uint32_t i = 0; i < 10; ++i) {
      Memory memory;
      memory.id = "id " + std::to_string(i);
      memory.embedding = EmbeddingOf(round);
      memory.content = std::string(3'000, 'x');
      ASSERT_TRUE(store->Store(memory).ok());
    }
    store.Reopen();
    if (round == 5) bytes_first = store->Stats().file_bytes;
  }
  EXPECT_LE(store->Stats().file_bytes, bytes_first * 3 / 2);
}

// A blob and a checkpoint that cannot be written hold nothing, however often it is tried.
TEST(RoomIsUsedAgain, AlsoThatOfCallsThatFailed) {
  const TrialFile file;
  ReadingsSeen seen{.mark = "unseen"};
  WatchedFileSystem files(seen);
  Options options = TinyOptions();
  options.checkpoint_entries_min = 10'000;
  const auto store = MemoryStore::Open(files, file.path(), options);
  ASSERT_TRUE(store.ok()) << store.status();
  Memory memory;
  for (int i = 0; i < 200; ++i) {
    memory.id = "id " + std::to_string(i);
    memory.embedding = EmbeddingOf(0);
    ASSERT_TRUE((*store)->Store(memory).ok());
  }
  ASSERT_TRUE((*store)->Sync().ok());
  const Statistics before = (*store)->Stats();
  seen.write_bytes_max = 4 * kKiB;  // as an embedding is, and what a sync writes here
  memory.content = std::string(5'000, 'x');
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(absl::IsUnavailable((*store)->Store(memory).status()));
    EXPECT_TRUE(absl::IsUnavailable((*store)->Checkpoint()));
  }
  const Statistics after = (*store)->Stats();
  EXPECT_LE(after.extents_of_blobs, before.extents_of_blobs + 1);
  EXPECT_EQ(after.extents_of_checkpoint, before.extents_of_checkpoint);
  EXPECT_LE(after.file_bytes, before.file_bytes + 4 * options.extent_bytes);
  EXPECT_EQ(after.slots_used, before.slots_used);
  EXPECT_EQ(after.entries_since_checkpoint, before.entries_since_checkpoint);
  seen.write_bytes_max = UINT64_MAX;
  EXPECT_TRUE((*store)->Store(memory).ok());
  EXPECT_TRUE((*store)->Checkpoint().ok());
  EXPECT_EQ((*store)->Count(), 200u);
  EXPECT_TRUE((*store)->Verify()->sound());
}

}  // namespace
}  // namespace engram::properties
