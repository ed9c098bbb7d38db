// Twin of "offsets_first", "swap_first" and "no_rollback": compaction that moves one live text at a
// time.
//
// Texts lie in a few extents. A mutation holds the writers' lock from its append to its
// publication, a move too, so that an extent that is not appended to any more holds nothing
// unpublished. A reader enters an epoch, looks the entry up, and reads the words without a lock.
//
// Right, because
//  - an entry and its place change together, under the index lock; words are written before the
//    entry that names them is published, and not again before their extent is reused;
//  - a move applies only to an entry that still has the sequence that was copied: it neither beats
//    a replacement nor revives what was removed, and it touches no other entry;
//  - an extent is retired when no entry names it, and reused when every reader that was inside then
//    has left;
//  - a move that fails changes nothing: its entry names the old place, and the old extent is not
//    retired.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "stress/specimens/block_file.h"
#include "stress/specimens/designs.h"
#include "stress/specimens/letters.h"
#include "sync/atomic.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace engram::specimens {
namespace {

constexpr size_t kExtentWords = 3;
constexpr uint32_t kExtents = 4;

struct Place {
  uint32_t extent = 0;
  size_t offset = 0;  // in words, like all sizes here
  size_t length = 0;
};

struct Entry {
  Place place;
  Sequence sequence = {};
};

class IncrementalMoves final : public SpecimenStore {
 public:
  explicit IncrementalMoves(std::unique_ptr<BlockFile> file) : file_(std::move(file)) {}

  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override {
    sync::MutexLock writing(writers_lock_);
    const std::optional<Place> place = Append(text);
    if (!place.has_value() || !WriteBlock(id, *place).ok()) return Rejected();
    return Answer{.sequence = Publish(id, place, assigned)};
  }

  Answer Get(const std::string& id) override {
    sync::Epoch::Guard inside(epoch_);
    const std::optional<Entry> entry = Find(id);
    if (!entry.has_value()) return Absent();
    return Answer{.sequence = entry->sequence, .text = TextAt(entry->place)};
  }

  Answer Remove(const std::string& id, const Assigned& assigned) override {
    sync::MutexLock writing(writers_lock_);
    if (!Find(id).has_value()) return Absent();
    if (!WriteBlock(id, Place{}).ok()) return Rejected();
    return Answer{.sequence = Publish(id, std::nullopt, assigned)};
  }

  // Empties every extent that has been used so far, one text at a time. REQUIRES: one caller at a
  // time.
  void Compact() override {
    std::map<std::string, Entry> seen;
    std::array<bool, kExtents> emptied{};
    {
      sync::MutexLock writing(writers_lock_);
      for (uint32_t i = 0; i < kExtents; ++i) emptied[i] = extents_[i].state == State::kUsed;
      open_ = kExtents;  // nothing is appended to them any more
      sync::ReaderLock lock(index_lock_);
      seen = entries_;
    }
    for (const auto& [id, entry] : seen) {
      const std::string text = TextAt(entry.place);  // nobody writes there before we retire it
      sync::MutexLock writing(writers_lock_);
      if (!Move(id, entry.sequence, text)) return;
    }
    sync::MutexLock writing(writers_lock_);
    const uint64_t tag = epoch_.Advance();
    for (uint32_t i = 0; i < kExtents; ++i) {
      if (emptied[i]) extents_[i] = Extent{.state = State::kRetired, .retired_at = tag};
    }
  }

 private:
  enum class State : uint8_t { kFree, kUsed, kRetired };
  struct Extent {
    State state = State::kFree;
    uint64_t retired_at = 0;  // an epoch
    size_t end = 0;           // of what is taken
  };

  // Gives `id` a new place, holding `text`, if its entry still has `sequence`. Returns false if
  // there is no room or the block cannot be written: then nothing has changed.
  bool Move(const std::string& id, Sequence sequence, const std::string& text)
      ENGRAM_REQUIRES(writers_lock_) {
    const std::optional<Entry> current = Find(id);
    if (!current.has_value() || current->sequence != sequence) return true;
    const std::optional<Place> target = Append(text);
    if (!target.has_value() || !WriteBlock(id, *target).ok()) return false;
    sync::WriterLock lock(index_lock_);
    entries_[id].place = *target;
    return true;
  }

