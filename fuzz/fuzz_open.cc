// Fuzz target: opening what is on disk. Claim: whatever a file holds, Open refuses it with a
// documented error and leaves its bytes alone, or opens it, and then every call returns; nothing is
// read beyond the end of the file, no assertion of ours fails, and what Open allocates is bounded
// by the file and the options.
//
// The file is that of a sample store (engine/sample_stores_fixture.h), edited. What else is claimed
// depends on how:
//   Raw damage, no checksum repaired: an intact superblock is enough to open it. Each answer is the
//   right one or DATA_LOSS. If the log of a killed process was changed, or a cut is reported, all
//   answers may be those of one earlier state, which the last checkpoint is part of. Verify finds
//   what answers DATA_LOSS; storing it again heals it, also for the next Open.
//   Forged, checksums repaired: answers may be anything.
//
// Not covered: files with many extents, several threads, faults of the disk.
//
// Run it with `ci/fuzz open`; its corpus, fuzz/corpora/open, is replayed by every test run. Inputs
// mean something only together with the samples.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "engine/sample_stores_fixture.h"
#include "fuzz/images/image_edits.h"
#include "fuzz/images/image_trial.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

const ImageSamples& Samples() {
  static const ImageSamples& samples = *new ImageSamples(engine::SampleStores());
  return samples;
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace engram::fuzz;
  const std::optional<Input> input = Decode({data, size}, Samples().stores.size());
  if (!input) return -1;
  TryImage(Samples(), *input, Moving::kNone);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  using namespace engram::fuzz;
  return MutateImage(Samples(), Aim::kAnything, data, size, max_size, seed);
}
