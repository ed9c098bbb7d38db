// Which body this translation unit is compiled for: `production` or `simulated`.
//
// Engram is built twice from the same sources. In the production body the types of src/sync are the
// std types; in the simulated body every operation of src/sync and src/io is a scheduling point of
// the world in model/world. This is the only file in which the macro that switches bodies appears:
// everything else lives in `namespace engram::inline ENGRAM_BODY`, so that the two bodies have
// different symbols, and includes a body's types through ENGRAM_SYNC_BODY_HEADER.
//
// A program must not contain both bodies: every translation unit refers to the tag of its body,
// both tags are defined beside the same symbol, and the linker refuses its second definition
// (src/base/body_tag.cc).

#ifndef ENGRAM_BASE_BODY_H_
#define ENGRAM_BASE_BODY_H_

#ifdef ENGRAM_SIMULATED
#define ENGRAM_BODY simulated
#define ENGRAM_SYNC_BODY_HEADER "sync/simulated_body.h"
#else
#define ENGRAM_BODY production
#define ENGRAM_SYNC_BODY_HEADER "sync/production_body.h"
#endif

namespace engram::inline ENGRAM_BODY {

extern const int kBodyTag;
// Keeps the reference to the tag in every object file that includes this header.
[[gnu::used]] static const int* const kBodyTagReference = &kBodyTag;

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_BASE_BODY_H_
