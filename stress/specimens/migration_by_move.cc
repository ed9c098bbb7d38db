// Twin of "get_store_remove": migration as a move that applies only to what was copied.
//
// An index says for each id in which tier and room its record is; records do not change where they
// lie. Mutations and moves change the index one at a time, under the writers' lock. A reader enters
// an epoch, looks the entry up, and reads the record without a lock.
//
// Right, because
//  - an id has one entry, so that there is exactly one copy to see at every moment, and a mutation
//    finds it wherever it lies;
//  - the copy is complete before the entry names it, and the entry is switched only if it still
//    names the very place and sequence that were copied: a later store, update or remove makes the
//    move give up;
//  - the room left behind is taken again only when every reader that may have seen it has left its
//    epoch.

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "stress/specimens/designs.h"
#include "stress/specimens/letters.h"
#include "sync/atomic.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

namespace engram::specimens {
namespace {

enum class Tier : uint8_t { kHot, kWarm };

struct Entry {
  Tier tier = Tier::kHot;
  uint32_t room = 0;
  Sequence sequence = {};
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct Record {
  std::string text;  // up to eight letters
  float activation = 0;
};

class MigrationByMove final : public SpecimenStore {
 public:
  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override {
    sync::MutexLock writing(writers_lock_);
    const std::optional<uint32_t> room = TakeRoom(Tier::kHot, Record{text, /*activation=*/0});
    if (!room.has_value()) return Rejected();
    return Answer{.sequence = Replace(id, Find(id), Tier::kHot, room, assigned)};
  }

  Answer Get(const std::string& id) override {
    sync::Epoch::Guard inside(epoch_);
    const std::optional<Entry> entry = Find(id);
    if (!entry.has_value()) return Absent();
    const Record record = RecordOf(*entry);
    return Answer{
        .sequence = entry->sequence, .text = record.text, .activation = record.activation};
  }

  Answer UpdateActivation(const std::string& id, float activation,
                          const Assigned& assigned) override {
    sync::MutexLock writing(writers_lock_);
    const std::optional<Entry> entry = Find(id);
    if (!entry.has_value()) return Absent();
    const Record updated{.text = RecordOf(*entry).text, .activation = activation};
    const std::optional<uint32_t> room = TakeRoom(entry->tier, updated);
    if (!room.has_value()) return Rejected();
    return Answer{.sequence = Replace(id, entry, entry->tier, room, assigned)};
  }

  Answer Remove(const std::string& id, const Assigned& assigned) override {
    sync::MutexLock writing(writers_lock_);
    const std::optional<Entry> entry = Find(id);
    if (!entry.has_value()) return Absent();
    return Answer{.sequence = Replace(id, entry, entry->tier, std::nullopt, assigned)};
  }

  void Demote(const std::string& id) override { Migrate(id, Tier::kHot, Tier::kWarm); }
  void Promote(const std::string& id) override { Migrate(id, Tier::kWarm, Tier::kHot); }

 private:
  static constexpr uint32_t kRooms = 6;  // per tier
  struct Room {
    bool taken = false;
    uint64_t retired_at = 0;  // an epoch; 0: nobody can be inside
  };
  struct RecordRoom {
    sync::Atomic<uint64_t> letters;
    sync::Atomic<float> activation;
  };

  void Migrate(const std::string& id, Tier source, Tier target) {
    sync::Epoch::Guard inside(epoch_);
    const std::optional<Entry> seen = Find(id);
    if (!seen.has_value() || seen->tier != source) return;
    const Record copy = RecordOf(*seen);
    sync::MutexLock writing(writers_lock_);
    if (Find(id) != seen) return;
    const std::optional<uint32_t> room = TakeRoom(target, copy);
    if (!room.has_value()) return;
    {
      sync::WriterLock lock(index_lock_);
      entries_[id] = Entry{.tier = target, .room = *room, .sequence = seen->sequence};
    }
    Retire(*seen);
  }

  std::optional<Entry> Find(const std::string& id) {
    sync::ReaderLock lock(index_lock_);
    const auto found = entries_.find(id);
    return found == entries_.end() ? std::nullopt : std::optional<Entry>(found->second);
  }

  Record RecordOf(const Entry& entry) const {
    const RecordRoom& room = records_[static_cast<size_t>(entry.tier)][entry.room];
    // relaxed: the index lock, under which the entry was found, orders both after the stores in
    // TakeRoom.
    return Record{.text = LettersOf(room.letters.Load(std::memory_order_relaxed)),
                  .activation = room.activation.Load(std::memory_order_relaxed)};
  }

  // Makes the record in `room`, or absence, what `id` stands for, and retires `old`.
  Sequence Replace(const std::string& id, const std::optional<Entry>& old, Tier tier,
                   std::optional<uint32_t> room, const Assigned& assigned)
      ENGRAM_REQUIRES(writers_lock_) {
    const Sequence sequence{++last_sequence_.value};
    assigned(sequence);
    {
      sync::WriterLock lock(index_lock_);
      if (room.has_value()) {
        entries_[id] = Entry{.tier = tier, .room = *room, .sequence = sequence};
      } else {
        entries_.erase(id);
      }
    }
    if (old.has_value()) Retire(*old);
    return sequence;
  }

  std::optional<uint32_t> TakeRoom(Tier tier, const Record& record) ENGRAM_REQUIRES(writers_lock_) {
    std::optional<uint64_t> oldest;  // asked for once, and only if something is retired
    for (uint32_t i = 0; i < kRooms; ++i) {
      Room& room = rooms_[static_cast<size_t>(tier)][i];
      if (room.taken) continue;
      if (room.retired_at != 0) {
        if (!oldest.has_value()) oldest = epoch_.Oldest();
        if (*oldest <= room.retired_at) continue;  // a reader may still be inside
      }
      room = Room{.taken = true};
      RecordRoom& target = records_[static_cast<size_t>(tier)][i];
      // relaxed: the index lock publishes them, see RecordOf.
      target.letters.Store(WordAt(record.text, 0), std::memory_order_relaxed);
      target.activation.Store(record.activation, std::memory_order_relaxed);
      return i;
    }
    return std::nullopt;
  }

  // Nobody finds `entry` any more; those who have found it may still read.
  void Retire(const Entry& entry) ENGRAM_REQUIRES(writers_lock_) {
    rooms_[static_cast<size_t>(entry.tier)][entry.room] = Room{.retired_at = epoch_.Advance()};
  }

  sync::Mutex writers_lock_ ENGRAM_ACQUIRED_BEFORE(index_lock_);
  std::array<std::array<Room, kRooms>, 2> rooms_ ENGRAM_GUARDED_BY(writers_lock_);
  Sequence last_sequence_ ENGRAM_GUARDED_BY(writers_lock_);

  sync::SharedMutex index_lock_;
  std::map<std::string, Entry> entries_ ENGRAM_GUARDED_BY(index_lock_);

  // Guarded by publication and by the epoch, see the file comment.
  std::array<std::array<RecordRoom, kRooms>, 2> records_;
  sync::Epoch epoch_;
};

}  // namespace

OpenedSpecimen OpenMigrationByMove(io::FileSystem&) { return std::make_unique<MigrationByMove>(); }

}  // namespace engram::specimens
