// What each shows of each id, collected and compared.

#include "stress/store/damage_walks.h"

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "model/reference_store.h"
#include "stress/store/memory_table.h"
#include "stress/store/recalls.h"

namespace engram::stress {
namespace {

// What one way to look at all has shown.
class Walked {
 public:
  // Damage to a memory, or to all with hashes in a range. A range may be larger than what it hides.
  void AddDamage(std::string_view id, uint64_t first_hash, uint64_t last_hash) {
    for (uint16_t key = 0; key < kKeys; ++key) {
      const uint64_t hash = Checksum(std::as_bytes(std::span(IdOf(key))), 0);
      const bool is_it = IdOf(key) == id;
      if (is_it) is_named_damaged_[key] = true;
      if (is_it || (id.empty() && first_hash <= hash && hash <= last_hash)) is_covered_[key] = true;
    }
  }
  void AddMemory(std::string_view id, std::optional<Memory> witness) {
    const uint16_t key = KeyOf(id);
    if (key == kKeys) {
      wrong_ = "shows an id that nobody stored";
    } else if (is_shown_[key]) {
      wrong_ = absl::StrCat("shows ", std::string(KeyName(key)), " twice");
    } else {
      is_shown_[key] = true;
      witnesses_[key] = std::move(witness);
    }
  }
  void AddWrong(std::string wrong) { wrong_ = std::move(wrong); }

  // `looks_at_all`: at all the bytes that Get looks at.
  std::optional<std::string> DiffersFrom(const Shown& shown, bool looks_at_all) const {
    for (uint16_t key = 0; key < kKeys && !wrong_.has_value(); ++key) {
      const Shown::Answer& answer = shown.answers[key];
      const bool may_be_shown = answer.damaged ? !looks_at_all : answer.witness.has_value();
      const bool must_be_shown = !answer.damaged && answer.witness.has_value();
      const std::string name(KeyName(key));
      if (is_shown_[key] && !may_be_shown) return absl::StrCat("shows ", name);
      if (!is_shown_[key] && must_be_shown) return absl::StrCat("hides ", name);
      if (answer.damaged && !is_covered_[key] && !is_shown_[key]) {
        return absl::StrCat("says nothing of ", name, ", which answers DATA_LOSS");
      }
      if (!answer.damaged && is_named_damaged_[key]) {
        return absl::StrCat("says that ", name, " is damaged, which it is not");
      }
      if (must_be_shown && witnesses_[key].has_value() && looks_at_all &&
          !model::SameBits(*witnesses_[key], *answer.witness)) {
        return absl::StrCat("shows another value of ", name);
      }
    }
    return wrong_;
  }

 private:
  std::array<bool, kKeys> is_shown_ = {};
  std::array<bool, kKeys> is_covered_ = {};
  std::array<bool, kKeys> is_named_damaged_ = {};
  std::array<std::optional<Memory>, kKeys> witnesses_;
  std::optional<std::string> wrong_;
};

Walked Iterated(MemoryStore& store) {
  Walked walked;
  const absl::Status status = store.Iterate(std::nullopt, [&](const IterationItem& item) {
    if (item.status.ok()) {
      walked.AddMemory(item.id, WitnessOf(*item.view));
    } else {
      walked.AddDamage(item.id, item.id_hash, item.id_hash_last);
    }
    return true;
  });
  if (!status.ok()) walked.AddWrong("fails");
  return walked;
}

Walked Listed(MemoryStore& store) {
  // More items than there can be: memories, and damaged parts of the index.
  constexpr int kPagesMax = 1000;
  Walked walked;
  std::string cursor;
  for (int pages = 0; pages < kPagesMax; ++pages) {
    const absl::StatusOr<Page> page = store.List(cursor, 1, std::nullopt);
    if (!page.ok()) {
      walked.AddWrong("fails");
      return walked;
    }
    for (const PageItem& item : page->items) {
      if (item.status.ok()) {
        walked.AddMemory(item.memory.id, WitnessOf(item.memory));
      } else {
        walked.AddDamage(item.memory.id, item.id_hash, item.id_hash_last);
      }
    }
    if (page->cursor.empty()) return walked;
    cursor = page->cursor;
  }
  walked.AddWrong("does not end");
  return walked;
}

Walked Recalled(MemoryStore& store) {
  Walked walked;
  const RecallRequest& request = RequestOf(0, static_cast<uint32_t>(Recalling::kAll));
  const absl::StatusOr<RecallResult> result = store.Recall(request.cue, request.options);
  if (!result.ok()) {
    walked.AddWrong("fails");
    return walked;
  }
  for (const RecallMatch& match : result->matches) {
    walked.AddMemory(match.id, std::nullopt);
    const uint16_t key = KeyOf(match.id);
    if (key < kKeys && ValueShownBy(match, request, key) == kNoValue) {
      walked.AddWrong("gives a score that no memory has");
    }
  }
  for (const DamagedMemory& damaged : result->damaged) {
    walked.AddDamage(damaged.id, damaged.id_hash, damaged.id_hash_last);
  }
  return walked;
}

}  // namespace

std::optional<std::string> WalksDiffer(MemoryStore& store, const Shown& shown) {
  const auto said_by = [](std::string_view call, const std::optional<std::string>& wrong) {
    return wrong.has_value() ? std::optional(absl::StrCat(std::string(call), " ", *wrong))
                             : std::nullopt;
  };
  if (auto wrong = Iterated(store).DiffersFrom(shown, true)) return said_by("Iterate", wrong);
  if (auto wrong = Listed(store).DiffersFrom(shown, true)) return said_by("List", wrong);
  // It does not look at content.
  return said_by("Recall", Recalled(store).DiffersFrom(shown, false));
}

}  // namespace engram::stress
