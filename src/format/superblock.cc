// Encoding and decoding superblocks. Offsets as in src/format/README.md.

#include "format/superblock.h"

#include <cstring>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "api/options.h"
#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/checkpoint_pages.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

constexpr std::string_view kMagic = "ENGRAMst";
// What files of format 1 begin with.
constexpr std::string_view kMagicOfFormat1 = "AMMARGNE";
constexpr size_t kMagicBytes = 8;

constexpr size_t kVersionAt = 8;
constexpr size_t kCleanAt = 12;
constexpr size_t kStoreIdAt = 16;
constexpr size_t kNumberAt = 24;
constexpr size_t kIncarnationAt = 32;
constexpr size_t kExtentBytesAt = 40;
constexpr size_t kCheckpointGenerationAt = 48;
constexpr size_t kMetaBytesAt = 56;
constexpr size_t kMetaChecksumAt = 64;
constexpr size_t kHomeBucketsAt = 72;
constexpr size_t kBucketsAt = 80;
constexpr size_t kMemoriesAt = 88;
constexpr size_t kCheckpointSequenceAt = 96;
constexpr size_t kRunCountAt = 104;
constexpr size_t kSegmentCountAt = 108;
constexpr size_t kChecksumAt = 120;
constexpr size_t kSegmentsAt = 128;
constexpr size_t kSegmentBytes = 32;
constexpr size_t kRunsAt = 512;
constexpr size_t kRunBytes = 8;
static_assert(kSegmentsAt + Superblock::kSegmentsMax * kSegmentBytes <= kRunsAt,
              "what a new store says stands in the first sector");
static_assert(kRunsAt + Superblock::kRunsMax * kRunBytes <= kSuperblockBytes);

// Over all bytes but the checksum's own. Every version keeps its place and seeds it with itself, so
// that what is damaged is not taken for another version.
uint64_t ChecksumOf(std::span<const std::byte, kSuperblockBytes> bytes, uint32_t version) {
  const uint64_t front = Checksum(bytes.first(kChecksumAt), version);
  return Checksum(bytes.subspan(kSegmentsAt), front);
}

bool BeginsWith(std::span<const std::byte> bytes, std::string_view magic) {
  return std::memcmp(bytes.data(), magic.data(), kMagicBytes) == 0;
}

// ---- What no superblock says, whoever wrote it; empty: nothing is wrong.

bool IsExtentSize(uint64_t bytes) {
  return bytes >= kExtentBytesMin && bytes <= kExtentBytesMax && bytes % (4 * kKiB) == 0;
}

std::string_view WhatIsWrongWithSegments(const Superblock& superblock) {
  if (superblock.segments.empty()) return "it does not say where its log begins";
  if (superblock.clean && superblock.segments.size() > 1) return "it is clean, but has to replay";
  const uint64_t extents_max = Geometry{superblock.extent_bytes}.ExtentsMax();
  LogNumber first;
  for (const LogSegment& segment : superblock.segments) {
    if (segment.extent.value >= extents_max || segment.offset < kExtentHeaderBytes ||
        segment.offset > superblock.extent_bytes || segment.offset % kAlignment != 0) {
      return "a segment of the log lies outside of any extent";
    }
    // The log of a new store has no extent yet.
    if (segment.generation == Generation{} && !superblock.clean) {
      return "a segment of the log has no generation";
    }
    if (segment.first == LogNumber{} || segment.first < segment.extent_first) {
      return "a segment of the log begins before its extent";
    }
    if (segment.first < first) return "the segments of the log are out of order";
    first = segment.first;
  }
  return {};
}

