// Damaging encodings in every small way, and expecting that none of it is accepted. For tests.

#ifndef ENGRAM_FORMAT_DAMAGE_FIXTURE_H_
#define ENGRAM_FORMAT_DAMAGE_FIXTURE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/body.h"
#include "format/samples_fixture.h"

namespace engram::inline ENGRAM_BODY::format {

// Decodes bytes and says what came of it.
using Decoding = std::function<absl::Status(const Bytes&)>;

inline void ExpectDataLoss(const absl::Status& status, const std::string& what) {
  EXPECT_TRUE(absl::IsDataLoss(status)) << what << ": " << status;
  EXPECT_FALSE(status.message().empty()) << what;
}

// REQUIRES: `bytes` are intact.
inline void ExpectEveryBitFlipIsDataLoss(Bytes bytes, const Decoding& decode,
                                         const std::string& what) {
  ASSERT_TRUE(decode(bytes).ok()) << what << ": " << decode(bytes);
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const std::byte flip = std::byte{1} << (bit % 8);
    bytes[bit / 8] ^= flip;
    ExpectDataLoss(decode(bytes), what + ", bit " + std::to_string(bit) + " flipped");
    bytes[bit / 8] ^= flip;
  }
}

// A write that did not reach the disk from some byte on: zeros, or the bytes that were there.
inline void ExpectEveryTearIsDataLoss(const Bytes& bytes, const Decoding& decode,
                                      const std::string& what) {
  for (const std::byte old : {std::byte{0}, std::byte{0xFF}}) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      Bytes torn = bytes;
      std::fill(torn.begin() + static_cast<ptrdiff_t>(size), torn.end(), old);
      if (torn == bytes) continue;
      ExpectDataLoss(decode(torn), what + ", torn at byte " + std::to_string(size));
    }
  }
}

inline void ExpectEveryTruncationIsDataLoss(const Bytes& bytes, const Decoding& decode,
                                            const std::string& what) {
  for (size_t size = 0; size < bytes.size(); ++size) {
    // A copy of exactly this size, so that a sanitizer sees a read behind it.
    const Bytes shorter(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    ExpectDataLoss(decode(shorter), what + ", cut at byte " + std::to_string(size));
  }
}

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_DAMAGE_FIXTURE_H_
