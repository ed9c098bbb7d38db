// Claim: Close is refused while another call is under way, and then nothing has happened; once it
// is OK, every call is refused, and what had been acknowledged is there when the store is reopened.
//
// Method: four threads store and get under ids of their own while a fifth closes, again and again
// until it succeeds, at the latest when the others have nothing left to do. Not covered: destroying
// a store that is in use, which is forbidden.

#include <array>
#include <cstdint>
#include <latch>
#include <string>
#include <vector>

#include "api/memory_store.h"
#include "gtest/gtest.h"
#include "stress/threads/generated_memory.h"
#include "stress/threads/length.h"
#include "stress/threads/stress_round.h"
#include "stress/threads/temporary_directory.h"
#include "sync/thread.h"

namespace engram::stress {
namespace {

constexpr uint32_t kThreads = 4;
constexpr uint32_t kCallsMax = 300;

// What one thread saw.
struct Outcome {
  uint64_t acknowledged = 0;  // number of the memory that was stored last
  std::string complaint;
};

Outcome WorkUntilRefused(MemoryStore& store, uint32_t thread) {
  Outcome outcome;
  const std::string id = IdOf(thread);
  for (uint32_t call = 1; call <= kCallsMax; ++call) {
    const absl::Status stored = store.Store(GeneratedMemory(id, call)).status();
    if (stored.ok()) outcome.acknowledged = call;
    if (absl::IsFailedPrecondition(stored)) return outcome;
    const absl::StatusOr<GetResult> got = store.Get(id);
    if (absl::IsFailedPrecondition(got.status())) return outcome;
    if (!stored.ok() || !got.ok() || !got->memory || GeneratedFrom(*got->memory) != call) {
      outcome.complaint = stored.ToString() + ", " + got.status().ToString();
      return outcome;
    }
  }
  return outcome;
}

void ExpectClosed(MemoryStore& store) {
  const auto closed = absl::StatusCode::kFailedPrecondition;
  EXPECT_EQ(store.Store(GeneratedMemory("a", 1)).status().code(), closed);
  EXPECT_EQ(store.Remove("a").status().code(), closed);
  EXPECT_EQ(store.UpdateActivation("a", 0.5F).status().code(), closed);
  EXPECT_EQ(store.Get("a").status().code(), closed);
  EXPECT_EQ(store.View("a", [](const MemoryView&) {}).status().code(), closed);
  EXPECT_EQ(store.Contains("a").status().code(), closed);
  EXPECT_EQ(store.Sync().code(), closed);
  EXPECT_EQ(store.Checkpoint().code(), closed);
  EXPECT_EQ(store.Verify().status().code(), closed);
  EXPECT_TRUE(store.Close().ok()) << "closing twice";
}

TEST(Close, IsRefusedOrFinal) {
  for (uint32_t round = 0; round < RoundsWanted(); ++round) {
    const TemporaryDirectory directory;
    const std::string path = directory.File("store");
    auto store = MemoryStore::Open(path, OptionsUnderPressure());
    ASSERT_TRUE(store.ok()) << store.status();

    std::array<Outcome, kThreads> outcomes;
    {
      std::latch start(kThreads + 1);
      std::vector<sync::Thread> threads;
      for (uint32_t i = 0; i < kThreads; ++i) {
        threads.emplace_back("client", [&, i] {
          start.arrive_and_wait();
          outcomes.at(i) = WorkUntilRefused(**store, i);
        });
      }
      start.arrive_and_wait();
      // Ends: the others make a bounded number of calls.
      for (;;) {
        const absl::Status status = (*store)->Close();
        if (status.ok()) break;
        ASSERT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
        sync::Yield();
      }
    }
    ExpectClosed(**store);
    store = MemoryStore::Open(path, OptionsUnderPressure());
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE((*store)->recovery().clean);
    for (uint32_t i = 0; i < kThreads; ++i) {
      EXPECT_EQ(outcomes.at(i).complaint, "");
      const auto got = (*store)->Get(IdOf(i));
      ASSERT_TRUE(got.ok()) << got.status();
      const uint64_t found = got->memory ? GeneratedFrom(*got->memory).value_or(UINT64_MAX) : 0;
      EXPECT_EQ(found, outcomes.at(i).acknowledged) << IdOf(i);
    }
  }
}

TEST(Close, IsRefusedToACallbackOfView) {
  const TemporaryDirectory directory;
  const auto store = MemoryStore::Open(directory.File("store"), OptionsUnderPressure());
  ASSERT_TRUE(store.ok()) << store.status();
  ASSERT_TRUE((*store)->Store(GeneratedMemory("a", 1)).ok());
  absl::Status refused;
  ASSERT_TRUE((*store)->View("a", [&](const MemoryView&) { refused = (*store)->Close(); }).ok());
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE((*store)->Contains("a").ok());
}

}  // namespace
}  // namespace engram::stress
