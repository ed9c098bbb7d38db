// Reading headers and blocks of format 1. Offsets as in src/format/format_1.md.

#include "format/v1_file.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/coding.h"
#include "format/zeros.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// ---- Header.

constexpr std::string_view kMagic = "AMMARGNE";
constexpr size_t kVersionAt = 8;
constexpr size_t kEntryCountAt = 12;
constexpr size_t kEntrySizeAt = 16;
constexpr size_t kHeaderSizeAt = 20;
constexpr size_t kChecksumAt = 40;
constexpr size_t kFlagsAt = 44;
constexpr size_t kReservedAt = 48;

// What a header must say to be one.
struct Fixed {
  size_t offset;
  uint32_t value;
  std::string_view name;
};
constexpr std::array<Fixed, 3> kFixed = {{{kVersionAt, 1, "version"},
                                          {kEntrySizeAt, kV1BlockBytes, "entry size"},
                                          {kHeaderSizeAt, kV1HeaderBytes, "header size"}}};

// ---- CRC-32C. No library that Debian has offers it with many zeros at once, and a file may have
// gigabytes of them. Polynomials are reflected: the highest power of x is the lowest bit.

constexpr uint32_t kPolynomial = 0x82F63B78;
constexpr uint32_t kOne = 0x80000000;

constexpr uint32_t TimesX(uint32_t a) { return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0); }

constexpr uint32_t Product(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = TimesX(b);
  }
  return product;
}

uint32_t AfterBytes(uint32_t crc, std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    crc ^= std::to_integer<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
  }
  return crc;
}

// Each zero multiplies by x^8.
uint32_t AfterZeros(uint32_t crc, uint64_t zeros) {
  uint32_t power = TimesX(kOne);
  for (int doubling = 0; doubling < 3; ++doubling) power = Product(power, power);
  for (; zeros != 0; zeros >>= 1) {
    if ((zeros & 1) != 0) crc = Product(crc, power);
    power = Product(power, power);
  }
  return crc;
}

uint32_t ChecksumWhenMade(V1Header header, uint64_t blocks) {
  uint32_t crc = AfterBytes(~uint32_t{0}, header.first(kChecksumAt));
  crc = AfterBytes(crc, header.subspan(kFlagsAt, sizeof(uint32_t)));
  return ~AfterZeros(crc, blocks * kV1BlockBytes);
}

// ---- Block.

constexpr size_t kEmbeddingBytes = kEmbeddingDimension * sizeof(float);
constexpr size_t kConfidenceAt = 3072;
constexpr size_t kActivationAt = 3076;
constexpr size_t kLastAccessAt = 3080;
constexpr size_t kDecayRateAt = 3088;
constexpr size_t kNodeFlagsAt = 3092;
constexpr size_t kIdHashAt = 3096;
constexpr size_t kCreationTimeAt = 3104;
constexpr size_t kRecallCountAt = 3112;
constexpr size_t kContentLengthAt = 3116;
constexpr size_t kContentOffsetAt = 3120;
static_assert(kEmbeddingBytes == kConfidenceAt, "the embedding ends where the confidence begins");

constexpr float kDecayRate = 0.2F;
constexpr uint64_t kNoContent = UINT64_MAX;
// Of anything in the old program's memory: Rust allocates no more.
constexpr uint64_t kContentEndMax = std::numeric_limits<int64_t>::max();

template <typename T>
T Field(V1Block block, size_t offset) {
  return LoadLittleEndian<T>(block.data() + offset);
}

std::optional<V1Damage> FindDamagedScalar(V1Block block) {
  for (const auto& [offset, name] :
       {std::pair(kConfidenceAt, "confidence"), std::pair(kActivationAt, "activation")}) {
    const auto value = Field<float>(block, offset);
    // NaN fails both comparisons.
    if (value >= 0 && value <= 1) continue;
    return V1Damage{offset, absl::StrCat(name, " is ", value, ", which is not within [0, 1]")};
  }
  for (const auto& [offset, name] :
       {std::pair(kLastAccessAt, "last access"), std::pair(kCreationTimeAt, "creation time")}) {
    const auto value = Field<uint64_t>(block, offset);
    if (value <= uint64_t{std::numeric_limits<int64_t>::max()}) continue;
    return V1Damage{offset, absl::StrCat(name, " is ", value, " ns, beyond the year 2262")};
  }
  if (Field<uint32_t>(block, kDecayRateAt) != std::bit_cast<uint32_t>(kDecayRate)) {
    return V1Damage{kDecayRateAt, absl::StrCat("decay rate is ", Field<float>(block, kDecayRateAt),
                                               ", expected 0.2 as in all")};
  }
  if (const auto flags = Field<uint32_t>(block, kNodeFlagsAt); flags != 0) {
    return V1Damage{kNodeFlagsAt, absl::StrCat("flags are ", flags, ", expected 0 as in all")};
  }
  return std::nullopt;
}

