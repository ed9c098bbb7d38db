// Random programs over one small file: the images that the simulated disk can show after power
// losses are exactly those that a specification allows. The specification keeps whole copies of the
// visible bytes instead of lists of what changed, and knows nothing of undecided pages.

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/explore/random.h"
#include "model/world/disk/disk_testing.h"

namespace engram::world {
namespace {

constexpr uint64_t kPage = io::kPageBytes;
constexpr uint64_t kSector = io::kSectorBytes;
constexpr uint64_t kCapacity = 3 * kPage;  // no program goes beyond it
constexpr uint64_t kPages = kCapacity / kPage;
// ThreadSanitizer has nothing to see here and takes forty times as long.
constexpr uint64_t kSlowness = kSeesWrites ? 20 : 1;

enum class CallKind { kWrite, kPunch, kTruncate, kReserve, kSync, kFailSync, kRevertSync, kKill };

struct Call {
  CallKind kind = CallKind::kSync;
  uint64_t offset = 0;
  uint64_t size = 0;
  char byte = 'x';
};

std::string Describe(const std::vector<Call>& calls) {
  static constexpr const char* kNames[] = {"write", "punch",     "truncate",    "reserve",
                                           "sync",  "fail sync", "revert sync", "kill"};
  std::string text;
  for (const Call& call : calls) {
    absl::StrAppend(&text, kNames[static_cast<int>(call.kind)], "(", call.offset, ", ", call.size,
                    ", ", std::string(1, call.byte), ") ");
  }
  return text;
}

class Specification {
 public:
  explicit Specification(const std::string& durable) : disk_(durable), disk_size_(durable.size()) {
    disk_.resize(kCapacity, '\0');
    visible_ = disk_;
    size_ = disk_size_;
  }

  void Do(const Call& call) {
    const uint64_t end = call.offset + call.size;
    switch (call.kind) {
      case CallKind::kWrite:
        for (uint64_t i = call.offset; i < end; ++i) visible_[i] = call.byte;
        for (uint64_t page = call.offset / kPage; page <= (end - 1) / kPage; ++page) {
          const uint64_t from = std::max(call.offset, page * kPage);
          const uint64_t to = std::min(end, (page + 1) * kPage);
          events_.push_back({page, from / kSector, (to - 1) / kSector + 1, false, 0, 0, visible_});
        }
        if (end > size_) Resize(end);
        return;
      case CallKind::kPunch:
        Zero(call.offset, std::min(end, size_));
        Resize(size_);
        return;
      case CallKind::kTruncate:
        if (call.size < size_) Zero(call.size, size_);
        if (call.size != size_) Resize(call.size);
        return;
      case CallKind::kReserve:
        if (end > size_) Resize(end);
        return;
      case CallKind::kSync: {
        std::vector<uint64_t> all(kPages, UINT64_MAX);
        disk_ = Disk(changes_.size(), all, 0);
        disk_size_ = size_;
        events_.clear();
        changes_.clear();
        return;
      }
      case CallKind::kFailSync:
      case CallKind::kRevertSync:
        FailSync(call.kind == CallKind::kRevertSync);
        return;
      case CallKind::kKill:
        return;
    }
  }

  // Everything that a power loss now may leave.
  std::set<std::string> Images(Tears tears) const {
    std::set<std::string> images;
    for (size_t changes = 0; changes <= changes_.size(); ++changes) {
      std::vector<uint64_t> kept(kPages, 0);
      std::vector<uint32_t> torn(kPages, 0);
      AddImages(0, changes, kept, torn, tears, images);
    }
    return images;
  }

 private:
  struct Event {
    uint64_t page = 0, first_sector = 0, end_sector = 0;
    bool zeroes = false;
    uint64_t zero_begin = 0, zero_end = 0;
    std::string visible;  // right after it
    size_t change = 0;
  };

  void Zero(uint64_t begin, uint64_t end) {
    for (uint64_t i = begin; i < end; ++i) visible_[i] = '\0';
    for (uint64_t page = 0; page < kPages; ++page) {
      const uint64_t from = std::max(begin, page * kPage);
      const uint64_t to = std::min(end, (page + 1) * kPage);
      if (from < to) events_.push_back({page, 0, 0, true, from, to, visible_, changes_.size()});
    }
  }

  void Resize(uint64_t size) {
    size_ = size;
    changes_.push_back(size);
  }

  void FailSync(bool revert) {
    for (uint64_t page = 0; revert && page < kPages; ++page) {
      const bool written = std::any_of(events_.begin(), events_.end(), [&](const Event& event) {
        return event.page == page && !event.zeroes;
      });
      if (!written) continue;
      std::vector<uint64_t> none(kPages, 0);
      visible_.replace(page * kPage, kPage, Disk(changes_.size(), none, 0), page * kPage, kPage);
    }
    std::erase_if(events_, [](const Event& event) { return !event.zeroes; });
  }

