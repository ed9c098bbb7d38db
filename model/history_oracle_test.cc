// A wrong history of every kind in the oracle's vocabulary, each beside a right one that comes
// close.

#include "model/history_oracle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/history_testing.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

using ::testing::HasSubstr;

// ---- Answers.

TEST(HistoryOracle, DamageWhereNothingWasDamagedIsFalseCorruption) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Damaged(Get("a", "1", 1, 3, 4))}),
            "false corruption");
  EXPECT_EQ(ClaimOf({Damaged(Store("a", "1", 1, 1, 2))}), "false corruption");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Rejected(Get("a", "1", 1, 3, 4))}), "allowed");
}

TEST(HistoryOracle, OkWithoutSequenceIsAWrongAnswer) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 0, 1, 2)}), "wrong answer");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Get("a", "1", 0, 3, 4)}), "wrong answer");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Contains("a", 0, 3, 4)}), "wrong answer");
  EXPECT_EQ(ClaimOf({Sync(1, 2), Absent(Get("a", "", 0, 3, 4))}), "allowed");
}

TEST(HistoryOracle, AcceptingAnInvalidArgumentIsAWrongAnswer) {
  Memory invalid = MakeMemory("a", "1");
  invalid.confidence = 2;
  EXPECT_EQ(ClaimOf({Store(invalid, 1, 1, 2)}), "wrong answer");
  EXPECT_EQ(ClaimOf({Rejected(Store(invalid, 0, 1, 2))}), "allowed");
  EXPECT_EQ(ClaimOf({Absent(Get("", "", 0, 1, 2))}), "wrong answer");
  Call update = Update("a", 2, 3, 4);
  update.argument.activation = -1;
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), update}), "wrong answer");
}

TEST(HistoryOracle, FoundOrNotAgainstTheModelIsAWrongAnswer) {
  EXPECT_EQ(ClaimOf({Remove("a", 1, 1, 2)}), "wrong answer");
  EXPECT_EQ(ClaimOf({Update("a", 1, 1, 2)}), "wrong answer");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Absent(Remove("a", 0, 3, 4))}), "wrong answer");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Absent(Update("a", 0, 3, 4))}), "wrong answer");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 6), Remove("a", 3, 4, 5)}),
            "wrong answer");
  // One of two Removes at once finds nothing, whichever returns first.
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 6), Absent(Remove("a", 0, 4, 5))}),
            "allowed");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 5), Absent(Update("a", 0, 3, 4))}), "allowed");
}

TEST(HistoryOracle, ARemoveThatFoundNothingTakesNoSequence) {
  EXPECT_EQ(ClaimOf({Absent(Remove("a", 1, 1, 2))}), "wrong answer");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 4), Absent(Remove("a", 2, 5, 6))}),
            "allowed");
}

// ---- Sequences.

TEST(HistoryOracle, ASequenceAssignedTwiceIsADuplicate) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Store("b", "1", 1, 3, 4)}), "duplicate sequence");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Pending(Store("b", "1", 1, 3, 0))}),
            "duplicate sequence");
  EXPECT_EQ(ClaimOf(Then(Calls({Store("a", "1", 1, 1, 2)}), {}, {Store("a", "2", 1, 3, 4)})),
            "duplicate sequence");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Store("b", "1", 7, 3, 4)}), "allowed");
}

TEST(HistoryOracle, SequencesGrowWithRealTime) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 2, 1, 2), Store("b", "1", 1, 3, 4)}),
            "sequence against real time");
  EXPECT_EQ(ClaimOf({Store("a", "1", 2, 1, 3), Store("b", "1", 1, 2, 4)}), "allowed");
  // At equal stamps the return comes first.
  EXPECT_EQ(ClaimOf({Store("a", "1", 2, 1, 2), Store("b", "1", 1, 2, 3)}),
            "sequence against real time");
}

TEST(HistoryOracle, WhatAReaderSawHasItsSequence) {
  // Store("a") has not returned when Store("b") begins, but its sequence has been shown.
  EXPECT_EQ(ClaimOf({Store("a", "1", 2, 1, 9), Get("a", "1", 2, 2, 3), Store("b", "1", 1, 4, 5)}),
            "sequence against real time");
  EXPECT_EQ(ClaimOf({Store("a", "1", 2, 1, 9), Get("a", "1", 2, 2, 5), Store("b", "1", 1, 4, 6)}),
            "allowed");
}

