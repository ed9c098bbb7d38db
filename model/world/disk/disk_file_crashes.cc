// What a crash makes undecided of a simulated file, how that is decided, and the fingerprint of
// what was left.

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/checksum.h"
#include "model/world/disk/disk_file.h"

namespace engram::world {
namespace {

constexpr uint64_t kPage = io::kPageBytes;

bool IsZero(const std::byte* page) {
  return page[0] == std::byte{0} && std::memcmp(page, page + 1, kPage - 1) == 0;
}

}  // namespace

void DiskFile::LosePower() {
  if (!sizes_.empty()) size_undecided_ = true;
  for (Page* page : unclean_) {
    page->unclean = false;
    page->undecided = true;
    page->cut = static_cast<uint32_t>(kPage);
    undecided_.push_back(page);
  }
  unclean_.clear();
  reserved_ = durable_reserved_;
  Kill();
}

void DiskFile::Kill() {
  bytes_ = nullptr;
  mapped_ = false;
  locked_by = 0;
  if (surroundings_.fingerprints) FingerprintAll();
}

void DiskFile::FingerprintAll() {
  fingerprint_ = size_undecided_ ? 0 : size_;
  for (uint32_t i = 0; i < page_count_; ++i) {
    const Page& page = pages_[i];
    if (!page.undecided) FingerprintPage(page.index, page.home->Page(page.index));
  }
}

// A sum, so that the order in which pages are decided does not matter; pages of zeros may not have
// been touched at all, so they count nothing.
void DiskFile::FingerprintPage(uint64_t index, const std::byte* bytes) {
  if (!IsZero(bytes)) fingerprint_ += Checksum({bytes, kPage}, index + 1);
}

// A sum over pages, as FingerprintAll, for the same reasons.
uint64_t DiskFile::StateAfter(CrashKind kind, bool last) const {
  const bool loses = kind == CrashKind::kPowerLoss;
  StateHash state;
  state.Add(size_);
  const bool pending = !sizes_.empty() && (size_undecided_ || loses || !last);
  state.Add(pending ? sizes_.size() : 0);
  if (pending) {
    state.Add(size_undecided_ || loses ? 1 : 0);
    state.Add(durable_size_);
    for (const uint64_t size : sizes_) state.Add(size);
  }
  (loses ? durable_reserved_ : reserved_).AddTo(state);
  if (!loses && !last) durable_reserved_.AddTo(state);
  uint64_t pages = 0;
  for (uint32_t i = 0; i < page_count_; ++i) pages += StateOf(pages_[i], kind, last);
  state.Add(pages);
  return state.value();
}

uint64_t DiskFile::StateOf(const Page& page, CrashKind kind, bool last) const {
  const bool undecided = page.undecided || (page.unclean && kind == CrashKind::kPowerLoss);
  const bool pending = undecided || (page.unclean && !last);
  const std::byte* const bytes = page.home->Page(page.index);
  if (!pending && IsZero(bytes)) return 0;
  StateHash state;
  state.Add(page.index);
  state.Add({bytes, kPage});
  if (!pending) return state.value();
  state.Add(undecided ? 1 : 0);
  state.Add(page.undecided ? page.cut : kPage);
  page.history.AddTo(state, changes_before_, lost_);
  return state.value();
}

void DiskFile::DecideSize(DiskChoices& choices) {
  if (!size_undecided_) return;
  size_undecided_ = false;
  const uint32_t changes = static_cast<uint32_t>(sizes_.size());
  const uint32_t kept = changes - choices.Choose(ChoiceKind::kMetadata, ordinal_, 0, changes + 1);
  lost_.Add(changes_before_ + kept, changes_before_ + changes);
  if (kept > 0) durable_size_ = sizes_[kept - 1];
  size_ = durable_size_;
  if (surroundings_.fingerprints) fingerprint_ += size_;
  changes_before_ += changes;
  sizes_.clear();
  for (Page* page : undecided_) {
    if (!page->undecided) continue;
    const uint32_t readable = ReadableBytes(page->index);
    page->cut = std::min(page->cut, readable);
    if (readable > 0) continue;
    // Whatever reached the disk of it, it is cut off.
    page->undecided = false;
    page->history.Clear();
    Settle(*page, nullptr);
  }
}

void DiskFile::DecidePage(Page& page, DiskChoices& choices) {
  const uint32_t writes = page.history.CountWrites(page.cut);
  const uint32_t part = static_cast<uint32_t>(page.index);
  uint32_t kept = PageHistory::kAllWrites;
  uint32_t torn = 0;
  if (writes > 0) {
    ++surroundings_.pages_decided;
    const uint32_t lost = choices.Choose(ChoiceKind::kSurvive, ordinal_, part, writes + 1);
    if (lost > 0) {
      kept = writes - lost;
      const uint32_t sectors = page.history.CountSectors(kept, page.cut);
      if (sectors >= 2 && surroundings_.tears != Tears::kNone) {
        const uint32_t subsets = (uint32_t{1} << sectors) - 1;  // all sectors would be no loss
        torn = choices.Choose(ChoiceKind::kTear, ordinal_, part,
                              surroundings_.tears == Tears::kFirstSector ? 2 : subsets);
      }
    }
  }
  ENGRAM_CHECK(Bytes().Page(page.index) != nullptr, "the simulated disk needs address space");
  page.history.Image(page.home->Page(page.index), kept, torn, lost_, scratch_);
  std::memset(scratch_.data() + page.cut, 0, kPage - page.cut);
  page.history.Clear();
  page.undecided = false;
  if (surroundings_.fingerprints) FingerprintPage(page.index, scratch_.data());
  Settle(page, scratch_.data());
}

}  // namespace engram::world
