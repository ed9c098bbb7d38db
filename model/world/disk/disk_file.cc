// What calls do to a simulated file. What crashes make of it is in disk_file_crashes.cc.

#include "model/world/disk/disk_file.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace engram::world {
namespace {

constexpr uint64_t kPage = io::kPageBytes;
// Up to here pages are found by index in a table, beyond it in a tree.
constexpr uint64_t kLowPagesMax = 65536;

}  // namespace

// ---- What files have in common.

FileBytes& DiskSurroundings::TakeBytes() {
  if (bytes_in_use_ == bytes_.size()) bytes_.push_back(std::make_unique<FileBytes>());
  return *bytes_[bytes_in_use_++];
}

void DiskSurroundings::Clear() {
  for (; bytes_in_use_ > 0; --bytes_in_use_) bytes_[bytes_in_use_ - 1]->Clear();
}

void ByteRanges::Remove(uint64_t begin, uint64_t end) {
  std::vector<std::pair<uint64_t, uint64_t>> left;
  for (const auto& [from, to] : ranges_) {
    if (from < std::min(to, begin)) left.emplace_back(from, std::min(to, begin));
    if (std::max(from, end) < to) left.emplace_back(std::max(from, end), to);
  }
  ranges_ = std::move(left);
}

void ByteRanges::Add(uint64_t begin, uint64_t end) {
  for (const auto& [from, to] : ranges_) {
    if (from > end || to < begin) continue;
    begin = std::min(begin, from);
    end = std::max(end, to);
  }
  Remove(begin, end);
  ranges_.insert(std::lower_bound(ranges_.begin(), ranges_.end(), std::pair(begin, end)),
                 {begin, end});
}

bool ByteRanges::Contains(uint64_t begin, uint64_t end) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) {
    return range.first <= begin && end <= range.second;
  });
}

void ByteRanges::AddTo(StateHash& state) const {
  state.Add(ranges_.size());
  for (const auto& [from, to] : ranges_) {
    state.Add(from);
    state.Add(to);
  }
}

// ---- Pages.

void DiskFile::Create(uint16_t ordinal, sync::ObjectId object) {
  for (; page_count_ > 0; --page_count_) {
    Page& page = pages_[page_count_ - 1];
    if (page.index < kLowPagesMax) low_pages_[page.index] = kNoPage;
    page.history.Clear();
    page.undecided = page.unclean = false;
  }
  high_pages_.clear();
  unclean_.clear();
  undecided_.clear();
  ordinal_ = ordinal;
  object_ = object;
  bytes_ = nullptr;
  mapped_ = false;
  fingerprint_ = 0;
  size_ = durable_size_ = 0;
  sizes_.clear();
  changes_before_ = 0;
  size_undecided_ = false;
  lost_.Clear();
  reserved_.Clear();
  durable_reserved_.Clear();
  locked_by = 0;
}

FileBytes& DiskFile::Bytes() {
  if (bytes_ == nullptr) bytes_ = &surroundings_.TakeBytes();
  return *bytes_;
}

uint32_t DiskFile::ReadableBytes(uint64_t index) const {
  const uint64_t begin = index * kPage;
  return static_cast<uint32_t>(std::min(std::max(size_, begin) - begin, kPage));
}

DiskFile::Page* DiskFile::Find(uint64_t index) {
  if (index < low_pages_.size()) {
    const uint32_t place = low_pages_[index];
    return place == kNoPage ? nullptr : &pages_[place];
  }
  if (index < kLowPagesMax) return nullptr;
  const auto place = high_pages_.find(index);
  return place == high_pages_.end() ? nullptr : &pages_[place->second];
}

DiskFile::Page& DiskFile::FindOrAdd(uint64_t index) {
  if (Page* const page = Find(index)) return *page;
  if (page_count_ == pages_.size()) pages_.emplace_back();
  Page& page = pages_[page_count_];
  page.index = index;
  page.home = &Bytes();
  page.home->Touch(index);
  if (index < kLowPagesMax) {
    if (index >= low_pages_.size()) low_pages_.resize(index + 1, kNoPage);
    low_pages_[index] = page_count_;
  } else {
    high_pages_[index] = page_count_;
  }
  ++page_count_;
  return page;
}

