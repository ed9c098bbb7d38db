// Names for what is wrong: from a conflict that the replay found, or from bytes that nobody should
// have seen, to a claim of the fixed vocabulary (history_oracle.h) and sentences. Runs only when
// something is wrong; decides nothing about whether it is.

#ifndef ENGRAM_MODEL_HISTORY_DIAGNOSIS_H_
#define ENGRAM_MODEL_HISTORY_DIAGNOSIS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/memory.h"
#include "base/body.h"
#include "model/history_chapters.h"
#include "model/history_oracle.h"

namespace engram::inline ENGRAM_BODY::model {

// Why one id's calls cannot be explained.
struct Conflict {
  enum class Kind : uint8_t {
    kOrder,    // `call` names `position`, but must see at least `floor`, because of `evidence`
    kValue,    // `call` shows something else than `promised`, the state at `position`
    kAnswer,   // `call`, a mutation, says that it found a memory (or stored one), and cannot have
    kAbsence,  // `call` found nothing, but must see at least `floor`, and from there on there was a
               // memory
  };
  Kind kind = Kind::kOrder;
  const Call* call = nullptr;
  uint32_t position = 0;
  uint32_t floor = 0;
  const Call* evidence =
      nullptr;  // a call that stands at `floor` and returned before `call` began; null: it began so
  std::optional<Memory> promised = {};  // kValue; absent: there is nothing
};

// Names a conflict in the timeline of `id` in `chapters[chapter]`.
Violation Diagnose(const Conflict& conflict, const std::vector<Chapter>& chapters, size_t chapter,
                   std::string_view id);

// Names what a recovery showed for `id` at the end of `chapters[chapter]`, when no prefix explains
// it. Null: nothing.
Violation DiagnoseRecovered(const Memory* seen, const std::vector<Chapter>& chapters,
                            size_t chapter, std::string_view id);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_DIAGNOSIS_H_
