// Replaying a page's list of events into the bytes that a power loss leaves.

#include "model/world/disk/page_history.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace engram::world {
namespace {

constexpr uint32_t kSector = static_cast<uint32_t>(io::kSectorBytes);

uint32_t FirstSector(uint32_t begin) { return begin / kSector; }
uint32_t EndSector(uint32_t end) { return (end + kSector - 1) / kSector; }

}  // namespace

void PageHistory::Clear() {
  events_.clear();
  saved_.clear();
  differs_ = false;
}

void PageHistory::Add(Event event, const std::byte* visible) {
  ENGRAM_CHECK(event.begin < event.end && event.end <= io::kPageBytes, "an event is in one page");
  event.saved = true;
  event.saved_at = static_cast<uint32_t>(saved_.size());
  saved_.insert(saved_.end(), visible + event.begin, visible + event.end);
  events_.push_back(event);
}

bool PageHistory::HasZeroings() const {
  return std::any_of(events_.begin(), events_.end(), [](const Event& e) { return e.zeroes; });
}

bool PageHistory::HasWrites() const {
  return std::any_of(events_.begin(), events_.end(), [](const Event& e) { return !e.zeroes; });
}

bool PageHistory::AddWrite(uint32_t begin, uint32_t end, const std::byte* source,
                           const std::byte* visible) {
  if (!differs_ && std::memcmp(visible + begin, source, end - begin) == 0 && !HasZeroings()) {
    return false;
  }
  Event event;
  event.begin = static_cast<uint16_t>(begin);
  event.end = static_cast<uint16_t>(end);
  Add(event, visible);
  return true;
}

void PageHistory::AddZeroing(uint32_t begin, uint32_t end, uint64_t change,
                             const std::byte* visible) {
  Event event;
  event.begin = static_cast<uint16_t>(begin);
  event.end = static_cast<uint16_t>(end);
  event.zeroes = true;
  event.change = change;
  Add(event, visible);
}

uint32_t PageHistory::CountWrites(uint32_t cut) const {
  // A write beyond the cut matters only if its sectors carry something else to the disk: a zeroing
  // that would be lost otherwise, or what a failed sync left behind.
  size_t relevant = events_.size();
  if (!differs_ && !HasZeroings()) {
    while (relevant > 0 && events_[relevant - 1].begin >= cut) --relevant;
  }
  return static_cast<uint32_t>(std::count_if(events_.begin(),
                                             events_.begin() + static_cast<ptrdiff_t>(relevant),
                                             [](const Event& event) { return !event.zeroes; }));
}

uint32_t PageHistory::CountSectors(uint32_t write, uint32_t cut) const {
  for (const Event& event : events_) {
    if (event.zeroes) continue;
    if (write-- > 0) continue;
    const uint32_t first = FirstSector(event.begin);
    return std::max(std::min(EndSector(event.end), EndSector(cut)), first) - first;
  }
  return 0;
}

void PageHistory::Undo(std::byte* page) const {
  for (size_t i = events_.size(); i-- > 0;) {
    const Event& event = events_[i];
    if (!event.saved) continue;
    std::memcpy(page + event.begin, saved_.data() + event.saved_at, event.end - event.begin);
  }
}

void PageHistory::Image(const std::byte* visible, uint32_t kept, uint32_t torn,
                        const LostChanges& lost, PageBytes& image) const {
  // Backwards: `cached` becomes what was visible before the first event, `after` what each event
  // wrote.
  PageBytes cached;
  std::memcpy(cached.data(), visible, cached.size());
  std::vector<std::byte> after(saved_.size());
  for (size_t i = events_.size(); i-- > 0;) {
    const Event& event = events_[i];
    if (!event.saved) continue;
    const size_t bytes = event.end - event.begin;
    std::memcpy(after.data() + event.saved_at, cached.data() + event.begin, bytes);
    std::memcpy(cached.data() + event.begin, saved_.data() + event.saved_at, bytes);
  }
  image = differs_ ? durable_ : cached;
  // Forwards again: `cached` is what was visible then, `image` what reached the disk.
  uint32_t writes = 0;
  for (const Event& event : events_) {
    const size_t bytes = event.end - event.begin;
    if (event.saved) {
      std::memcpy(cached.data() + event.begin, after.data() + event.saved_at, bytes);
    }
    if (event.zeroes) {
      if (!lost.Contains(event.change)) std::memset(image.data() + event.begin, 0, bytes);
      continue;
    }
    const uint32_t write = writes++;
    if (write > kept) continue;
    const uint32_t first = FirstSector(event.begin);
    for (uint32_t sector = first; sector < EndSector(event.end); ++sector) {
      if (write == kept && ((torn >> (sector - first)) & 1) == 0) continue;
      std::memcpy(image.data() + sector * kSector, cached.data() + sector * kSector, kSector);
    }
  }
}

void PageHistory::AddTo(StateHash& state, uint64_t first_change, const LostChanges& lost) const {
  state.Add(events_.size());
  for (const Event& event : events_) {
    state.Add(uint64_t{event.begin} << 32 | uint64_t{event.end} << 2 | (event.zeroes ? 2u : 0u) |
              (event.saved ? 1u : 0u));
    if (!event.zeroes) continue;
    const bool decided = event.change < first_change;
    state.Add(decided ? 1 : 0);
    state.Add(decided ? uint64_t{lost.Contains(event.change)} : event.change - first_change);
  }
  state.Add(saved_);
  state.Add(differs_ ? 1 : 0);
  if (differs_) state.Add(durable_);
}

void PageHistory::Sync(const std::byte* visible) {
  if (differs_) {
    PageBytes image;
    Image(visible, kAllWrites, 0, LostChanges(), image);
    durable_ = image;
    differs_ = std::memcmp(durable_.data(), visible, durable_.size()) != 0;
  }
  events_.clear();
  saved_.clear();
}

void PageHistory::FailSync(const std::byte* visible, bool revert, PageBytes& reverted) {
  if (!differs_) {
    std::memcpy(durable_.data(), visible, durable_.size());
    Undo(durable_.data());
  }
  std::erase_if(events_, [](const Event& event) { return !event.zeroes; });
  saved_.clear();
  for (Event& event : events_) event.saved = false;
  if (revert) {
    reverted = durable_;
    for (const Event& event : events_) {
      std::memset(reverted.data() + event.begin, 0, event.end - event.begin);
    }
    visible = reverted.data();
  }
  differs_ = std::memcmp(durable_.data(), visible, durable_.size()) != 0 || !events_.empty();
}

}  // namespace engram::world