TEST(HistoryOracle, AReadSeesNothingThatBeginsLater) {
  EXPECT_EQ(ClaimOf({Get("a", "1", 1, 1, 2), Store("a", "1", 1, 3, 4)}), "read from the future");
  EXPECT_EQ(ClaimOf({Get("a", "1", 1, 1, 4), Store("a", "1", 1, 3, 5)}), "allowed");
  // The right sequence, but bytes that are only stored later.
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Get("a", "2", 1, 3, 4), Store("a", "2", 2, 5, 6)}),
            "read from the future");
}

// ---- Values.

TEST(HistoryOracle, TheBytesOfAnotherMemoryAreNamedSo) {
  const std::vector<Call> stores = {Store("a", "apple", 1, 1, 2), Store("b", "banana", 2, 3, 4),
                                    Store("c", "cherry", 3, 5, 6)};
  const auto seen = [&](const char* content, uint64_t sequence) {
    std::vector<Call> calls = stores;
    calls.push_back(Get("a", content, sequence, 7, 8));
    return ClaimOf(calls);
  };
  EXPECT_EQ(seen("banana", 1), "another memory's bytes");
  EXPECT_EQ(seen("banana", 2), "another memory's bytes");
  EXPECT_EQ(seen("anana", 1), "another memory's bytes");
  EXPECT_EQ(seen("nache", 1), "another memory's bytes")
      << "the end of one, the beginning of another";
  EXPECT_EQ(seen("leban", 1), "another memory's bytes") << "the end of its own, then another's";
  EXPECT_EQ(seen("apple", 2), "another memory's bytes") << "another's sequence";
  EXPECT_EQ(seen("apple", 1), "allowed");
}

TEST(HistoryOracle, TheEmbeddingOfAnotherMemoryIsNamedSo) {
  Memory a = MakeMemory("a", "same");
  a.embedding = {1, 2};
  Memory b = MakeMemory("b", "same");
  b.embedding = {3, 4};
  Memory mixed = a;
  mixed.embedding = b.embedding;
  const ReferenceStore::Limits limits = {.embedding_dimension = 2};
  const auto violation =
      JudgeHistory(Calls({Store(a, 1, 1, 2), Store(b, 2, 3, 4), Get(mixed, 1, 5, 6)}), limits);
  ASSERT_TRUE(violation);
  EXPECT_EQ(violation->claim, "another memory's bytes");
  EXPECT_THAT(violation->detail, HasSubstr("embedding"));
}

TEST(HistoryOracle, WhatNobodyStoredIsInvented) {
  const auto seen = [](const Memory& memory) {
    return ClaimOf({Store("a", "1", 1, 1, 2), Store("b", "", 2, 3, 4), Get(memory, 1, 5, 6)});
  };
  EXPECT_EQ(seen(MakeMemory("a", "[missing]")), "invented value");
  EXPECT_EQ(seen(MakeMemory("a", "")), "invented value");
  EXPECT_EQ(seen(MakeMemory("a", nullptr)), "invented value");
  Memory minus_zero = MakeMemory("a", "1");
  minus_zero.confidence = -0.0F;
  EXPECT_EQ(seen(minus_zero), "invented value");
  EXPECT_EQ(seen(MakeMemory("a", "1")), "allowed");
}

TEST(HistoryOracle, ASequenceThatNobodyWasGivenIsInvented) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Get("a", "1", 9, 3, 4)}), "invented value");
  EXPECT_EQ(ClaimOf({Absent(Get("a", "", 9, 3, 4))}), "invented value");
  EXPECT_EQ(ClaimOf({Pending(Store("a", "1", 0, 1, 0)), Get("a", "1", 1, 3, 4)}), "invented value");
  EXPECT_EQ(ClaimOf({Pending(Store("a", "1", 1, 1, 0)), Get("a", "1", 1, 3, 4)}), "allowed");
}

