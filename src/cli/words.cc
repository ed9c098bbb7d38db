// Sentences and lists: what a program would print the same way for everybody, in no locale.

#include "cli/words.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace engram::inline ENGRAM_BODY::cli {

std::string Grouped(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string Counted(uint64_t number, std::string_view one, std::string_view many) {
  std::string text = Grouped(number);
  text += ' ';
  text += number == 1 ? one : many;
  return text;
}

std::string Told(const Damage& damage) {
  std::string text;
  if (!damage.id.empty()) {
    absl::StrAppend(&text, "memory \"", absl::Utf8SafeCEscape(damage.id), "\": ");
  }
  // Many explanations begin with the place.
  if (!absl::StartsWith(damage.explanation, absl::StrCat(damage.structure, " at offset "))) {
    text += damage.structure;
    if (damage.bytes > 0)
      absl::StrAppend(&text, " at offset ", damage.offset.value, " of the file");
    text += ": ";
  }
  return text + damage.explanation;
}

std::string Told(const RecoveryReport& report) {
  std::string text;
  if (report.clean) {
    text = "It had been closed properly.";
  } else {
    text = absl::StrCat("It had not been closed: ",
                        Counted(report.entries_replayed, "log entry was", "log entries were"),
                        " replayed.");
  }
  if (report.tail_was_cut) {
    absl::StrAppend(&text, " What the log has from offset ", report.cut_at.value,
                    " on was never complete, as nothing proves otherwise, and is left out.");
  }
  if (report.possibly_acknowledged) {
    absl::StrAppend(&text,
                    " What was left out belongs to the last commit, which a completed sync may "
                    "have acknowledged: a crash and damage cannot be told apart there.");
  }
  if (report.superblock_restored) {
    absl::StrAppend(&text, " One of the two superblocks was not intact; the other one was used.");
  }
  return text;
}

}  // namespace engram::inline ENGRAM_BODY::cli
