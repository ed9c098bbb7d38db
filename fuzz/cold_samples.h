// Small stores with cold memories of many kinds, whose files fuzz_cold edits: compressed and raw
// content, short and long, runs of one and of several extents, runs that were rewritten, dead rows,
// memories that came back.

#ifndef ENGRAM_FUZZ_COLD_SAMPLES_H_
#define ENGRAM_FUZZ_COLD_SAMPLES_H_

#include <vector>

#include "base/body.h"
#include "engine/sample_stores_fixture.h"

namespace engram::inline ENGRAM_BODY::fuzz {

std::vector<engine::SampleStore> ColdSamples();

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_COLD_SAMPLES_H_
