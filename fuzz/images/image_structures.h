// What stands where in an intact store's file, for changing it with purpose: each checksummed
// structure, and repairing the checksums after bytes have been changed.

#ifndef ENGRAM_FUZZ_IMAGES_IMAGE_STRUCTURES_H_
#define ENGRAM_FUZZ_IMAGES_IMAGE_STRUCTURES_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/body.h"
#include "base/units.h"
#include "format/geometry.h"
#include "format/superblock.h"

namespace engram::inline ENGRAM_BODY::fuzz {

using Image = std::vector<std::byte>;

// In the order in which checksums are repaired: each before the one that holds its checksum.
enum class StructureKind : uint8_t {
  kEmbedding,
  kBlob,
  kColdDirectory,
  kColdRows,  // all that their run holds; what is repaired is each row
  kEntry,
  kHeader,
  kBucket,
  kMeta,
  kSuperblock
};
inline constexpr int kStructureKinds = 9;

struct Structure {
  StructureKind kind = StructureKind::kSuperblock;
  uint64_t offset = 0;  // in the file
  uint64_t bytes = 0;
  uint64_t checksum_at = 0;  // in the file, maybe in another structure
  // What the seed of the checksum is made from, if it is one of a place.
  Generation generation;
  uint64_t position = 0;
};

// Where a run of cold memories stands.
struct ColdPlace {
  uint64_t offset = 0;
  uint32_t run_extents = 0;
  uint32_t rows = 0;
  Generation generation;
};

// Thread safety: immutable.
class ImageMap {
 public:
  // REQUIRES: `image` is that of an intact store.
  explicit ImageMap(Image image);

  // By kind.
  const std::vector<Structure>& structures() const { return structures_; }
  const Image& image() const { return image_; }
  const std::vector<ColdPlace>& cold_runs() const { return cold_runs_; }
  const format::Geometry& geometry() const { return geometry_; }
  uint64_t store_id() const { return superblock_.store_id; }

  // Gives every structure of `changed`, made from image(), that differs the checksum that a reader
  // expects.
  void Repair(Image& changed) const;

  // Whether `changed` differs where the log stands, or ends before the end of the file.
  bool LogDiffers(const Image& changed) const;
  // Whether one of the superblocks is what it was.
  bool SuperblockIsIntact(const Image& changed) const;

 private:
  void AddLog(ExtentId extent, Generation generation, LogNumber first);
  void AddCheckpoint();
  void AddColdRun(ExtentId first, uint32_t run_extents, Generation generation);
  bool Differs(const Image& changed, uint64_t offset, uint64_t bytes) const;
  void RepairOne(const Structure& structure, Image& changed) const;

  const Image image_;
  format::Superblock superblock_;
  format::Geometry geometry_;
  std::vector<Structure> structures_;
  std::vector<ExtentId> log_extents_;
  std::vector<ColdPlace> cold_runs_;
};

}  // namespace engram::inline ENGRAM_BODY::fuzz

#endif  // ENGRAM_FUZZ_IMAGES_IMAGE_STRUCTURES_H_
