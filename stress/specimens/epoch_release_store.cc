// Specimen "epoch_release_store": readers who announce their epoch with a release store. And its
// twin, the same store on sync::Epoch, which announces with a read-modify-write.
//
// A text of up to eight letters lies in a room, one word; a link says which room and sequence an id
// has now. A writer fills a free room, switches the link, and retires the old room with an epoch;
// it takes the room again when every reader's announcement is younger. A reader announces, follows
// the link, reads the room, and leaves; it never waits, and makes no writer wait.
//
// Believed: "the announcement is released and the scan acquires", so a reader inside is seen by
// every scan, and the price of a read-modify-write is saved. ThreadSanitizer is silent.
//
// Wrong: a release store orders what comes *before* it. The announcement may still sit in the
// reader's store buffer while the loads behind it already run; the scan finds nobody and the room
// is written again under the reader, who returns another memory's bytes. Any interleaving of whole
// operations is right: only a model with store buffers shows it.
//
// Right (the twin): the announcement is a full fence. If a scan misses it, the reader's link load
// comes after the scan, and so after the link was switched: it cannot find what is retired.

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "stress/specimens/designs.h"
#include "stress/specimens/letters.h"
#include "sync/atomic.h"
#include "sync/epoch.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::specimens {
namespace {

// As sync::Epoch, but for the announcement; each thread owns a place.
class ReleaseStoreEpoch {
 public:
  class Guard {
   public:
    explicit Guard(ReleaseStoreEpoch& epoch) : place_(epoch.places_[sync::CurrentThread()]) {
      // release: partner of the acquire loads in Oldest() - or so it was believed.
      place_.Store(epoch.current_.Load(std::memory_order_acquire), std::memory_order_release);
    }
    ~Guard() { place_.Store(0, std::memory_order_release); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    sync::Atomic<uint64_t>& place_;
  };

  uint64_t Advance() { return current_.FetchAdd(1, std::memory_order_seq_cst); }

  uint64_t Oldest() const {
    uint64_t oldest = current_.Load(std::memory_order_seq_cst);
    for (const sync::Atomic<uint64_t>& place : places_) {
      const uint64_t epoch = place.Load(std::memory_order_acquire);
      if (epoch != 0 && epoch < oldest) oldest = epoch;
    }
    return oldest;
  }

 private:
  static constexpr uint32_t kThreads = 8;

  sync::Atomic<uint64_t> current_{1};
  std::array<sync::Atomic<uint64_t>, kThreads> places_;  // 0: not inside
};

template <typename EpochType>
class RoomStore final : public SpecimenStore {
 public:
  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override {
    sync::MutexLock lock(writers_lock_);
    const std::optional<uint32_t> room = FreeRoom();
    if (!room.has_value()) return Rejected();
    const Sequence sequence{++last_sequence_.value};
    assigned(sequence);
    // relaxed: the link's exchange below publishes it.
    letters_[*room].Store(WordAt(text, 0), std::memory_order_relaxed);
    // seq_cst: partner of the link's load in Get.
    const uint64_t old =
        LinkOf(id).Exchange(sequence.value * kRooms + *room + kLinked, std::memory_order_seq_cst);
    rooms_[*room] = Room{.taken = true};
    if (old >= kLinked) rooms_[(old - kLinked) % kRooms] = Room{.retired_at = epoch_.Advance()};
    return Answer{.sequence = sequence};
  }

  Answer Get(const std::string& id) override {
    typename EpochType::Guard inside(epoch_);
    // acquire: partner of the exchange in Store.
    const uint64_t link = LinkOf(id).Load(std::memory_order_acquire);
    if (link < kLinked) return Absent();
    const uint64_t word = letters_[(link - kLinked) % kRooms].Load(std::memory_order_relaxed);
    return Answer{.sequence = Sequence{(link - kLinked) / kRooms}, .text = LettersOf(word)};
  }

 private:
  static constexpr uint32_t kRooms = 3;
  static constexpr uint64_t kLinked = 1;  // link = sequence * kRooms + room + kLinked; 0: no memory
  struct Room {
    bool taken = false;
    uint64_t retired_at = 0;  // an epoch; 0: nobody can be inside
  };

  sync::Atomic<uint64_t>& LinkOf(const std::string& id) {
    return links_[static_cast<size_t>(id[0] - 'a') % links_.size()];
  }

  // A room that no reader can be looking at.
  std::optional<uint32_t> FreeRoom() ENGRAM_REQUIRES(writers_lock_) {
    std::optional<uint64_t> oldest;  // asked for once, and only if something is retired
    for (uint32_t i = 0; i < kRooms; ++i) {
      const Room& room = rooms_[i];
      if (room.taken) continue;
      if (room.retired_at != 0) {
        if (!oldest.has_value()) oldest = epoch_.Oldest();
        if (*oldest <= room.retired_at) continue;
      }
      return i;
    }
    return std::nullopt;
  }

  std::array<sync::Atomic<uint64_t>, 2> links_;         // by id
  std::array<sync::Atomic<uint64_t>, kRooms> letters_;  // by room
  EpochType epoch_;

  sync::Mutex writers_lock_;
  std::array<Room, kRooms> rooms_ ENGRAM_GUARDED_BY(writers_lock_);
  Sequence last_sequence_ ENGRAM_GUARDED_BY(writers_lock_);
};

}  // namespace

OpenedSpecimen OpenEpochReleaseStore(io::FileSystem&) {
  return std::make_unique<RoomStore<ReleaseStoreEpoch>>();
}

OpenedSpecimen OpenEpochFullFence(io::FileSystem&) {
  return std::make_unique<RoomStore<sync::Epoch>>();
}

}  // namespace engram::specimens
