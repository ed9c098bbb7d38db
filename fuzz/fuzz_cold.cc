// Fuzz target: runs of cold memories. Claim: whatever was done to a file with such runs,
//   by the readers of src/cold alone: raw damage, no checksum repaired, shows of each row the right
//     fields, embedding and content, or DATA_LOSS; nothing of another row. Forged rows may show
//     anything, but never what is outside of the run, and make the reader allocate no more than
//     their stored bytes could become: no bomb.
//   by a whole store: what fuzz_open.cc claims, and the same after all memories have been moved
//     from tier to tier and the runs rewritten.
//
// The files are those of fuzz/cold_samples.h, edited as in fuzz_open.cc, mostly where the runs are.
//
// Not covered: what fuzz_open.cc does not cover; making runs, which is tried by every other target.
//
// Run it with `ci/fuzz cold`; its corpus, fuzz/corpora/cold, is replayed by every test run. Inputs
// mean something only together with the samples.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "fuzz/cold_runs.h"
#include "fuzz/cold_samples.h"
#include "fuzz/images/image_edits.h"
#include "fuzz/images/image_trial.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

const ImageSamples& Samples() {
  static const ImageSamples& samples = *new ImageSamples(ColdSamples());
  return samples;
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace engram::fuzz;
  const std::optional<Input> input = Decode({data, size}, Samples().stores.size());
  if (!input) return -1;
  const ImageMap& map = Samples().maps[input->store];
  TryColdRuns(map, Apply(*input, map), !input->forged);
  TryImage(Samples(), *input, Moving::kThereAndBack);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  using namespace engram::fuzz;
  return MutateImage(Samples(), Aim::kCold, data, size, max_size, seed);
}