  std::optional<Entry> Find(const std::string& id) {
    sync::ReaderLock lock(index_lock_);
    const auto found = entries_.find(id);
    return found == entries_.end() ? std::nullopt : std::optional<Entry>(found->second);
  }

  std::string TextAt(const Place& place) const {
    std::string text;
    for (size_t i = 0; i < place.length; ++i) {
      // relaxed: the index lock, under which the entry was found, orders it after the store in
      // Append.
      text += LettersOf(words_[place.extent][place.offset + i].Load(std::memory_order_relaxed));
    }
    return text;
  }

  // Writes `text` behind the open extent's last, or into the next extent that is free.
  std::optional<Place> Append(const std::string& text) ENGRAM_REQUIRES(writers_lock_) {
    const size_t length = WordsFor(text);
    if (open_ == kExtents || extents_[open_].end + length > kExtentWords) {
      if (!OpenNextExtent()) return std::nullopt;
    }
    Extent& extent = extents_[open_];
    const Place place{.extent = open_, .offset = extent.end, .length = length};
    for (size_t i = 0; i < length; ++i) {
      // relaxed: the index lock publishes it, see TextAt.
      words_[open_][place.offset + i].Store(WordAt(text, i * kLettersPerWord),
                                            std::memory_order_relaxed);
    }
    extent.end += length;
    return place;
  }

  bool OpenNextExtent() ENGRAM_REQUIRES(writers_lock_) {
    std::optional<uint64_t> oldest;  // asked for once, and only if something is retired
    for (uint32_t i = 0; i < kExtents; ++i) {
      Extent& extent = extents_[i];
      if (extent.state == State::kUsed) continue;
      if (extent.state == State::kRetired) {
        if (!oldest.has_value()) oldest = epoch_.Oldest();
        if (*oldest <= extent.retired_at) continue;  // a reader may still be inside
      }
      extent = Extent{.state = State::kUsed};
      open_ = i;
      return true;
    }
    return false;
  }

  absl::Status WriteBlock(const std::string& id, const Place& place)
      ENGRAM_REQUIRES(writers_lock_) {
    if (file_ == nullptr) return absl::OkStatus();
    return file_->Write(id, place.extent * kExtentWords + place.offset, place.length);
  }

  // Makes `place`, or absence, what `id` stands for.
  Sequence Publish(const std::string& id, const std::optional<Place>& place,
                   const Assigned& assigned) ENGRAM_REQUIRES(writers_lock_) {
    sync::WriterLock lock(index_lock_);
    const Sequence sequence{++last_sequence_.value};
    assigned(sequence);
    if (place.has_value()) {
      entries_[id] = Entry{.place = *place, .sequence = sequence};
    } else {
      entries_.erase(id);
    }
    return sequence;
  }

  sync::Mutex writers_lock_ ENGRAM_ACQUIRED_BEFORE(index_lock_);
  std::array<Extent, kExtents> extents_ ENGRAM_GUARDED_BY(writers_lock_);
  uint32_t open_ ENGRAM_GUARDED_BY(writers_lock_) = kExtents;  // kExtents: none
  Sequence last_sequence_ ENGRAM_GUARDED_BY(writers_lock_);
  const std::unique_ptr<BlockFile> file_ ENGRAM_PT_GUARDED_BY(writers_lock_);

  sync::SharedMutex index_lock_;
  std::map<std::string, Entry> entries_ ENGRAM_GUARDED_BY(index_lock_);

  // Guarded by publication and by the epoch, see the file comment.
  std::array<std::array<sync::Atomic<uint64_t>, kExtentWords>, kExtents> words_;
  sync::Epoch epoch_;
};

}  // namespace

OpenedSpecimen OpenIncrementalMoves(io::FileSystem&) {
  return std::make_unique<IncrementalMoves>(nullptr);
}

OpenedSpecimen OpenIncrementalMovesWithFile(io::FileSystem& file_system) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<BlockFile> file, BlockFile::Create(file_system));
  return std::make_unique<IncrementalMoves>(std::move(file));
}

}  // namespace engram::specimens
