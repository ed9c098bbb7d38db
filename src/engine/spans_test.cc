// What a listener is told of each call.

#include <memory>
#include <string>
#include <vector>

#include "api/event_listener.h"
#include "api/memory_store.h"
#include "gtest/gtest.h"
#include "io/posix_file_system.h"

namespace engram::inline ENGRAM_BODY {
namespace {

class Spans final : public EventListener {
 public:
  void OnSpan(const Span& span) override { spans.push_back(span); }

  std::vector<Span> spans;
};

class SpansTest : public testing::Test {
 protected:
  SpansTest() {
    files_.Remove(path_).IgnoreError();
    auto opened = MemoryStore::Open(path_, {.create_if_missing = true, .listener = &listener_});
    EXPECT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
    memory_.id = "tea";
    memory_.embedding.assign(kEmbeddingDimension, 1);
    memory_.content = "green";
  }
  ~SpansTest() override {
    store_ = nullptr;
    files_.Remove(path_).IgnoreError();
  }

  // The one span of the last call.
  Span Last() {
    EXPECT_EQ(listener_.spans.size(), 1u);
    const Span span = listener_.spans.empty() ? Span() : listener_.spans.back();
    listener_.spans.clear();
    EXPECT_GE(span.duration_ns, 0);
    return span;
  }

  io::PosixFileSystem files_;
  const std::string path_ = testing::TempDir() + "spans.engram";
  Spans listener_;
  std::unique_ptr<MemoryStore> store_;
  Memory memory_;
};

TEST_F(SpansTest, TellOfAStoreAndItsReads) {
  ASSERT_TRUE(store_->Store(memory_).ok());
  const Span stored = Last();
  EXPECT_EQ(stored.operation, Operation::kStore);
  EXPECT_NE(stored.id_hash, 0u);
  EXPECT_TRUE(stored.has_content);
  EXPECT_EQ(stored.content_bytes, 5u);
  EXPECT_FALSE(stored.tier);
  ASSERT_TRUE(store_->Get("tea").ok());
  const Span got = Last();
  EXPECT_EQ(got.operation, Operation::kGet);
  EXPECT_EQ(got.id_hash, stored.id_hash);
  EXPECT_EQ(got.tier, Tier::kWarm);
  EXPECT_TRUE(got.has_content);
  EXPECT_EQ(got.content_bytes, 5u);
  ASSERT_TRUE(store_->Migrate(std::vector<std::string>{"tea"}, Tier::kCold).ok());
  EXPECT_EQ(Last().operation, Operation::kMigrate);
  ASSERT_TRUE(store_->Contains("tea").ok());
  EXPECT_EQ(Last().tier, Tier::kCold);
  ASSERT_TRUE(store_->Get("coffee").ok());
  EXPECT_FALSE(Last().tier) << "there is none";
}

TEST_F(SpansTest, TellHowACallEnded) {
  EXPECT_FALSE(store_->UpdateActivation("coffee", 1).ok());
  EXPECT_EQ(Last().outcome, absl::StatusCode::kNotFound);
  EXPECT_FALSE(store_->Get("").ok());
  const Span refused = Last();
  EXPECT_EQ(refused.outcome, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.id_hash, 0u);
  ASSERT_TRUE(store_->Sync().ok());
  EXPECT_EQ(Last().outcome, absl::StatusCode::kOk);
}

TEST_F(SpansTest, TellOfEachCallOnce) {
  ASSERT_TRUE(store_->Store(memory_).ok());
  Last();
  ASSERT_TRUE(store_->Checkpoint().ok());
  EXPECT_EQ(Last().operation, Operation::kCheckpoint);
  ASSERT_TRUE(store_->CompactContent(/*force=*/true).ok());
  EXPECT_EQ(Last().operation, Operation::kCompactContent);
  ASSERT_TRUE(store_->RunMaintenance().ok());
  EXPECT_EQ(Last().operation, Operation::kRunMaintenance);
  ASSERT_TRUE(store_->Iterate({}, [](const IterationItem&) { return true; }).ok());
  EXPECT_EQ(Last().operation, Operation::kIterate);
  ASSERT_TRUE(store_->Recall(memory_.embedding, {}).ok());
  EXPECT_EQ(Last().operation, Operation::kRecall);
  ASSERT_TRUE(store_->Remove("tea").ok());
  EXPECT_EQ(Last().operation, Operation::kRemove);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY
