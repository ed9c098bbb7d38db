// The oracle against brute force, on random histories that are larger than what can be enumerated.
//
// A list of bytes decides everything: it drives a little store with two or three clients, unknown
// outcomes and crashes, which is correct, and then spoils what was seen in a few places or none. So
// many of the histories are right, and the others nearly. RapidCheck shrinks the bytes.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/history_brute_force.h"
#include "model/history_oracle.h"
#include "model/history_testing.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

// Where decisions come from; 0 when there are no more.
class Decisions {
 public:
  explicit Decisions(const std::vector<uint8_t>& bytes) : bytes_(bytes) {}
  size_t Below(size_t alternatives) {
    return next_ < bytes_.size() ? bytes_[next_++] % alternatives : 0;
  }
  bool OneIn(size_t n) { return Below(n) == n - 1; }
  bool exhausted() const { return next_ >= bytes_.size(); }

 private:
  const std::vector<uint8_t>& bytes_;
  size_t next_ = 0;
};

// A store that does everything right, and clients that record what they see.
class RecordedStore {
 public:
  explicit RecordedStore(Decisions& decisions) : decisions_(decisions) {}

  History Record() {
    focused_ = decisions_.OneIn(2);
    calls_left_ = 2 + decisions_.Below(7);
    size_t crashes_left = decisions_.Below(3);
    clients_ = 2 + decisions_.Below(2);
    history_.eras.emplace_back();
    size_t last_client = 0;
    while (!decisions_.exhausted()) {
      const size_t client = decisions_.Below(clients_);
      // Stamps stand still only while no other client does anything.
      now_ += client == last_client && decisions_.OneIn(3) ? 0 : 1;
      last_client = client;
      if (crashes_left > 0 && decisions_.OneIn(12)) {
        --crashes_left;
        Crash();
      } else if (!open_.contains(client)) {
        if (calls_left_ == 0) break;
        Invoke(client);
      } else if (!open_[client].has_taken_effect) {
        TakeEffect(open_[client]);
      } else {
        Return(client);
      }
    }
    while (crashes_left-- > 0) Crash();
    return history_;
  }

 private:
  struct Open {
    size_t call = 0;
    bool has_taken_effect = false;
    CallOutcome outcome = CallOutcome::kOk;
    Sequence seen = {};
    std::optional<Memory> result = {};
    size_t log_length = 0;  // when it was invoked
  };
  struct Value {
    std::optional<Memory> memory;
    Sequence last;
  };
  struct LogEntry {
    std::string id;
    Value value;
  };

  std::vector<Call>& calls() { return history_.eras.back().calls; }

  void Invoke(size_t client) {
    --calls_left_;
    Call& call = calls().emplace_back();
    call.kind = static_cast<CallKind>(decisions_.Below(6));
    call.operation = ++operation_;
    call.client = static_cast<uint8_t>(client);
    call.argument = MakeMemory(decisions_.OneIn(focused_ ? 8 : 3) ? "b" : "a", nullptr);
    if (call.kind == CallKind::kStore) call.argument.content = decisions_.OneIn(2) ? "1" : "2";
    if (call.kind == CallKind::kUpdateActivation) call.argument.activation = kUpdatedActivation;
    call.invoked_at = now_;
    open_[client] = {.call = calls().size() - 1, .log_length = log_.size()};
  }

  void TakeEffect(Open& open) {
    Call& call = calls()[open.call];
    open.has_taken_effect = true;
    Value& value = values_[call.argument.id];
    const bool is_mutation = call.kind == CallKind::kStore || call.kind == CallKind::kRemove ||
                             call.kind == CallKind::kUpdateActivation;
    if (call.kind == CallKind::kSync) {
      durable_ = std::max(durable_, open.log_length);
    } else if (decisions_.OneIn(12)) {
      open.outcome = CallOutcome::kRejected;
    } else if (call.kind != CallKind::kStore && !value.memory) {
      open.outcome = CallOutcome::kAbsent;
      if (decisions_.OneIn(2)) open.seen = value.last;
    } else if (!is_mutation) {
      open.seen = value.last;
      if (call.kind == CallKind::kGet) open.result = value.memory;
    } else {
      call.sequence = {++sequence_};
      if (decisions_.OneIn(focused_ ? 2 : 5)) {
        open.outcome = CallOutcome::kUnknown;
        if (decisions_.OneIn(2)) return;
      }
      value.last = call.sequence;
      if (call.kind == CallKind::kStore) {
        value.memory = call.argument;
      } else if (call.kind == CallKind::kRemove) {
        value.memory.reset();
      } else {
        value.memory->activation = call.argument.activation;
      }
      log_.push_back({call.argument.id, value});
    }
  }

