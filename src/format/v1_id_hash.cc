// SipHash-1-3, as the highwayhash headers compute it; no library is linked for it.

#include "format/v1_id_hash.h"

#include <highwayhash/sip_hash.h>

#include <string>

namespace engram::inline ENGRAM_BODY::format {

uint64_t V1IdHash(std::string_view id) {
  constexpr highwayhash::SipHash13State::Key kZeroKey = {0, 0};
  std::string hashed(id);
  hashed.push_back('\xFF');
  return highwayhash::SipHash13(kZeroKey, hashed.data(), hashed.size());
}

}  // namespace engram::inline ENGRAM_BODY::format
