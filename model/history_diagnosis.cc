// Names conflicts. Each function takes the rules of the vocabulary in history_oracle.h from top to
// bottom.

#include "model/history_diagnosis.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/history_bytes.h"
#include "model/history_text.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

class Diagnosis {
 public:
  Diagnosis(const Conflict& conflict, const std::vector<Chapter>& chapters, size_t chapter,
            std::string_view id)
      : conflict_(conflict),
        call_(*conflict.call),
        chapters_(chapters),
        chapter_(chapter),
        timeline_(chapters[chapter].timelines.at(id)) {}

  Violation Make() const {
    if (call_.result) {
      if (auto foreign = ForeignBytes(*call_.result, call_.argument.id, chapters_)) {
        return {"another memory's bytes", absl::StrCat(Saw(), " ", *foreign)};
      }
    }
    switch (conflict_.kind) {
      case Conflict::Kind::kOrder:
        return Order();
      case Conflict::Kind::kValue:
        return Value();
      case Conflict::Kind::kAnswer:
        return Answer();
      case Conflict::Kind::kAbsence:
        return Absence();
    }
    return Answer();
  }

 private:
  bool Found() const { return call_.outcome == CallOutcome::kOk; }

  // The mutation that leads to `position`; null: the beginning.
  const Call* MutationAt(uint32_t position) const {
    return position == 0 ? nullptr : timeline_.mutations[position - 1];
  }

  // What made the state at `position`.
  std::string Cause(uint32_t position) const {
    if (position != 0) return Told(*MutationAt(position));
    const Chapter& chapter = chapters_[chapter_];
    if (chapter.begin == nullptr) return "the creation of the store";
    return absl::StrCat("the recovery at ", chapter.begin->shown_at, ", which showed ",
                        Told(timeline_.begin));
  }

  // What the call showed, as a sentence.
  std::string Saw() const {
    return absl::StrCat(Told(call_), call_.result ? " showed " + Told(&*call_.result) : "", ".");
  }

  // A read of the state at `position` or a newer one that began after the call had returned, or
  // null.
  const Call* SeenLater(uint32_t position) const {
    for (const auto& [at, read] : timeline_.witnessed) {
      if (at >= position && Precedes(call_, *read)) return read;
    }
    return nullptr;
  }

  // The call shows an older state than it must.
  Violation Older(const std::string& detail) const {
    const Call* newest = MutationAt(conflict_.floor);
    if (newest == nullptr) return {"changed after recovery", detail};
    if (IsMutationKind(call_.kind)) return {"wrong answer", detail};
    if (newest->kind == CallKind::kRemove) {
      return {Found() ? "resurrection" : "stale read", detail};
    }
    const bool acknowledged = IsDecided(*newest) && Precedes(*newest, call_);
    if (!acknowledged) return {"stale read", absl::StrCat(detail, " No call had acknowledged it.")};
    const Call* later = SeenLater(conflict_.floor);
    if (Found() && later != nullptr) {
      return {"stale read", absl::StrCat(detail, " It was not lost: ", Told(*later), ".")};
    }
    const bool update = Found() && newest->kind == CallKind::kUpdateActivation;
    return {update ? "lost update" : "lost store", detail};
  }

  // "because of": why the call must see at least `floor`.
  std::string Evidence() const {
    const Call* newest = MutationAt(conflict_.floor);
    if (conflict_.evidence == nullptr || conflict_.evidence == newest) return "";
    return absl::StrCat(" (shown by ", Told(*conflict_.evidence), ")");
  }

  Violation Order() const {
    return Older(absl::StrCat(Saw(), " It names the state made by ", Cause(conflict_.position),
                              ", but began after the newer ", Cause(conflict_.floor), Evidence(),
                              "."));
  }

  Violation Absence() const {
    return Older(absl::StrCat(Saw(), " It began after ", Cause(conflict_.floor), Evidence(),
                              ", and from there until it returned there was a memory."));
  }