  void Return(size_t client) {
    const Open& open = open_[client];
    Call& call = calls()[open.call];
    call.outcome = open.outcome;
    if (open.seen.value != 0) call.sequence = open.seen;
    call.result = open.result;
    call.returned_at = now_;
    open_.erase(client);
  }

  void Crash() {
    log_.resize(durable_ + decisions_.Below(log_.size() - durable_ + 1));
    durable_ = log_.size();
    open_.clear();
    history_.eras.emplace_back();
    if (decisions_.OneIn(4)) history_.eras.emplace_back();  // this recovery crashed
    values_.clear();
    for (const auto& [id, value] : log_) values_[id] = value;
    RecoveredState& recovered = history_.eras.back().recovered.emplace();
    for (const auto& [id, value] : values_) {
      if (value.memory) recovered.memories.push_back(*value.memory);
    }
    recovered.shown_at = ++now_;
  }

  Decisions& decisions_;
  History history_;
  bool focused_ = false;  // most calls go to one id, and many outcomes are unknown
  size_t calls_left_ = 0;
  size_t clients_ = 0;
  uint16_t operation_ = 0;
  uint64_t now_ = 1;
  uint64_t sequence_ = 0;
  std::map<size_t, Open> open_;  // by client
  std::map<std::string, Value> values_;
  std::vector<LogEntry> log_;
  size_t durable_ = 0;  // how much of the log a crash must keep
};

void SpoilMemory(Decisions& decisions, Memory& memory) {
  if (decisions.OneIn(2)) {
    memory.activation = memory.activation == 0 ? kUpdatedActivation : 0;
  } else {
    memory.content = memory.content == "1" ? "2" : "1";
  }
}

void SpoilRecovered(Decisions& decisions, RecoveredState& recovered) {
  std::vector<Memory>& memories = recovered.memories;
  if (memories.empty() || decisions.OneIn(4)) {
    memories.push_back(MakeMemory(decisions.OneIn(2) ? "b" : "a", "1"));
    return;
  }
  const size_t chosen = decisions.Below(memories.size());
  if (decisions.OneIn(2)) {
    memories.erase(memories.begin() + static_cast<ptrdiff_t>(chosen));
  } else {
    SpoilMemory(decisions, memories[chosen]);
  }
}

void SpoilCall(Decisions& decisions, Call& call) {
  switch (decisions.Below(5)) {
    case 0:
      call.sequence = {decisions.Below(8)};
      break;
    case 1:
      if (call.outcome != CallOutcome::kPending) {
        call.outcome = static_cast<CallOutcome>(decisions.Below(5));
        if (call.outcome == CallOutcome::kOk && call.kind == CallKind::kGet && !call.result) {
          call.result = MakeMemory(call.argument.id, "1");
        }
      }
      break;
    case 2:
      if (call.result) SpoilMemory(decisions, *call.result);
      break;
    case 3:
      call.invoked_at -= std::min<uint64_t>(call.invoked_at, decisions.Below(4));
      break;
    default:
      if (call.outcome != CallOutcome::kPending) call.returned_at += decisions.Below(4);
      break;
  }
}

// Spoils one place of what was seen.
void Spoil(Decisions& decisions, History& history) {
  History::Era& era = history.eras[decisions.Below(history.eras.size())];
  if (era.recovered && decisions.OneIn(2)) {
    SpoilRecovered(decisions, *era.recovered);
  } else if (!era.calls.empty()) {
    SpoilCall(decisions, era.calls[decisions.Below(era.calls.size())]);
  }
}

// Bytes that a seed decides.
class RandomBytes {
 public:
  explicit RandomBytes(uint64_t seed) : state_(seed) {}
  const std::vector<uint8_t>& Next() {
    for (uint8_t& byte : bytes_) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<uint8_t>(state_ >> 56);
    }
    return bytes_;
  }

 private:
  uint64_t state_;
  std::vector<uint8_t> bytes_ = std::vector<uint8_t>(96);
};

