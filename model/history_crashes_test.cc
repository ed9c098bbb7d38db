// What a recovery may show, and what must hold after it: wrong histories with crashes, each beside
// a right one that comes close.

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/history_oracle.h"
#include "model/history_testing.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

TEST(HistoryWithCrashes, ARecoveryShowsAPrefix) {
  const History history =
      Calls({Store("a", "1", 1, 1, 2), Store("b", "1", 2, 3, 4), Store("a", "2", 3, 5, 6)});
  const Memory a1 = MakeMemory("a", "1");
  const Memory a2 = MakeMemory("a", "2");
  const Memory b = MakeMemory("b", "1");
  EXPECT_EQ(ClaimOf(Then(history, {})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {a1})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {b, a1})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {a2, b})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {b})), "mixed state after a crash");
  EXPECT_EQ(ClaimOf(Then(history, {a2})), "mixed state after a crash");
  EXPECT_EQ(ClaimOf(Then(history, {a1, a2, b})), "mixed state after a crash") << "an id twice";
  EXPECT_EQ(ClaimOf(Then(history, {MakeMemory("a", "3")})), "invented value");
  EXPECT_EQ(ClaimOf(Then(history, {MakeMemory("c", "3")})), "invented value");
}

TEST(HistoryWithCrashes, ARecoveryShowsNoIdThatCannotBeStored) {
  const History history = Calls({Store("a", "1", 1, 1, 2)});
  for (const std::string& id :
       {std::string("\xFF"), std::string(), std::string(kIdBytesMax + 1, 'a')}) {
    EXPECT_EQ(ClaimOf(Then(history, {MakeMemory(id, "1")})), "another memory's bytes");
    EXPECT_EQ(ClaimOf(Then(history, {MakeMemory(id, "2")})), "invented value");
    EXPECT_EQ(ClaimOf(Then(history, {}, {Get(id, "1", 1, 3, 4)})), "wrong answer");
  }
}

TEST(HistoryWithCrashes, ARecoveryShowsNoForeignOrMixedValue) {
  Memory first = MakeMemory("a", "apple");
  Memory second = MakeMemory("a", "avocado");
  second.access_count = 2;
  const History history =
      Calls({Store(first, 1, 1, 2), Store("b", "banana", 2, 3, 4), Store(second, 3, 5, 6)});
  EXPECT_EQ(ClaimOf(Then(history, {MakeMemory("a", "banana")})), "another memory's bytes");
  Memory mixed = first;
  mixed.access_count = 2;
  EXPECT_EQ(ClaimOf(Then(history, {mixed})), "mixed state after a crash");
}

TEST(HistoryWithCrashes, WhatASyncCoveredSurvives) {
  const Call a = Store("a", "1", 1, 1, 2);
  const Call b = Store("b", "1", 2, 3, 6);
  const Memory a1 = MakeMemory("a", "1");
  EXPECT_EQ(ClaimOf(Then(Calls({a, b, Sync(7, 8)}), {a1})), "lost after sync");
  EXPECT_EQ(ClaimOf(Then(Calls({a, b, Sync(5, 8)}), {a1})), "allowed") << "b had not returned";
  EXPECT_EQ(ClaimOf(Then(Calls({a, b, Sync(5, 8)}), {})), "lost after sync");
  EXPECT_EQ(ClaimOf(Then(Calls({a, b, Pending(Sync(7, 0))}), {})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Calls({a, b, Rejected(Sync(7, 8))}), {})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Calls({a, Sync(7, 8), Remove("a", 3, 9, 10)}), {})), "allowed");
}

TEST(HistoryWithCrashes, WhatARecoveryShowedIsDurable) {
  const Memory a1 = MakeMemory("a", "1");
  const Memory a2 = MakeMemory("a", "2");
  const History history = Calls({Store("a", "1", 1, 1, 2), Store("a", "2", 2, 3, 4)});
  EXPECT_EQ(ClaimOf(Then(Then(history, {a1}), {a1})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Then(history, {a1}), {})), "changed after recovery");
  EXPECT_EQ(ClaimOf(Then(Then(history, {a1}), {a2})), "changed after recovery");
  EXPECT_EQ(ClaimOf(Then(Then(history, {}), {a1})), "changed after recovery");
  EXPECT_EQ(ClaimOf(Then(Then(history, {a1}, {Store("a", "3", 3, 5, 6)}), {a1})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Then(history, {a1}, {Remove("a", 3, 5, 6)}), {})), "allowed");
}

