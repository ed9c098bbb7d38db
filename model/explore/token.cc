// The token codec. Decoding accepts exactly what encoding writes: no longer varint, no stray bit.

#include "model/explore/token.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace engram::world {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kChecksumBytes = 2;
constexpr uint32_t kNibblesPerEntryMin = 5;  // an operation and a deviation have five fields each
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

uint16_t Crc16(uint16_t crc, std::string_view bytes) {
  for (const char c : bytes) {
    crc = static_cast<uint16_t>(crc ^ (static_cast<uint8_t>(c) << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<uint16_t>((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0));
    }
  }
  return crc;
}

uint16_t Checksum(std::string_view program, std::string_view payload) {
  return Crc16(Crc16(0xFFFF, program), payload);
}

// Distances between neighbours as small numbers: 0, -1, 1, -2, 2, ... become 0, 1, 2, 3, 4, ...
uint16_t ZigZag(uint16_t distance) {
  return static_cast<uint16_t>((distance << 1) ^ ((distance & 0x8000) != 0 ? 0xFFFF : 0));
}
uint16_t UnZigZag(uint16_t number) {
  return static_cast<uint16_t>((number >> 1) ^ ((number & 1) != 0 ? 0xFFFF : 0));
}

class NibbleWriter {
 public:
  explicit NibbleWriter(std::string& bytes) : bytes_(bytes) {}

  void Put(uint32_t number) {
    while (number >= 8) {
      PutNibble(static_cast<uint8_t>((number & 7) | 8));
      number >>= 3;
    }
    PutNibble(static_cast<uint8_t>(number));
  }

 private:
  void PutNibble(uint8_t nibble) {
    if (half_) {
      bytes_.back() = static_cast<char>(static_cast<uint8_t>(bytes_.back()) | (nibble << 4));
    } else {
      bytes_.push_back(static_cast<char>(nibble));
    }
    half_ = !half_;
  }

  std::string& bytes_;
  bool half_ = false;
};

class NibbleReader {
 public:
  explicit NibbleReader(std::string_view bytes) : bytes_(bytes) {}

  // No value if the bytes end too soon, the number is not written in the shortest way, or it
  // exceeds `max`.
  std::optional<uint32_t> Take(uint32_t max) {
    uint64_t number = 0;
    for (uint32_t shift = 0; shift < 33; shift += 3) {
      if (left() == 0) return std::nullopt;
      const uint8_t nibble = Nibble(next_++);
      number |= uint64_t{nibble & 7u} << shift;
      if ((nibble & 8) != 0) continue;
      if (nibble == 0 && shift > 0) return std::nullopt;
      if (number > max) return std::nullopt;
      return static_cast<uint32_t>(number);
    }
    return std::nullopt;
  }

  uint64_t left() const { return 2 * bytes_.size() - next_; }
  // Whether nothing is left but the zero that fills the last byte.
  bool AtEnd() const { return left() == 0 || (left() == 1 && Nibble(next_) == 0); }

 private:
  uint8_t Nibble(uint64_t index) const {
    const auto byte = static_cast<uint8_t>(bytes_[index / 2]);
    return (index % 2) == 0 ? byte & 15 : byte >> 4;
  }

  std::string_view bytes_;
  uint64_t next_ = 0;
};

void AppendBase64(std::string_view bytes, std::string& text) {
  uint32_t bits = 0;
  uint32_t bit_count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<uint8_t>(byte);
    for (bit_count += 8; bit_count >= 6; bit_count -= 6) {
      text.push_back(kAlphabet[(bits >> (bit_count - 6)) & 63]);
    }
  }
  if (bit_count > 0) text.push_back(kAlphabet[(bits << (6 - bit_count)) & 63]);
}

absl::StatusOr<std::string> DecodeBase64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  uint32_t bits = 0;
  uint32_t bit_count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t digit = kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("token: character ", i + 1, " of its payload is not base64url"));
    }
    bits = (bits << 6) | static_cast<uint32_t>(digit);
    bit_count += 6;
    if (bit_count >= 8) {
      bit_count -= 8;
      bytes.push_back(static_cast<char>((bits >> bit_count) & 0xFF));
    }
  }
  if (bit_count >= 6 || (bits & ((1u << bit_count) - 1)) != 0) {
    return absl::InvalidArgumentError("token: its last character is missing or wrong");
  }
  return bytes;
}

bool TakeOperation(NibbleReader& reader, uint16_t last_id, Operation& operation) {
  const auto id = reader.Take(0xFFFF);
  const auto client = reader.Take(0xFF);
  const auto kind = reader.Take(0xFF);
  const auto key = reader.Take(0xFFFF);
  const auto value = reader.Take(0xFFFFFFFF);
  if (!id || !client || !kind || !key || !value) return false;
  operation.id = static_cast<uint16_t>(last_id + 1 + UnZigZag(static_cast<uint16_t>(*id)));
  operation.client = static_cast<uint8_t>(*client);
  operation.kind = static_cast<uint8_t>(*kind);
  operation.key = static_cast<uint16_t>(*key);
  operation.value = *value;
  return true;
}

