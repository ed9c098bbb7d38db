// The link-time tag: a program that links both bodies fails with a duplicate definition of
// `engram_has_one_body_per_program`, which names the mistake.

#include "base/body.h"

extern "C" {
// Named as the sentence that the linker is to print.
// NOLINTBEGIN(readability-identifier-naming)
extern const int engram_has_one_body_per_program;
const int engram_has_one_body_per_program = 1;
// NOLINTEND(readability-identifier-naming)
}

namespace engram::inline ENGRAM_BODY {

const int kBodyTag = engram_has_one_body_per_program;

}  // namespace engram::inline ENGRAM_BODY
