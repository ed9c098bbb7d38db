// For tests of what is in a world: scripted answers, and eras run one after another.

#ifndef ENGRAM_MODEL_WORLD_WORLD_TESTING_H_
#define ENGRAM_MODEL_WORLD_WORLD_TESTING_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "model/world/disk/simulated_file_system.h"
#include "model/world/world.h"

namespace engram::world {

// Answers by kind, in order; the default when the script of a kind has ended.
class Script final : public Choices {
 public:
  explicit Script(std::map<ChoiceKind, std::vector<uint32_t>> answers = {})
      : answers_(std::move(answers)) {}

  uint32_t Choose(const Name& name, uint32_t alternatives) override {
    asked[name.kind].push_back(alternatives);
    const std::vector<uint32_t>& answers = answers_[name.kind];
    const size_t index = asked[name.kind].size() - 1;
    return index < answers.size() ? answers[index] : 0;
  }

  std::map<ChoiceKind, std::vector<uint32_t>> asked;  // alternatives, in order

 private:
  std::map<ChoiceKind, std::vector<uint32_t>> answers_;
};

// Runs `eras` one after another, a later one only after a crash of the one before. REQUIRES:
// nothing fails.
class ErasRun {
 public:
  ErasRun(const Bounds& bounds, Choices& choices, const std::vector<std::function<void()>>& eras,
          const std::function<void(SimulatedFileSystem&)>& prepare = nullptr) {
    world_.Begin(bounds, choices, false);
    if (prepare) prepare(world_.disk());
    for (const std::function<void()>& era : eras) {
      world_.scheduler().RunEra(era);
      failure_ = world_.scheduler().failure();
      if (!world_.scheduler().crashed()) break;
    }
    hash_ = world_.scheduler().event_hash();
  }
  ~ErasRun() { world_.End(); }

  World& world() { return world_; }
  uint64_t hash() const { return hash_; }
  const std::optional<Failure>& failure() const { return failure_; }

 private:
  World world_;
  std::optional<Failure> failure_;
  uint64_t hash_ = 0;
};

inline SimulatedFileSystem& Disk() { return CurrentWorld().disk(); }

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_WORLD_TESTING_H_
