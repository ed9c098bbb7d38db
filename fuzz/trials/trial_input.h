// Inputs of the fuzz targets that drive trials of the store: operations, and for some targets
// decisions of the world. An input is a token's text, so whatever fails is replayed, drawn and made
// smaller by engram-verify as it stands.

#ifndef ENGRAM_FUZZ_TRIALS_TRIAL_INPUT_H_
#define ENGRAM_FUZZ_TRIALS_TRIAL_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/explore/random.h"
#include "model/world/choices.h"
#include "model/world/program.h"
#include "stress/store/operations.h"

namespace engram::fuzz {

struct TrialInput {
  std::string program;
  std::vector<world::Operation> operations;
  std::vector<world::Deviation> deviations;
};

// Which inputs a target takes.
struct TrialRules {
  size_t operations_max = 0;
  // Of each client, where several work side by side; what an oracle's work grows with.
  size_t operations_per_client_max = 0;
  bool several_clients = false;
  size_t deviations_max = 0;  // 0: the world decides nothing but its defaults
};

// How many values an operation of this kind may have, at least 1.
uint32_t ValuesOf(stress::Verb verb);

// Some operation that `rules` allow, without an id.
world::Operation SomeOperation(const TrialRules& rules, world::Random& random);

bool IsAllowed(const TrialInput& input, const TrialRules& rules);

// Nothing: not a token, or one that `rules` do not allow.
std::optional<TrialInput> DecodeInput(std::string_view text, const TrialRules& rules);
std::string EncodeInput(const TrialInput& input);

}  // namespace engram::fuzz

#endif  // ENGRAM_FUZZ_TRIALS_TRIAL_INPUT_H_