struct Verdicts {
  bool allowed = false;                // by brute force
  std::optional<Violation> violation;  // by the oracle
  bool differ() const { return allowed == violation.has_value(); }
};

// The first bytes decide what is spoilt, at most `spoilt_max` places; the rest what happens.
History MakeHistory(const std::vector<uint8_t>& bytes, size_t spoilt_max = 4) {
  const size_t spoil_bytes = std::min<size_t>(bytes.size(), 24);
  const std::vector<uint8_t> spoiling(bytes.begin(),
                                      bytes.begin() + static_cast<ptrdiff_t>(spoil_bytes));
  const std::vector<uint8_t> recording(bytes.begin() + static_cast<ptrdiff_t>(spoil_bytes),
                                       bytes.end());
  Decisions spoil(spoiling);
  Decisions record(recording);
  History history = RecordedStore(record).Record();
  for (size_t times = spoil.Below(spoilt_max + 1); times > 0; --times) Spoil(spoil, history);
  return history;
}

Verdicts Judge(const History& history) {
  return {BruteForceJudge(history).Allows(), JudgeHistory(history, NoEmbeddings())};
}

std::string TellDifference(const History& history, const Verdicts& verdicts) {
  return absl::StrCat(
      "Brute force ", verdicts.allowed ? "allows" : "condemns", ", the oracle says ",
      verdicts.violation ? verdicts.violation->claim + ": " + verdicts.violation->detail
                         : "nothing",
      " about\n", TellHistory(history));
}

TEST(RandomHistories, AreJudgedAlikeByBruteForce) {
  constexpr uint64_t kSeed = 1;
  constexpr uint64_t kHistories = 300'000;
  RandomBytes bytes(kSeed);
  uint64_t allowed = 0;
  uint64_t crashed = 0;
  uint64_t calls_max = 0;
  for (uint64_t i = 0; i < kHistories; ++i) {
    const History history = MakeHistory(bytes.Next());
    const Verdicts verdicts = Judge(history);
    ASSERT_FALSE(verdicts.differ()) << TellDifference(history, verdicts);
    allowed += verdicts.allowed ? 1 : 0;
    crashed += history.eras.size() > 1 ? 1 : 0;
    uint64_t calls = 0;
    for (const History::Era& era : history.eras) calls += era.calls.size();
    calls_max = std::max(calls_max, calls);
  }
  std::cout << "random (seed " << kSeed << "): " << kHistories << " histories compared, " << allowed
            << " allowed, " << crashed << " with a crash, up to " << calls_max << " calls\n";
  EXPECT_GT(allowed, kHistories / 5);
  EXPECT_LT(allowed, kHistories - kHistories / 5);
  EXPECT_GT(crashed, kHistories / 5);
}

TEST(RandomHistories, WithoutSpoilingAreAllowed) {
  RandomBytes bytes(2);
  for (int i = 0; i < 30'000; ++i) {
    const History history = MakeHistory(bytes.Next(), /*spoilt_max=*/0);
    const Verdicts verdicts = Judge(history);
    ASSERT_FALSE(verdicts.violation) << TellDifference(history, verdicts);
    ASSERT_TRUE(verdicts.allowed) << TellHistory(history);
  }
}

// The same property where a failure is shrunk. Its seed: RC_PARAMS="seed=...".
TEST(RandomHistories, AreJudgedAlikeByBruteForceUnderRapidCheck) {
  rc::detail::TestMetadata metadata;
  metadata.id = metadata.description = "verdicts of the oracle and of brute force are the same";
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess *= 200;
  const auto result = rc::detail::checkTestable(
      [] {
        const auto bytes = *rc::gen::resize(200, rc::gen::arbitrary<std::vector<uint8_t>>());
        const History history = MakeHistory(bytes);
        const Verdicts verdicts = Judge(history);
        if (verdicts.differ()) RC_FAIL(TellDifference(history, verdicts));
      },
      metadata, params);
  std::ostringstream told;
  rc::detail::printResultMessage(result, told);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << told.str();
  std::cout << "RapidCheck: " << told.str() << "\n";
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::model
