// Listing what can be damaged, and doing it.

#include "stress/store/damage.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <span>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "io/file_system.h"
#include "stress/store/other_versions.h"

namespace engram::stress {
namespace {

constexpr std::array<std::string_view, 8> kNames = {"truncate",  "flip", "zero_page", "zero_sector",
                                                    "duplicate", "swap", "stale",     "version"};

constexpr uint64_t kPage = io::kPageBytes;

using Bytes = std::span<const std::byte>;

// The unit'th piece of `bytes`; the last may be shorter, and beyond it there is nothing.
Bytes Piece(Bytes bytes, uint64_t index, uint64_t unit) {
  const uint64_t begin = std::min<uint64_t>(index * unit, bytes.size());
  return bytes.subspan(begin, std::min(unit, bytes.size() - begin));
}

bool IsZero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

bool Same(Bytes a, Bytes b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
}

std::vector<uint32_t> UsedPieces(Bytes bytes, uint64_t unit) {
  std::vector<uint32_t> used;
  for (uint32_t i = 0; i * unit < bytes.size(); ++i) {
    if (!IsZero(Piece(bytes, i, unit))) used.push_back(i);
  }
  return used;
}

uint64_t UnitOf(DamageKind kind) {
  switch (kind) {
    case DamageKind::kFlip:
      return kUsedBlockBytes;
    case DamageKind::kZeroSector:
      return io::kSectorBytes;
    default:
      return kPage;
  }
}

}  // namespace

std::string_view DamageKindName(DamageKind kind) { return kNames[static_cast<size_t>(kind)]; }

DamageList::DamageList(const SmallStore& store, DamageKind kind) : store_(store), kind_(kind) {
  switch (kind) {
    case DamageKind::kTruncate:
      count_ = static_cast<uint32_t>(store.image.size());
      break;
    case DamageKind::kFlip:
    case DamageKind::kZeroPage:
    case DamageKind::kZeroSector:
      ListPages();
      break;
    case DamageKind::kDuplicate:
    case DamageKind::kSwap:
      ListPairs();
      break;
    case DamageKind::kStale:
      ListStale();
      break;
    case DamageKind::kVersion:
      count_ = store_.image.size() < kTwoSuperblocksBytes ? 0 : kOtherVersions;
      break;
  }
  // Near the golden ratio, so that the numbers from 0 on fall far apart.
  stride_ = std::max<uint32_t>(1, static_cast<uint32_t>(static_cast<double>(count_) * 0.618));
  while (std::gcd(stride_, count_) > 1) ++stride_;
}

void DamageList::ListPages() {
  blocks_ = UsedPieces(store_.image, UnitOf(kind_));
  const uint64_t each = kind_ == DamageKind::kFlip ? kUsedBlockBytes * 8 : 1;
  count_ = static_cast<uint32_t>(blocks_.size() * each);
}

void DamageList::ListPairs() {
  const auto pages = static_cast<uint32_t>((store_.image.size() + kPage - 1) / kPage);
  for (uint32_t target = 0; target < pages; ++target) {
    const uint32_t first = kind_ == DamageKind::kSwap ? target + 1 : 0;
    for (uint32_t source = first; source < pages; ++source) {
      if (Same(Piece(store_.image, target, kPage), Piece(store_.image, source, kPage))) continue;
      pairs_.push_back({target, source});
    }
  }
  count_ = static_cast<uint32_t>(pairs_.size());
}

void DamageList::ListStale() {
  for (uint32_t moment = 0; moment < store_.moments.size(); ++moment) {
    const Bytes old = store_.moments[moment].image;
    const Bytes before = moment == 0 ? Bytes() : Bytes(store_.moments[moment - 1].image);
    for (uint32_t page = 0; page * kPage < old.size(); ++page) {
      const Bytes bytes = Piece(old, page, kPage);
      if (Same(bytes, Piece(store_.image, page, kPage))) continue;
      if (Same(bytes, Piece(before, page, kPage))) continue;  // the same damage once more
      pairs_.push_back({page, moment});
    }
  }
  count_ = static_cast<uint32_t>(pairs_.size());
}

void DamageList::Do(uint32_t number, Damaged& damaged) const {
  ENGRAM_CHECK(number < count_, "there is no damage of that number");
  const auto spread = static_cast<uint32_t>(uint64_t{number} * stride_ % count_);
  FileImage& image = damaged.image;
  image = store_.image;
  const auto name = [&](uint64_t begin, uint64_t bytes) {
    damaged.begin = begin;
    damaged.end = std::min<uint64_t>(begin + bytes, image.size());
  };
  switch (kind_) {
    case DamageKind::kTruncate:
      name(spread, image.size());
      image.resize(spread);
      damaged.text = absl::StrCat("truncate to ", spread, " bytes");
      return;
    case DamageKind::kFlip: {
      const uint64_t offset =
          blocks_[spread / (kUsedBlockBytes * 8)] * kUsedBlockBytes + spread / 8 % kUsedBlockBytes;
      // The last block may be cut off by the end of the file.
      const uint64_t at = std::min<uint64_t>(offset, image.size() - 1);
      image[at] ^= static_cast<std::byte>(1u << (spread % 8));
      name(at, 1);
      damaged.text = absl::StrCat("flip bit ", spread % 8, " of byte ", at);
      return;
    }
    case DamageKind::kZeroPage:
    case DamageKind::kZeroSector: {
      const uint64_t unit = UnitOf(kind_);
      name(blocks_[spread] * unit, unit);
      std::memset(image.data() + damaged.begin, 0, damaged.end - damaged.begin);
      damaged.text = absl::StrCat("zero bytes ", damaged.begin, " to ", damaged.end);
      return;
    }
    case DamageKind::kDuplicate:
    case DamageKind::kStale: {
      const PagePair& pair = pairs_[spread];
      const bool stale = kind_ == DamageKind::kStale;
      const Bytes source = stale ? Piece(store_.moments[pair.source].image, pair.target, kPage)
                                 : Piece(store_.image, pair.source, kPage);
      name(pair.target * kPage, kPage);
      std::memcpy(image.data() + damaged.begin, source.data(),
                  std::min<uint64_t>(source.size(), damaged.end - damaged.begin));
      damaged.moment = pair.source;
      damaged.text =
          stale ? absl::StrCat("page ", pair.target, " is as after operation ", pair.source + 1)
                : absl::StrCat("page ", pair.target, " is a copy of page ", pair.source);
      return;
    }
    case DamageKind::kSwap: {
      const PagePair& pair = pairs_[spread];
      const Bytes first = Piece(store_.image, pair.target, kPage);
      const Bytes second = Piece(store_.image, pair.source, kPage);
      std::memcpy(image.data() + pair.target * kPage, second.data(), second.size());
      std::memcpy(image.data() + pair.source * kPage, first.data(), second.size());
      name(pair.target * kPage, (pair.source - pair.target + 1) * kPage);
      damaged.text = absl::StrCat("pages ", pair.target, " and ", pair.source, " are swapped");
      return;
    }
    case DamageKind::kVersion:
      damaged.text = MakeOtherVersion(spread, image);
      name(0, image.size());
      return;
  }
}

}  // namespace engram::stress