TEST(HistoryWithCrashes, ReadsAfterARecoverySeeWhatItShowed) {
  const Memory a1 = MakeMemory("a", "1");
  const History history = Calls({Store("a", "1", 1, 1, 2), Store("a", "2", 2, 3, 4)});
  EXPECT_EQ(ClaimOf(Then(history, {a1}, {Get("a", "1", 1, 5, 6)})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {a1}, {Get("a", "2", 2, 5, 6)})), "changed after recovery");
  EXPECT_EQ(ClaimOf(Then(history, {a1}, {Absent(Get("a", "", 0, 5, 6))})),
            "changed after recovery");
  EXPECT_EQ(ClaimOf(Then(history, {}, {Get("a", "1", 1, 5, 6)})), "changed after recovery");
  EXPECT_EQ(ClaimOf(Then(history, {a1}, {Store("a", "3", 3, 5, 6), Get("a", "1", 1, 7, 8)})),
            "lost store");
}

TEST(HistoryWithCrashes, ReadsAfterARecoveryAgreeOnThePrefix) {
  // Two versions with the same bytes: only later reads tell which of them survived.
  const Memory a = MakeMemory("a", "1");
  const Memory b = MakeMemory("b", "1");
  const History history = Calls({Store("a", "1", 1, 1, 2), Store("b", "1", 2, 3, 4),
                                 Store("a", "1", 3, 5, 6), Store("b", "1", 4, 7, 8)});
  const auto reads = [&](std::vector<Call> calls) {
    return ClaimOf(Then(history, {a, b}, std::move(calls)));
  };
  EXPECT_EQ(reads({Get("a", "1", 1, 10, 11), Get("b", "1", 2, 12, 13)}), "allowed");
  EXPECT_EQ(reads({Get("a", "1", 3, 10, 11), Get("b", "1", 2, 12, 13)}), "allowed");
  EXPECT_EQ(reads({Get("a", "1", 1, 10, 11), Get("b", "1", 4, 12, 13)}), "changed after recovery");
  EXPECT_EQ(reads({Get("a", "1", 1, 10, 11), Get("a", "1", 3, 12, 13)}), "changed after recovery");
  // And if the reads come only after another crash.
  const History twice = Then(history, {a, b});
  EXPECT_EQ(ClaimOf(Then(twice, {a, b}, {Get("a", "1", 3, 10, 11), Get("b", "1", 4, 12, 13)})),
            "allowed");
  EXPECT_EQ(ClaimOf(Then(twice, {a, b}, {Get("a", "1", 1, 10, 11), Get("b", "1", 4, 12, 13)})),
            "changed after recovery");
}

TEST(HistoryWithCrashes, ARecoveryMayCrash) {
  History history = Calls({Store("a", "1", 1, 1, 2), Sync(3, 4)});
  history.eras.push_back({});
  history.eras.push_back({});
  EXPECT_EQ(ClaimOf(history), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {MakeMemory("a", "1")})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {})), "lost after sync");
}

TEST(HistoryWithCrashes, APendingMutationMaySurviveOrNot) {
  const History history = Calls({Pending(Store("a", "1", 1, 1, 0)), Store("b", "1", 2, 2, 3)});
  const Memory a = MakeMemory("a", "1");
  const Memory b = MakeMemory("b", "1");
  EXPECT_EQ(ClaimOf(Then(history, {})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {a})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {b})), "allowed");
  EXPECT_EQ(ClaimOf(Then(history, {a, b})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Calls({Pending(Store("a", "1", 0, 1, 0))}), {a})), "invented value")
      << "it took no sequence, so it cannot have happened";
}

TEST(HistoryWithCrashes, SequencesGrowAcrossCrashes) {
  const History lost = Calls({Store("a", "1", 5, 1, 2)});
  EXPECT_EQ(ClaimOf(Then(lost, {}, {Store("a", "2", 4, 3, 4)})), "sequence against real time");
  EXPECT_EQ(ClaimOf(Then(lost, {}, {Store("a", "2", 6, 3, 4)})), "allowed");
  const History never_returned = Calls({Pending(Store("a", "1", 5, 1, 0))});
  EXPECT_EQ(ClaimOf(Then(never_returned, {}, {Store("a", "2", 4, 3, 4)})),
            "sequence against real time");
}

TEST(HistoryWithCrashes, WhatIsUnknownStaysAsItTurnedOut) {
  const std::vector<Call> seen = {Unknown(Store("a", "1", 1, 1, 2)), Get("a", "1", 1, 3, 4),
                                  Store("b", "1", 2, 5, 6)};
  EXPECT_EQ(ClaimOf(Then(Calls(seen), {MakeMemory("a", "1"), MakeMemory("b", "1")})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Calls(seen), {MakeMemory("b", "1")})), "mixed state after a crash");
  // The Update of the first version shows that the second never happened.
  const std::vector<Call> unseen = {Store("a", "1", 1, 1, 2), Unknown(Store("a", "2", 2, 3, 4)),
                                    Update("a", 3, 5, 6), Get("a", "1*", 3, 7, 8)};
  EXPECT_EQ(ClaimOf(Then(Calls(unseen), {MakeMemory("a", "1")})), "allowed");
  EXPECT_EQ(ClaimOf(Then(Calls(unseen), {MakeMemory("a", "2")})), "mixed state after a crash");
}

