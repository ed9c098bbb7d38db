// Words for calls and memories. Floats are printed so that different bits look different.

#include "model/history_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

constexpr size_t kQuotedBytesMax = 48;

std::string Number(float value) { return absl::StrFormat("%.9g", value); }

std::string Content(const std::optional<std::string>& content) {
  return content ? Quoted(*content) : "none";
}

// Adds `name`: seen instead of promised, if they differ.
template <typename T, typename Tell>
void Compare(const char* name, const T& seen, const T& promised, const Tell& tell,
             std::vector<std::string>& differences) {
  const std::string a = tell(seen);
  const std::string b = tell(promised);
  if (a != b) differences.push_back(absl::StrCat(name, " ", a, " instead of ", b));
}

void CompareEmbeddings(const Memory& seen, const Memory& promised,
                       std::vector<std::string>& differences) {
  if (seen.embedding.size() != promised.embedding.size()) {
    differences.push_back(absl::StrCat("an embedding of ", seen.embedding.size(),
                                       " numbers instead of ", promised.embedding.size()));
    return;
  }
  size_t different = 0;
  size_t first = 0;
  for (size_t i = seen.embedding.size(); i-- > 0;) {
    if (SameBits(seen.embedding[i], promised.embedding[i])) continue;
    ++different;
    first = i;
  }
  if (different == 0) return;
  differences.push_back(absl::StrCat("embedding[", first, "] ", Number(seen.embedding[first]),
                                     " instead of ", Number(promised.embedding[first])));
  if (different > 1) {
    absl::StrAppend(&differences.back(), " (and ", different - 1, " more of its numbers)");
  }
}

std::string Outcome(const Call& call) {
  const bool finds = call.kind != CallKind::kStore && call.kind != CallKind::kSync;
  const bool reads = call.kind == CallKind::kGet || call.kind == CallKind::kContains;
  switch (call.outcome) {
    case CallOutcome::kPending:
      return "never returned";
    case CallOutcome::kOk:
      return reads ? "found" : "OK";
    case CallOutcome::kAbsent:
      return finds ? "not there" : "NOT_FOUND";
    case CallOutcome::kRejected:
      return "rejected";
    case CallOutcome::kUnknown:
      return "UNAVAILABLE, outcome unknown";
    case CallOutcome::kDamaged:
      return "DATA_LOSS";
  }
  return "?";
}

}  // namespace

std::string Quoted(std::string_view text) {
  const auto escaped = [](std::string_view part) {
    std::string out;
    for (const char c : part) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte == '"' || byte == '\\') {
        absl::StrAppend(&out, "\\", std::string(1, c));
      } else if (byte < 0x20 || byte >= 0x7F) {
        absl::StrAppendFormat(&out, "\\x%02x", byte);
      } else {
        out.push_back(c);
      }
    }
    return out;
  };
  if (text.size() <= kQuotedBytesMax) return absl::StrCat("\"", escaped(text), "\"");
  const size_t half = kQuotedBytesMax / 2;
  return absl::StrCat("\"", escaped(text.substr(0, half)), "...",
                      escaped(text.substr(text.size() - half)), "\" (", text.size(), " bytes)");
}

std::string Invocation(const Call& call) {
  const std::string id = Quoted(call.argument.id);
  switch (call.kind) {
    case CallKind::kStore:
      return absl::StrCat("Store(", id, ")");
    case CallKind::kGet:
      return absl::StrCat("Get(", id, ")");
    case CallKind::kRemove:
      return absl::StrCat("Remove(", id, ")");
    case CallKind::kUpdateActivation:
      return absl::StrCat("UpdateActivation(", id, ", ", Number(call.argument.activation), ")");
    case CallKind::kContains:
      return absl::StrCat("Contains(", id, ")");
    case CallKind::kSync:
      return "Sync()";
  }
  return "?";
}

std::string Told(const Call& call) {
  std::string text = absl::StrCat(Invocation(call), " = ", Outcome(call));
  if (call.sequence.value != 0) absl::StrAppend(&text, ", sequence ", call.sequence.value);
  absl::StrAppend(&text, " (operation ", call.operation, " of client ", call.client, ", ",
                  call.invoked_at, "..");
  if (call.outcome != CallOutcome::kPending) absl::StrAppend(&text, call.returned_at);
  return text + ")";
}

std::string Told(const Memory* memory) {
  if (memory == nullptr) return "nothing";
  std::vector<std::string> fields = {absl::StrCat("content ", Content(memory->content))};
  const auto fraction = [&](const char* name, float value) {
    if (!SameBits(value, 0.0F)) fields.push_back(absl::StrCat(name, " ", Number(value)));
  };
  fraction("confidence", memory->confidence);
  fraction("activation", memory->activation);
  fraction("decay_rate", memory->decay_rate);
  if (memory->created_at != 0) fields.push_back(absl::StrCat("created_at ", memory->created_at));
  if (memory->last_access != 0) fields.push_back(absl::StrCat("last_access ", memory->last_access));
  if (memory->access_count != 0) {
    fields.push_back(absl::StrCat("access_count ", memory->access_count));
  }
  if (!memory->embedding.empty()) {
    fields.push_back(absl::StrCat("embedding ", Number(memory->embedding.front()), ", ..."));
  }
  return absl::StrCat("{", absl::StrJoin(fields, ", "), "}");
}

std::string Differences(const Memory& seen, const Memory& promised) {
  std::vector<std::string> differences;
  const auto quoted = [](const std::string& text) { return Quoted(text); };
  const auto integer = [](auto value) { return absl::StrCat(value); };
  Compare("id", seen.id, promised.id, quoted, differences);
  if (seen.content != promised.content) {
    const std::string a = Content(seen.content);
    const std::string b = Content(promised.content);
    differences.push_back(a == b ? absl::StrCat("content ", a, " with another middle")
                                 : absl::StrCat("content ", a, " instead of ", b));
  }
  CompareEmbeddings(seen, promised, differences);
  Compare("confidence", seen.confidence, promised.confidence, Number, differences);
  Compare("activation", seen.activation, promised.activation, Number, differences);
  Compare("decay_rate", seen.decay_rate, promised.decay_rate, Number, differences);
  Compare("created_at", seen.created_at, promised.created_at, integer, differences);
  Compare("last_access", seen.last_access, promised.last_access, integer, differences);
  Compare("access_count", seen.access_count, promised.access_count, integer, differences);
  return differences.empty() ? "nothing" : absl::StrJoin(differences, ", ");
}

}  // namespace engram::inline ENGRAM_BODY::model
