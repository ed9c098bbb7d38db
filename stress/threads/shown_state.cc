// Reads a whole store through its contract.

#include "stress/threads/shown_state.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "stress/threads/generated_memory.h"

namespace engram::stress {

absl::StatusOr<ShownState> ShowAll(MemoryStore& store, uint32_t ids, uint64_t stamp) {
  ShownState shown;
  shown.state.shown_at = stamp++;
  for (uint32_t i = 0; i < ids; ++i) {
    model::Call& read = shown.reads.emplace_back();
    read.kind = model::CallKind::kGet;
    read.operation = static_cast<uint16_t>(i);
    read.argument.id = IdOf(i);
    read.invoked_at = stamp++;
    ENGRAM_ASSIGN_OR_RETURN(GetResult got, store.Get(read.argument.id));
    read.returned_at = stamp++;
    read.outcome = got.memory ? model::CallOutcome::kOk : model::CallOutcome::kAbsent;
    read.sequence = got.sequence;
    if (got.memory) shown.state.memories.push_back(*got.memory);
    read.result = std::move(got.memory);
  }
  if (store.Count() != shown.state.memories.size()) {
    return absl::InternalError(absl::StrCat("Count says ", store.Count(), ", but ",
                                            shown.state.memories.size(), " memories are shown"));
  }
  return shown;
}

absl::Status CheckSound(MemoryStore& store) {
  ENGRAM_ASSIGN_OR_RETURN(const VerifyReport report, store.Verify());
  if (report.sound()) return absl::OkStatus();
  std::string found = "Verify found:";
  for (const Damage& damage : report.damages) {
    absl::StrAppend(&found, " [", damage.structure, " at ", damage.offset.value, ": ",
                    damage.explanation, "]");
  }
  for (const std::string& miscount : report.miscounts) {
    absl::StrAppend(&found, " [", miscount, "]");
  }
  return absl::InternalError(found);
}

}  // namespace engram::stress
