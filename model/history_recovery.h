// Judges what a recovery showed: is it the state after some prefix of the sequence order, and one
// that is long enough?

#ifndef ENGRAM_MODEL_HISTORY_RECOVERY_H_
#define ENGRAM_MODEL_HISTORY_RECOVERY_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/body.h"
#include "model/history_chapters.h"
#include "model/history_oracle.h"
#include "model/history_replay.h"

namespace engram::inline ENGRAM_BODY::model {

// What is wrong with the recovery at the end of `chapters[chapter]`, or nothing. REQUIRES:
// `replays` holds the replay of each of its timelines, all of which can be explained.
std::optional<Violation> JudgeRecovery(const std::vector<Chapter>& chapters, size_t chapter,
                                       const std::map<std::string_view, TimelineReplay>& replays);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_RECOVERY_H_