std::optional<V1Damage> FindDamagedContent(V1Block block) {
  const uint64_t length = Field<uint32_t>(block, kContentLengthAt);
  const auto offset = Field<uint64_t>(block, kContentOffsetAt);
  if (offset == kNoContent) {
    if (length == 0) return std::nullopt;
    return V1Damage{kContentLengthAt,
                    absl::StrCat("there is no content, but it has ", length, " bytes")};
  }
  if (offset <= kContentEndMax - length) return std::nullopt;
  return V1Damage{kContentOffsetAt, absl::StrCat("content of ", length, " bytes at ", offset,
                                                 " ends where none can")};
}

}  // namespace

absl::Status CheckV1Header(V1Header header) {
  if (std::memcmp(header.data(), kMagic.data(), kMagic.size()) != 0) {
    return absl::InvalidArgumentError(
        "at byte 0: this is no file of format 1, which begins with AMMARGNE");
  }
  for (const Fixed& field : kFixed) {
    const auto found = LoadLittleEndian<uint32_t>(header.data() + field.offset);
    if (found == field.value) continue;
    return absl::DataLossError(absl::StrCat(
        "at byte ", field.offset, ": the header's ", std::string(field.name), " is ", found,
        ", expected ", field.value, "; it is damaged, or the file is of no known layout"));
  }
  return absl::OkStatus();
}

std::vector<std::string> FindV1HeaderDamages(V1Header header, uint64_t blocks) {
  std::vector<std::string> damages;
  for (const auto& [offset, name] :
       {std::pair(kEntryCountAt, "entry count"), std::pair(kFlagsAt, "flags")}) {
    const auto found = LoadLittleEndian<uint32_t>(header.data() + offset);
    if (found == 0) continue;
    damages.push_back(absl::StrCat("at byte ", offset, ": the header's ", name, " is ", found,
                                   ", expected 0 as in all"));
  }
  if (!AreZeros(header.subspan(kReservedAt))) {
    damages.push_back(
        absl::StrCat("at byte ", kReservedAt, ": the header's reserved bytes are not all zero"));
  }
  const auto stored = LoadLittleEndian<uint32_t>(header.data() + kChecksumAt);
  if (const uint32_t made = ChecksumWhenMade(header, blocks); stored != made) {
    damages.push_back(absl::StrCat(
        "at byte ", kChecksumAt, ": the header's checksum is ", absl::Hex(stored, absl::kZeroPad8),
        ", expected ", absl::Hex(made, absl::kZeroPad8), " for this header with ", blocks,
        " blocks; the header is damaged, or the file was longer or shorter when it was made"));
  }
  return damages;
}

bool IsUnwritten(V1Block block) { return AreZeros(block); }

std::optional<uint64_t> V1IdHashOf(std::span<const std::byte> bytes) {
  if (bytes.size() < kIdHashAt + sizeof(uint64_t)) return std::nullopt;
  return LoadLittleEndian<uint64_t>(bytes.data() + kIdHashAt);
}

std::optional<V1Damage> FindV1Damage(V1Block block) {
  for (size_t i = 0; i < kEmbeddingDimension; ++i) {
    const auto number = Field<float>(block, i * sizeof(float));
    if (std::isfinite(number)) continue;
    return V1Damage{i * sizeof(float), absl::StrCat("number ", i, " of the embedding is ", number,
                                                    ", which is not finite")};
  }
  if (auto damage = FindDamagedScalar(block)) return damage;
  if (Field<uint64_t>(block, kIdHashAt) == 0) {
    return V1Damage{kIdHashAt, "the hash of the id is 0, but the slot is not empty"};
  }
  return FindDamagedContent(block);
}

V1Memory DecodeV1Block(V1Block block) {
  ENGRAM_AUDIT(!FindV1Damage(block), "a damaged block is not decoded");
  V1Memory decoded;
  Memory& memory = decoded.memory;
  memory.embedding.resize(kEmbeddingDimension);
  for (size_t i = 0; i < kEmbeddingDimension; ++i) {
    memory.embedding[i] = Field<float>(block, i * sizeof(float));
  }
  memory.confidence = Field<float>(block, kConfidenceAt);
  memory.activation = Field<float>(block, kActivationAt);
  memory.decay_rate = Field<float>(block, kDecayRateAt);
  memory.created_at = static_cast<int64_t>(Field<uint64_t>(block, kCreationTimeAt));
  memory.last_access = static_cast<int64_t>(Field<uint64_t>(block, kLastAccessAt));
  memory.access_count = Field<uint32_t>(block, kRecallCountAt);
  const auto length = Field<uint32_t>(block, kContentLengthAt);
  const auto offset = Field<uint64_t>(block, kContentOffsetAt);
  decoded.content = length > 0             ? V1Content::kText
                    : offset == kNoContent ? V1Content::kNone
                    : offset > 0           ? V1Content::kEmpty
                                           : V1Content::kUntold;
  return decoded;
}

}  // namespace engram::inline ENGRAM_BODY::format
