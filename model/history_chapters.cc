// Arranges a history by chapter and id, and resolves which state each read names.

#include "model/history_chapters.h"

#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "model/history_bytes.h"
#include "model/history_text.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

// A sequence that was given to a call, and the first who showed it to a client: the call itself or
// a read.
struct Assignment {
  const Call* call = nullptr;
  size_t chapter = 0;
  const Call* shown_by = nullptr;
};

Violation Wrong(std::string claim, std::string detail) {
  return Violation{std::move(claim), std::move(detail)};
}

// Orders calls by invocation, and alike in whatever order they come.
auto InvocationKey(const Call& call) {
  return std::make_tuple(call.invoked_at, Ended(call), call.client, call.operation, call.kind,
                         call.sequence);
}

void Split(const History& history, std::vector<Chapter>& chapters) {
  chapters.emplace_back();
  for (size_t era = 0; era < history.eras.size(); ++era) {
    const auto& [recovered, calls] = history.eras[era];
    ENGRAM_CHECK(era != 0 || !recovered, "a history begins with the creation of the store");
    ENGRAM_CHECK(era == 0 || recovered || calls.empty(),
                 "calls to a store whose recovery showed nothing cannot be judged");
    if (recovered) {
      chapters.back().end = &*recovered;
      chapters.emplace_back().begin = &*recovered;
    }
    for (const Call& call : calls) chapters.back().calls.push_back(&call);
  }
  for (Chapter& chapter : chapters) {
    std::sort(chapter.calls.begin(), chapter.calls.end(),
              [](const Call* a, const Call* b) { return InvocationKey(*a) < InvocationKey(*b); });
  }
}

absl::Status CheckArgument(const Call& call, const ReferenceStore::Limits& limits) {
  if (call.kind == CallKind::kSync) return absl::OkStatus();
  if (call.kind == CallKind::kStore) return ReferenceStore::Check(call.argument, limits);
  if (absl::Status id = ReferenceStore::CheckId(call.argument.id); !id.ok()) return id;
  if (call.kind != CallKind::kUpdateActivation) return absl::OkStatus();
  return ReferenceStore::CheckFraction("activation", call.argument.activation);
}

// Is the answer one that the contract has at all?
std::optional<Violation> CheckAnswer(const Call& call, const ReferenceStore::Limits& limits) {
  const bool returned = call.outcome != CallOutcome::kPending;
  ENGRAM_CHECK(!returned || call.returned_at >= call.invoked_at, "a call returns after it began");
  if (call.outcome == CallOutcome::kDamaged) {
    return Wrong("false corruption",
                 absl::StrCat("Nothing was damaged, yet ", Told(call), " reports damage."));
  }
  if (call.outcome != CallOutcome::kOk && call.outcome != CallOutcome::kAbsent) return {};
  if (absl::Status valid = CheckArgument(call, limits); !valid.ok()) {
    return Wrong("wrong answer",
                 absl::StrCat(Told(call), " must be refused with INVALID_ARGUMENT: ",
                              std::string(valid.message()), "."));
  }
  const bool is_sync = call.kind == CallKind::kSync;
  if (call.outcome == CallOutcome::kAbsent) {
    if (!is_sync && call.kind != CallKind::kStore) return {};
    return Wrong("wrong answer", absl::StrCat(Told(call), ": this call cannot miss anything."));
  }
  if (!is_sync && call.sequence.value == 0) {
    return Wrong("wrong answer",
                 absl::StrCat(Told(call), " says OK without a sequence: each mutation returns its ",
                              "own, each read that of the mutation it saw."));
  }
  ENGRAM_CHECK(call.kind != CallKind::kGet || call.result, "a Get that found has a result");
  return {};
}

class Arrangement {
 public:
  Arrangement(const ReferenceStore::Limits& limits, std::vector<Chapter>& chapters)
      : limits_(limits), chapters_(chapters) {}

  std::optional<Violation> Make() {
    for (const Chapter& chapter : chapters_) {
      for (const Call* call : chapter.calls) {
        if (auto wrong = CheckAnswer(*call, limits_)) return wrong;
      }
    }
    if (auto wrong = CollectAssignments()) return wrong;
    for (Chapter& chapter : chapters_) {
      if (auto wrong = PlaceStates(chapter)) return wrong;
    }
    PlaceMutations();
    // From the last chapter to the first, because reads tell about the chapters before their own.
    for (size_t chapter = chapters_.size(); chapter-- > 0;) {
      if (auto wrong = PlaceReads(chapter)) return wrong;
    }
    return CheckRealTime();
  }

