// Looking for a state that explains all answers, and naming what is wrong if there is none.

#include "stress/store/damage_oracle.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/reference_store.h"

namespace engram::stress {
namespace {

bool Agrees(const Shown::Answer& answer, const std::optional<Memory>& memory) {
  if (answer.damaged) return true;
  if (answer.witness.has_value() != memory.has_value()) return false;
  return !memory.has_value() || model::SameBits(*answer.witness, *memory);
}

bool Explains(const State& state, const Shown& shown) {
  for (uint16_t key = 0; key < kKeys; ++key) {
    if (!Agrees(shown.answers[key], state[key])) return false;
  }
  return true;
}

std::string TextOf(const std::optional<Memory>& witness) {
  return witness.has_value() ? *witness->content : std::string("nothing");
}

// Whether the id ever had that memory.
bool WasEver(const SmallStore& store, uint16_t key, const Memory& witness) {
  return std::any_of(store.states.begin(), store.states.end(), [&](const State& state) {
    return state[key].has_value() && model::SameBits(*state[key], witness);
  });
}

model::Violation Diagnose(const SmallStore& store, const Shown& shown) {
  const State& newest = store.states[store.newest];
  for (uint16_t key = 0; key < kKeys; ++key) {
    const Shown::Answer& answer = shown.answers[key];
    if (Agrees(answer, newest[key])) continue;
    std::string detail =
        absl::StrCat("Get of ", std::string(KeyName(key)), " showed ", TextOf(answer.witness),
                     "; stored was ", TextOf(newest[key]), ".");
    const bool invented = answer.witness.has_value() && !WasEver(store, key, *answer.witness);
    if (invented) return {"another value", std::move(detail)};
    if (!answer.witness.has_value()) return {"silent absence", std::move(detail)};
    return {"an older value", std::move(detail)};
  }
  return {"mixed state", "No state explains all answers."};
}

}  // namespace

uint32_t Shown::losses() const {
  return static_cast<uint32_t>(std::count_if(answers.begin(), answers.end(),
                                             [](const Answer& answer) { return answer.damaged; }));
}

std::optional<model::Violation> JudgeDamaged(const SmallStore& store, DamageKind kind,
                                             const Shown& shown) {
  const bool untellable = !store.closed && kind != DamageKind::kFlip;
  const size_t least = untellable ? store.checkpointed : store.synced_before;
  if (Explains(store.states[store.newest], shown)) return std::nullopt;
  for (size_t state = store.newest; state-- > least;) {
    if (!Explains(store.states[state], shown)) continue;
    if (untellable) return std::nullopt;
    const std::string text = absl::StrCat("It showed the state after ", state, " mutations of ",
                                          store.newest, "; the last Sync covered ", store.synced);
    if (!shown.tail_was_cut) return model::Violation{"unreported cut", text};
    if (state < store.synced && !shown.possibly_acknowledged) {
      return model::Violation{"cut of what was acknowledged, not said so", text};
    }
    return std::nullopt;
  }
  return Diagnose(store, shown);
}

}  // namespace engram::stress