TEST(HistoryOracle, ARejectedCallHasNoEffect) {
  const std::vector<Call> calls = {Store("a", "1", 1, 1, 2), Rejected(Store("a", "2", 2, 3, 4))};
  const auto then = [&](const Call& call) {
    std::vector<Call> longer = calls;
    longer.push_back(call);
    return ClaimOf(longer);
  };
  EXPECT_EQ(then(Get("a", "2", 2, 5, 6)), "effect of a rejected call");
  EXPECT_EQ(then(Get("a", "2", 1, 5, 6)), "effect of a rejected call");
  EXPECT_EQ(then(Get("a", "1", 1, 5, 6)), "allowed");
  EXPECT_EQ(
      ClaimOf({Store("a", "1", 1, 1, 2), Rejected(Update("a", 0, 3, 4)), Get("a", "1*", 1, 5, 6)}),
      "effect of a rejected call");
  EXPECT_EQ(ClaimOf(Then(Calls(calls), {MakeMemory("a", "2")})), "effect of a rejected call");
  EXPECT_EQ(ClaimOf(Then(Calls(calls), {MakeMemory("a", "1")})), "allowed");
}

// ---- The newest mutation.

TEST(HistoryOracle, ARemovedMemoryStaysRemoved) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 4), Get("a", "1", 1, 5, 6)}),
            "resurrection");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 4), Contains("a", 1, 5, 6)}),
            "resurrection");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 4), Contains("a", 2, 5, 6)}),
            "resurrection");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 6), Get("a", "1", 1, 4, 5)}),
            "allowed");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Remove("a", 2, 3, 4), Store("a", "1", 3, 5, 6),
                     Get("a", "1", 3, 7, 8)}),
            "allowed");
}

TEST(HistoryOracle, AnAcknowledgedStoreIsSeen) {
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Absent(Get("a", "", 0, 3, 4))}), "lost store");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Absent(Contains("a", 0, 3, 4))}), "lost store");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Absent(Contains("a", 1, 3, 4))}), "lost store");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Store("a", "2", 2, 3, 4), Get("a", "1", 1, 5, 6)}),
            "lost store");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 4), Absent(Get("a", "", 0, 2, 3))}), "allowed");
  EXPECT_EQ(ClaimOf({Store("a", "1", 1, 1, 2), Store("a", "2", 2, 3, 6), Get("a", "1", 1, 4, 5)}),
            "allowed");
}

TEST(HistoryOracle, AnAcknowledgedUpdateIsSeenAndActsOnTheNewest) {
  const Call store = Store("a", "1", 1, 1, 2);
  EXPECT_EQ(ClaimOf({store, Update("a", 2, 3, 4), Get("a", "1", 1, 5, 6)}), "lost update");
  EXPECT_EQ(
      ClaimOf({store, Store("a", "2", 2, 3, 4), Update("a", 3, 5, 6), Get("a", "1*", 3, 7, 8)}),
      "lost update");
  EXPECT_EQ(
      ClaimOf({store, Store("a", "2", 2, 3, 4), Update("a", 3, 5, 6), Get("a", "2*", 3, 7, 8)}),
      "allowed");
}

TEST(HistoryOracle, AReadThatTellsNoActivationTellsTheRest) {
  const Call stored = Store("a", "x", 1, 1, 2);
  const Call updated = Update("a", 2, 3, 4);
  Call recalled = Get("a", "x", 2, 5, 6);
  EXPECT_EQ(ClaimOf({stored, updated, recalled}), "stale read");
  recalled.tells_activation = false;
  EXPECT_EQ(ClaimOf({stored, updated, recalled}), "allowed");
  recalled.result->content = "y";
  EXPECT_EQ(ClaimOf({stored, updated, recalled}), "invented value");
}

TEST(HistoryOracle, AReadThatGoesBackInTimeIsStale) {
  const Call first = Store("a", "1", 1, 1, 2);
  const Call second = Store("a", "2", 2, 3, 99);
  // Nobody had acknowledged the newer version, but somebody had seen it.
  EXPECT_EQ(ClaimOf({first, second, Get("a", "2", 2, 4, 5), Get("a", "1", 1, 6, 7)}), "stale read");
  EXPECT_EQ(ClaimOf({first, second, Get("a", "2", 2, 4, 6), Get("a", "1", 1, 5, 7)}), "allowed");
  // It was acknowledged, and not lost.
  EXPECT_EQ(
      ClaimOf({first, Store("a", "2", 2, 3, 4), Get("a", "1", 1, 5, 6), Get("a", "2", 2, 7, 8)}),
      "stale read");
  EXPECT_EQ(ClaimOf({first, Store("a", "2", 2, 3, 4), Get("a", "1", 2, 5, 6)}), "stale read");
}

