// Making a small store, and looking at its file after each operation.

#include "stress/store/small_store.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "model/reference_store.h"
#include "model/world/choices.h"
#include "model/world/world.h"
#include "stress/store/operations.h"
#include "stress/store/store_client.h"

namespace engram::stress {
namespace {

using world::Operation;

// Nothing fails, nothing crashes.
class DefaultChoices final : public world::Choices {
 public:
  uint32_t Choose(const world::Name&, uint32_t) override { return 0; }
};

class Maker {
 public:
  Maker(SmallStore& made, const OpenStore& open, io::FileSystem& files)
      : made_(made), open_(open), files_(files) {
    made_.states.emplace_back();
  }

  void Run(std::span<const Operation> operations) {
    Open();
    for (const Operation& operation : operations) {
      Do(operation);
      made_.moments.push_back({made_.states.size() - 1, Image()});
    }
    if (made_.closed) Close();
    made_.image = Image();
    // What a page was before the file reached it: zero.
    for (SmallStore::Moment& moment : made_.moments) {
      moment.image.resize(std::max(moment.image.size(), made_.image.size()));
    }
    store_.reset();
  }

 private:
  void Open() {
    auto opened = open_(files_, std::string(kStorePath), OptionsOf(made_.setup));
    ENGRAM_CHECK(opened.ok(), "a small store can be opened");
    store_ = *std::move(opened);
  }
  void Close() {
    ENGRAM_CHECK(store_->Close().ok(), "a small store can be closed");
    NoteSynced();
    made_.checkpointed = made_.synced;
  }

  void Do(const Operation& operation) {
    State next = made_.states.back();
    std::optional<Memory>& memory = next[operation.key];
    absl::Status status;
    switch (VerbOf(operation)) {
      case Verb::kStore:
        status = store_->Store(MemoryOf(operation.key, operation.value)).status();
        memory = WitnessOf(operation.key, operation.value);
        break;
      case Verb::kRemove:
        status = store_->Remove(IdOf(operation.key)).status();
        memory.reset();
        break;
      case Verb::kActivate:
        status =
            store_->UpdateActivation(IdOf(operation.key), ActivationOf(operation.value)).status();
        memory->activation = ActivationOf(operation.value);
        break;
      case Verb::kSync:
        status = store_->Sync();
        return Synced(status);
      case Verb::kCheckpoint:
        status = store_->Checkpoint();
        Synced(status);
        made_.checkpointed = made_.synced;
        return;
      case Verb::kMigrate:
        status = MigrateAs(*store_, MigratingOf(operation), operation.key).status();
        ENGRAM_CHECK(status.ok() || absl::IsUnimplemented(status), "a small store migrates");
        return;
      case Verb::kCompactCold:
        status = store_->CompactCold().status();
        ENGRAM_CHECK(status.ok() || absl::IsUnimplemented(status), "a small store is rewritten");
        return;
      case Verb::kReopen:
        Close();
        store_.reset();
        return Open();
      default:
        ENGRAM_CHECK(false, "a small store is made by mutations, migrations and syncs");
    }
    ENGRAM_CHECK(status.ok(), "a small store accepts what it is made of");
    made_.states.push_back(std::move(next));
  }

  void Synced(const absl::Status& status) {
    ENGRAM_CHECK(status.ok(), "a small store can be synced");
    NoteSynced();
  }
  void NoteSynced() {
    const size_t now = made_.states.size() - 1;
    if (now != made_.synced) made_.synced_before = std::exchange(made_.synced, now);
  }

  FileImage Image() {
    auto file = files_.Open(kStorePath, io::OpenMode::kReadOnly);
    ENGRAM_CHECK(file.ok(), "a small store has a file");
    FileImage image(*(*file)->Size());
    ENGRAM_CHECK(io::ReadFully(**file, FileOffset{0}, image).ok(), "its file can be read");
    return image;
  }

  SmallStore& made_;
  const OpenStore& open_;
  io::FileSystem& files_;
  std::unique_ptr<MemoryStore> store_;
};

bool Shows(MemoryStore& store, const State& state) {
  for (uint16_t key = 0; key < kKeys; ++key) {
    const absl::StatusOr<GetResult> got = store.Get(IdOf(key));
    ENGRAM_CHECK(got.ok(), "a store that is not damaged can be read");
    if (got->memory.has_value() != state[key].has_value()) return false;
    if (state[key] && !model::SameBits(WitnessOf(*got->memory), *state[key])) return false;
  }
  return true;
}

// Which state opening `made` shows: the last, unless what was not synced is lost.
size_t NewestShown(const SmallStore& made, const OpenStore& open, io::FileSystem& files) {
  const auto copy = files.Open(kBackupPath, io::OpenMode::kCreateNew);
  ENGRAM_CHECK(copy.ok() && io::WriteFully(**copy, FileOffset{0}, made.image).ok(),
               "a small store can be copied");
  const auto opened = open(files, std::string(kBackupPath), OptionsOf(made.setup));
  ENGRAM_CHECK(opened.ok(), "a copy of a small store can be opened");
  for (size_t newest = made.states.size(); newest-- > made.synced;) {
    if (Shows(**opened, made.states[newest])) return newest;
  }
  ENGRAM_CHECK(false, "a copy of a small store shows a state that is at least the last synced one");
  return 0;
}

}  // namespace

SmallStore MakeSmallStore(std::string name, const OpenStore& open, Setup setup, bool closed,
                          std::span<const Operation> operations) {
  SmallStore made;
  made.name = std::move(name);
  made.setup = setup;
  made.closed = closed;
  const auto world = std::make_unique<world::World>();
  DefaultChoices choices;
  world::Bounds bounds;
  bounds.steps_max = 1'000'000;
  world->Begin(bounds, choices, /*telling=*/false);
  world->scheduler().RunEra([&] {
    Maker(made, open, world->file_system()).Run(operations);
    made.newest = NewestShown(made, open, world->file_system());
  });
  ENGRAM_CHECK(!world->scheduler().failed(), "making a small store does not fail");
  world->End();
  return made;
}

}  // namespace engram::stress