void DiskFile::Settle(Page& page, const std::byte* bytes) {
  page.home = &Bytes();
  page.home->Touch(page.index);
  if (bytes != nullptr) std::memcpy(page.home->Page(page.index), bytes, kPage);
}

std::byte* DiskFile::Load(Page& page, DiskChoices& choices) {
  DecideSize(choices);
  if (page.undecided) DecidePage(page, choices);
  if (page.home != &Bytes()) {
    ENGRAM_CHECK(Bytes().Page(page.index) != nullptr, "the simulated disk needs address space");
    Settle(page, page.home->Page(page.index));
  }
  return page.home->Page(page.index);
}

const std::byte* DiskFile::Peek(Page& page, DiskChoices& choices) {
  return page.undecided ? Load(page, choices) : page.home->Page(page.index);
}

void DiskFile::MarkUnclean(Page& page) {
  if (page.unclean) return;
  page.unclean = true;
  unclean_.push_back(&page);
}

// ---- Calls.

uint64_t DiskFile::Size(DiskChoices& choices) {
  DecideSize(choices);
  return size_;
}

size_t DiskFile::Read(uint64_t offset, std::span<std::byte> target, DiskChoices& choices) {
  DecideSize(choices);
  if (offset >= size_) return 0;
  const size_t size = std::min<uint64_t>(target.size(), size_ - offset);
  for (size_t done = 0; done < size;) {
    const uint64_t at = offset + done;
    const size_t bytes = std::min<size_t>(size - done, kPage - at % kPage);
    if (Page* const page = Find(at / kPage)) {
      std::memcpy(target.data() + done, Peek(*page, choices) + at % kPage, bytes);
    } else {
      std::memset(target.data() + done, 0, bytes);
    }
    done += bytes;
  }
  return size;
}

bool DiskFile::Write(uint64_t offset, std::span<const std::byte> source, DiskChoices& choices) {
  DecideSize(choices);
  const uint64_t end = offset + source.size();
  if (Bytes().Page((end - 1) / kPage) == nullptr) return false;
  for (size_t done = 0; done < source.size();) {
    const uint64_t at = offset + done;
    const uint32_t begin = static_cast<uint32_t>(at % kPage);
    const size_t bytes = std::min<size_t>(source.size() - done, kPage - begin);
    Page& page = FindOrAdd(at / kPage);
    std::byte* const visible = Load(page, choices);
    if (surroundings_.recording &&
        page.history.AddWrite(begin, begin + static_cast<uint32_t>(bytes), source.data() + done,
                              visible)) {
      MarkUnclean(page);
    }
    std::memcpy(visible + begin, source.data() + done, bytes);
    done += bytes;
  }
  if (end > size_) Change(end);
  return true;
}

void DiskFile::Reserve(uint64_t offset, uint64_t size, DiskChoices& choices) {
  DecideSize(choices);
  reserved_.Add(offset, offset + size);
  if (offset + size > size_) Change(offset + size);
}

void DiskFile::Punch(uint64_t offset, uint64_t size, DiskChoices& choices) {
  DecideSize(choices);
  reserved_.Remove(offset, offset + size);
  durable_reserved_.Remove(offset, offset + size);
  if (Zero(offset, std::min(offset + size, size_), choices)) Change(size_);
}

void DiskFile::Truncate(uint64_t size, DiskChoices& choices) {
  DecideSize(choices);
  if (size == size_) return;
  if (size < size_) {
    reserved_.Remove(size, UINT64_MAX);
    durable_reserved_.Remove(size, UINT64_MAX);
    Zero(size, size_, choices);
  }
  Change(size);
}

