// Short ways to write histories down, for the tests of the oracle.

#ifndef ENGRAM_MODEL_HISTORY_TESTING_H_
#define ENGRAM_MODEL_HISTORY_TESTING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/memory.h"
#include "base/body.h"
#include "model/history_oracle.h"
#include "model/history_text.h"

namespace engram::inline ENGRAM_BODY::model {

inline constexpr float kUpdatedActivation = 0.5F;

// A memory without embedding. Null content: none.
inline Memory MakeMemory(std::string_view id, const char* content) {
  Memory memory;
  memory.id = id;
  if (content != nullptr) memory.content = content;
  return memory;
}

// As MakeMemory; an asterisk at the end of `content` stands for kUpdatedActivation.
inline Memory MakeTold(std::string_view id, std::string content) {
  const bool updated = content.ends_with('*');
  if (updated) content.pop_back();
  Memory memory = MakeMemory(id, content.c_str());
  if (updated) memory.activation = kUpdatedActivation;
  return memory;
}

// ---- Calls, from invocation to return. A sequence of 0 is none.

inline Call MakeCall(CallKind kind, std::string_view id, uint64_t sequence, uint64_t from,
                     uint64_t until) {
  Call call;
  call.kind = kind;
  call.argument.id = id;
  call.invoked_at = from;
  call.returned_at = until;
  call.outcome = CallOutcome::kOk;
  call.sequence = {sequence};
  return call;
}

inline Call Store(Memory memory, uint64_t sequence, uint64_t from, uint64_t until) {
  Call call = MakeCall(CallKind::kStore, memory.id, sequence, from, until);
  call.argument = std::move(memory);
  return call;
}
inline Call Store(std::string_view id, const char* content, uint64_t sequence, uint64_t from,
                  uint64_t until) {
  return Store(MakeMemory(id, content), sequence, from, until);
}
inline Call Remove(std::string_view id, uint64_t sequence, uint64_t from, uint64_t until) {
  return MakeCall(CallKind::kRemove, id, sequence, from, until);
}
inline Call Update(std::string_view id, uint64_t sequence, uint64_t from, uint64_t until) {
  Call call = MakeCall(CallKind::kUpdateActivation, id, sequence, from, until);
  call.argument.activation = kUpdatedActivation;
  return call;
}
inline Call Get(Memory result, uint64_t sequence, uint64_t from, uint64_t until) {
  Call call = MakeCall(CallKind::kGet, result.id, sequence, from, until);
  call.result = std::move(result);
  return call;
}
inline Call Get(std::string_view id, std::string content, uint64_t sequence, uint64_t from,
                uint64_t until) {
  return Get(MakeTold(id, std::move(content)), sequence, from, until);
}
inline Call Contains(std::string_view id, uint64_t sequence, uint64_t from, uint64_t until) {
  return MakeCall(CallKind::kContains, id, sequence, from, until);
}
inline Call Sync(uint64_t from, uint64_t until) {
  return MakeCall(CallKind::kSync, "", 0, from, until);
}

// ---- The same call with another outcome.

inline Call Absent(Call call) {
  call.outcome = CallOutcome::kAbsent;
  call.result.reset();
  return call;
}
inline Call Pending(Call call) {
  call.outcome = CallOutcome::kPending;
  return call;
}
inline Call Unknown(Call call) {
  call.outcome = CallOutcome::kUnknown;
  return call;
}
inline Call Rejected(Call call) {
  call.outcome = CallOutcome::kRejected;
  return call;
}
inline Call Damaged(Call call) {
  call.outcome = CallOutcome::kDamaged;
  return call;
}

// ---- Histories.

// A history of one era.
inline History Calls(std::vector<Call> calls) {
  History history;
  history.eras.push_back({std::nullopt, std::move(calls)});
  return history;
}

// Goes on after a crash.
inline History Then(History history, std::vector<Memory> recovered, std::vector<Call> calls = {}) {
  history.eras.push_back({RecoveredState{std::move(recovered), 0}, std::move(calls)});
  return history;
}

// ---- Verdicts, for memories without embedding.

inline ReferenceStore::Limits NoEmbeddings() { return {.embedding_dimension = 0}; }

// What the oracle says, or "allowed".
inline std::string ClaimOf(const History& history) {
  const auto violation = JudgeHistory(history, NoEmbeddings());
  return violation ? violation->claim : "allowed";
}
inline std::string ClaimOf(std::vector<Call> calls) { return ClaimOf(Calls(std::move(calls))); }
inline std::string DetailOf(const History& history) {
  const auto violation = JudgeHistory(history, NoEmbeddings());
  return violation ? violation->detail : "";
}

// The history as lines of text, for failures.
inline std::string TellHistory(const History& history) {
  std::string text;
  for (size_t era = 0; era < history.eras.size(); ++era) {
    const auto& [recovered, calls] = history.eras[era];
    if (recovered) {
      absl::StrAppend(&text, "recovered:");
      for (const Memory& memory : recovered->memories) {
        absl::StrAppend(&text, " ", Quoted(memory.id), " ", Told(&memory));
      }
      absl::StrAppend(&text, "\n");
    } else if (era != 0) {
      absl::StrAppend(&text, "a recovery that crashed\n");
    }
    for (const Call& call : calls) {
      absl::StrAppend(&text, "  ", Told(call));
      if (call.kind == CallKind::kStore) absl::StrAppend(&text, " of ", Told(&call.argument));
      if (call.result) absl::StrAppend(&text, " -> ", Told(&*call.result));
      absl::StrAppend(&text, "\n");
    }
  }
  return text;
}

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_TESTING_H_
