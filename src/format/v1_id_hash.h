// How files of format 1 name a memory: they hold a hash of its id and never the id.
//
// Of what stands in such files this alone is computed from something outside of them. It is not the
// hash of today's format, and nothing that is written today uses it.

#ifndef ENGRAM_FORMAT_V1_ID_HASH_H_
#define ENGRAM_FORMAT_V1_ID_HASH_H_

#include <cstdint>
#include <string_view>

#include "base/body.h"

namespace engram::inline ENGRAM_BODY::format {

// SipHash-1-3 with a key of zeros, of the bytes of `id` and one byte 0xFF behind them.
uint64_t V1IdHash(std::string_view id);

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_V1_ID_HASH_H_
