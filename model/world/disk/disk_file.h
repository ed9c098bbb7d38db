// One file of the simulated disk: its visible bytes and size, what of them is durable, and what a
// power loss makes of the rest. A file here is what a name refers to; names are the affair of
// simulated_disk.h.
//
// Two things happen to a file that is not synced. Writes enter the lists of their pages
// (page_history.h). Changes of its *metadata* - size changes by writes, reservations and
// truncations, and punches - enter one list, in order, of which a power loss keeps a prefix. The
// two are chosen independently: a size may survive without the bytes it was extended by (they read
// zero), and bytes without the size (they are cut off).
//
// Nothing is chosen at the crash itself: what a power loss may have changed is *undecided* until
// somebody looks at it, and what nobody looks at needs no choice. Another crash leaves the
// undecided undecided.
//
// It knows nothing of schedules, faults and crash points; see simulated_file_system.h.

#ifndef ENGRAM_MODEL_WORLD_DISK_DISK_FILE_H_
#define ENGRAM_MODEL_WORLD_DISK_DISK_FILE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "io/file_system.h"
#include "model/world/bounds.h"
#include "model/world/choices.h"
#include "model/world/disk/file_bytes.h"
#include "model/world/disk/page_history.h"
#include "model/world/state_hash.h"
#include "sync/runtime.h"

namespace engram::world {

// Answers what a power loss left, when somebody first looks at it.
class DiskChoices {
 public:
  virtual ~DiskChoices() = default;
  // Less than `alternatives`, which is at least 2. `subject` is a file's or directory's ordinal,
  // `part` a page of it (kSurvive, kTear), or 0 for a file and 1 for a directory (kMetadata). Value
  // 0: everything survived.
  virtual uint32_t Choose(ChoiceKind kind, uint16_t subject, uint32_t part,
                          uint32_t alternatives) = 0;
};

// What all files of a disk have in common.
class DiskSurroundings {
 public:
  // Memory for the bytes of a file, all zero, until Clear.
  FileBytes& TakeBytes();
  // Takes all memory back.
  void Clear();

  uint32_t generation = 0;  // crashes so far: what programs held before the last one is dead
  Tears tears = Tears::kFirstSector;
  bool recording =
      true;  // whether histories are kept; they are not needed when nothing more can crash or fail
  bool fingerprints = false;   // whether files keep DiskFile::fingerprint
  uint64_t pages_decided = 0;  // with more than one alternative

 private:
  std::vector<std::unique_ptr<FileBytes>> bytes_;
  size_t bytes_in_use_ = 0;
};

// A set of bytes of a file: disjoint ranges in ascending order.
class ByteRanges {
 public:
  void Clear() { ranges_.clear(); }
  void Add(uint64_t begin, uint64_t end);
  void Remove(uint64_t begin, uint64_t end);
  bool Contains(uint64_t begin, uint64_t end) const;
  void AddTo(StateHash& state) const;

 private:
  std::vector<std::pair<uint64_t, uint64_t>> ranges_;
};

enum class CrashKind : uint8_t {
  kPowerLoss,  // only what is durable is sure to stay
  kKill,       // the process dies, the page cache stays
};

// Ranges must not overflow. `choices` answers what is still undecided of whatever a call looks at
// or changes. Thread safety: confined to the world's OS thread.
class DiskFile {
 public:
  explicit DiskFile(DiskSurroundings& surroundings) : surroundings_(surroundings) {}
  DiskFile(const DiskFile&) = delete;
  DiskFile& operator=(const DiskFile&) = delete;

  // Makes this a new, empty file. Whether its name exists is not known here.
  void Create(uint16_t ordinal, sync::ObjectId object);
  sync::ObjectId object() const { return object_; }

  uint64_t Size(DiskChoices& choices);
  // Fills `target` as far as the file goes; returns how many bytes that were.
  size_t Read(uint64_t offset, std::span<std::byte> target, DiskChoices& choices);
  // False if there is no address space for the range; then nothing happened.
  bool Write(uint64_t offset, std::span<const std::byte> source, DiskChoices& choices);
  void Reserve(uint64_t offset, uint64_t size, DiskChoices& choices);
  // Whether writing the range cannot fail for want of space.
  bool IsReserved(uint64_t offset, uint64_t size) const {
    return reserved_.Contains(offset, offset + size);
  }
  void Punch(uint64_t offset, uint64_t size, DiskChoices& choices);
  void Truncate(uint64_t size, DiskChoices& choices);
  void Sync();
  // A sync that fails: durable bytes stay old, written pages become clean all the same, and visible
  // bytes go back to the durable ones if `revert`. Changes of metadata stay pending.
  void FailSync(bool revert, DiskChoices& choices);
  // Whether any write is not durable that a sync could still bring to the disk.
  bool HasWrites() const;