  // What the disk holds if the first `changes` changes of metadata and of each page the first
  // `kept` writes reached it.
  std::string Disk(size_t changes, const std::vector<uint64_t>& kept,
                   const std::vector<uint32_t>& torn) const {
    std::string disk = disk_;
    std::vector<uint64_t> writes(kPages, 0);
    for (const Event& event : events_) {
      if (event.zeroes) {
        if (event.change >= changes) continue;
        for (uint64_t i = event.zero_begin; i < event.zero_end; ++i) disk[i] = '\0';
        continue;
      }
      const uint64_t write = writes[event.page]++;
      if (write > kept[event.page]) continue;
      for (uint64_t sector = event.first_sector; sector < event.end_sector; ++sector) {
        const bool reached =
            write < kept[event.page] || ((torn[event.page] >> (sector - event.first_sector)) & 1);
        if (!reached) continue;
        disk.replace(sector * kSector, kSector, event.visible, sector * kSector, kSector);
      }
    }
    return disk;
  }
  std::string Disk(size_t changes, const std::vector<uint64_t>& kept, uint32_t) const {
    return Disk(changes, kept, std::vector<uint32_t>(kPages, 0));
  }

  void AddImages(uint64_t page, size_t changes, std::vector<uint64_t>& kept,
                 std::vector<uint32_t>& torn, Tears tears, std::set<std::string>& images) const {
    if (page == kPages) {
      std::string image = Disk(changes, kept, torn);
      image.resize(changes == 0 ? disk_size_ : changes_[changes - 1]);
      images.insert(Runs(Text(image)));
      return;
    }
    uint64_t writes = 0;
    for (const Event& event : events_) writes += event.page == page && !event.zeroes ? 1 : 0;
    for (kept[page] = 0; kept[page] <= writes; ++kept[page]) {
      uint64_t sectors = 0;
      uint64_t write = 0;
      for (const Event& event : events_) {
        if (event.page != page || event.zeroes) continue;
        if (write++ == kept[page]) sectors = event.end_sector - event.first_sector;
      }
      uint32_t subsets = 1;
      if (sectors >= 2 && tears == Tears::kFirstSector) subsets = 2;
      if (sectors >= 2 && tears == Tears::kAnySectors) subsets = (1u << sectors) - 1;
      for (torn[page] = 0; torn[page] < subsets; ++torn[page]) {
        AddImages(page + 1, changes, kept, torn, tears, images);
      }
    }
  }

  std::string disk_;  // durable bytes
  uint64_t disk_size_;
  std::string visible_;
  uint64_t size_;
  std::vector<Event> events_;      // since the last sync
  std::vector<uint64_t> changes_;  // sizes after each change of metadata since then
};

void Do(SimulatedDisk& disk, DiskFile& file, const Call& call, DiskChoices& choices) {
  switch (call.kind) {
    case CallKind::kWrite:
      ASSERT_TRUE(file.Write(call.offset, Text(std::string(call.size, call.byte)), choices));
      return;
    case CallKind::kPunch:
      file.Punch(call.offset, call.size, choices);
      return;
    case CallKind::kTruncate:
      file.Truncate(call.size, choices);
      return;
    case CallKind::kReserve:
      file.Reserve(call.offset, call.size, choices);
      return;
    case CallKind::kSync:
      file.Sync();
      return;
    case CallKind::kFailSync:
    case CallKind::kRevertSync:
      file.FailSync(call.kind == CallKind::kRevertSync, choices);
      return;
    case CallKind::kKill:
      disk.Crash(CrashKind::kKill);
      return;
  }
}

// A few calls around the borders of sectors and pages.
std::vector<Call> SomeCalls(Random& random, uint32_t calls_max) {
  static constexpr uint64_t kOffsets[] = {0,    1,    511,  512,  513,  700,
                                          1024, 3584, 4095, 4096, 4097, 4608};
  static constexpr uint64_t kSizes[] = {1, 2, 511, 512, 513, 1024, 1100, 4096, 4100};
  static constexpr CallKind kKinds[] = {
      CallKind::kWrite,    CallKind::kWrite,      CallKind::kWrite,   CallKind::kWrite,
      CallKind::kPunch,    CallKind::kTruncate,   CallKind::kReserve, CallKind::kSync,
      CallKind::kFailSync, CallKind::kRevertSync, CallKind::kKill};
  std::vector<Call> calls(1 + random.Below(calls_max));
  char byte = 'a';
  for (Call& call : calls) {
    call.kind = kKinds[random.Below(std::size(kKinds))];
    call.offset = kOffsets[random.Below(std::size(kOffsets))];
    call.size = kSizes[random.Below(std::size(kSizes))];
    if (call.kind == CallKind::kTruncate) call.size = call.offset;
    call.byte = byte++;
  }
  return calls;
}

TEST(DiskFileImages, AreExactlyThoseOfTheSpecification) {
  for (uint64_t stream = 0; stream < 3000 / kSlowness; ++stream) {
    Random random(1, stream);
    const std::vector<Call> calls = SomeCalls(random, 6);
    const std::string durable(random.Below(2) * 5000, 'o');
    const Tears tears = stream % 16 == 0  ? Tears::kAnySectors
                        : stream % 4 == 0 ? Tears::kNone
                                          : Tears::kFirstSector;
    Specification specification(durable);
    for (const Call& call : calls) specification.Do(call);
    const std::set<std::string> images = EveryOutcome(
        [&](SimulatedDisk& disk, DiskChoices& choices) {
          DiskFile& file = disk.Create("f", sync::ObjectId{1}, choices);
          disk.Install(file, "f", Text(durable), choices);
          for (const Call& call : calls) Do(disk, file, call, choices);
          disk.Crash(CrashKind::kPowerLoss);
          return ReadAll(file, choices);
        },
        tears);
    ASSERT_EQ(images, specification.Images(tears)) << stream << ": " << Describe(calls);
  }
}

TEST(DiskFileImages, AfterTwoPowerLossesAreThoseOfTheSpecificationTwice) {
  for (uint64_t stream = 0; stream < 400 / kSlowness; ++stream) {
    Random random(2, stream);
    const std::vector<Call> before = SomeCalls(random, 3);
    const std::vector<Call> after = SomeCalls(random, 3);
    const std::string durable(random.Below(2) * 5000, 'o');
    std::set<std::string> expected;
    const std::set<std::string> images =
        EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
          DiskFile& file = disk.Create("f", sync::ObjectId{1}, choices);
          disk.Install(file, "f", Text(durable), choices);
          for (const Call& call : before) Do(disk, file, call, choices);
          disk.Crash(CrashKind::kPowerLoss);
          std::string survived(file.Size(choices), '\0');
          file.Read(0, std::as_writable_bytes(std::span(survived)), choices);
          const std::string first = Runs(Text(survived));
          Specification specification(survived);
          for (const Call& call : after) specification.Do(call);
          for (const std::string& second : specification.Images(Tears::kFirstSector)) {
            expected.insert(absl::StrCat(first, " then ", second));
          }
          for (const Call& call : after) Do(disk, file, call, choices);
          disk.Crash(CrashKind::kPowerLoss);
          return first + " then " + ReadAll(file, choices);
        });
    ASSERT_EQ(images, expected) << stream << ": " << Describe(before) << "| " << Describe(after);
  }
}

