// Fuzz target: what clients do to a store, side by side, and what the world does to them. Claim:
// whatever the operations, whoever goes on when, wherever it crashes and whatever is lost, again in
// recovery and in that recovery, what the clients saw has an explanation: the history oracle's.
//
// An input is the token of an execution of one of the programs below: their operations, and every
// decision that is not the default. The mutator runs the input and decides otherwise where it had a
// choice, so that each change is one that the execution meets; stress/store/store_scenario.h says
// what is demanded. Two steps of different threads in an order that was never seen count as new
// coverage, beside new code of the store.
//
// Not covered: data races, which the replay of the corpus under ThreadSanitizer would see.
//
// Run it with `ci/fuzz schedule`; its corpus, fuzz/corpora/schedule, is replayed by every test run.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "fuzz/schedule_orders.h"
#include "fuzz/trials/trial_target.h"

namespace engram::fuzz {
namespace {

// Read by libFuzzer after each input: a value never seen at a place is a feature.
constexpr size_t kOrdersMax = 32'768;
__attribute__((section("__libfuzzer_extra_counters"))) uint8_t orders[kOrdersMax];

TrialTarget& Target() {
  static TrialTarget& target =
      *new TrialTarget(SchedulePrograms(), {.operations_max = 24,
                                            .operations_per_client_max = 12,
                                            .several_clients = true,
                                            .deviations_max = 256});
  return target;
}

std::string_view TextOf(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace
}  // namespace engram::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace engram::fuzz;
  if (!Target().Try(TextOf(data, size))) return -1;
  CountOrders(Target().last_steps(), orders);
  return 0;
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