  // Where programs see the first `size` bytes; null if there is no address space.
  const std::byte* Map(uint64_t size);
  // The memory that Map showed. REQUIRES: Map returned it.
  FileBytes& bytes() { return *bytes_; }
  // Makes a range of what Map returned readable as it is now, as far as the file goes.
  void View(uint64_t offset, uint64_t size, DiskChoices& choices);

  // Whether a power loss could take anything away.
  bool CouldLose() const { return !unclean_.empty() || (!size_undecided_ && !sizes_.empty()); }
  void LosePower();
  void Kill();
  // Stands for the bytes that the last crash left, as far as they are decided; the same for the
  // same bytes. 0 if the surroundings do not ask for it.
  uint64_t fingerprint() const { return fingerprint_; }

  // Stands for what a crash now would leave of the file, undecided or not. `last`: nothing crashes
  // or fails after it, so that nobody learns what a power loss would take away then.
  uint64_t StateAfter(CrashKind kind, bool last) const;

  // The range was written or zeroed: tells ThreadSanitizer, as far as programs may see it.
  void DeclareWrite(uint64_t offset, uint64_t size);

  uint32_t locked_by = 0;  // number of the open file that has the lock, 0: none

 private:
  struct Page {
    uint64_t index = 0;
    FileBytes* home = nullptr;  // where its bytes are; not bytes_ until it is loaded after a crash
    bool undecided = false;     // what its history leaves is not chosen yet
    bool unclean = false;       // it is in unclean_
    uint32_t cut = 0;  // undecided: bytes from here on were cut off by the size that survived
    PageHistory history;
  };
  static constexpr uint32_t kNoPage = UINT32_MAX;

  FileBytes& Bytes();
  uint32_t ReadableBytes(uint64_t index) const;
  Page* Find(uint64_t index);
  Page& FindOrAdd(uint64_t index);
  // The page's visible bytes, decided, in the memory of this generation: to be written or shown.
  std::byte* Load(Page& page, DiskChoices& choices);
  // The page's visible bytes, decided: to be read.
  const std::byte* Peek(Page& page, DiskChoices& choices);
  // Makes the memory of this generation the page's home, with `bytes` in it.
  void Settle(Page& page, const std::byte* bytes);
  void DecideSize(DiskChoices& choices);
  void DecidePage(Page& page, DiskChoices& choices);
  void MarkUnclean(Page& page);
  uint64_t StateOf(const Page& page, CrashKind kind, bool last) const;
  void FingerprintAll();
  void FingerprintPage(uint64_t index, const std::byte* bytes);
  // Zeroes what is not zero yet, as part of the next change of metadata. Returns whether there was
  // anything.
  bool Zero(uint64_t begin, uint64_t end, DiskChoices& choices);
  // Adds a change of metadata after which the size is `size`.
  void Change(uint64_t size);

  DiskSurroundings& surroundings_;
  uint16_t ordinal_ = 0;
  sync::ObjectId object_;
  FileBytes* bytes_ = nullptr;  // of this generation; null until needed
  bool mapped_ = false;         // programs may see bytes_
  uint64_t fingerprint_ = 0;

  uint64_t size_ = 0;
  uint64_t durable_size_ = 0;
  std::vector<uint64_t> sizes_;  // after each change of metadata since the last sync
  uint64_t changes_before_ = 0;  // number of the first of those changes
  bool size_undecided_ = false;
  LostChanges lost_;
  ByteRanges reserved_, durable_reserved_;

  // Pages that were ever touched; what a page is not in here is zero. Pointers stay valid until
  // Create.
  std::deque<Page> pages_;
  uint32_t page_count_ = 0;          // how many of pages_ are in use
  std::vector<uint32_t> low_pages_;  // by page index: place in pages_, or kNoPage
  std::map<uint64_t, uint32_t> high_pages_;
  std::vector<Page*> unclean_;    // pages with a history of this generation
  std::vector<Page*> undecided_;  // contains those that are undecided, and perhaps others
  PageBytes scratch_;
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_DISK_FILE_H_