 private:
  std::optional<Violation> CollectAssignments() {
    for (size_t chapter = 0; chapter < chapters_.size(); ++chapter) {
      for (const Call* call : chapters_[chapter].calls) {
        if (WasAssigned(*call)) assignments_.push_back({call, chapter, call});
      }
    }
    std::sort(assignments_.begin(), assignments_.end(),
              [](const Assignment& a, const Assignment& b) {
                return std::make_tuple(a.call->sequence, a.chapter, InvocationKey(*a.call)) <
                       std::make_tuple(b.call->sequence, b.chapter, InvocationKey(*b.call));
              });
    for (size_t i = 1; i < assignments_.size(); ++i) {
      const Assignment& a = assignments_[i - 1];
      const Assignment& b = assignments_[i];
      if (a.call->sequence == b.call->sequence) {
        return Wrong("duplicate sequence", absl::StrCat("Sequences are unique, but ", Told(*a.call),
                                                        " and ", Told(*b.call), " share one."));
      }
      if (a.chapter > b.chapter) {
        return Wrong("sequence against real time",
                     absl::StrCat("Sequences grow across crashes, but after the recovery came ",
                                  Told(*a.call), ", and before it ", Told(*b.call), "."));
      }
    }
    return {};
  }

  std::optional<Violation> PlaceStates(Chapter& chapter) {
    if (chapter.begin != nullptr) {
      for (const Memory& memory : chapter.begin->memories) {
        chapter.timelines[memory.id].begin = &memory;
      }
    }
    if (chapter.end == nullptr) return {};
    for (const Memory& memory : chapter.end->memories) {
      Timeline& timeline = chapter.timelines[memory.id];
      if (timeline.end != nullptr) {
        return Wrong("mixed state after a crash",
                     absl::StrCat("One id has one value, but the recovery at ",
                                  chapter.end->shown_at, " showed ", Quoted(memory.id),
                                  " twice: ", Told(timeline.end), " and ", Told(&memory), "."));
      }
      timeline.end = &memory;
    }
    return {};
  }

  void PlaceMutations() {
    for (const auto& [call, chapter, shown_by] : assignments_) {
      if (!IsMutation(*call)) continue;
      chapters_[chapter].timelines[call->argument.id].mutations.push_back(call);
    }
  }

  std::optional<Violation> PlaceReads(size_t chapter) {
    for (const Call* call : chapters_[chapter].calls) {
      if (!IsRead(*call)) continue;
      Timeline& timeline = chapters_[chapter].timelines[call->argument.id];
      if (call->sequence.value == 0) {
        timeline.absences.push_back(call);
      } else if (auto wrong = PlaceWitnessed(*call, chapter, timeline)) {
        return wrong;
      }
    }
    for (auto& [id, timeline] : chapters_[chapter].timelines) {
      std::sort(timeline.witnessed.begin(), timeline.witnessed.end(),
                [](const Timeline::Witnessed& a, const Timeline::Witnessed& b) {
                  return std::make_tuple(a.position, InvocationKey(*a.read)) <
                         std::make_tuple(b.position, InvocationKey(*b.read));
                });
      if (auto wrong = TellChapterBefore(chapter, id, timeline)) return wrong;
    }
    return {};
  }

  std::optional<Violation> PlaceWitnessed(const Call& read, size_t chapter, Timeline& timeline) {
    const auto found = std::lower_bound(
        assignments_.begin(), assignments_.end(), read.sequence,
        [](const Assignment& a, Sequence sequence) { return a.call->sequence < sequence; });
    if (found == assignments_.end() || found->call->sequence != read.sequence) {
      return NamesNothing(read);
    }
    const Call& named = *found->call;
    if (auto wrong = CheckNamed(read, named)) return wrong;
    if (found->chapter > chapter || (found->chapter == chapter && Precedes(read, named))) {
      return Wrong("read from the future", absl::StrCat(Told(read), " sees the effect of ",
                                                        Told(named), ", which began only later."));
    }
    if (found->chapter == chapter) {
      if (Ended(read) < Ended(*found->shown_by)) found->shown_by = &read;
      timeline.witnessed.push_back({PositionOf(timeline, read.sequence), &read});
      return {};
    }
    timeline.witnessed.push_back({0, &read});
    return NameBegin(timeline, read, read.sequence);
  }