std::string_view WhatIsWrongWithCheckpoint(const Superblock& superblock) {
  if (superblock.checkpoint_generation == Generation{}) {
    const bool empty = superblock.meta_bytes == 0 && superblock.meta_checksum == 0 &&
                       superblock.home_buckets == 0 && superblock.buckets == 0 &&
                       superblock.memories == 0 && superblock.runs.empty();
    return empty ? "" : "it has parts of a checkpoint, but none";
  }
  if (superblock.home_buckets > superblock.buckets ||
      (superblock.home_buckets == 0 && superblock.memories != 0)) {
    return "its buckets contradict each other";
  }
  const Geometry geometry{superblock.extent_bytes};
  uint64_t extents = 0;
  for (const ExtentRun& run : superblock.runs) {
    if (run.extents == 0 || run.first.value + uint64_t{run.extents} > geometry.ExtentsMax()) {
      return "a run of the checkpoint lies outside of any file";
    }
    extents += run.extents;
  }
  if (extents > geometry.ExtentsMax()) return "runs of the checkpoint overlap";
  const uint64_t room =
      extents * superblock.extent_bytes - superblock.runs.size() * kExtentHeaderBytes;
  if (superblock.buckets > room / kBucketBytes ||
      superblock.meta_bytes > room - superblock.buckets * kBucketBytes) {
    return "the checkpoint has no room in its runs";
  }
  if (superblock.memories > superblock.buckets * kBucketEntriesMax) {
    return "the checkpoint has more memories than its buckets hold";
  }
  return {};
}

std::string_view WhatIsWrong(const Superblock& superblock) {
  if (!IsExtentSize(superblock.extent_bytes)) return "no extent has its size";
  if (superblock.incarnation > kIncarnationMax) return "its incarnation is too high";
  const std::string_view wrong = WhatIsWrongWithSegments(superblock);
  return wrong.empty() ? WhatIsWrongWithCheckpoint(superblock) : wrong;
}

absl::Status DamagedFor(std::string_view reason) {
  return absl::DataLossError(
      absl::StrCat("superblock: ", absl::string_view(reason.data(), reason.size())));
}

}  // namespace

SuperblockBytes Encode(const Superblock& superblock) {
  ENGRAM_CHECK(superblock.runs.size() <= Superblock::kRunsMax, "too many runs for a superblock");
  ENGRAM_CHECK(superblock.segments.size() <= Superblock::kSegmentsMax,
               "too many segments for a superblock");
  const std::string_view wrong = WhatIsWrong(superblock);
  ENGRAM_CHECK(wrong.empty(), wrong);
  SuperblockBytes bytes{};
  std::byte* const at = bytes.data();
  std::memcpy(at, kMagic.data(), kMagicBytes);
  StoreLittleEndian<uint32_t>(at + kVersionAt, kVersion);
  StoreLittleEndian<uint32_t>(at + kCleanAt, superblock.clean ? 1 : 0);
  StoreLittleEndian(at + kStoreIdAt, superblock.store_id);
  StoreLittleEndian(at + kNumberAt, superblock.number);
  StoreLittleEndian(at + kIncarnationAt, superblock.incarnation);
  StoreLittleEndian(at + kExtentBytesAt, superblock.extent_bytes);
  StoreLittleEndian(at + kCheckpointGenerationAt, superblock.checkpoint_generation.value);
  StoreLittleEndian(at + kMetaBytesAt, superblock.meta_bytes);
  StoreLittleEndian(at + kMetaChecksumAt, superblock.meta_checksum);
  StoreLittleEndian(at + kHomeBucketsAt, superblock.home_buckets);
  StoreLittleEndian(at + kBucketsAt, superblock.buckets);
  StoreLittleEndian(at + kMemoriesAt, superblock.memories);
  StoreLittleEndian(at + kCheckpointSequenceAt, superblock.checkpoint_sequence.value);
  StoreLittleEndian(at + kRunCountAt, static_cast<uint32_t>(superblock.runs.size()));
  StoreLittleEndian(at + kSegmentCountAt, static_cast<uint32_t>(superblock.segments.size()));
  for (size_t i = 0; i < superblock.runs.size(); ++i) {
    std::byte* const run = at + kRunsAt + i * kRunBytes;
    StoreLittleEndian(run, superblock.runs[i].first.value);
    StoreLittleEndian(run + 4, superblock.runs[i].extents);
  }
  for (size_t i = 0; i < superblock.segments.size(); ++i) {
    std::byte* const segment = at + kSegmentsAt + i * kSegmentBytes;
    StoreLittleEndian(segment, superblock.segments[i].first.value);
    StoreLittleEndian(segment + 8, superblock.segments[i].generation.value);
    StoreLittleEndian(segment + 16, superblock.segments[i].extent_first.value);
    StoreLittleEndian(segment + 24, superblock.segments[i].extent.value);
    StoreLittleEndian(segment + 28, superblock.segments[i].offset);
  }
  StoreLittleEndian(at + kChecksumAt, ChecksumOf(bytes, kVersion));
  return bytes;
}

