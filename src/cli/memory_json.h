// A memory as a line of JSON, and back, bit by bit.
//
//   {"id":"drink","embedding":[0.5,...],"confidence":0.5,"activation":0,"decay_rate":0,
//    "created_at":0,"last_access":0,"access_count":0,"content":"The user prefers tea."}
//
// Numbers are the shortest that read back as the same float. Content that is absent is a field that
// is absent.

#ifndef ENGRAM_CLI_MEMORY_JSON_H_
#define ENGRAM_CLI_MEMORY_JSON_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "api/memory.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::cli {

// Appends `memory`, without an end of line. REQUIRES: it is as its type says.
void AppendJson(const Memory& memory, std::string& line);

// The memory of a line. `id` and `embedding` must be there, other numbers are 0 if they are not;
// content may be null, as if it were not there. INVALID_ARGUMENT, saying what and where: it is no
// JSON, a field is unknown, there twice, or of another type, or a number has no room in its field.
// Not checked: the bounds of api/memory.h, which the store checks.
absl::StatusOr<Memory> ParseMemory(std::string_view line);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_MEMORY_JSON_H_
