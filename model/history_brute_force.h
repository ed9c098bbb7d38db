// The oracle's oracle: decides small histories by trying everything. For tests only.
//
// It takes the definition in history_oracle.h word for word: all choices of which unknown mutations
// happened, all prefixes that may have survived each crash, all orders of each id's calls.
// Exponential, and on purpose without any of the oracle's insights. It shares nothing with the
// oracle and the reference model but the types of a history, and knows no claims: its verdict is
// yes or no. Memories are taken as valid if their fractions and id are.

#ifndef ENGRAM_MODEL_HISTORY_BRUTE_FORCE_H_
#define ENGRAM_MODEL_HISTORY_BRUTE_FORCE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/memory.h"
#include "base/body.h"
#include "model/history_oracle.h"

namespace engram::inline ENGRAM_BODY::model {

class BruteForceJudge {
 public:
  explicit BruteForceJudge(const History& history) {
    for (const History::Era& era : history.eras) {
      if (era.recovered || parts_.empty()) {
        parts_.push_back({.recovered = era.recovered ? &*era.recovered : nullptr, .calls = {}});
      }
      for (const Call& call : era.calls) parts_.back().calls.push_back(&call);
    }
  }

  // Is there an explanation?
  bool Allows() const { return AnswersExist() && NumbersAreRight() && Explain(0, {}); }

 private:
  struct Part {
    const RecoveredState* recovered;
    std::vector<const Call*> calls;
  };
  // What the store holds for one id: the memory, if any, and the last mutation's sequence.
  struct Value {
    std::optional<Memory> memory;
    uint64_t last = 0;
  };
  using State = std::map<std::string, Value>;

  static bool Returned(const Call& call) { return call.outcome != CallOutcome::kPending; }
  static bool BeforeStamps(const Call& a, const Call& b) {
    return Returned(a) && a.returned_at <= b.invoked_at && a.invoked_at < b.invoked_at;
  }
  // In the order of effects, what is unknown never returned.
  static bool Before(const Call& a, const Call& b) {
    return a.outcome != CallOutcome::kUnknown && BeforeStamps(a, b);
  }
  static bool Mutates(const Call& call) {
    return call.kind == CallKind::kStore || call.kind == CallKind::kRemove ||
           call.kind == CallKind::kUpdateActivation;
  }
  static bool Happened(const Call& call) {
    return Mutates(call) && call.outcome == CallOutcome::kOk;
  }
  static bool MayHaveHappened(const Call& call) {
    return Mutates(call) && call.sequence.value != 0 &&
           (call.outcome == CallOutcome::kPending || call.outcome == CallOutcome::kUnknown);
  }
  static bool HasNumber(const Call& call) {
    return Mutates(call) && call.sequence.value != 0 && call.outcome != CallOutcome::kAbsent;
  }
  static bool Reads(const Call& call) {
    if (call.kind == CallKind::kSync) return false;
    if (Mutates(call)) return call.outcome == CallOutcome::kAbsent;
    return call.outcome == CallOutcome::kOk || call.outcome == CallOutcome::kAbsent;
  }

  static bool SameFloat(float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }
  static bool Same(const Memory& a, const Memory& b) {
    bool same = a.id == b.id && a.embedding.size() == b.embedding.size() &&
                SameFloat(a.confidence, b.confidence) && SameFloat(a.activation, b.activation) &&
                SameFloat(a.decay_rate, b.decay_rate) && a.created_at == b.created_at &&
                a.last_access == b.last_access && a.access_count == b.access_count &&
                a.content == b.content;
    for (size_t i = 0; same && i < a.embedding.size(); ++i) {
      same = SameFloat(a.embedding[i], b.embedding[i]);
    }
    return same;
  }

  // ---- Regardless of any explanation.

  bool AnswersExist() const {
    for (const Part& part : parts_) {
      for (const Call* call : part.calls) {
        const CallOutcome outcome = call->outcome;
        if (outcome == CallOutcome::kDamaged) return false;
        if (outcome != CallOutcome::kOk && outcome != CallOutcome::kAbsent) continue;
        const bool sync = call->kind == CallKind::kSync;
        if (outcome == CallOutcome::kAbsent && (sync || call->kind == CallKind::kStore))
          return false;
        if (outcome == CallOutcome::kOk && !sync && call->sequence.value == 0) return false;
        if (!sync && !IsValid(*call)) return false;
      }
    }
    return true;
  }

  static bool IsValid(const Call& call) {
    const Memory& memory = call.argument;
    if (memory.id.empty()) return false;
    if (call.kind != CallKind::kStore && call.kind != CallKind::kUpdateActivation) return true;
    for (const float fraction : {memory.confidence, memory.activation, memory.decay_rate}) {
      if (!(fraction >= 0 && fraction <= 1)) return false;
    }
    return true;
  }

  // Had the sequence of `a` been shown to anybody when `b` began?
  static bool ShownBefore(const Part& part, const Call& a, const Call& b) {
    if (BeforeStamps(a, b)) return true;
    return std::any_of(part.calls.begin(), part.calls.end(), [&](const Call* read) {
      return Reads(*read) && read->sequence == a.sequence && BeforeStamps(*read, b);
    });
  }

