// How much a memory is still believed: its confidence, by age and tier. The formula is in
// api/recall.h.

#ifndef ENGRAM_RECALL_CALIBRATION_H_
#define ENGRAM_RECALL_CALIBRATION_H_

#include <cstdint>

#include "api/tier.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::recall {

// Times in ns since the Unix epoch, any of them.
float CalibratedConfidence(float confidence, Tier tier, int64_t last_access, int64_t now);

}  // namespace engram::inline ENGRAM_BODY::recall

#endif  // ENGRAM_RECALL_CALIBRATION_H_