bool DiskFile::Zero(uint64_t begin, uint64_t end, DiskChoices& choices) {
  bool changed = false;
  for (uint32_t i = 0; i < page_count_; ++i) {
    Page& page = pages_[i];
    const uint64_t page_begin = page.index * kPage;
    const uint64_t from = std::max(begin, page_begin);
    const uint64_t to = std::min(end, page_begin + kPage);
    if (from >= to) continue;
    std::byte* const visible = Load(page, choices);
    std::byte* const first = visible + (from - page_begin);
    if (page.history.clean() && std::all_of(first, first + (to - from),
                                            [](std::byte byte) { return byte == std::byte{0}; })) {
      continue;
    }
    changed = true;
    if (surroundings_.recording) {
      page.history.AddZeroing(static_cast<uint32_t>(from - page_begin),
                              static_cast<uint32_t>(to - page_begin),
                              changes_before_ + sizes_.size(), visible);
      MarkUnclean(page);
    }
    std::memset(first, 0, to - from);
  }
  return changed;
}

void DiskFile::Change(uint64_t size) {
  if (surroundings_.recording) sizes_.push_back(size);
  const uint64_t first = std::min(size, size_) / kPage;
  const uint64_t last = std::max(size, size_) / kPage;
  const bool exposes = kPoisons && mapped_ && size != size_;
  size_ = size;
  for (uint32_t i = 0; exposes && i < page_count_; ++i) {
    const Page& page = pages_[i];
    if (page.index < first || page.index > last || page.home != bytes_) continue;
    bytes_->Expose(page.index, ReadableBytes(page.index));
  }
}

bool DiskFile::HasWrites() const {
  return std::any_of(unclean_.begin(), unclean_.end(),
                     [](const Page* page) { return page->history.HasWrites(); });
}

void DiskFile::Sync() {
  durable_reserved_ = reserved_;
  if (!size_undecided_) {
    durable_size_ = size_;
    changes_before_ += sizes_.size();
    sizes_.clear();
  }
  for (Page* page : unclean_) {
    page->history.Sync(page->home->Page(page->index));
    page->unclean = !page->history.clean();
  }
  std::erase_if(unclean_, [](const Page* page) { return !page->unclean; });
}

void DiskFile::FailSync(bool revert, DiskChoices& choices) {
  for (Page* page : unclean_) {
    if (!page->history.HasWrites()) continue;
    std::byte* const visible = Load(*page, choices);
    page->history.FailSync(visible, revert, scratch_);
    if (revert) std::memcpy(visible, scratch_.data(), kPage);
    page->unclean = !page->history.clean();
  }
  std::erase_if(unclean_, [](const Page* page) { return !page->unclean; });
}

// ---- Mappings.

const std::byte* DiskFile::Map(uint64_t size) {
  const std::byte* const base = Bytes().Map(size);
  if (base == nullptr) return nullptr;
  mapped_ = true;
  // The view may be a new one: what other views show is hidden in it until somebody views it there.
  return base;
}

void DiskFile::View(uint64_t offset, uint64_t size, DiskChoices& choices) {
  DecideSize(choices);
  const uint64_t end = std::min(offset + size, size_);
  for (uint64_t index = offset / kPage; index * kPage < end; ++index) {
    Page* page = Find(index);
    if (page == nullptr && kPoisons) page = &FindOrAdd(index);
    if (page == nullptr) continue;
    Load(*page, choices);
    bytes_->Expose(index, ReadableBytes(index));
  }
}

void DiskFile::DeclareWrite(uint64_t offset, uint64_t size) {
  if (!mapped_ || !kSeesWrites) return;
  for (uint32_t i = 0; i < page_count_; ++i) {
    const uint64_t page_begin = pages_[i].index * kPage;
    const uint64_t begin = std::max(offset, page_begin);
    const uint64_t end = std::min(offset + size, page_begin + kPage);
    if (begin < end) bytes_->DeclareWrite(begin, end - begin);
  }
}

}  // namespace engram::world
