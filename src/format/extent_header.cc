// Encoding and decoding extent headers. Offsets as in src/format/README.md.

#include "format/extent_header.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

constexpr size_t kTypeAt = 8;
constexpr size_t kExtentAt = 12;
constexpr size_t kRunExtentsAt = 16;
constexpr size_t kNextExtentAt = 20;
constexpr size_t kGenerationAt = 24;
constexpr size_t kFirstLogNumberAt = 32;
constexpr size_t kNextGenerationAt = 40;
constexpr uint8_t kTypeMax = static_cast<uint8_t>(ExtentType::kContinued);

uint64_t ChecksumOf(std::span<const std::byte> bytes, uint64_t store_id, ExtentId extent) {
  return Checksum(bytes.subspan(8), PlaceSeed(store_id, Generation{}, extent.value));
}

}  // namespace

const char* ExtentTypeName(ExtentType type) {
  switch (type) {
    case ExtentType::kFree:
      return "free";
    case ExtentType::kSlots:
      return "slots";
    case ExtentType::kLog:
      return "log";
    case ExtentType::kBlob:
      return "blob";
    case ExtentType::kCheckpoint:
      return "checkpoint";
    case ExtentType::kCold:
      return "cold";
    case ExtentType::kContinued:
      return "continued";
  }
  return "unknown";
}

ExtentHeaderBytes Encode(const ExtentHeader& header, uint64_t store_id) {
  ExtentHeaderBytes bytes{};
  std::byte* const at = bytes.data();
  StoreLittleEndian(at + kTypeAt, static_cast<uint8_t>(header.type));
  StoreLittleEndian(at + kExtentAt, header.extent.value);
  StoreLittleEndian(at + kRunExtentsAt, header.run_extents);
  StoreLittleEndian(at + kNextExtentAt, header.next_extent.value);
  StoreLittleEndian(at + kGenerationAt, header.generation.value);
  StoreLittleEndian(at + kFirstLogNumberAt, header.first_log_number.value);
  StoreLittleEndian(at + kNextGenerationAt, header.next_generation.value);
  StoreLittleEndian(at, ChecksumOf(bytes, store_id, header.extent));
  return bytes;
}

absl::StatusOr<ExtentHeader> DecodeExtentHeader(
    std::span<const std::byte, kExtentHeaderBytes> bytes, uint64_t store_id, ExtentId extent) {
  const std::byte* const at = bytes.data();
  const auto checksum = LoadLittleEndian<uint64_t>(at);
  if (checksum != ChecksumOf(bytes, store_id, extent)) {
    return absl::DataLossError(
        absl::StrCat("header of extent ", extent.value, ": its checksum does not match its bytes"));
  }
  ExtentHeader header;
  const auto type = LoadLittleEndian<uint8_t>(at + kTypeAt);
  header.extent = {LoadLittleEndian<uint32_t>(at + kExtentAt)};
  header.run_extents = LoadLittleEndian<uint32_t>(at + kRunExtentsAt);
  if (type > kTypeMax || header.extent != extent || header.run_extents == 0) {
    return absl::DataLossError(absl::StrCat("header of extent ", extent.value, ": type ", type,
                                            ", extent ", header.extent.value, ", run of ",
                                            header.run_extents, " cannot be"));
  }
  header.type = static_cast<ExtentType>(type);
  header.generation = {LoadLittleEndian<uint64_t>(at + kGenerationAt)};
  header.first_log_number = {LoadLittleEndian<uint64_t>(at + kFirstLogNumberAt)};
  header.next_extent = {LoadLittleEndian<uint32_t>(at + kNextExtentAt)};
  header.next_generation = {LoadLittleEndian<uint64_t>(at + kNextGenerationAt)};
  return header;
}

}  // namespace engram::inline ENGRAM_BODY::format
