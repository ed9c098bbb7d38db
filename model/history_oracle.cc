// Judges a history: arranges it, replays each id of each chapter, then judges the recovery that
// ends the chapter.

#include "model/history_oracle.h"

#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "model/history_chapters.h"
#include "model/history_diagnosis.h"
#include "model/history_recovery.h"
#include "model/history_replay.h"

namespace engram::inline ENGRAM_BODY::model {

std::optional<Violation> JudgeHistory(const History& history,
                                      const ReferenceStore::Limits& limits) {
  std::vector<Chapter> chapters;
  if (auto violation = Arrange(history, limits, chapters)) return violation;
  for (size_t i = 0; i < chapters.size(); ++i) {
    const bool recovery_follows = chapters[i].end != nullptr;
    std::map<std::string_view, TimelineReplay> replays;
    for (const auto& [id, timeline] : chapters[i].timelines) {
      TimelineReplay& replay =
          replays.try_emplace(id, id, timeline, limits, recovery_follows).first->second;
      if (auto conflict = replay.Run()) return Diagnose(*conflict, chapters, i, id);
    }
    if (!recovery_follows) continue;
    if (auto violation = JudgeRecovery(chapters, i, replays)) return violation;
  }
  return {};
}

}  // namespace engram::inline ENGRAM_BODY::model
