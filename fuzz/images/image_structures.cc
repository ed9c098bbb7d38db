// Walking through an intact file by its superblock, headers and entries.

#include "fuzz/images/image_structures.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "format/checkpoint_pages.h"
#include "format/cold_run.h"
#include "format/extent_header.h"
#include "format/log_entry.h"
#include "fuzz/images/cold_repair.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

// By src/format/README.md.
constexpr uint64_t kVersionAt = 8;
constexpr uint64_t kMetaBytesAt = 56;
constexpr uint64_t kMetaChecksumAt = 64;
constexpr uint64_t kSuperblockChecksumAt = 120;
constexpr uint64_t kSuperblockRestAt = 128;
constexpr uint64_t kEntryBytesAt = 8;
constexpr uint64_t kEmbeddingHashAt = 72;
constexpr uint64_t kBlobChecksumAt = 96;

template <size_t kBytes>
std::span<const std::byte, kBytes> At(const Image& image, uint64_t offset) {
  return std::span(image).subspan(offset).first<kBytes>();
}

}  // namespace

ImageMap::ImageMap(Image image) : image_(std::move(image)) {
  const auto superblock = format::DecodeSuperblock(At<format::kSuperblockBytes>(image_, 0));
  ENGRAM_CHECK(superblock.ok(), "the superblock of an intact store");
  superblock_ = *superblock;
  geometry_ = {superblock_.extent_bytes};
  for (uint64_t copy = 0; copy < format::kSuperblocks; ++copy) {
    const uint64_t offset = copy * format::kSuperblockBytes;
    structures_.push_back({StructureKind::kSuperblock,
                           offset,
                           format::kSuperblockBytes,
                           offset + kSuperblockChecksumAt,
                           {},
                           0});
  }
  for (uint32_t i = 0; geometry_.FileBytes(i + 1) <= image_.size(); ++i) {
    const uint64_t offset = geometry_.Begin({i}).value;
    const auto header = format::DecodeExtentHeader(At<format::kExtentHeaderBytes>(image_, offset),
                                                   superblock_.store_id, {i});
    if (!header.ok()) continue;
    structures_.push_back(
        {StructureKind::kHeader, offset, format::kExtentHeaderBytes, offset, {}, i});
    if (header->type == format::ExtentType::kCold) {
      AddColdRun({i}, header->run_extents, header->generation);
    }
    if (header->type != format::ExtentType::kLog) continue;
    log_extents_.push_back({i});
    AddLog({i}, header->generation, header->first_log_number);
  }
  if (superblock_.checkpoint_generation.value != 0) AddCheckpoint();
  std::ranges::sort(structures_, {}, [](const Structure& structure) {
    return std::tuple(structure.kind, structure.offset, structure.checksum_at);
  });
}

void ImageMap::AddLog(ExtentId extent, Generation generation, LogNumber first) {
  const uint64_t end = geometry_.Begin(extent).value + geometry_.extent_bytes;
  format::LogEntry entry;
  for (uint64_t at = geometry_.Payload(extent).value; at < end; at += entry.bytes) {
    const format::EntryPlace place{superblock_.store_id, generation, {at}, first};
    if (!format::TryDecodeEntry(std::span(image_).subspan(at, end - at), place, entry)) return;
    structures_.push_back({StructureKind::kEntry, at, entry.bytes, at, generation, at});
    if (entry.kind != format::EntryKind::kRecord) continue;
    // Those of old records may have been used again.
    const uint64_t slot = geometry_.OffsetOf(entry.record.slot).value;
    const auto embedding = std::span(image_).subspan(slot, format::kSlotBytes);
    if (format::EmbeddingHash(embedding) == entry.record.embedding_hash) {
      structures_.push_back(
          {StructureKind::kEmbedding, slot, format::kSlotBytes, at + kEmbeddingHashAt, {}, 0});
    }
    if (!entry.record.blob) continue;
    const FileOffset blob = entry.record.blob->offset;
    const auto content = std::span(image_).subspan(blob.value, *entry.record.content_bytes);
    if (format::BlobChecksum(superblock_.store_id, blob, content) == entry.record.blob->checksum) {
      structures_.push_back(
          {StructureKind::kBlob, blob.value, content.size(), at + kBlobChecksumAt, {}, blob.value});
    }
  }
}

void ImageMap::AddColdRun(ExtentId first, uint32_t run_extents, Generation generation) {
  const uint64_t begin = geometry_.Begin(first).value;
  const uint64_t bytes = uint64_t{run_extents} * geometry_.extent_bytes;
  if (bytes > image_.size() - begin) return;
  const auto directory = format::DecodeColdDirectory(
      At<format::kColdDirectoryBytes>(image_, begin + format::kExtentHeaderBytes), geometry_,
      superblock_.store_id);
  // The header of an earlier use of the extents may still be there.
  if (!directory.ok() || directory->generation != generation) return;
  cold_runs_.push_back({begin, run_extents, directory->rows, generation});
  for (const uint64_t at :
       {begin + format::kExtentHeaderBytes, begin + bytes - format::kColdDirectoryBytes}) {
    structures_.push_back(
        {StructureKind::kColdDirectory, at, format::kColdDirectoryBytes, at, generation, 0});
  }
  structures_.push_back({StructureKind::kColdRows, begin, bytes, begin, generation, 0});
}

