// The runs of cold memories of one edited file, row by row, by the readers of src/cold alone. What
// is claimed of them stands in fuzz_cold.cc.

#ifndef ENGRAM_FUZZ_COLD_RUNS_H_
#define ENGRAM_FUZZ_COLD_RUNS_H_

#include "base/body.h"
#include "fuzz/images/image_structures.h"

namespace engram::inline ENGRAM_BODY::fuzz {

// Dies if a claim does not hold for a run of `map` as it is in `changed`. `is_raw`: no checksum was
// repaired.
void TryColdRuns(const ImageMap& map, const Image& changed, bool is_raw);

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_COLD_RUNS_H_
