// Fuzz target: decoding tokens. Claim: whatever the text, DecodeToken returns; it refuses with
// INVALID_ARGUMENT and a reason, or it accepts and then the text is the only one of that token.
//
// A checksum guards the payload, so mutating text alone would test little but the checksum: the
// mutator below mostly changes the bytes under the base64 and puts the right checksum behind them.
// It has its own base64 and CRC, which also makes it a second opinion on the format that token.h
// describes.
//
// Run it with `ci/fuzz token`; its corpus, fuzz/corpora/token, is replayed by every test run.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/check.h"
#include "model/explore/token.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace engram::world {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr size_t kChecksumBytes = 2;

void DecodeMustBeSound(std::string_view text) {
  const absl::StatusOr<DecodedToken> decoded = DecodeToken(text);
  if (decoded.ok()) {
    const std::string again =
        EncodeToken(decoded->program, decoded->operations, decoded->deviations);
    ENGRAM_CHECK(again == text, "an accepted text is not the one its token is written as");
  } else {
    ENGRAM_CHECK(absl::IsInvalidArgument(decoded.status()), "refused with another code");
    ENGRAM_CHECK(!decoded.status().message().empty(), "refused without a reason");
  }
}

// The bytes that `digits` stand for, as far as they are base64url.
std::vector<uint8_t> FromBase64(std::string_view digits) {
  std::vector<uint8_t> bytes;
  uint32_t bits = 0;
  int bit_count = 0;
  for (const char digit : digits) {
    const size_t value = kDigits.find(digit);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(value);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<uint8_t>(bits >> bit_count));
    }
  }
  return bytes;
}

std::string ToBase64(const std::vector<uint8_t>& bytes) {
  std::string digits;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    for (size_t k = 0; k < 3; ++k) three = three << 8 | (i + k < bytes.size() ? bytes[i + k] : 0u);
    const size_t digit_count = bytes.size() - i >= 3 ? 4 : bytes.size() - i + 1;
    for (size_t k = 0; k < digit_count; ++k) digits += kDigits[three >> (18 - 6 * k) & 63];
  }
  return digits;
}

// CRC-16/CCITT-FALSE, bit by bit.
uint16_t Crc16(std::string_view program, const std::vector<uint8_t>& payload) {
  uint32_t crc = 0xFFFF;
  const auto take = [&crc](uint8_t byte) {
    crc ^= uint32_t{byte} << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x11021 : crc << 1;
  };
  for (const char c : program) take(static_cast<uint8_t>(c));
  for (const uint8_t byte : payload) take(byte);
  return static_cast<uint16_t>(crc);
}

// A text with the program of `text`, its payload changed, and the checksum that belongs to both.
std::string MutatePayload(std::string_view text, size_t bytes_max) {
  const size_t colon = text.find(':');
  const std::string_view program = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  std::vector<uint8_t> payload =
      FromBase64(colon == std::string_view::npos ? text : text.substr(colon + 1));
  const size_t payload_bytes =
      payload.size() > kChecksumBytes ? payload.size() - kChecksumBytes : payload.size();
  payload.resize(bytes_max);
  payload.resize(LLVMFuzzerMutate(payload.data(), payload_bytes, bytes_max));
  const uint16_t crc = Crc16(program, payload);
  payload.push_back(static_cast<uint8_t>(crc >> 8));
  payload.push_back(static_cast<uint8_t>(crc));
  return std::string(program) + ":" + ToBase64(payload);
}

}  // namespace
}  // namespace engram::world

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  engram::world::DecodeMustBeSound({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  // One time in eight the text itself, so that what is not base64 or has a wrong checksum is tried,
  // too.
  if (seed % 8 == 0 || max_size < 64) return LLVMFuzzerMutate(data, size, max_size);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // Base64 makes four of three; the program's name and the checksum want room as well.
  const size_t name_bytes = text.find(':') == std::string_view::npos ? 0 : text.find(':');
  if (name_bytes + 16 > max_size) return LLVMFuzzerMutate(data, size, max_size);
  const std::string mutated =
      engram::world::MutatePayload(text, (max_size - name_bytes - 8) / 4 * 3);
  ENGRAM_CHECK(mutated.size() <= max_size, "the mutator wrote more than it may");
  std::memcpy(data, mutated.data(), mutated.size());
  return mutated.size();
}
