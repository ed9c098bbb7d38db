// A fuzz target that runs executions of programs around a store: decodes inputs, runs them, changes
// them. A failing execution is told on stderr, with its token, and ends the process.

#ifndef ENGRAM_FUZZ_TRIALS_TRIAL_TARGET_H_
#define ENGRAM_FUZZ_TRIALS_TRIAL_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/trials/trial_input.h"
#include "model/explore/asked_choices.h"
#include "model/explore/runner.h"
#include "stress/store/store_programs.h"

namespace engram::fuzz {

// The programs with one client and the reference beside it.
std::vector<stress::StoreProgram> OperationsPrograms();
// Those in which several clients work, or crashes and faults come: all that may do any operation.
std::vector<stress::StoreProgram> SchedulePrograms();

// Thread safety: confined to one OS thread.
class TrialTarget {
 public:
  TrialTarget(std::vector<stress::StoreProgram> programs, const TrialRules& rules);

  // False: this is no input of this target.
  bool Try(std::string_view text);
  // Steps of the execution that was tried last.
  std::span<const world::Step> last_steps() const;

  // As LLVMFuzzerCustomMutator and LLVMFuzzerCustomCrossOver.
  size_t MutateText(uint8_t* text, size_t size, size_t size_max, uint64_t seed);
  size_t CrossTexts(std::string_view front, std::string_view back, uint8_t* text, size_t size_max,
                    uint64_t seed);

 private:
  struct Tried {
    world::Program program;
    std::unique_ptr<world::Runner> runner;
  };

  std::optional<TrialInput> Decode(std::string_view text) const;
  void Execute(const TrialInput& input);
  TrialInput Generated(uint64_t seed) const;
  // Writes the text of `input`, shortened to what fits.
  size_t Write(TrialInput input, uint8_t* text, size_t size_max) const;

  std::map<std::string, Tried> programs_;
  std::vector<std::string> names_;
  const TrialRules rules_;
  world::AskedChoices asked_;
  // Of the last execution.
  std::string executed_;
  world::Runner* runner_ = nullptr;
};

}  // namespace engram::fuzz

#endif  // ENGRAM_FUZZ_TRIALS_TRIAL_TARGET_H_
