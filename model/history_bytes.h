// Where do these bytes come from? Searches all that was ever handed to the store for the origin of
// a memory that nobody should have seen. Runs only when something is wrong.

#ifndef ENGRAM_MODEL_HISTORY_BYTES_H_
#define ENGRAM_MODEL_HISTORY_BYTES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/memory.h"
#include "base/body.h"
#include "model/history_chapters.h"

namespace engram::inline ENGRAM_BODY::model {

// A sentence that says from which other memory the bytes of `seen`, shown for `id`, come: its
// content or embedding was stored under another id and not under this one, or its content consists
// of a few pieces of what was stored, not all of them under this id. Nothing if the bytes need not
// come from elsewhere.
std::optional<std::string> ForeignBytes(const Memory& seen, std::string_view id,
                                        const std::vector<Chapter>& chapters);

// The rejected call whose effect `seen` would be where `promised` (null: nothing) should stand;
// null if there is none.
const Call* RejectedCause(const Memory& seen, const Memory* promised,
                          const std::vector<Chapter>& chapters);

// The Store of which `seen` is a version: equal but for the activation, and that from the Store
// itself or from an UpdateActivation of the same id. Of several the last in invocation order. Null:
// there is none.
struct Origin {
  const Call* store = nullptr;
  size_t chapter = 0;
};
Origin OriginOf(const Memory& seen, const std::vector<Chapter>& chapters);

// Whether content and embedding of `seen`, each by itself, were stored under its id.
bool PartsWereStored(const Memory& seen, const std::vector<Chapter>& chapters);

}  // namespace engram::inline ENGRAM_BODY::model

#endif  // ENGRAM_MODEL_HISTORY_BYTES_H_
