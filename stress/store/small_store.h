// A small store's file, with all that has to be known to judge what opening a damaged copy of it
// shows: every state that it went through, and its bytes at earlier moments.

#ifndef ENGRAM_STRESS_STORE_SMALL_STORE_H_
#define ENGRAM_STRESS_STORE_SMALL_STORE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/memory.h"
#include "model/world/program.h"
#include "stress/store/memory_table.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

// The witness of each id's memory, or nothing.
using State = std::array<std::optional<Memory>, kKeys>;
using FileImage = std::vector<std::byte>;

struct SmallStore {
  std::string name;
  Setup setup = Setup::kNarrow;
  bool closed = false;  // else its process was killed
  FileImage image;
  // By number of mutations: what the store held.
  std::vector<State> states;
  // Into `states`: what opening the undamaged file shows; what the last Sync covered; what the one
  // before it covered; what the last checkpoint covered.
  size_t newest = 0;
  size_t synced = 0;
  size_t synced_before = 0;
  size_t checkpointed = 0;

  struct Moment {
    size_t state = 0;
    FileImage image;
  };
  std::vector<Moment> moments;  // after each operation
};

// Runs `operations` (of kBefore: mutations, migrations, Sync, Checkpoint, Reopen) on a new store in
// a world of its own. What they leave open is killed if `closed` is false. Dies if anything fails.
// REQUIRES: no world is running.
SmallStore MakeSmallStore(std::string name, const OpenStore& open, Setup setup, bool closed,
                          std::span<const world::Operation> operations);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_SMALL_STORE_H_
