// Claim: opening a store that was closed reads neither embeddings nor contents, however many there
// are; opening one after a crash reads those of the log's tail alone.
//
// Method: every embedding and every content carries a mark; a file system that looks over the
// store's shoulder counts the marks in all that is read while it opens. A crash is a copy of the
// file while the store is open, which is what a killed process leaves.
//
// Not covered: what the operating system reads ahead; stores whose checkpoint is damaged, which are
// recounted.
//
// Requirements: P (reopening), U2.

#include <filesystem>
#include <string>

#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"
#include "properties/watched_file_system.h"

namespace engram::properties {
namespace {

constexpr std::string_view kMark = "a mark: 12345678";
static_assert(kMark.size() % sizeof(float) == 0);

Options UsualOptions() {
  Options options;
  options.create_if_missing = true;
  options.extent_bytes = 256 * kKiB;
  options.checkpoint_entries_min = 1'000'000;
  options.pending_releases_max = 1'000'000;
  return options;
}

// Two marks: one in the embedding, one in the content, which is a blob for every fourth.
Memory Marked(uint64_t number) {
  Memory memory;
  memory.id = "id " + std::to_string(number);
  memory.embedding.assign(kEmbeddingDimension, static_cast<float>(number));
  std::memcpy(memory.embedding.data() + 100, kMark.data(), kMark.size());
  memory.content = std::string(number % 4 == 0 ? 6'000 : 100, 'x') + std::string(kMark);
  return memory;
}

void StoreMarked(MemoryStore& store, uint64_t from, uint64_t to) {
  for (uint64_t i = from; i < to; ++i) ASSERT_TRUE(store.Store(Marked(i)).ok());
}

ReadingsSeen ReadingsOfOpening(const std::string& path) {
  ReadingsSeen seen{.mark = kMark};
  WatchedFileSystem files(seen);
  auto opened = MemoryStore::Open(files, path, UsualOptions());
  EXPECT_TRUE(opened.ok()) << opened.status();
  const ReadingsSeen at_open = seen;
  if (!opened.ok()) return at_open;
  EXPECT_TRUE((*opened)->Verify()->sound());
  EXPECT_EQ(seen.marks - at_open.marks, 2 * (*opened)->Count()) << "marks are not recognised";
  EXPECT_TRUE((*opened)->Close().ok());
  return at_open;
}

TEST(AReopenReadsLittle, AfterClosingNoEmbeddingAndNoContent) {
  uint64_t bytes_of_few = 0;
  for (const uint64_t memories : {100u, 3'000u}) {
    TrialStore store(UsualOptions());
    StoreMarked(*store, 0, memories);
    ASSERT_TRUE(store->Close().ok());
    const ReadingsSeen seen = ReadingsOfOpening(store.path());
    EXPECT_EQ(seen.marks, 0u);
    EXPECT_GT(seen.bytes, 0u);
    if (bytes_of_few == 0) bytes_of_few = seen.bytes;
    // A bit for each slot, a row for each extent; 3,000 memories take 12 MiB.
    EXPECT_LE(seen.bytes, bytes_of_few + 16 * kKiB) << memories;
  }
}

TEST(AReopenReadsLittle, AfterACrashThoseOfTheTail) {
  constexpr uint64_t kTail = 20;
  for (const uint64_t memories : {100u, 3'000u}) {
    TrialStore store(UsualOptions());
    StoreMarked(*store, 0, memories);
    ASSERT_TRUE(store->Checkpoint().ok());
    StoreMarked(*store, memories, memories + kTail);
    ASSERT_TRUE(store->Sync().ok());
    const TrialFile copy;
    std::filesystem::copy_file(store.path(), copy.path());
    const ReadingsSeen seen = ReadingsOfOpening(copy.path());
    EXPECT_GT(seen.marks, 0u);
    // The extent in which the tail begins is read as a whole, once, with contents of before; values
    // are read to be verified and to be written again.
    const uint64_t inlined_in_extent = UsualOptions().extent_bytes / 200;
    EXPECT_LE(seen.marks, 2 * 2 * kTail + inlined_in_extent) << memories;
    EXPECT_LE(seen.bytes, 2 * kTail * 12 * kKiB + 4 * UsualOptions().extent_bytes) << memories;
  }
}

}  // namespace
}  // namespace engram::properties
