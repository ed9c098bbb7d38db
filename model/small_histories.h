// All small histories: the eras that can be put together from a few templates of calls. For tests
// only.
//
// A *shape* says which of two clients invokes and returns when: all interleavings. Each call is one
// of an *alphabet* of templates (kind, id, outcome, content); then come all orders of the assigned
// sequences, and all that reads can name.

#ifndef ENGRAM_MODEL_SMALL_HISTORIES_H_
#define ENGRAM_MODEL_SMALL_HISTORIES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include "base/body.h"
#include "model/history_oracle.h"
#include "model/history_testing.h"

namespace engram::inline ENGRAM_BODY::model {

// One call without its times, its sequence and, for reads, what it names.
struct Template {
  CallKind kind = CallKind::kGet;
  CallOutcome outcome = CallOutcome::kOk;
  const char* id = "a";
  const char* content = "1";
};

inline bool TakesSequence(const Template& call) {
  return call.kind != CallKind::kGet && call.kind != CallKind::kContains &&
         call.kind != CallKind::kSync &&
         (call.outcome == CallOutcome::kOk || call.outcome == CallOutcome::kUnknown ||
          call.outcome == CallOutcome::kPending);
}
inline bool NamesSequence(const Template& call) {
  if (call.outcome == CallOutcome::kAbsent) return true;
  return call.outcome == CallOutcome::kOk && !TakesSequence(call) && call.kind != CallKind::kSync;
}

// Who does what when: the calls in order of invocation. Never returned: returned_at is 0.
struct Interval {
  uint8_t client = 0;
  uint64_t invoked_at = 0;
  uint64_t returned_at = 0;
};
using Shape = std::vector<Interval>;

// All shapes of `calls` calls by two clients, up to exchanging the clients. A client's last call
// may never return. The order of returns after the last invocation is no matter.
inline void AddShapes(size_t calls, uint64_t now, Shape& shape, std::vector<Shape>& shapes) {
  std::optional<size_t> open[2];
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].returned_at == 0) open[shape[i].client] = i;
  }
  if (shape.size() == calls) {
    for (const bool first : {false, true}) {
      for (const bool second : {false, true}) {
        if ((first && !open[0]) || (second && !open[1])) continue;
        shapes.push_back(shape);
        if (first) shapes.back()[*open[0]].returned_at = now;
        if (second) shapes.back()[*open[1]].returned_at = now + 1;
      }
    }
    return;
  }
  for (uint8_t client = 0; client < 2; ++client) {
    if (open[client]) {
      shape[*open[client]].returned_at = now;
      AddShapes(calls, now + 1, shape, shapes);
      shape[*open[client]].returned_at = 0;
    } else if (client == 0 || !shape.empty()) {
      shape.push_back({client, now, 0});
      AddShapes(calls, now + 1, shape, shapes);
      shape.pop_back();
    }
  }
}

inline std::vector<Shape> AllShapes(size_t calls) {
  std::vector<Shape> shapes;
  Shape shape;
  AddShapes(calls, 1, shape, shapes);
  return shapes;
}

// Calls `visit(indices)` for every choice of one index below each of `sizes`.
template <typename Visit>
void ForEachChoice(const std::vector<size_t>& sizes, const Visit& visit) {
  for (const size_t size : sizes) {
    if (size == 0) return;
  }
  std::vector<size_t> indices(sizes.size());
  for (;;) {
    visit(indices);
    size_t i = 0;
    while (i < sizes.size() && ++indices[i] == sizes[i]) indices[i++] = 0;
    if (i == sizes.size()) return;
  }
}

struct Alphabet {
  std::vector<Template> returned;  // of calls that returned
  std::vector<Template> pending;   // of calls that did not
};

inline Call MakeCall(const Interval& interval, const Template& call) {
  Call made;
  made.kind = call.kind;
  made.client = interval.client;
  made.argument = MakeMemory(call.id, call.kind == CallKind::kStore ? call.content : nullptr);
  if (call.kind == CallKind::kUpdateActivation) made.argument.activation = kUpdatedActivation;
  made.invoked_at = interval.invoked_at;
  if (interval.returned_at != 0) made.returned_at = interval.returned_at;
  made.outcome = call.outcome;
  if (call.kind == CallKind::kGet && call.outcome == CallOutcome::kOk) {
    made.result = MakeTold(call.id, call.content);
  }
  return made;
}

// All orders of sequences, and all that reads may name.
template <typename Visit>
void ForEachNumbering(const Shape& shape, const std::vector<Template>& templates,
                      const Visit& visit) {
  std::vector<Call> calls;
  std::vector<size_t> numbered;
  std::vector<size_t> naming;
  for (size_t i = 0; i < shape.size(); ++i) {
    calls.push_back(MakeCall(shape[i], templates[i]));
    calls.back().operation = static_cast<uint16_t>(i + 1);
    if (TakesSequence(templates[i])) numbered.push_back(i);
    if (NamesSequence(templates[i])) naming.push_back(i);
  }
  std::vector<uint64_t> order(numbered.size());
  std::iota(order.begin(), order.end(), 1);
  do {
    for (size_t i = 0; i < numbered.size(); ++i) calls[numbered[i]].sequence = {order[i]};
    // 0 names none; it is no choice for what was found.
    ForEachChoice(std::vector<size_t>(naming.size(), numbered.size() + 1),
                  [&](const std::vector<size_t>& named) {
                    for (size_t i = 0; i < naming.size(); ++i) {
                      Call& call = calls[naming[i]];
                      call.sequence = {named[i]};
                      if (named[i] == 0 && call.outcome == CallOutcome::kOk) return;
                    }
                    visit(calls, numbered.size());
                  });
  } while (std::next_permutation(order.begin(), order.end()));
}

// Calls `visit(calls, sequences)` for every era of `calls` calls, in which `sequences` were
// assigned.
template <typename Visit>
void ForEachEra(size_t calls, const Alphabet& alphabet, const Visit& visit) {
  for (const Shape& shape : AllShapes(calls)) {
    std::vector<size_t> sizes;
    for (const Interval& interval : shape) {
      sizes.push_back(interval.returned_at != 0 ? alphabet.returned.size()
                                                : alphabet.pending.size());
    }
    ForEachChoice(sizes, [&](const std::vector<size_t>& indices) {
      std::vector<Template> templates;
      for (size_t i = 0; i < shape.size(); ++i) {
        templates.push_back(shape[i].returned_at != 0 ? alphabet.returned[indices[i]]
                                                      : alphabet.pending[indices[i]]);
      }
      ForEachNumbering(shape, templates, visit);
    });
  }
}

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_SMALL_HISTORIES_H_
