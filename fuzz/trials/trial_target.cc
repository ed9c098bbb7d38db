// Running inputs. The mutator runs an input, too, unless it was the last to be run: it has to know
// what the execution asks.

#include "fuzz/trials/trial_target.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "fuzz/trials/trial_mutations.h"
#include "model/explore/explorers.h"

namespace engram::fuzz {
namespace {

using world::Failure;
using world::Scheduler;

// `token` names the execution that failed.
[[noreturn]] void Tell(const std::string& program, const Failure& failure,
                       const std::string& token) {
  const std::string text =
      absl::StrCat("\n'", program, "' fails: ", failure.claim, "\n\n", failure.detail,
                   "\n\nSEE IT AGAIN\n  engram-verify replay '", token,
                   "'\nMAKE IT SMALLER\n  engram-verify shrink '", token, "'\n\n");
  std::fputs(text.c_str(), stderr);
  std::abort();
}

// As users do.
absl::StatusOr<std::unique_ptr<MemoryStore>> OpenTheStore(io::FileSystem& files,
                                                          const std::string& path,
                                                          const Options& options) {
  return MemoryStore::Open(files, path, options);
}

}  // namespace

std::vector<stress::StoreProgram> OperationsPrograms() {
  return stress::ModelPrograms(OpenTheStore);
}

std::vector<stress::StoreProgram> SchedulePrograms() {
  std::vector<stress::StoreProgram> programs = stress::CrashPrograms(OpenTheStore);
  for (auto&& made :
       {stress::FaultPrograms(OpenTheStore), stress::InterleavePrograms(OpenTheStore)}) {
    // What is explored exhaustively is small, but for crashes. Clients of those that stall wait for
    // each other, and so may not do everything.
    std::ranges::copy_if(made, std::back_inserter(programs), [](const auto& tried) {
      return !tried.exhaustive && !tried.program.name.starts_with("stalled_");
    });
  }
  return programs;
}

TrialTarget::TrialTarget(std::vector<stress::StoreProgram> programs, const TrialRules& rules)
    : rules_(rules) {
  for (stress::StoreProgram& tried : programs) {
    names_.push_back(tried.program.name);
    programs_[names_.back()].program = std::move(tried.program);
  }
}

std::optional<TrialInput> TrialTarget::Decode(std::string_view text) const {
  std::optional<TrialInput> input = DecodeInput(text, rules_);
  if (input.has_value() && !programs_.contains(input->program)) return std::nullopt;
  return input;
}

void TrialTarget::Execute(const TrialInput& input) {
  Tried& tried = programs_.at(input.program);
  if (tried.runner == nullptr) {
    tried.runner = std::make_unique<world::Runner>(tried.program, tried.program.bounds);
  }
  runner_ = tried.runner.get();
  world::ReplayExplorer answers(input.deviations);
  answers.Begin(runner_->scheduler());
  asked_.Begin(answers);
  runner_->Run(input.operations, asked_);
  const Scheduler& scheduler = runner_->scheduler();
  if (!scheduler.failed()) return;
  const std::string token = EncodeInput({input.program, input.operations, scheduler.deviations()});
  Tell(input.program, *scheduler.failure(), token);
}

bool TrialTarget::Try(std::string_view text) {
  const std::optional<TrialInput> input = Decode(text);
  if (!input.has_value()) return false;
  Execute(*input);
  executed_ = text;
  return true;
}

std::span<const world::Step> TrialTarget::last_steps() const {
  if (runner_ == nullptr) return {};
  return {runner_->scheduler().steps(), runner_->scheduler().step_count()};
}

TrialInput TrialTarget::Generated(uint64_t seed) const {
  const std::string& name = names_[seed % names_.size()];
  TrialInput input{name, programs_.at(name).program.generate(seed), {}};
  while (!IsAllowed(input, rules_)) input.operations.pop_back();
  return input;
}

size_t TrialTarget::Write(TrialInput input, uint8_t* text, size_t size_max) const {
  std::string encoded = EncodeInput(input);
  while (encoded.size() > size_max) {
    if (input.deviations.empty() && input.operations.empty()) return 0;
    input.deviations.resize(input.deviations.size() / 2);
    if (input.deviations.empty()) input.operations.resize(input.operations.size() / 2);
    encoded = EncodeInput(input);
  }
  std::memcpy(text, encoded.data(), encoded.size());
  return encoded.size();
}

size_t TrialTarget::MutateText(uint8_t* text, size_t size, size_t size_max, uint64_t seed) {
  const std::string before(reinterpret_cast<const char*>(text), size);
  std::optional<TrialInput> input = Decode(before);
  if (!input.has_value()) return Write(Generated(seed), text, size_max);
  if (rules_.deviations_max > 0) {
    if (executed_ != before) Execute(*input);
    executed_ = before;
    // Without those that it did not ask for.
    input->deviations = runner_->scheduler().deviations();
    if (!IsAllowed(*input, rules_)) input->deviations.clear();
  }
  Mutate(*input, rules_, names_, asked_.questions(), seed);
  return Write(*std::move(input), text, size_max);
}

size_t TrialTarget::CrossTexts(std::string_view front, std::string_view back, uint8_t* text,
                               size_t size_max, uint64_t seed) {
  const std::optional<TrialInput> first = Decode(front);
  const std::optional<TrialInput> second = Decode(back);
  if (!first.has_value() || !second.has_value()) return 0;
  return Write(Crossed(*first, *second, rules_, seed), text, size_max);
}

}  // namespace engram::fuzz