absl::StatusOr<Superblock> DecodeSuperblock(std::span<const std::byte, kSuperblockBytes> bytes) {
  const std::byte* const at = bytes.data();
  if (BeginsWith(bytes, kMagicOfFormat1)) {
    return absl::UnimplementedError(
        "this is a file of format version 1; this program opens version 2, and `engram migrate` "
        "makes such a store of it");
  }
  if (!BeginsWith(bytes, kMagic)) return DamagedFor("it has no magic");
  const auto version = LoadLittleEndian<uint32_t>(at + kVersionAt);
  const auto checksum = LoadLittleEndian<uint64_t>(at + kChecksumAt);
  if (checksum != ChecksumOf(bytes, version)) {
    return DamagedFor("its checksum does not match its bytes");
  }
  if (version != kVersion) {
    return absl::UnimplementedError(absl::StrCat("this store is of format version ", version,
                                                 "; this program opens version ", kVersion,
                                                 ": use the one that wrote it"));
  }
  Superblock superblock;
  superblock.clean = LoadLittleEndian<uint32_t>(at + kCleanAt) != 0;
  superblock.store_id = LoadLittleEndian<uint64_t>(at + kStoreIdAt);
  superblock.number = LoadLittleEndian<uint64_t>(at + kNumberAt);
  superblock.incarnation = LoadLittleEndian<uint64_t>(at + kIncarnationAt);
  superblock.extent_bytes = LoadLittleEndian<uint64_t>(at + kExtentBytesAt);
  superblock.checkpoint_generation = {LoadLittleEndian<uint64_t>(at + kCheckpointGenerationAt)};
  superblock.meta_bytes = LoadLittleEndian<uint64_t>(at + kMetaBytesAt);
  superblock.meta_checksum = LoadLittleEndian<uint64_t>(at + kMetaChecksumAt);
  superblock.home_buckets = LoadLittleEndian<uint64_t>(at + kHomeBucketsAt);
  superblock.buckets = LoadLittleEndian<uint64_t>(at + kBucketsAt);
  superblock.memories = LoadLittleEndian<uint64_t>(at + kMemoriesAt);
  superblock.checkpoint_sequence = {LoadLittleEndian<uint64_t>(at + kCheckpointSequenceAt)};
  const auto runs = LoadLittleEndian<uint32_t>(at + kRunCountAt);
  const auto segments = LoadLittleEndian<uint32_t>(at + kSegmentCountAt);
  if (runs > Superblock::kRunsMax || segments > Superblock::kSegmentsMax) {
    return DamagedFor("it has more runs or segments than fit");
  }
  for (uint32_t i = 0; i < runs; ++i) {
    const std::byte* const run = at + kRunsAt + i * kRunBytes;
    superblock.runs.push_back(
        {{LoadLittleEndian<uint32_t>(run)}, LoadLittleEndian<uint32_t>(run + 4)});
  }
  for (uint32_t i = 0; i < segments; ++i) {
    const std::byte* const segment = at + kSegmentsAt + i * kSegmentBytes;
    superblock.segments.push_back({{LoadLittleEndian<uint64_t>(segment)},
                                   {LoadLittleEndian<uint64_t>(segment + 8)},
                                   {LoadLittleEndian<uint64_t>(segment + 16)},
                                   {LoadLittleEndian<uint32_t>(segment + 24)},
                                   LoadLittleEndian<uint32_t>(segment + 28)});
  }
  if (const std::string_view wrong = WhatIsWrong(superblock); !wrong.empty()) {
    return DamagedFor(wrong);
  }
  if (std::memcmp(Encode(superblock).data(), bytes.data(), bytes.size()) != 0) {
    return DamagedFor("its reserved bytes are not zero");
  }
  return superblock;
}

}  // namespace engram::inline ENGRAM_BODY::format