TEST(HistoryWithCrashes, WhatASurvivorWasDecidesWhereAnAbsenceWas) {
  // Somebody found nothing, so the Remove of unknown outcome happened; but then the first version
  // cannot have survived behind it. That a later Remove ends the matter changes nothing.
  const std::vector<Call> unread = {Store("a", "1", 1, 1, 2), Unknown(Remove("a", 2, 3, 4)),
                                    Store("b", "1", 3, 5, 6), Sync(7, 8),
                                    Store("a", "2", 4, 10, 11)};
  const Call absence = Absent(Get("a", "", 0, 9, 13));
  const Memory a = MakeMemory("a", "1");
  const Memory b = MakeMemory("b", "1");
  const auto with = [&](const std::vector<Call>& more, const std::vector<Memory>& recovered) {
    std::vector<Call> calls = unread;
    calls.insert(calls.end(), more.begin(), more.end());
    return ClaimOf(Then(Calls(calls), recovered));
  };
  // The later Remove begins after the read of absence has returned.
  const Call later = Remove("a", 5, 14, 15);
  EXPECT_EQ(with({absence, later}, {b}), "allowed");
  EXPECT_EQ(with({absence, later}, {a, b}), "mixed state after a crash");
  EXPECT_EQ(with({later}, {a, b}), "allowed");
  // It begins before, but a read of the version before it begins after.
  const Call beside = Remove("a", 5, 12, 21);
  const Call read = Get("a", "2", 4, 14, 20);
  EXPECT_EQ(with({absence, beside, read}, {b}), "allowed");
  EXPECT_EQ(with({absence, beside, read}, {a, b}), "mixed state after a crash");
  EXPECT_EQ(with({absence, beside}, {a, b}), "allowed");
  const Call third = Store("a", "3", 5, 12, 21);
  const Call last = Remove("a", 6, 12, 22);
  const Call read_third = Get("a", "3", 5, 14, 20);
  EXPECT_EQ(with({absence, third, last, read_third}, {b}), "allowed");
  EXPECT_EQ(with({absence, third, last, read_third}, {a, b}), "mixed state after a crash");
  EXPECT_EQ(with({absence, third, last}, {a, b}), "allowed");
  // Nothing removes it any more.
  EXPECT_EQ(with({absence}, {b}), "allowed");
  EXPECT_EQ(with({absence}, {a, b}), "mixed state after a crash");
  EXPECT_EQ(with({}, {a, b}), "allowed");
}

TEST(HistoryWithCrashes, SaysWhatASyncPromisedAndWhatIsMissing) {
  EXPECT_EQ(DetailOf(Then(Calls({Store("a", "1", 1, 1, 2), Store("b", "1", 2, 3, 4), Sync(5, 6)}),
                          {MakeMemory("a", "1")})),
            "The recovery at 0 showed the state after sequence 1: Store(\"b\") = OK, sequence 2 "
            "(operation 0 of client 0, 3..4) and all after it are gone. But Sync() = OK (operation "
            "0 of client 0, 5..6) promised to keep everything up to Store(\"b\") = OK, sequence 2 "
            "(operation 0 of client 0, 3..4).");
}

TEST(HistoryWithCrashes, SaysWhyThereIsNoPrefix) {
  EXPECT_EQ(
      DetailOf(Then(Calls({Store("a", "1", 1, 1, 2), Store("b", "1", 2, 3, 4)}),
                    {MakeMemory("b", "1")})),
      "The recovery at 0 showed what never was at the same time: \"a\" was nothing from the "
      "beginning until before sequence 1; \"b\" was {content \"1\"} from sequence 2; even the "
      "prefix that explains most, up to the beginning, leaves 1 unexplained.");
}

TEST(HistoryWithCrashes, JudgesLongHistories) {
  constexpr uint64_t kRounds = 50'000;
  History history = Calls({});
  std::vector<Call>& calls = history.eras[0].calls;
  for (uint64_t i = 1; i <= kRounds; ++i) {
    const std::string id = "memory " + std::to_string(i % 100);
    const std::string content = std::to_string(i);
    calls.push_back(Store(id, content.c_str(), i, 4 * i, 4 * i + 2));
    calls.push_back(Get(id, content, i, 4 * i + 1, 4 * i + 3));
  }
  EXPECT_EQ(ClaimOf(history), "allowed");
  std::vector<Memory> last;
  for (uint64_t i = kRounds - 99; i <= kRounds; ++i) {
    last.push_back(MakeMemory("memory " + std::to_string(i % 100), std::to_string(i).c_str()));
  }
  EXPECT_EQ(ClaimOf(Then(history, last)), "allowed");
  last[50].content = std::to_string(kRounds - 149);
  EXPECT_EQ(ClaimOf(Then(history, last)), "mixed state after a crash");
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::model