void ImageMap::AddCheckpoint() {
  ENGRAM_CHECK(superblock_.runs.size() == 1, "a small store's checkpoint is one run");
  const uint64_t begin = geometry_.Payload(superblock_.runs[0].first).value;
  const Generation generation = superblock_.checkpoint_generation;
  for (uint64_t i = 0; i < superblock_.buckets; ++i) {
    const uint64_t offset = begin + i * format::kBucketBytes;
    structures_.push_back(
        {StructureKind::kBucket, offset, format::kBucketBytes, offset, generation, i});
  }
  const uint64_t meta = begin + superblock_.buckets * format::kBucketBytes;
  for (uint64_t copy = 0; copy < format::kSuperblocks; ++copy) {
    structures_.push_back({StructureKind::kMeta, meta, superblock_.meta_bytes,
                           copy * format::kSuperblockBytes + kMetaChecksumAt, generation,
                           UINT64_MAX});
  }
}

bool ImageMap::Differs(const Image& changed, uint64_t offset, uint64_t bytes) const {
  return changed.size() < offset + bytes ||
         std::memcmp(image_.data() + offset, changed.data() + offset, bytes) != 0;
}

void ImageMap::Repair(Image& changed) const {
  for (const Structure& structure : structures_) {
    if (structure.offset + structure.bytes > changed.size() ||
        structure.checksum_at + sizeof(uint64_t) > changed.size()) {
      continue;
    }
    // How long the meta data are is for the superblock to say.
    const bool can_differ = structure.kind == StructureKind::kMeta;
    if (can_differ || Differs(changed, structure.offset, structure.bytes)) {
      RepairOne(structure, changed);
    }
  }
}

void ImageMap::RepairOne(const Structure& structure, Image& changed) const {
  uint64_t bytes = structure.bytes;
  const auto field_or = [&](uint64_t offset, uint64_t least, uint64_t otherwise) {
    const auto value = LoadLittleEndian<uint64_t>(changed.data() + offset);
    return value >= least && value <= changed.size() - structure.offset ? value : otherwise;
  };
  if (structure.kind == StructureKind::kMeta) {
    bytes = field_or(structure.checksum_at - kMetaChecksumAt + kMetaBytesAt, 0, bytes);
  }
  if (structure.kind == StructureKind::kEntry) {
    const auto length =
        LoadLittleEndian<uint32_t>(changed.data() + structure.offset + kEntryBytesAt);
    if (length >= format::kEntryHeaderBytes && length <= changed.size() - structure.offset) {
      bytes = length;
    }
  }
  const auto all = std::span(changed).subspan(structure.offset, bytes);
  if (structure.kind == StructureKind::kColdDirectory) {
    return RepairColdDirectory(all, superblock_.store_id);
  }
  if (structure.kind == StructureKind::kColdRows) {
    return RepairColdRows(all, std::span(image_).subspan(structure.offset, bytes), geometry_,
                          superblock_.store_id);
  }
  const uint64_t seed =
      format::PlaceSeed(superblock_.store_id, structure.generation, structure.position);
  uint64_t checksum = 0;
  switch (structure.kind) {
    case StructureKind::kEmbedding:
      checksum = format::EmbeddingHash(all);
      break;
    case StructureKind::kBlob:
    case StructureKind::kMeta:
      checksum = Checksum(all, seed);
      break;
    case StructureKind::kColdDirectory:
    case StructureKind::kColdRows:
      return;
    case StructureKind::kEntry:
    case StructureKind::kHeader:
    case StructureKind::kBucket:
      checksum = Checksum(all.subspan(sizeof(uint64_t)), seed);
      break;
    case StructureKind::kSuperblock: {
      const auto version = LoadLittleEndian<uint32_t>(all.data() + kVersionAt);
      const uint64_t front = Checksum(all.first(kSuperblockChecksumAt), version);
      checksum = Checksum(all.subspan(kSuperblockRestAt), front);
      break;
    }
  }
  StoreLittleEndian(changed.data() + structure.checksum_at, checksum);
}

bool ImageMap::LogDiffers(const Image& changed) const {
  return changed.size() < image_.size() ||
         std::ranges::any_of(
             log_extents_,
             [&](ExtentId extent) {
               return Differs(changed, geometry_.Begin(extent).value, geometry_.extent_bytes);
             });
}

bool ImageMap::SuperblockIsIntact(const Image& changed) const {
  return !Differs(changed, 0, format::kSuperblockBytes) ||
         !Differs(changed, format::kSuperblockBytes, format::kSuperblockBytes);
}

}  // namespace engram::inline ENGRAM_BODY::fuzz