  // A read that names a sequence which no call was given.
  Violation NamesNothing(const Call& read) {
    if (read.result) {
      if (auto foreign = ForeignBytes(*read.result, read.argument.id, chapters_)) {
        return Wrong("another memory's bytes", absl::StrCat(Told(read), ": ", *foreign));
      }
    }
    if (IsMutationKind(read.kind)) {
      return Wrong("wrong answer",
                   absl::StrCat(Told(read), " found nothing, so it takes no sequence ",
                                "and can only name the Remove that it saw."));
    }
    return Wrong("invented value",
                 absl::StrCat(Told(read), " names a sequence that no call was given."));
  }

  // May this read name this call at all?
  std::optional<Violation> CheckNamed(const Call& read, const Call& named) {
    const std::string& id = read.argument.id;
    if (named.argument.id != id) {
      const auto foreign = read.result ? ForeignBytes(*read.result, id, chapters_) : std::nullopt;
      return Wrong("another memory's bytes",
                   absl::StrCat(Told(read), " names the sequence of ", Told(named), ". ",
                                foreign ? *foreign : ""));
    }
    if (!IsMutation(named)) {
      return Wrong("effect of a rejected call",
                   absl::StrCat(Told(read), " names the sequence of ", Told(named),
                                ", which says that nothing happened."));
    }
    return {};
  }

  // Records that `by` says which mutation made the state at position 0.
  static std::optional<Violation> NameBegin(Timeline& timeline, const Call& by, Sequence named) {
    if (timeline.begin_named.value == 0 || timeline.begin_named == named) {
      timeline.begin_named = named;
      if (timeline.begin_named_by == nullptr) timeline.begin_named_by = &by;
      return {};
    }
    return Wrong("changed after recovery",
                 absl::StrCat("One mutation made what the recovery showed of ",
                              Quoted(by.argument.id), ", but ", Told(by), " names sequence ",
                              named.value, " and ", Told(*timeline.begin_named_by), " sequence ",
                              timeline.begin_named.value, "."));
  }

  // What is known about the state at position 0 is known about the end of the chapter before.
  std::optional<Violation> TellChapterBefore(size_t chapter, std::string_view id,
                                             const Timeline& timeline) {
    if (timeline.begin_named.value == 0) return {};
    Timeline& before = chapters_[chapter - 1].timelines[id];
    before.end_named = timeline.begin_named;
    before.end_named_by = timeline.begin_named_by;
    if (PositionOf(before, before.end_named) != 0) return {};
    return NameBegin(before, *before.end_named_by, before.end_named);
  }

  // A sequence that was shown is lower than that of every call that begins later.
  std::optional<Violation> CheckRealTime() {
    const Call* shown_first = nullptr;  // of the sequences above, in this chapter
    const Call* shown_first_of = nullptr;
    for (size_t i = assignments_.size(); i-- > 0;) {
      const auto& [call, chapter, shown_by] = assignments_[i];
      if (i + 1 == assignments_.size() || assignments_[i + 1].chapter != chapter) {
        shown_first = nullptr;
      }
      if (shown_first != nullptr && Precedes(*shown_first, *call)) {
        return Wrong("sequence against real time",
                     absl::StrCat("Sequences grow with real time, but ", Told(*call),
                                  " began after ", Told(*shown_first), " had shown the higher ",
                                  shown_first_of->sequence.value, "."));
      }
      if (shown_first == nullptr || Ended(*shown_by) < Ended(*shown_first)) {
        shown_first = shown_by;
        shown_first_of = call;
      }
    }
    return {};
  }

  const ReferenceStore::Limits& limits_;
  std::vector<Chapter>& chapters_;
  std::vector<Assignment> assignments_;  // by sequence
};

}  // namespace

uint32_t PositionOf(const Timeline& timeline, Sequence sequence) {
  const auto found =
      std::lower_bound(timeline.mutations.begin(), timeline.mutations.end(), sequence,
                       [](const Call* call, Sequence wanted) { return call->sequence < wanted; });
  if (found == timeline.mutations.end() || (*found)->sequence != sequence) return 0;
  return static_cast<uint32_t>(found - timeline.mutations.begin()) + 1;
}

std::optional<Violation> Arrange(const History& history, const ReferenceStore::Limits& limits,
                                 std::vector<Chapter>& chapters) {
  ENGRAM_CHECK(chapters.empty(), "arranging begins with nothing");
  Split(history, chapters);
  return Arrangement(limits, chapters).Make();
}

}  // namespace engram::inline ENGRAM_BODY::model
