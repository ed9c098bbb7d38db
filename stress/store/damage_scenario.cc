// One damage: do it, open, read, verify, heal, open again.

#include "stress/store/damage_scenario.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "model/reference_store.h"
#include "model/world/world.h"
#include "stress/store/damage_oracle.h"
#include "stress/store/damage_walks.h"

namespace engram::stress {
namespace {

using world::World;

struct DamageProgram {
  DamageProgram(OpenStore opened_by, std::shared_ptr<const SmallStore> damaged, DamageKind kind,
                std::shared_ptr<DamageCounts> counted)
      : open(std::move(opened_by)),
        store(std::move(damaged)),
        list(*store, kind),
        counts(std::move(counted)) {}

  const OpenStore open;
  const std::shared_ptr<const SmallStore> store;
  const DamageList list;
  const std::shared_ptr<DamageCounts> counts;
};

std::string TextOf(const absl::Status& status) {
  return absl::StrCat(absl::StatusCodeToString(status.code()), ": ", std::string(status.message()));
}

class DamageScenario final : public world::Scenario {
 public:
  DamageScenario(World& world, std::shared_ptr<const DamageProgram> program)
      : world_(world), program_(std::move(program)), options_(OptionsOf(program_->store->setup)) {
    options_.create_if_missing = false;
  }

  void Run() override {
    const uint32_t number = world_.Choose(program_->list.count());
    program_->list.Do(number, damaged_);
    world_.AddNote(damaged_.text);
    Install();
    if (kind() == DamageKind::kVersion) return CheckOtherVersion();
    auto opened = Open();
    if (!opened.ok()) return CheckRefusal(opened.status());
    Shown shown = ReadAll(**opened);
    CheckAnswers(shown);
    CheckWalks(**opened, shown);
    CheckVerified(**opened, shown);
    if (kind() == DamageKind::kTruncate || shown.losses() == 0) return;
    Heal(**opened, shown);
    const absl::Status closed = (*opened)->Close();
    Demand(closed.ok(), "cannot be closed", closed);
    opened->reset();
    opened = Open();
    Demand(opened.ok(), "cannot be opened after healing", opened.status());
    CheckHealed(ReadAll(**opened), "after opening it again");
  }

 private:
  DamageKind kind() const { return program_->list.kind(); }
  bool flips() const { return kind() == DamageKind::kFlip; }

  void Fail(std::string_view claim, const std::string& detail) {
    world_.Fail(std::string(claim), absl::StrCat("After \"", damaged_.text, "\": ", detail));
  }
  void Demand(bool condition, std::string_view claim, const absl::Status& status) {
    if (!condition) Fail(claim, TextOf(status));
  }

  void Install() {
    auto file = world_.file_system().Open(kStorePath, io::OpenMode::kCreateNew);
    ENGRAM_CHECK(file.ok() && io::WriteFully(**file, FileOffset{0}, damaged_.image).ok(),
                 "the damaged file can be written");
  }

  absl::StatusOr<std::unique_ptr<MemoryStore>> Open() {
    return program_->open(world_.file_system(), std::string(kStorePath), options_);
  }

  // A store may refuse, unless a superblock is intact: then only memories are damaged.
  void CheckRefusal(const absl::Status& status) {
    const bool empty = std::all_of(damaged_.image.begin(), damaged_.image.end(),
                                   [](std::byte byte) { return byte == std::byte{0}; });
    Demand(absl::IsDataLoss(status) || (empty && absl::IsNotFound(status)), "wrong refusal",
           status);
    Demand(!flips(), "a flipped bit hides all memories", status);
    ++program_->counts->refused;
  }

  // Nothing may come of it, even if a new store might be made.
  void CheckOtherVersion() {
    options_.create_if_missing = true;
    const absl::Status status = Open().status();
    const size_t version_at = damaged_.text.find("format version ");
    const std::string version =
        damaged_.text.substr(version_at, damaged_.text.find(" in ") - version_at);
    const bool is_named = absl::StrContains(status.message(), version);
    Demand(absl::IsUnimplemented(status) && is_named, "another version is not refused by name",
           status);
    auto file = world_.file_system().Open(kStorePath, io::OpenMode::kReadOnly);
    FileImage now(file.ok() ? *(*file)->Size() : 0);
    const bool is_read = file.ok() && io::ReadFully(**file, FileOffset{0}, now).ok();
    Demand(is_read && now == damaged_.image, "a file of another version has changed", status);
    ++program_->counts->refused;
  }

  Shown ReadAll(MemoryStore& store) {
    Shown shown;
    shown.tail_was_cut = store.recovery().tail_was_cut;
    shown.possibly_acknowledged = store.recovery().possibly_acknowledged;
    for (uint16_t key = 0; key < kKeys; ++key) {
      const absl::StatusOr<GetResult> got = store.Get(IdOf(key));
      Shown::Answer& answer = shown.answers[key];
      answer.damaged = absl::IsDataLoss(got.status());
      Demand(got.ok() || answer.damaged, "wrong error", got.status());
      if (got.ok() && got->memory.has_value()) answer.witness = WitnessOf(*got->memory);
      CheckViewed(store, key, answer);
      world_.Observe(answer.damaged ? 1 : answer.witness ? HashOf(*answer.witness) : 0);
    }
    return shown;
  }