  bool NumbersAreRight() const {
    for (size_t i = 0; i < parts_.size(); ++i) {
      for (size_t j = i; j < parts_.size(); ++j) {
        for (const Call* a : parts_[i].calls) {
          for (const Call* b : parts_[j].calls) {
            if (a == b || !HasNumber(*a) || !HasNumber(*b)) continue;
            if (a->sequence == b->sequence) return false;
            const bool must_grow = i < j || ShownBefore(parts_[i], *a, *b);
            if (must_grow && a->sequence > b->sequence) return false;
          }
        }
      }
    }
    return true;
  }

  // ---- Explanations.

  // Can everything from part `index` on be explained if it begins with `state`?
  bool Explain(size_t index, const State& state) const {
    const Part& part = parts_[index];
    std::vector<const Call*> unknown;
    for (const Call* call : part.calls) {
      if (MayHaveHappened(*call)) unknown.push_back(call);
    }
    for (uint64_t chosen = 0; chosen < uint64_t{1} << unknown.size(); ++chosen) {
      std::vector<const Call*> happened;
      for (const Call* call : part.calls) {
        if (Happened(*call)) happened.push_back(call);
      }
      for (size_t i = 0; i < unknown.size(); ++i) {
        if ((chosen >> i & 1) != 0) happened.push_back(unknown[i]);
      }
      std::sort(happened.begin(), happened.end(),
                [](const Call* a, const Call* b) { return a->sequence < b->sequence; });
      if (!FitsForEachId(part, state, happened)) continue;
      if (index + 1 == parts_.size() || ExplainCrash(index, state, happened)) return true;
    }
    return false;
  }

  // Is there a prefix of what happened that the recovery after part `index` shows, and that
  // explains the rest?
  bool ExplainCrash(size_t index, State state, const std::vector<const Call*>& happened) const {
    const Part& part = parts_[index];
    size_t least = 0;
    for (const Call* sync : part.calls) {
      if (sync->kind != CallKind::kSync || sync->outcome != CallOutcome::kOk) continue;
      for (size_t i = 0; i < happened.size(); ++i) {
        if (Before(*happened[i], *sync)) least = std::max(least, i + 1);
      }
    }
    for (size_t length = 0;; ++length) {
      if (length >= least && Shows(state, *parts_[index + 1].recovered) &&
          Explain(index + 1, state)) {
        return true;
      }
      if (length == happened.size()) return false;
      Take(*happened[length], state[happened[length]->argument.id]);
    }
  }

  static bool Shows(const State& state, const RecoveredState& recovered) {
    size_t present = 0;
    for (const auto& [id, value] : state) present += value.memory ? 1 : 0;
    if (present != recovered.memories.size()) return false;
    for (const auto& [id, value] : state) {
      if (!value.memory) continue;
      const auto shown = [&](const Memory& memory) { return Same(memory, *value.memory); };
      if (std::none_of(recovered.memories.begin(), recovered.memories.end(), shown)) return false;
    }
    return true;
  }

  // Lets a mutation happen. False: it cannot.
  static bool Take(const Call& call, Value& value) {
    if (!IsValid(call)) return false;
    if (call.kind == CallKind::kStore) {
      value.memory = call.argument;
    } else if (!value.memory) {
      return false;
    } else if (call.kind == CallKind::kRemove) {
      value.memory.reset();
    } else {
      value.memory->activation = call.argument.activation;
    }
    value.last = call.sequence.value;
    return true;
  }

  static bool SeesRight(const Call& read, const Value& value) {
    if (read.sequence.value != 0 && read.sequence.value != value.last) return false;
    if (read.outcome == CallOutcome::kAbsent) return !value.memory;
    return value.memory && (read.kind != CallKind::kGet || Same(*read.result, *value.memory));
  }

  static bool FitsForEachId(const Part& part, const State& state,
                            const std::vector<const Call*>& happened) {
    State ids = state;
    for (const Call* call : part.calls) {
      if (call->kind != CallKind::kSync) ids[call->argument.id];
    }
    for (const auto& [id, value] : ids) {
      std::vector<const Call*> mutations;
      std::vector<const Call*> reads;
      for (const Call* call : happened) {
        if (call->argument.id == id) mutations.push_back(call);
      }
      for (const Call* call : part.calls) {
        if (Reads(*call) && call->argument.id == id) reads.push_back(call);
      }
      if (!Order(mutations, reads, value)) return false;
    }
    return true;
  }

  // Can these be put into one order? Tries each call that may stand first, then the rest.
  static bool Order(const std::vector<const Call*>& mutations,
                    const std::vector<const Call*>& reads, const Value& value) {
    if (mutations.empty() && reads.empty()) return true;
    const auto may_be_first = [&](const Call* call) {
      const auto before = [&](const Call* other) { return Before(*other, *call); };
      return std::none_of(mutations.begin(), mutations.end(), before) &&
             std::none_of(reads.begin(), reads.end(), before);
    };
    for (size_t i = 0; i < reads.size(); ++i) {
      if (!may_be_first(reads[i]) || !SeesRight(*reads[i], value)) continue;
      std::vector<const Call*> rest = reads;
      rest.erase(rest.begin() + static_cast<ptrdiff_t>(i));
      if (Order(mutations, rest, value)) return true;
    }
    if (mutations.empty() || !may_be_first(mutations[0])) return false;
    Value after = value;
    if (!Take(*mutations[0], after)) return false;
    return Order({mutations.begin() + 1, mutations.end()}, reads, after);
  }

  std::vector<Part> parts_;
};

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_BRUTE_FORCE_H_
