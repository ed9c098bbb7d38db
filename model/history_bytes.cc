// Looks for the origin of bytes, by comparing with every Store of the history.

#include "model/history_bytes.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "model/history_text.h"
#include "model/reference_store.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

// Above this, contents are compared only as wholes: looking for pieces is quadratic.
constexpr size_t kPiecesBytesMax = 4096;
constexpr size_t kPiecesMax = 3;

// Calls `visit(call, chapter)` for each Store in the history until it returns true.
template <typename Visit>
void ForEachStore(const std::vector<Chapter>& chapters, const Visit& visit) {
  for (size_t chapter = 0; chapter < chapters.size(); ++chapter) {
    for (const Call* call : chapters[chapter].calls) {
      if (call->kind == CallKind::kStore && visit(*call, chapter)) return;
    }
  }
}

bool SameEmbedding(const Memory& a, const Memory& b) {
  return std::equal(a.embedding.begin(), a.embedding.end(), b.embedding.begin(), b.embedding.end(),
                    [](float x, float y) { return SameBits(x, y); });
}

bool SameButActivation(const Memory& a, Memory b) {
  b.activation = a.activation;
  return SameBits(a, b);
}

// How many bytes of the beginning of `wanted` occur somewhere in `text`.
size_t LongestPrefixIn(std::string_view wanted, std::string_view text) {
  size_t longest = 0;
  for (size_t from = 0; from < text.size(); ++from) {
    size_t length = 0;
    while (length < wanted.size() && from + length < text.size() &&
           wanted[length] == text[from + length]) {
      ++length;
    }
    longest = std::max(longest, length);
  }
  return longest;
}

// Who stored something: somebody under the same id, or only others.
struct Holders {
  bool own = false;
  const Call* other = nullptr;  // the first

  void Add(const Call& store, bool is_own) {
    if (is_own) {
      own = true;
    } else if (other == nullptr) {
      other = &store;
    }
  }
  bool IsForeign() const { return !own && other != nullptr; }
};

// Covers `content` with as few pieces of stored contents as possible. The first Store under another
// id that a piece must come from; null if all come from this id, or if the pieces are too small to
// tell.
const Call* ForeignPieceOf(const std::string& content, std::string_view id,
                           const std::vector<Chapter>& chapters) {
  if (content.empty() || content.size() > kPiecesBytesMax) return nullptr;
  const Call* foreign = nullptr;
  size_t pieces = 0;
  for (size_t from = 0; from < content.size(); ++pieces) {
    const std::string_view rest = std::string_view(content).substr(from);
    size_t longest = 0;
    const Call* source = nullptr;
    ForEachStore(chapters, [&](const Call& call, size_t) {
      if (!call.argument.content || call.argument.content->size() > kPiecesBytesMax) return false;
      const size_t length = LongestPrefixIn(rest, *call.argument.content);
      // Of equals, one that was stored under this id explains best.
      if (length > longest || (length == longest && call.argument.id == id)) {
        longest = length;
        source = &call;
      }
      return false;
    });
    if (longest == 0) return nullptr;
    if (foreign == nullptr && source->argument.id != id) foreign = source;
    from += longest;
  }
  const bool telling = pieces == 1 || (pieces <= kPiecesMax && pieces * 2 <= content.size());
  return telling ? foreign : nullptr;
}

}  // namespace

std::optional<std::string> ForeignBytes(const Memory& seen, std::string_view id,
                                        const std::vector<Chapter>& chapters) {
  Holders whole;
  Holders content;
  Holders embedding;
  Holders name;
  ForEachStore(chapters, [&](const Call& store, size_t) {
    const bool own = store.argument.id == id;
    if (own && SameButActivation(seen, store.argument)) whole.Add(store, own);
    if (seen.content == store.argument.content) content.Add(store, own);
    if (SameEmbedding(seen, store.argument)) embedding.Add(store, own);
    if (seen.id == store.argument.id) name.Add(store, own);
    return false;
  });
  const auto from = [](const std::string& part, const Call& store) {
    return absl::StrCat("The ", part, " was stored by ", Told(store), ".");
  };
  if (whole.own) return {};
  // No content and empty content tell nothing about where they come from.
  const bool has_content = seen.content && !seen.content->empty();
  const std::string quoted = has_content ? Quoted(*seen.content) : "";
  if (seen.id != id && name.other != nullptr) return from("id " + Quoted(seen.id), *name.other);
  if (has_content && content.IsForeign()) return from("content " + quoted, *content.other);
  if (!seen.embedding.empty() && embedding.IsForeign()) return from("embedding", *embedding.other);
  if (!has_content || content.own) return {};
  const Call* piece = ForeignPieceOf(*seen.content, id, chapters);
  if (piece == nullptr) return {};
  return from(absl::StrCat("content ", quoted, ", or a piece of it,"), *piece);
}

const Call* RejectedCause(const Memory& seen, const Memory* promised,
                          const std::vector<Chapter>& chapters) {
  const bool only_activation = promised != nullptr && SameButActivation(seen, *promised);
  for (const Chapter& chapter : chapters) {
    for (const Call* call : chapter.calls) {
      if (call->outcome != CallOutcome::kRejected || call->argument.id != seen.id) continue;
      if (call->kind == CallKind::kStore && SameBits(call->argument, seen)) return call;
      if (call->kind == CallKind::kUpdateActivation && only_activation &&
          SameBits(call->argument.activation, seen.activation)) {
        return call;
      }
    }
  }
  return nullptr;
}

Origin OriginOf(const Memory& seen, const std::vector<Chapter>& chapters) {
  bool was_updated_so = false;
  for (const Chapter& chapter : chapters) {
    for (const Call* call : chapter.calls) {
      was_updated_so |= call->kind == CallKind::kUpdateActivation && IsMutation(*call) &&
                        call->argument.id == seen.id &&
                        SameBits(call->argument.activation, seen.activation);
    }
  }
  Origin origin;
  ForEachStore(chapters, [&](const Call& store, size_t chapter) {
    if (IsMutation(store) && SameButActivation(seen, store.argument) &&
        (was_updated_so || SameBits(seen, store.argument))) {
      origin = {&store, chapter};
    }
    return false;
  });
  return origin;
}

bool PartsWereStored(const Memory& seen, const std::vector<Chapter>& chapters) {
  bool content = false;
  bool embedding = false;
  ForEachStore(chapters, [&](const Call& store, size_t) {
    if (!IsMutation(store) || store.argument.id != seen.id) return false;
    content |= seen.content == store.argument.content;
    embedding |= SameEmbedding(seen, store.argument);
    return content && embedding;
  });
  return content && embedding;
}

}  // namespace engram::inline ENGRAM_BODY::model