  Violation Answer() const {
    const Call* before = MutationAt(conflict_.position - 1);
    std::string detail = absl::StrCat(Told(call_), ": at its sequence there is no such memory");
    if (call_.kind == CallKind::kStore) detail = absl::StrCat(Told(call_), ": it cannot happen");
    if (!IsDecided(call_)) {
      for (const auto& [at, read] : timeline_.witnessed) {
        if (at != conflict_.position) continue;
        absl::StrAppend(&detail, ", yet ", Told(*read), " saw its effect");
        break;
      }
    }
    if (before != nullptr) absl::StrAppend(&detail, "; the mutation before it is ", Told(*before));
    return {"wrong answer", detail + "."};
  }

  Violation Value() const {
    const Memory* promised = conflict_.promised ? &*conflict_.promised : nullptr;
    const bool at_begin = conflict_.position == 0;
    std::string detail = absl::StrCat(Saw(), " The state that it names was made by ",
                                      Cause(conflict_.position), ": ", Told(promised));
    if (!call_.result || promised == nullptr) {
      detail += ".";
      if (at_begin) return {"changed after recovery", detail};
      if (Found()) return {"resurrection", detail};
      return {IsMutationKind(call_.kind) ? "wrong answer" : "lost store", detail};
    }
    const Memory& seen = *call_.result;
    absl::StrAppend(&detail, "; it differs in ", Differences(seen, *promised), ".");
    if (const Call* rejected = RejectedCause(seen, promised, chapters_)) {
      return {"effect of a rejected call", absl::StrCat(detail, " ", Told(*rejected), ".")};
    }
    const Origin origin = OriginOf(seen, chapters_);
    if (origin.store == nullptr) return {"invented value", detail};
    absl::StrAppend(&detail, " It is a version of ", Told(*origin.store), ".");
    if (at_begin) return {"changed after recovery", detail};
    const Call& named = *MutationAt(conflict_.position);
    if (origin.chapter == chapter_ && Precedes(call_, *origin.store)) {
      return {"read from the future", detail};
    }
    const bool update = named.kind == CallKind::kUpdateActivation &&
                        origin.store->sequence < named.sequence &&
                        SameBits(seen.activation, named.argument.activation);
    return {update ? "lost update" : "stale read", detail};
  }

  const Conflict& conflict_;
  const Call& call_;
  const std::vector<Chapter>& chapters_;
  const size_t chapter_;
  const Timeline& timeline_;
};

}  // namespace

Violation Diagnose(const Conflict& conflict, const std::vector<Chapter>& chapters, size_t chapter,
                   std::string_view id) {
  return Diagnosis(conflict, chapters, chapter, id).Make();
}

Violation DiagnoseRecovered(const Memory* seen, const std::vector<Chapter>& chapters,
                            size_t chapter, std::string_view id) {
  const Chapter& before = chapters[chapter];
  const Timeline& timeline = before.timelines.at(id);
  std::string detail = absl::StrCat("The recovery at ", before.end->shown_at, " showed for ",
                                    Quoted(id), " ", Told(seen), ", which it never was");
  if (before.begin == nullptr) {
    detail += ".";
  } else {
    absl::StrAppend(&detail, " since the recovery at ", before.begin->shown_at, " showed ",
                    Told(timeline.begin), ".");
  }
  if (seen == nullptr) return {"changed after recovery", detail};
  if (auto foreign = ForeignBytes(*seen, id, chapters)) {
    return {"another memory's bytes", absl::StrCat(detail, " ", *foreign)};
  }
  if (const Call* rejected = RejectedCause(*seen, timeline.begin, chapters)) {
    return {"effect of a rejected call", absl::StrCat(detail, " ", Told(*rejected), ".")};
  }
  const Origin origin = OriginOf(*seen, chapters);
  if (origin.store != nullptr) {
    absl::StrAppend(&detail, " It is a version of ", Told(*origin.store), ".");
    return {origin.chapter < chapter ? "changed after recovery" : "mixed state after a crash",
            detail};
  }
  return {PartsWereStored(*seen, chapters) ? "mixed state after a crash" : "invented value",
          detail};
}

}  // namespace engram::inline ENGRAM_BODY::model
