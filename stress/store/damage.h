// Ways to damage a store's file, or to take another for it, counted: damage number n of a kind is
// always the same, and any run of numbers is spread over the file.

#ifndef ENGRAM_STRESS_STORE_DAMAGE_H_
#define ENGRAM_STRESS_STORE_DAMAGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stress/store/small_store.h"

namespace engram::stress {

enum class DamageKind : uint8_t {
  kTruncate,    // cut at each byte length
  kFlip,        // one bit, of each byte in a used block
  kZeroPage,    // each page that is not zero
  kZeroSector,  // likewise, each sector of 512 bytes
  kDuplicate,   // one page written over another, different one
  kSwap,        // two different pages
  kStale,       // a page as it was at an earlier moment
  kVersion,     // the file is one of another version of the format
};
std::string_view DamageKindName(DamageKind kind);

// Blocks of the file in which every bit is flipped: those that are not all zero.
inline constexpr uint64_t kUsedBlockBytes = 64;

// The damages of one kind that can be done to one small store. Immutable.
class DamageList {
 public:
  // `store` must outlive it.
  DamageList(const SmallStore& store, DamageKind kind);

  uint32_t count() const { return count_; }
  DamageKind kind() const { return kind_; }

  struct Damaged {
    FileImage image;
    std::string text;    // what was done, for people
    uint64_t begin = 0;  // of the bytes that were hit
    uint64_t end = 0;
    size_t moment = 0;  // kStale: of which moment the page is
  };
  // REQUIRES: number < count(). Fills `damaged`, whose memory is used again.
  void Do(uint32_t number, Damaged& damaged) const;

 private:
  struct PagePair {
    uint32_t target = 0;
    uint32_t source = 0;  // kStale: the moment
  };
  void ListPages();
  void ListPairs();
  void ListStale();

  const SmallStore& store_;
  const DamageKind kind_;
  uint32_t count_ = 0;
  uint32_t stride_ = 1;           // shares no factor with count_
  std::vector<uint32_t> blocks_;  // used blocks, pages or sectors, by number
  std::vector<PagePair> pairs_;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_DAMAGE_H_
