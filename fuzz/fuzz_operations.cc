// Fuzz target: what one client does to a store. Claim: whatever the operations, each answer of the
// store, and each of its statistics, is the reference's: never another value, never an absence that
// is none.
//
// An input is the token of an execution of one of the `model` programs without deviations: the
// operations and how the store is set up. Compared is by stress/store/model_scenario.h. Mutations
// are those of fuzz/trials/trial_mutations.h.
//
// Not covered: several clients, crashes, faults: fuzz_schedule.cc.
//
// Run it with `ci/fuzz operations`; its corpus, fuzz/corpora/operations, is replayed by every test
// run.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/trials/trial_target.h"

namespace engram::fuzz {
namespace {

TrialTarget& Target() {
  static TrialTarget& target =
      *new TrialTarget(OperationsPrograms(), {.operations_max = 300,
                                              .operations_per_client_max = 0,
                                              .several_clients = false,
                                              .deviations_max = 0});
  return target;
}

std::string_view TextOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace
}  // namespace engram::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return engram::fuzz::Target().Try(engram::fuzz::TextOf(data, size)) ? 0 : -1;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  return engram::fuzz::Target().MutateText(data, size, max_size, seed);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned int seed) {
  using engram::fuzz::TextOf;
  return engram::fuzz::Target().CrossTexts(TextOf(data1, size1), TextOf(data2, size2), out,
                                           max_out_size, seed);
}
