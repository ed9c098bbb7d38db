// Programs that end the process in one of two orders: what they leave must be the token of that
// order.

#include "model/explore/last_words.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "model/explore/explore.h"
#include "model/world/sanitizers.h"
#include "sync/atomic.h"
#include "sync/thread.h"

namespace engram::world {
namespace {

// Two threads; in one order of theirs `end` is called.
Program Racing(std::function<void()> end) {
  return FromFunction("racing", [end = std::move(end)] {
    sync::Atomic<int> first(0);
    sync::Thread writer("writer", [&] { first.Store(1, std::memory_order_seq_cst); });
    sync::Thread reader("reader", [&] {
      if (first.Load(std::memory_order_seq_cst) == 0) end();
    });
    writer.Join();
    reader.Join();
  });
}

// What a finding at the same place is called.
std::string ExpectedToken() {
  const Program program = Racing([] { Expect(false, "it ends here"); });
  Budget budget;
  budget.shrink = false;
  const Outcome outcome = Explore(program, {.name = "exhaustive"}, program.bounds, budget);
  return outcome.finding.has_value() ? outcome.finding->token : "none was found";
}

void ExploreWithLastWords(const std::function<void()>& end) {
  LeaveLastWords("say-again");
  const Program program = Racing(end);
  (void)Explore(program, {.name = "exhaustive"}, program.bounds);
}

[[gnu::noinline]] int Overflow(volatile int* above) {
  volatile int here[1024];
  here[0] = above != nullptr ? above[0] + 1 : 0;
  return here[0] < 0 ? 0 : Overflow(here) + here[0];
}

class LastWords : public testing::Test {
 protected:
  LastWords() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  const std::string words_ = "ended execution [0-9]+:\n  say-again '" + ExpectedToken() + "'";
};

TEST_F(LastWords, NameTheExecutionThatASegmentationFaultEnds) {
  EXPECT_DEATH(ExploreWithLastWords([] { std::raise(SIGSEGV); }), words_);
}

TEST_F(LastWords, NameTheExecutionThatAborts) {
  EXPECT_DEATH(ExploreWithLastWords([] { std::abort(); }), "SIGABRT " + words_);
}

TEST_F(LastWords, NameTheExecutionThatIsTerminated) {
  EXPECT_DEATH(ExploreWithLastWords([] { std::raise(SIGTERM); }), "SIGTERM " + words_);
}

TEST_F(LastWords, NameTheExecutionThatOverflowsItsStack) {
  EXPECT_DEATH(ExploreWithLastWords([] { std::exit(Overflow(nullptr) & 1); }), words_);
}

#ifdef ENGRAM_ASAN
TEST_F(LastWords, NameTheExecutionThatASanitizerReports) {
  EXPECT_DEATH(ExploreWithLastWords([] {
                 volatile int* gone = new int(1);
                 delete gone;
                 *gone = 2;
               }),
               "heap-use-after-free(.|\n)*a sanitizer's report " + words_);
}
#endif

TEST_F(LastWords, AreNotSpokenBetweenExecutions) {
  EXPECT_DEATH(
      {
        ExploreWithLastWords([] {});
        std::fputs("done:", stderr);
        std::abort();
      },
      "^done:$");
}

}  // namespace
}  // namespace engram::world