bool TakeDeviation(NibbleReader& reader, uint16_t last_operation, Deviation& deviation) {
  const auto thread = reader.Take(0xFF);
  const auto kind = reader.Take(kChoiceKinds - 1);
  const auto operation = reader.Take(0xFFFF);
  const auto occurrence = reader.Take(0xFFFFFFFF);
  const auto value = reader.Take(0xFFFFFFFF);
  if (!thread || !kind || !operation || !occurrence || !value) return false;
  deviation.name.thread = static_cast<uint8_t>(*thread);
  deviation.name.kind = static_cast<ChoiceKind>(*kind);
  deviation.name.operation =
      static_cast<uint16_t>(last_operation + UnZigZag(static_cast<uint16_t>(*operation)));
  deviation.name.occurrence = *occurrence;
  deviation.value = *value + 1;
  return true;
}

absl::Status DecodeLists(std::string_view bytes, DecodedToken& decoded) {
  NibbleReader reader(bytes);
  const auto operation_count = reader.Take(0xFFFFFFFF);
  if (!operation_count || *operation_count > reader.left() / kNibblesPerEntryMin) {
    return absl::InvalidArgumentError("token: the number of its operations is wrong");
  }
  decoded.operations.resize(*operation_count);
  uint16_t last_id = 0;
  for (Operation& operation : decoded.operations) {
    if (!TakeOperation(reader, last_id, operation)) {
      return absl::InvalidArgumentError("token: an operation is malformed");
    }
    last_id = operation.id;
  }
  const auto deviation_count = reader.Take(0xFFFFFFFF);
  if (!deviation_count || *deviation_count > reader.left() / kNibblesPerEntryMin) {
    return absl::InvalidArgumentError("token: the number of its deviations is wrong");
  }
  decoded.deviations.resize(*deviation_count);
  uint16_t last_operation = 0;
  for (Deviation& deviation : decoded.deviations) {
    if (!TakeDeviation(reader, last_operation, deviation)) {
      return absl::InvalidArgumentError("token: a deviation is malformed");
    }
    last_operation = deviation.name.operation;
  }
  if (!reader.AtEnd()) return absl::InvalidArgumentError("token: something follows its deviations");
  return absl::OkStatus();
}

}  // namespace

std::string EncodeToken(std::string_view program, std::span<const Operation> operations,
                        std::span<const Deviation> deviations) {
  ENGRAM_CHECK(program.find(':') == std::string_view::npos, "a program's name has no colon");
  std::string bytes(1, static_cast<char>(kVersion));
  NibbleWriter writer(bytes);
  writer.Put(static_cast<uint32_t>(operations.size()));
  uint16_t last_id = 0;
  for (const Operation& operation : operations) {
    writer.Put(ZigZag(static_cast<uint16_t>(operation.id - last_id - 1)));
    writer.Put(operation.client);
    writer.Put(operation.kind);
    writer.Put(operation.key);
    writer.Put(operation.value);
    last_id = operation.id;
  }
  writer.Put(static_cast<uint32_t>(deviations.size()));
  uint16_t last_operation = 0;
  for (const Deviation& deviation : deviations) {
    writer.Put(deviation.name.thread);
    writer.Put(static_cast<uint32_t>(deviation.name.kind));
    writer.Put(ZigZag(static_cast<uint16_t>(deviation.name.operation - last_operation)));
    writer.Put(deviation.name.occurrence);
    writer.Put(deviation.value - 1);
    last_operation = deviation.name.operation;
  }
  const uint16_t checksum = Checksum(program, bytes);
  bytes.push_back(static_cast<char>(checksum >> 8));
  bytes.push_back(static_cast<char>(checksum & 0xFF));
  std::string text = absl::StrCat(std::string(program), ":");
  AppendBase64(bytes, text);
  return text;
}

absl::StatusOr<DecodedToken> DecodeToken(std::string_view token) {
  const size_t colon = token.find(':');
  if (colon == std::string_view::npos) {
    return absl::InvalidArgumentError("token: no ':' after the program's name");
  }
  DecodedToken decoded;
  decoded.program = std::string(token.substr(0, colon));
  ENGRAM_ASSIGN_OR_RETURN(const std::string bytes, DecodeBase64(token.substr(colon + 1)));
  if (bytes.size() < 1 + kChecksumBytes) return absl::InvalidArgumentError("token: too short");
  const std::string_view payload(bytes.data(), bytes.size() - kChecksumBytes);
  const auto high = static_cast<uint8_t>(bytes[payload.size()]);
  const auto low = static_cast<uint8_t>(bytes[payload.size() + 1]);
  if (Checksum(decoded.program, payload) != ((high << 8) | low)) {
    return absl::InvalidArgumentError("token: its checksum does not match; it was copied wrongly");
  }
  if (static_cast<uint8_t>(payload[0]) != kVersion) {
    return absl::InvalidArgumentError(absl::StrCat("token: of version ",
                                                   static_cast<uint8_t>(payload[0]), ", expected ",
                                                   static_cast<int>(kVersion)));
  }
  ENGRAM_RETURN_IF_ERROR(DecodeLists(payload.substr(1), decoded));
  return decoded;
}

}  // namespace engram::world
