// Words for calls and memories, for the texts of the oracle. No decisions.

#ifndef ENGRAM_MODEL_HISTORY_TEXT_H_
#define ENGRAM_MODEL_HISTORY_TEXT_H_

#include <string>
#include <string_view>

#include "api/memory.h"
#include "base/body.h"
#include "model/history_oracle.h"

namespace engram::inline ENGRAM_BODY::model {

// `"text"`: unprintable bytes escaped, the middle left out when long.
std::string Quoted(std::string_view text);

// What was called: `Store("a")`, `UpdateActivation("a", 0.5)`.
std::string Invocation(const Call& call);

// A call in full: `Get("a") = found, sequence 5 (operation 3 of client 1, 12..17)`.
std::string Told(const Call& call);

// What a memory holds: `{content "x", activation 0.5}`, leaving out what is zero or empty. Null:
// `nothing`.
std::string Told(const Memory* memory);

// Where two memories differ: `content "x" instead of "y", embedding[3] 1 instead of 2`.
std::string Differences(const Memory& seen, const Memory& promised);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_TEXT_H_
