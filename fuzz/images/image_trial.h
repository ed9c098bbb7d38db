// One file of a store, damaged or forged: opening it, and all that can be asked of it then. What is
// claimed of the answers stands in fuzz_open.cc.

#ifndef ENGRAM_FUZZ_IMAGES_IMAGE_TRIAL_H_
#define ENGRAM_FUZZ_IMAGES_IMAGE_TRIAL_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/body.h"
#include "engine/sample_stores_fixture.h"
#include "fuzz/images/image_edits.h"
#include "fuzz/images/image_structures.h"

namespace engram::inline ENGRAM_BODY::fuzz {

// Stores whose files are edited. Inputs name them by their place.
struct ImageSamples {
  explicit ImageSamples(std::vector<engine::SampleStore> samples);

  std::vector<engine::SampleStore> stores;
  std::vector<ImageMap> maps;  // of each
};

// What a trial does beside reading and changing.
enum class Moving : uint8_t {
  kNone,
  kThereAndBack,  // all memories from tier to tier
};

// Dies if a claim does not hold. REQUIRES: Decode has made `input`.
void TryImage(const ImageSamples& samples, const Input& input, Moving moving);

// As LLVMFuzzerCustomMutator.
size_t MutateImage(const ImageSamples& samples, Aim aim, uint8_t* bytes, size_t size,
                   size_t size_max, uint64_t seed);

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_IMAGES_IMAGE_TRIAL_H_
