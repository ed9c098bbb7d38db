// The histories. Calls are in the order of their beginnings; `During` lets the next call begin
// before the last ended.

#include "stress/verify/told_histories.h"

#include <optional>
#include <utility>

namespace engram::verify {
namespace {

using model::Call;
using model::CallKind;
using model::CallOutcome;

// Writes a history down, one call after the other. Every call takes two units of time.
class Telling {
 public:
  Telling() { history_.eras.emplace_back(); }

  Telling& Store(std::string id, std::string text, uint64_t sequence) {
    Call& call = Add(CallKind::kStore, std::move(id), CallOutcome::kOk, sequence);
    call.argument.content = std::move(text);
    return *this;
  }
  Telling& Remove(std::string id, uint64_t sequence) {
    Add(CallKind::kRemove, std::move(id), CallOutcome::kOk, sequence);
    return *this;
  }
  Telling& Activate(std::string id, float activation, uint64_t sequence) {
    Call& call = Add(CallKind::kUpdateActivation, std::move(id), CallOutcome::kOk, sequence);
    call.argument.activation = activation;
    return *this;
  }
  Telling& Sync() {
    Add(CallKind::kSync, "", CallOutcome::kOk, 0);
    return *this;
  }
  Telling& Get(std::string id, std::string text, uint64_t sequence, float activation = 0) {
    Call& call = Add(CallKind::kGet, id, CallOutcome::kOk, sequence);
    call.result = Made(std::move(id), std::move(text), activation);
    return *this;
  }
  Telling& GetNothing(std::string id) {
    Add(CallKind::kGet, std::move(id), CallOutcome::kAbsent, 0);
    return *this;
  }
  Telling& GetDamage(std::string id) {
    Add(CallKind::kGet, std::move(id), CallOutcome::kDamaged, 0);
    return *this;
  }
  // The last call failed instead, and nothing is known to have happened.
  Telling& Rejected() {
    Last().outcome = CallOutcome::kRejected;
    Last().sequence = {};
    return *this;
  }
  // The last call had not returned when the world crashed.
  Telling& Pending() {
    Last().outcome = CallOutcome::kPending;
    Last().returned_at = UINT64_MAX;
    return *this;
  }
  // The last call goes on while the next one runs.
  Telling& During() {
    Last().returned_at += 4;
    return *this;
  }
  Telling& Crash(std::vector<Memory> memories) {
    now_ += 10;
    history_.eras.emplace_back().recovered = model::RecoveredState{std::move(memories), now_};
    return *this;
  }

  static Memory Made(std::string id, std::string text, float activation = 0) {
    Memory memory;
    memory.id = std::move(id);
    memory.content = std::move(text);
    memory.activation = activation;
    return memory;
  }
  model::History history() const { return history_; }

 private:
  Call& Last() { return history_.eras.back().calls.back(); }

  Call& Add(CallKind kind, std::string id, CallOutcome outcome, uint64_t sequence) {
    Call& call = history_.eras.back().calls.emplace_back();
    call.kind = kind;
    call.operation = ++operation_;
    call.argument.id = std::move(id);
    call.outcome = outcome;
    call.sequence = Sequence{sequence};
    call.invoked_at = ++now_;
    call.returned_at = ++now_;
    return call;
  }

