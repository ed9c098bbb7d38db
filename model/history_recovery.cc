// Looks for the prefix that survived. Each timeline says at which of its positions it could have
// been cut; one sweep over the sequence order counts the timelines that could not have been cut at
// each place.

#include "model/history_recovery.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/history_diagnosis.h"
#include "model/history_text.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

// One mutation, and the timeline that it takes one position further.
struct Advance {
  const Call* mutation = nullptr;
  std::string_view id;
  uint32_t position = 0;
};

// For each length of the prefix: how many timelines contradict it.
using Contradictions = std::vector<size_t>;

class RecoveryJudge {
 public:
  RecoveryJudge(const std::vector<Chapter>& chapters, size_t chapter,
                const std::map<std::string_view, TimelineReplay>& replays)
      : chapters_(chapters), chapter_index_(chapter), chapter_(chapters[chapter]) {
    for (const auto& [id, timeline] : chapter_.timelines) {
      const TimelineReplay& replay = replays.at(id);
      heeding_.emplace(id, replay.Survivors(/*heed_later_reads=*/true));
      alone_.emplace(id, replay.Survivors(/*heed_later_reads=*/false));
      for (size_t i = 0; i < timeline.mutations.size(); ++i) {
        order_.push_back({timeline.mutations[i], id, static_cast<uint32_t>(i) + 1});
      }
    }
    std::sort(order_.begin(), order_.end(), [](const Advance& a, const Advance& b) {
      return a.mutation->sequence < b.mutation->sequence;
    });
    FindRequired();
  }

  std::optional<Violation> Judge() const {
    if (LongestExplained(Count(heeding_)) >= required_) return {};
    for (const auto& [id, survivors] : alone_) {
      if (std::find(survivors.begin(), survivors.end(), true) == survivors.end()) {
        return DiagnoseRecovered(chapter_.timelines.at(id).end, chapters_, chapter_index_, id);
      }
    }
    const Contradictions contradictions = Count(alone_);
    const int64_t longest = LongestExplained(contradictions);
    if (longest >= required_) return ContradictedLater(longest);
    if (longest >= 0) return LostAfterSync(longest);
    return Mixed(contradictions);
  }

 private:
  using Survivors = std::map<std::string_view, std::vector<bool>>;

  // How long the prefix must be because of the last Sync that said OK.
  void FindRequired() {
    for (const Call* call : chapter_.calls) {
      const bool promises = call->kind == CallKind::kSync && call->outcome == CallOutcome::kOk;
      if (promises) sync_ = call;  // calls come by invocation: the last covers most
    }
    if (sync_ == nullptr) return;
    for (size_t i = 0; i < order_.size(); ++i) {
      const Call& mutation = *order_[i].mutation;
      if (IsDecided(mutation) && Precedes(mutation, *sync_)) {
        required_ = static_cast<int64_t>(i) + 1;
      }
    }
  }

  Contradictions Count(const Survivors& survivors) const {
    size_t contradicting = 0;
    for (const auto& [id, positions] : survivors) contradicting += positions[0] ? 0 : 1;
    Contradictions contradictions = {contradicting};
    for (const Advance& advance : order_) {
      const std::vector<bool>& positions = survivors.at(advance.id);
      if (!positions[advance.position - 1]) --contradicting;
      if (!positions[advance.position]) ++contradicting;
      contradictions.push_back(contradicting);
    }
    return contradictions;
  }

  // The length of the longest prefix that nothing contradicts; -1: there is none.
  static int64_t LongestExplained(const Contradictions& contradictions) {
    for (size_t length = contradictions.size(); length-- > 0;) {
      if (contradictions[length] == 0) return static_cast<int64_t>(length);
    }
    return -1;
  }

  std::string Shown() const { return absl::StrCat("The recovery at ", chapter_.end->shown_at); }

  // "sequence 7", or "the beginning": the end of the prefix of this length.
  std::string End(int64_t length) const {
    if (length == 0) return "the beginning";
    return absl::StrCat("sequence ",
                        order_[static_cast<size_t>(length) - 1].mutation->sequence.value);
  }

  Violation ContradictedLater(int64_t longest) const {
    std::string detail = absl::StrCat(Shown(), " showed the state after ", End(longest), ", but");
    for (const auto& [id, timeline] : chapter_.timelines) {
      if (timeline.end_named_by == nullptr || heeding_.at(id) == alone_.at(id)) continue;
      absl::StrAppend(&detail, " after it came ", Told(*timeline.end_named_by), ";");
    }
    detail.back() = '.';
    return {"changed after recovery", detail};
  }

  Violation LostAfterSync(int64_t longest) const {
    const Call& missing = *order_[static_cast<size_t>(longest)].mutation;
    const Call& covered = *order_[static_cast<size_t>(required_) - 1].mutation;
    std::string detail =
        absl::StrCat(Shown(), " showed the state after ", End(longest), ": ", Told(missing),
                     " and all after it are gone. But ", Told(*sync_),
                     " promised to keep everything up to ", Told(covered), ".");
    return {"lost after sync", detail};
  }

  // When the timeline of `id` was as the recovery showed it.
  std::string When(std::string_view id) const {
    const Timeline& timeline = chapter_.timelines.at(id);
    const std::vector<bool>& positions = alone_.at(id);
    std::string when;
    for (size_t from = 0; from < positions.size(); ++from) {
      if (!positions[from]) continue;
      size_t until = from;
      while (until + 1 < positions.size() && positions[until + 1]) ++until;
      absl::StrAppend(
          &when, when.empty() ? "" : " or ", "from ",
          from == 0 ? "the beginning"
                    : absl::StrCat("sequence ", timeline.mutations[from - 1]->sequence.value));
      if (until + 1 < positions.size()) {
        absl::StrAppend(&when, " until before sequence ",
                        timeline.mutations[until]->sequence.value);
      }
      from = until;
    }
    return when;
  }

  Violation Mixed(const Contradictions& contradictions) const {
    std::string detail = absl::StrCat(Shown(), " showed what never was at the same time:");
    size_t told = 0;
    for (const auto& [id, positions] : alone_) {
      if (std::find(positions.begin(), positions.end(), false) == positions.end()) continue;
      if (++told > kToldMax) break;
      absl::StrAppend(&detail, " ", Quoted(id), " was ", Told(chapter_.timelines.at(id).end), " ",
                      When(id), ";");
    }
    const auto least = std::min_element(contradictions.begin(), contradictions.end());
    absl::StrAppend(&detail, " even the prefix that explains most, up to ",
                    End(least - contradictions.begin()), ", leaves ", *least, " unexplained.");
    return {"mixed state after a crash", detail};
  }

  static constexpr size_t kToldMax = 4;

  const std::vector<Chapter>& chapters_;
  const size_t chapter_index_;
  const Chapter& chapter_;
  std::vector<Advance> order_;  // by sequence
  const Call* sync_ = nullptr;  // the last acknowledged
  int64_t required_ = 0;        // the least length of the prefix
  Survivors heeding_;  // where each timeline could have been cut, given what later reads say
  Survivors alone_;    // and without that
};

}  // namespace

std::optional<Violation> JudgeRecovery(const std::vector<Chapter>& chapters, size_t chapter,
                                       const std::map<std::string_view, TimelineReplay>& replays) {
  return RecoveryJudge(chapters, chapter, replays).Judge();
}

}  // namespace engram::inline ENGRAM_BODY::model
