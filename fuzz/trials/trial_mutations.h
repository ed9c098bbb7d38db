// Changing inputs of trials with purpose: operations come, go and change their operands; decisions
// are made otherwise where the execution of the input has a choice.

#ifndef ENGRAM_FUZZ_TRIALS_TRIAL_MUTATIONS_H_
#define ENGRAM_FUZZ_TRIALS_TRIAL_MUTATIONS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fuzz/trials/trial_input.h"
#include "model/explore/asked_choices.h"

namespace engram::fuzz {

// Another input near `input`, allowed by `rules` if it was. `questions`: what its execution asked.
// `programs`: those that it may be of.
void Mutate(TrialInput& input, const TrialRules& rules, std::span<const std::string> programs,
            std::span<const world::Question> questions, uint64_t seed);

// The beginning of one and the end of the other, with what was decided in either; of the program of
// `front`.
TrialInput Crossed(const TrialInput& front, const TrialInput& back, const TrialRules& rules,
                   uint64_t seed);

}  // namespace engram::fuzz

#endif  // ENGRAM_FUZZ_TRIALS_TRIAL_MUTATIONS_H_
