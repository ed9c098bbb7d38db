// Walking through the rows by the directory as it is now.

#include "fuzz/images/cold_repair.h"

#include <algorithm>

#include "base/checksum.h"
#include "base/coding.h"
#include "format/cold_run.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

using format::ColdColumn;
using format::ColdDirectory;
using format::ColdLayout;

constexpr uint64_t kGenerationAt = 8;

class RowRepair {
 public:
  RowRepair(std::span<std::byte> run, std::span<const std::byte> before, const ColdLayout& layout,
            uint64_t store_id)
      : run_(run), before_(before), layout_(layout), store_id_(store_id) {}

  void Repair(uint32_t number) {
    const uint64_t embedding = layout_.EmbeddingOf(number);
    if (Differs(embedding, format::kSlotBytes)) {
      const auto slot = std::span<const std::byte>(run_).subspan(embedding);
      Set(ColdColumn::kEmbeddingHash, number,
          format::EmbeddingHash(slot.first<format::kSlotBytes>()));
    }
    const auto place = Field<uint64_t>(ColdColumn::kContentPlace, number);
    const auto stored = Field<uint32_t>(ColdColumn::kStoredBytes, number);
    const uint64_t column = layout_.columns().content_bytes;
    const bool is_inside = place <= column && stored <= column - place;
    if (is_inside && stored > 0 && Differs(layout_.content() + place, stored)) {
      Set(ColdColumn::kContentHash, number,
          format::ColdContentHash(run_.subspan(layout_.content() + place, stored)));
    }
    const auto id = Field<uint32_t>(ColdColumn::kIdPlace, number);
    const auto id_bytes = Field<uint16_t>(ColdColumn::kIdBytes, number);
    if (uint64_t{id} + id_bytes > layout_.columns().id_bytes) return;
    Set(ColdColumn::kChecksum, number,
        format::ColdRowChecksum(run_, layout_, store_id_, number,
                                run_.subspan(layout_.ids() + id, id_bytes)));
  }

 private:
  template <typename T>
  T Field(ColdColumn column, uint32_t number) const {
    return LoadLittleEndian<T>(run_.data() + layout_.FieldOf(column, number));
  }
  void Set(ColdColumn column, uint32_t number, uint64_t value) {
    StoreLittleEndian(run_.data() + layout_.FieldOf(column, number), value);
  }
  bool Differs(uint64_t offset, uint64_t bytes) const {
    return !before_.empty() &&
           !std::ranges::equal(run_.subspan(offset, bytes), before_.subspan(offset, bytes));
  }

  const std::span<std::byte> run_;
  const std::span<const std::byte> before_;
  const ColdLayout& layout_;
  const uint64_t store_id_;
};

}  // namespace

void RepairColdDirectory(std::span<std::byte> bytes, uint64_t store_id) {
  const Generation generation{LoadLittleEndian<uint64_t>(bytes.data() + kGenerationAt)};
  const auto rest = bytes.subspan(sizeof(uint64_t), format::kColdDirectoryBytes - sizeof(uint64_t));
  StoreLittleEndian(bytes.data(),
                    Checksum(rest, format::PlaceSeed(store_id, generation, UINT64_MAX)));
}

void RepairColdRows(std::span<std::byte> run, std::span<const std::byte> before,
                    const format::Geometry& geometry, uint64_t store_id) {
  const auto directory = format::DecodeColdDirectory(
      std::span<const std::byte>(run)
          .subspan<format::kExtentHeaderBytes, format::kColdDirectoryBytes>(),
      geometry, store_id);
  if (!directory.ok() || directory->run_extents * geometry.extent_bytes != run.size()) return;
  const ColdLayout layout(*directory, geometry);
  RowRepair repair(run, before, layout, store_id);
  for (uint32_t number = 0; number < directory->rows; ++number) repair.Repair(number);
}

}  // namespace engram::inline ENGRAM_BODY::fuzz