  // View and Get must agree; Contains does not look at all the bytes, but lies no more than they
  // do.
  void CheckViewed(MemoryStore& store, uint16_t key, const Shown::Answer& answer) {
    std::optional<Memory> viewed;
    const absl::StatusOr<Presence> seen =
        store.View(IdOf(key), [&](const MemoryView& memory) { viewed = WitnessOf(memory); });
    const bool same = absl::IsDataLoss(seen.status()) == answer.damaged &&
                      viewed.has_value() == answer.witness.has_value() &&
                      (!viewed.has_value() || model::SameBits(*viewed, *answer.witness));
    if (!same) Fail("View differs from Get", absl::StrCat("of ", std::string(KeyName(key))));
    const absl::StatusOr<Presence> contained = store.Contains(IdOf(key));
    const bool contradicts =
        contained.ok() && !answer.damaged && contained->present != answer.witness.has_value();
    if (contradicts) {
      Fail("Contains differs from Get", absl::StrCat("of ", std::string(KeyName(key))));
    }
  }

  void CheckWalks(MemoryStore& store, const Shown& shown) {
    if (const auto wrong = WalksDiffer(store, shown)) Fail("differs from Get", *wrong);
  }

  void CheckAnswers(const Shown& shown) {
    if (const auto violation = JudgeDamaged(*program_->store, kind(), shown)) {
      Fail(violation->claim, violation->detail);
    }
    DamageCounts& counts = *program_->counts;
    const auto right = [&](uint16_t key) {
      const auto& memory = program_->store->states[program_->store->newest][key];
      return shown.answers[key].witness.has_value() == memory.has_value() &&
             (!memory.has_value() || model::SameBits(*shown.answers[key].witness, *memory));
    };
    bool all = true;
    for (uint16_t key = 0; key < kKeys; ++key) {
      all = all && (shown.answers[key].damaged || right(key));
    }
    ++(!all ? counts.cut : shown.losses() > 0 ? counts.lost : counts.right);
  }

  void CheckVerified(MemoryStore& store, const Shown& shown) {
    const absl::StatusOr<VerifyReport> report = store.Verify();
    Demand(report.ok(), "wrong error", report.status());
    if (shown.losses() == 0) return;
    if (report->damages.empty()) {
      Fail("Verify misses damage", "A read answered DATA_LOSS, and Verify reports no damage.");
    }
    if (flips() && program_->store->closed) CheckExtent(*report, shown);
  }

  // A flipped bit of a closed store: what it damages, and no more.
  void CheckExtent(const VerifyReport& report, const Shown& shown) {
    const auto hit =
        std::find_if(report.damages.begin(), report.damages.end(), [&](const Damage& damage) {
          return damage.offset.value <= damaged_.begin &&
                 damaged_.begin < damage.offset.value + std::max<uint64_t>(damage.bytes, 1);
        });
    if (hit == report.damages.end()) {
      Fail("Verify misses damage",
           absl::StrCat("It reports damage, but not at the flipped bit: ",
                        report.damages[0].structure, " at ", report.damages[0].offset.value));
    }
    if (hit->id.empty()) return;  // a structure that belongs to several
    for (uint16_t key = 0; key < kKeys; ++key) {
      if (shown.answers[key].damaged && IdOf(key) != hit->id) {
        Fail("a damaged memory hides another",
             absl::StrCat(std::string(KeyName(key)), " answers DATA_LOSS, but the bit is in ",
                          hit->structure, " of another."));
      }
    }
  }

  void Heal(MemoryStore& store, const Shown& shown) {
    for (uint16_t key = 0; key < kKeys; ++key) {
      healed_[key] = shown.answers[key];
      if (!shown.answers[key].damaged) continue;
      constexpr auto kValue = static_cast<uint32_t>(Content::kOther);
      const absl::StatusOr<Sequence> stored = store.Store(MemoryOf(key, kValue));
      Demand(stored.ok(), "cannot be healed", stored.status());
      healed_[key] = {.damaged = false, .witness = WitnessOf(key, kValue)};
    }
    const Shown after = ReadAll(store);
    CheckHealed(after, "at once");
    CheckWalks(store, after);
  }

  void CheckHealed(const Shown& shown, std::string_view when) {
    for (uint16_t key = 0; key < kKeys; ++key) {
      const Shown::Answer& answer = shown.answers[key];
      const Shown::Answer& expected = healed_[key];
      // A removal may have been forgotten, and the index cannot prove absence where it is damaged.
      if (answer.damaged && !expected.witness.has_value()) continue;
      const bool same = !answer.damaged &&
                        answer.witness.has_value() == expected.witness.has_value() &&
                        (!answer.witness || model::SameBits(*answer.witness, *expected.witness));
      if (!same) {
        Fail("not healed", absl::StrCat(std::string(KeyName(key)), " is ", std::string(when), " ",
                                        answer.damaged   ? "DATA_LOSS"
                                        : answer.witness ? *answer.witness->content
                                                         : "nothing"));
      }
    }
  }

  World& world_;
  const std::shared_ptr<const DamageProgram> program_;
  Options options_;
  DamageList::Damaged damaged_;
  std::array<Shown::Answer, kKeys> healed_;  // what each id must answer from then on
};

}  // namespace

world::Program MakeDamageProgram(std::string name, OpenStore open,
                                 std::shared_ptr<const SmallStore> store, DamageKind kind,
                                 std::shared_ptr<DamageCounts> counts) {
  auto shared = std::make_shared<const DamageProgram>(std::move(open), std::move(store), kind,
                                                      std::move(counts));
  world::Program program;
  program.name = std::move(name);
  program.bounds.steps_max = 200'000;
  program.make = [shared](World& world, std::span<const world::Operation>) {
    return std::make_unique<DamageScenario>(world, shared);
  };
  return program;
}

}  // namespace engram::stress
