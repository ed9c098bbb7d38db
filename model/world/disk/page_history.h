// What happened to one page of a simulated file since its bytes last reached the disk, and which
// bytes a power loss may leave of it.
//
// The page cache holds the page's *visible* bytes; this class does not, they are passed in. A list
// holds, in order, the *writes* to the page and the *zeroings* of parts of it by punches and
// truncations. What a power loss leaves: begin with the bytes that were durable; of the writes, the
// first few reached the disk, each with every sector it touched, as that sector was visible right
// after it; of the next one, perhaps some sectors did; and each zeroing zeroes its bytes if the
// change of metadata that it belongs to survived. So no sector is a mixture of before and after a
// write, and no byte outside of a write's sectors is changed by it.
//
// After a sync that failed, what is visible is not durable but will not be written out again
// either: then the page keeps a copy of its durable bytes, until a later write has brought every
// sector in which they differ to the disk.
//
// Which changes survive, how many writes do, and when to ask are the affair of disk_file.h.

#ifndef ENGRAM_MODEL_WORLD_DISK_PAGE_HISTORY_H_
#define ENGRAM_MODEL_WORLD_DISK_PAGE_HISTORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "model/world/state_hash.h"

namespace engram::world {

using PageBytes = std::array<std::byte, io::kPageBytes>;

// The changes of a file's metadata (numbered from its creation on) that power losses took back.
// Invariant: disjoint ranges in ascending order.
class LostChanges {
 public:
  void Clear() { ranges_.clear(); }
  void Add(uint64_t begin, uint64_t end) {
    if (begin < end) ranges_.emplace_back(begin, end);
  }
  bool Contains(uint64_t change) const {
    for (const auto& [begin, end] : ranges_) {
      if (change >= begin && change < end) return true;
    }
    return false;
  }

 private:
  std::vector<std::pair<uint64_t, uint64_t>> ranges_;
};

// Thread safety: confined to the world's OS thread. Offsets are within the page.
class PageHistory {
 public:
  // The page is clean: its visible bytes are durable. Keeps memory for later.
  void Clear();
  bool clean() const { return events_.empty() && !differs_; }
  bool HasWrites() const;

  // Bytes [begin, end) are about to become those at `source`. `visible`: the page before that.
  // Returns whether it is worth remembering: a write of what is there already can make no
  // difference.
  bool AddWrite(uint32_t begin, uint32_t end, const std::byte* source, const std::byte* visible);
  // Bytes [begin, end) are about to be zeroed by change number `change`. `visible`: the page before
  // that.
  void AddZeroing(uint32_t begin, uint32_t end, uint64_t change, const std::byte* visible);

  // How many writes there are from the first to the last one that can matter to bytes before `cut`.
  uint32_t CountWrites(uint32_t cut) const;
  // How many sectors with bytes before `cut` write number `write` (from 0) touches.
  uint32_t CountSectors(uint32_t write, uint32_t cut) const;

  // Fills `image` with what is on the disk if the first `kept` writes reached it, of the next one
  // those sectors whose bits are set in `torn` (bit 0: the first that it touches), and zeroings
  // unless `lost` contains their change. kAllWrites: all of them.
  void Image(const std::byte* visible, uint32_t kept, uint32_t torn, const LostChanges& lost,
             PageBytes& image) const;
  static constexpr uint32_t kAllWrites = UINT32_MAX;

  // Tells `state` all that the images of this page can depend on beside the visible bytes. Changes
  // count from `first_change`, the first that is not decided; of earlier ones `lost` is told.
  void AddTo(StateHash& state, uint64_t first_change, const LostChanges& lost) const;

  // The page has reached the disk (what a failed sync left behind excepted).
  void Sync(const std::byte* visible);
  // The writes did not reach the disk and will not be tried again; zeroings stay pending. If
  // `revert`, the caller replaces the visible bytes by `reverted`.
  void FailSync(const std::byte* visible, bool revert, PageBytes& reverted);

 private:
  struct Event {
    uint16_t begin = 0, end = 0;
    bool zeroes = false;
    bool saved = false;     // whether the bytes before the event are in saved_ (else it changed
                            // nothing visible)
    uint32_t saved_at = 0;  // index in saved_
    uint64_t change = 0;    // zeroings
  };

  void Add(Event event, const std::byte* visible);
  bool HasZeroings() const;
  // Takes all events back, from the last to the first, in `page`.
  void Undo(std::byte* page) const;

  std::vector<Event> events_;
  std::vector<std::byte> saved_;  // the bytes that events replaced
  bool differs_ = false;          // durable_ holds, and the visible bytes may differ from it
  PageBytes durable_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_PAGE_HISTORY_H_