TEST(DiskFileImages, AreTheSameWhetherRecoveryLooksAtThemOrNot) {
  for (uint64_t stream = 0; stream < 400 / kSlowness; ++stream) {
    Random random(3, stream);
    const std::vector<Call> before = SomeCalls(random, 3);
    const std::vector<Call> after = SomeCalls(random, 3);
    const std::string durable(random.Below(2) * 5000, 'o');
    const auto images_if = [&](bool looks) {
      return EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
        DiskFile& file = disk.Create("f", sync::ObjectId{1}, choices);
        disk.Install(file, "f", Text(durable), choices);
        for (const Call& call : before) Do(disk, file, call, choices);
        disk.Crash(CrashKind::kPowerLoss);
        if (looks) ReadAll(file, choices);
        for (const Call& call : after) Do(disk, file, call, choices);
        disk.Crash(CrashKind::kPowerLoss);
        return ReadAll(file, choices);
      });
    };
    ASSERT_EQ(images_if(false), images_if(true))
        << stream << ": " << Describe(before) << "| " << Describe(after);
  }
}

// What memory of crashes stands on: where StateAfter is equal, so is everything that can follow.
TEST(DiskFileImages, AreTheSameWhereTheStatesAre) {
  struct Left {
    std::set<std::string> images;
    std::string calls;
  };
  std::map<uint64_t, Left> seen;
  uint64_t different_calls = 0;
  for (uint64_t stream = 0; stream < 4000 / kSlowness; ++stream) {
    Random random(4, stream);
    const std::vector<Call> calls = SomeCalls(random, 3);
    const CrashKind kind = random.OneIn(2) ? CrashKind::kKill : CrashKind::kPowerLoss;
    const bool last = random.OneIn(2);
    uint64_t state = 0;
    const std::set<std::string> images =
        EveryOutcome([&](SimulatedDisk& disk, DiskChoices& choices) {
          DiskFile& file = disk.Create("f", sync::ObjectId{1}, choices);
          disk.Install(file, "f", Text("old"), choices);
          for (const Call& call : calls) Do(disk, file, call, choices);
          state = disk.StateAfter(kind, last);
          disk.Crash(kind);
          // What the first crash left unsaid is said by a second one.
          if (!last) disk.Crash(CrashKind::kPowerLoss);
          return ReadAll(file, choices);
        });
    const std::string described = Describe(calls) +
                                  (kind == CrashKind::kKill ? "killed" : "lost power") +
                                  (last ? ", at last" : "");
    const auto [found, is_new] = seen.emplace(state, Left{images, described});
    ASSERT_EQ(found->second.images, images) << found->second.calls << "| " << described;
    if (!is_new && found->second.calls != described) ++different_calls;
  }
  EXPECT_GT(different_calls, 100u / kSlowness) << "nothing was compared";
}

}  // namespace
}  // namespace engram::world
