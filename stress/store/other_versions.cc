// Relabelling superblocks, and writing files of format 1.

#include "stress/store/other_versions.h"

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "api/format_1_fixture.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"

namespace engram::stress {
namespace {

constexpr std::array<uint32_t, 4> kVersions = {0, 1, 3, UINT32_MAX};
constexpr std::array<std::pair<bool, bool>, 3> kCopies = {
    {{true, true}, {true, false}, {false, true}}};
constexpr uint32_t kRelabelled = kVersions.size() * kCopies.size();
// Never written, and in both layouts.
constexpr uint32_t kOfFormat1 = 3;
static_assert(kRelabelled + kOfFormat1 == kOtherVersions);

constexpr size_t kSuperblockBytes = 4096;

// What every version has in common: version and checksum, and what the checksum covers.
void Relabel(std::span<std::byte> superblock, uint32_t version) {
  StoreLittleEndian(superblock.data() + 8, version);
  const uint64_t front = Checksum(superblock.first(120), version);
  StoreLittleEndian(superblock.data() + 120, Checksum(superblock.subspan(128), front));
}

FileImage OfFormat1(uint32_t variant) {
  return V1Image(variant == 0   ? V1Slots(2)
                 : variant == 1 ? V1SamplesOfFirstLayout()
                                : V1SamplesOfSecondLayout());
}

}  // namespace

std::string MakeOtherVersion(uint32_t number, FileImage& image) {
  ENGRAM_CHECK(number < kOtherVersions, "there is no other version of that number");
  if (number >= kRelabelled) {
    const uint32_t variant = number - kRelabelled;
    image = OfFormat1(variant);
    return absl::StrCat("a file of format version 1 in its place, number ", variant);
  }
  const uint32_t version = kVersions[number / kCopies.size()];
  const auto [first, second] = kCopies[number % kCopies.size()];
  const std::span bytes(image);
  if (first) Relabel(bytes.first(kSuperblockBytes), version);
  if (second) Relabel(bytes.subspan(kSuperblockBytes, kSuperblockBytes), version);
  return absl::StrCat("format version ", version, " in ",
                      !second  ? "the first superblock"
                      : !first ? "the second superblock"
                               : "both superblocks");
}

}  // namespace engram::stress