// ---- Reads of absence without a sequence.

TEST(HistoryOracle, AbsenceTakesTheEarliestPlaceThatEarlierReadsAllow) {
  const std::vector<Call> calls = {Store("a", "1", 1, 1, 90), Remove("a", 2, 2, 91),
                                   Store("a", "2", 3, 3, 92), Remove("a", 4, 4, 93),
                                   Absent(Get("a", "", 0, 10, 11))};
  const auto with = [&](std::vector<Call> more) {
    more.insert(more.begin(), calls.begin(), calls.end());
    return ClaimOf(more);
  };
  EXPECT_EQ(with({Get("a", "1", 1, 12, 13)}), "allowed") << "before the first Store";
  EXPECT_EQ(with({Get("a", "1", 1, 5, 6), Get("a", "2", 3, 12, 13)}), "allowed") << "between";
  EXPECT_EQ(with({Get("a", "2", 3, 5, 6), Get("a", "2", 3, 12, 13)}), "stale read");
  EXPECT_EQ(with({Get("a", "1", 1, 5, 6), Get("a", "1", 1, 12, 13)}), "stale read");
  EXPECT_EQ(with({Get("a", "2", 3, 5, 6), Absent(Get("a", "", 4, 12, 13))}), "allowed");
}

// ---- Unknown outcomes.

TEST(HistoryOracle, WhatIsUnknownMayHaveHappenedOrNot) {
  const Call store = Store("a", "1", 1, 1, 2);
  const Call unknown = Unknown(Store("a", "2", 2, 3, 4));
  EXPECT_EQ(ClaimOf({store, unknown, Get("a", "1", 1, 5, 6)}), "allowed");
  EXPECT_EQ(ClaimOf({store, unknown, Get("a", "2", 2, 5, 6)}), "allowed");
  EXPECT_EQ(ClaimOf({store, unknown, Get("a", "1", 1, 5, 6), Get("a", "2", 2, 7, 8)}), "allowed");
  EXPECT_EQ(ClaimOf({store, unknown, Get("a", "2", 2, 5, 6), Get("a", "1", 1, 7, 8)}),
            "stale read");
  EXPECT_EQ(ClaimOf({unknown, Update("a", 3, 5, 6)}), "allowed") << "then it happened";
  EXPECT_EQ(ClaimOf({unknown, Update("a", 3, 5, 6), Get("a", "1*", 3, 7, 8)}), "invented value");
  EXPECT_EQ(ClaimOf({unknown, Update("a", 3, 5, 6), Absent(Get("a", "", 0, 7, 8))}), "lost store");
}

// ---- Texts and form.

TEST(HistoryOracle, SaysWhatWasPromisedAndWhatWasSeen) {
  Call store = Store("a", "apple", 1, 1, 2);
  store.operation = 4;
  Call get = Get("a", "grape", 1, 3, 4);
  get.operation = 5;
  get.client = 2;
  EXPECT_EQ(DetailOf(Calls({store, get})),
            "Get(\"a\") = found, sequence 1 (operation 5 of client 2, 3..4) showed {content "
            "\"grape\"}. The state that it names was made by Store(\"a\") = OK, sequence 1 "
            "(operation 4 of client 0, 1..2): {content \"apple\"}; it differs in content \"grape\" "
            "instead of \"apple\".");
}

TEST(HistoryOracle, DoesNotDependOnTheOrderOfCalls) {
  std::vector<Call> calls = {Store("a", "1", 1, 1, 2), Store("a", "2", 2, 3, 4),
                             Get("a", "1", 1, 5, 6), Get("b", "1", 1, 5, 6)};
  const std::string detail = DetailOf(Calls(calls));
  EXPECT_NE(detail, "");
  std::sort(calls.begin(), calls.end(), [](const Call& a, const Call& b) {
    return a.sequence != b.sequence ? a.sequence > b.sequence : a.argument.id > b.argument.id;
  });
  EXPECT_EQ(DetailOf(Calls(calls)), detail);
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::model