  model::History history_;
  uint64_t now_ = 0;
  uint16_t operation_ = 0;
};

using Told = std::vector<ToldHistory>;

void AddRight(Told& told) {
  told.push_back({"nothing happens", Telling().history(), ""});
  told.push_back({"store, get, remove, get",
                  Telling()
                      .Store("a", "apple", 1)
                      .Get("a", "apple", 1)
                      .Remove("a", 2)
                      .GetNothing("a")
                      .history(),
                  ""});
  told.push_back({"a read during a store sees the old text",
                  Telling()
                      .Store("a", "apple", 1)
                      .Store("a", "pear", 2)
                      .During()
                      .Get("a", "apple", 1)
                      .history(),
                  ""});
  told.push_back({"what was not synced is lost in a crash",
                  Telling()
                      .Store("a", "apple", 1)
                      .Sync()
                      .Store("b", "pear", 2)
                      .Crash({Telling::Made("a", "apple")})
                      .history(),
                  ""});
  told.push_back({"a store that never returned survives a crash",
                  Telling()
                      .Store("a", "apple", 1)
                      .Pending()
                      .Crash({Telling::Made("a", "apple")})
                      .Get("a", "apple", 1)
                      .history(),
                  ""});
}

void AddWrongReads(Told& told) {
  told.push_back(
      {"a gets the text of b",
       Telling().Store("a", "apple", 1).Store("b", "pear", 2).Get("a", "pear", 1).history(),
       "another memory's bytes"});
  told.push_back({"a text that nobody stored",
                  Telling().Store("a", "apple", 1).Get("a", "quince", 1).history(),
                  "invented value"});
  told.push_back({"damage where nothing was damaged",
                  Telling().Store("a", "apple", 1).GetDamage("a").history(), "false corruption"});
  told.push_back({"an acknowledged store is not there",
                  Telling().Store("a", "apple", 1).GetNothing("a").history(), "lost store"});
  told.push_back(
      {"an acknowledged update is undone",
       Telling().Store("a", "apple", 1).Activate("a", 0.5F, 2).Get("a", "apple", 1).history(),
       "lost update"});
  told.push_back({"a removed memory is back",
                  Telling().Store("a", "apple", 1).Remove("a", 2).Get("a", "apple", 1).history(),
                  "resurrection"});
  told.push_back({"an old text, then the new one",
                  Telling()
                      .Store("a", "apple", 1)
                      .Store("a", "pear", 2)
                      .Get("a", "apple", 1)
                      .Get("a", "pear", 2)
                      .history(),
                  "stale read"});
  told.push_back({"a text before it is stored",
                  Telling().Get("a", "apple", 1).Store("a", "apple", 1).history(),
                  "read from the future"});
  told.push_back({"what a refused store would have stored",
                  Telling()
                      .Store("a", "apple", 1)
                      .Store("a", "pear", 2)
                      .Rejected()
                      .Get("a", "pear", 1)
                      .history(),
                  "effect of a rejected call"});
}

void AddWrongSequences(Told& told) {
  told.push_back({"two stores with one sequence",
                  Telling().Store("a", "apple", 1).Store("b", "pear", 1).history(),
                  "duplicate sequence"});
  told.push_back({"a later store with a lower sequence",
                  Telling().Store("a", "apple", 2).Store("b", "pear", 1).history(),
                  "sequence against real time"});
  told.push_back({"a remove that says it found something", Telling().Remove("a", 1).history(),
                  "wrong answer"});
}

void AddWrongRecoveries(Told& told) {
  told.push_back({"a synced memory is gone after a crash",
                  Telling().Store("a", "apple", 1).Sync().Crash({}).history(), "lost after sync"});
  told.push_back({"a younger memory without the older one after a crash",
                  Telling()
                      .Store("a", "apple", 1)
                      .Store("b", "pear", 2)
                      .Crash({Telling::Made("b", "pear")})
                      .history(),
                  "mixed state after a crash"});
  told.push_back(
      {"what one recovery showed, the next one has lost",
       Telling().Store("a", "apple", 1).Crash({Telling::Made("a", "apple")}).Crash({}).history(),
       "changed after recovery"});
}

}  // namespace

std::vector<ToldHistory> ToldHistories() {
  Told told;
  AddRight(told);
  AddWrongReads(told);
  AddWrongSequences(told);
  AddWrongRecoveries(told);
  return told;
}

model::ReferenceStore::Limits ToldLimits() {
  model::ReferenceStore::Limits limits;
  limits.embedding_dimension = 0;
  return limits;
}

}  // namespace engram::verify
