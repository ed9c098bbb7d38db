// The oracle against brute force, on what is hardest to judge: many mutations of one id at once,
// most of them of unknown outcome, reads of absence that may stand anywhere, and a recovery whose
// place in the order another id gives away.
//
// Unlike in history_random_test.cc no store is simulated: the calls are made up, so that every
// constellation is as likely as those that a right store would show.

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include "model/history_brute_force.h"
#include "model/history_oracle.h"
#include "model/history_testing.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Below(uint64_t alternatives) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % alternatives;
  }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

// Mutation i begins around time 10 i, so that sequences mostly agree with real time, and neighbours
// overlap.
constexpr uint64_t kPeriod = 10;

Call MakeMutation(Random& random, uint64_t sequence) {
  const uint64_t from = kPeriod * sequence + random.Below(kPeriod);
  const uint64_t until = from + 1 + random.Below(4 * kPeriod);
  const std::string content = std::to_string(sequence);
  Call call = random.OneIn(3)   ? Remove("a", sequence, from, until)
              : random.OneIn(4) ? Update("a", sequence, from, until)
                                : Store("a", content.c_str(), sequence, from, until);
  if (random.OneIn(2)) return call;
  return random.OneIn(2) ? Unknown(call) : Pending(call);
}

// Any of the values that `a` may have had.
Memory AnyVersion(Random& random, uint64_t mutations) {
  std::string content = std::to_string(1 + random.Below(mutations));
  if (random.OneIn(3)) content += "*";
  return MakeTold("a", content);
}

Call MakeRead(Random& random, uint64_t mutations) {
  const uint64_t from = kPeriod + random.Below(kPeriod * (mutations + 2));
  const uint64_t until = from + 1 + random.Below(3 * kPeriod);
  if (random.OneIn(2)) return Absent(Get("a", "", 0, from, until));
  const uint64_t seen = 1 + random.Below(mutations);
  if (random.OneIn(3)) return Contains("a", seen, from, until);
  return Get("a", std::to_string(seen), seen, from, until);
}

History MakeHistory(Random& random) {
  const uint64_t mutations = 2 + random.Below(4);
  std::vector<Call> calls;
  for (uint64_t sequence = 1; sequence <= mutations; ++sequence) {
    calls.push_back(MakeMutation(random, sequence));
  }
  for (uint64_t reads = random.Below(4); reads > 0; --reads) {
    calls.push_back(MakeRead(random, mutations));
  }
  History history = Calls(calls);
  if (random.OneIn(4)) return history;
  // One of the mutations is of another id: whether it survived gives the place away.
  Call& other = history.eras[0].calls[random.Below(mutations)];
  other.kind = CallKind::kStore;
  other.argument = MakeMemory("b", "b");
  std::vector<Memory> recovered;
  if (random.OneIn(2)) recovered.push_back(other.argument);
  if (!random.OneIn(3)) recovered.push_back(AnyVersion(random, mutations));
  if (random.OneIn(2)) {
    const uint64_t from = kPeriod + random.Below(kPeriod * mutations * 2);
    history.eras[0].calls.push_back(Sync(from, from + 1));
  }
  std::vector<Call> later;
  if (random.OneIn(3)) later.push_back(MakeRead(random, mutations));
  return Then(history, recovered, later);
}

TEST(ChainsOfMutations, AreJudgedAlikeByBruteForce) {
  constexpr uint64_t kSeed = 1;
  constexpr uint64_t kHistories = 300'000;
  Random random(kSeed);
  uint64_t allowed = 0;
  uint64_t recovered = 0;
  for (uint64_t i = 0; i < kHistories; ++i) {
    const History history = MakeHistory(random);
    const bool allows = BruteForceJudge(history).Allows();
    const std::string claim = ClaimOf(history);
    ASSERT_EQ(claim == "allowed", allows) << claim << " in\n" << TellHistory(history);
    allowed += allows ? 1 : 0;
    recovered += allows && history.eras.size() > 1 ? 1 : 0;
  }
  std::cout << "chains (seed " << kSeed << "): " << kHistories << " histories compared, " << allowed
            << " allowed, " << recovered << " of them with a crash\n";
  EXPECT_GT(recovered, kHistories / 20);
  EXPECT_GT(allowed, recovered + kHistories / 20);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::model
