// For tests of the simulated disk: every answer that choices allow, one after another, and bytes as
// short texts.

#ifndef ENGRAM_MODEL_WORLD_DISK_DISK_TESTING_H_
#define ENGRAM_MODEL_WORLD_DISK_DISK_TESTING_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "model/world/choices.h"
#include "model/world/disk/simulated_disk.h"

namespace engram::world {

// Goes through all sequences of answers, depth first: do { run } while (Next()).
class EveryAnswer {
 public:
  uint32_t Answer(uint32_t alternatives) {
    if (asked_ == path_.size()) path_.push_back({0, alternatives});
    return path_[asked_++].value;
  }
  // Whether there is another sequence; the next run will follow it.
  bool Next() {
    asked_ = 0;
    while (!path_.empty() && path_.back().value + 1 == path_.back().alternatives) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().value;
    return true;
  }
  size_t asked() const { return asked_; }

 private:
  struct Decision {
    uint32_t value;
    uint32_t alternatives;
  };
  std::vector<Decision> path_;
  size_t asked_ = 0;
};

class EveryDiskAnswer final : public DiskChoices, public EveryAnswer {
 public:
  uint32_t Choose(ChoiceKind, uint16_t, uint32_t, uint32_t alternatives) override {
    return Answer(alternatives);
  }
};

class EveryWorldAnswer final : public Choices, public EveryAnswer {
 public:
  uint32_t Choose(const Name&, uint32_t alternatives) override { return Answer(alternatives); }
};

// What `run(disk, choices)` returns, for all answers; each time on an empty disk.
template <typename Run>
std::set<std::string> EveryOutcome(const Run& run, Tears tears = Tears::kFirstSector) {
  std::set<std::string> outcomes;
  SimulatedDisk disk;
  EveryDiskAnswer answers;
  do {
    disk.Reset();
    disk.set_tears(tears);
    outcomes.insert(run(disk, answers));
  } while (answers.Next());
  return outcomes;
}

// Bytes as runs of equal ones: "3a2." is aaa and two zeros; a run of one has no number.
inline std::string Runs(std::span<const std::byte> bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size();) {
    size_t end = i;
    while (end < bytes.size() && bytes[end] == bytes[i]) ++end;
    if (end - i > 1) text += std::to_string(end - i);
    text += bytes[i] == std::byte{0} ? '.' : static_cast<char>(bytes[i]);
    i = end;
  }
  return text;
}

inline std::span<const std::byte> Text(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string ReadAll(DiskFile& file, DiskChoices& choices) {
  std::vector<std::byte> bytes(file.Size(choices));
  file.Read(0, bytes, choices);
  return Runs(bytes);
}

// All images that a power loss can leave of a file that durably held `durable`, after
// `program(file, choices)`.
template <typename Program>
std::set<std::string> AfterPowerLoss(const std::string& durable, const Program& program,
                                     Tears tears = Tears::kFirstSector) {
  return EveryOutcome(
      [&](SimulatedDisk& disk, DiskChoices& choices) {
        DiskFile& file = disk.Create("f", sync::ObjectId{1}, choices);
        disk.Install(file, "f", Text(durable), choices);
        program(file, choices);
        disk.Crash(CrashKind::kPowerLoss);
        return ReadAll(file, choices);
      },
      tears);
}

inline void Write(DiskFile& file, uint64_t offset, const std::string& text, DiskChoices& choices) {
  ENGRAM_CHECK(file.Write(offset, Text(text), choices), "there is address space");
}

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_DISK_DISK_TESTING_H_
