// Encoding and decoding extent headers. Offsets as in src/format/README.md.

#include "format/extent_header.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "base/check.h"
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

uint64_t ChecksumOf(std::span<const std::byte> bytes, uint64_t store_id, ExtentId extent) {
  return Checksum(bytes.subspan(8), PlaceSeed(store_id, Generation{}, extent.value));
}

bool HasHeader(ExtentType type) {
  switch (type) {
    case ExtentType::kSlots:
    case ExtentType::kLog:
    case ExtentType::kBlob:
    case ExtentType::kCheckpoint:
    case ExtentType::kCold:
      return true;
    case ExtentType::kFree:
    case ExtentType::kContinued:
      return false;
  }
  return false;
}

// Whether some extent can have this header.
bool CanBe(const ExtentHeader& header) {
  if (!HasHeader(header.type) || header.generation == Generation{}) return false;
  const uint64_t extents_after = (uint64_t{1} << 32) - header.extent.value;
  if (header.run_extents == 0 || header.run_extents > extents_after) return false;
  const bool is_log = header.type == ExtentType::kLog;
  if ((is_log || header.type == ExtentType::kSlots) && header.run_extents != 1) return false;
  return is_log || (header.first_log_number == LogNumber{} && header.next_extent == ExtentId{} &&
                    header.next_generation == Generation{});
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
  ENGRAM_CHECK(CanBe(header), "no extent has such a header");
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
  header.type = static_cast<ExtentType>(LoadLittleEndian<uint8_t>(at + kTypeAt));
  header.extent = {LoadLittleEndian<uint32_t>(at + kExtentAt)};
  header.run_extents = LoadLittleEndian<uint32_t>(at + kRunExtentsAt);
  header.generation = {LoadLittleEndian<uint64_t>(at + kGenerationAt)};
  header.first_log_number = {LoadLittleEndian<uint64_t>(at + kFirstLogNumberAt)};
  header.next_extent = {LoadLittleEndian<uint32_t>(at + kNextExtentAt)};
  header.next_generation = {LoadLittleEndian<uint64_t>(at + kNextGenerationAt)};
  // Encoding it again says whether what no field takes is zero.
  if (header.extent != extent || !CanBe(header) ||
      !std::ranges::equal(Encode(header, store_id), bytes)) {
    return absl::DataLossError(
        absl::StrCat("header of extent ", extent.value, ": its checksum is right, but type ",
                     static_cast<int>(header.type), ", extent ", header.extent.value, ", run of ",
                     header.run_extents, ", generation ", header.generation.value, " cannot be"));
  }
  return header;
}

}  // namespace engram::inline ENGRAM_BODY::format
