// Small stores, made by the store itself on files in RAM, with all that has to be known to judge
// what opening their files shows: for the golden file, for reading files by the byte page, and as
// seeds of fuzzing. Each has extents of 8 KiB, and every time the same bytes.
//
// Embeddings are zero but for a few numbers, so that files are small as text.

#ifndef ENGRAM_ENGINE_SAMPLE_STORES_FIXTURE_H_
#define ENGRAM_ENGINE_SAMPLE_STORES_FIXTURE_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/memory_store.h"
#include "base/body.h"
#include "base/check.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::engine {

// What a store holds, by id.
using SampleState = std::map<std::string, Memory>;

inline constexpr std::string_view kSamplePath = "sample.engram";
inline constexpr uint64_t kSampleFileBytesMax = 512 * kKiB;
inline constexpr uint32_t kSampleInlineBytesMax = 64;

inline Options SampleOptions() {
  Options options;
  options.extent_bytes = kExtentBytesMin;
  options.file_bytes_max = kSampleFileBytesMax;
  options.content_bytes_max = 64 * kKiB;
  options.content_inline_bytes_max = kSampleInlineBytesMax;
  options.concurrency = 2;
  return options;
}

// Every field depends on `variant`.
inline Memory SampleMemory(std::string id, uint32_t variant, std::optional<std::string> content) {
  Memory memory;
  memory.id = std::move(id);
  memory.embedding.assign(kEmbeddingDimension, 0);
  memory.embedding[0] = 1.0F / static_cast<float>(variant + 1);
  memory.embedding[variant % kEmbeddingDimension] -= 2.5F;
  memory.embedding.back() = -0.0F;
  memory.confidence = 1.0F / static_cast<float>(variant + 2);
  memory.activation = 1.0F / static_cast<float>(variant + 3);
  memory.decay_rate = 1.0F / static_cast<float>(variant + 4);
  memory.created_at = 1'700'000'000'000'000'000 + variant;
  memory.last_access = -1'000 * int64_t{variant};
  memory.access_count = variant;
  memory.content = std::move(content);
  return memory;
}

// `bytes` bytes of text.
inline std::string SampleText(size_t bytes, char letter) { return std::string(bytes, letter); }

inline bool SameBits(const Memory& a, const Memory& b) {
  const auto same = [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  };
  return a.id == b.id && std::ranges::equal(a.embedding, b.embedding, same) &&
         same(a.confidence, b.confidence) && same(a.activation, b.activation) &&
         same(a.decay_rate, b.decay_rate) && a.created_at == b.created_at &&
         a.last_access == b.last_access && a.access_count == b.access_count &&
         a.content == b.content;
}

struct SampleStore {
  std::string name;
  bool closed = false;  // else its process was killed
  std::vector<std::byte> image;
  // By number of mutations; the last is what opening the image shows.
  std::vector<SampleState> states;
  size_t checkpointed = 0;    // into `states`: what the last checkpoint covered
  std::set<std::string> ids;  // that it ever had

  const SampleState& newest() const { return states.back(); }
};

// Makes a store's file by operations on it. Dies if one of them fails.
class SampleMaker {
 public:
  explicit SampleMaker(std::string name) {
    made_.name = std::move(name);
    made_.states.emplace_back();
    Open();
  }

  SampleMaker& Store(const Memory& memory) {
    ENGRAM_CHECK(store_->Store(memory).ok(), "a sample store stores");
    made_.ids.insert(memory.id);
    made_.states.push_back(made_.newest());
    made_.states.back().insert_or_assign(memory.id, memory);
    return *this;
  }
  SampleMaker& Remove(const std::string& id) {
    ENGRAM_CHECK(store_->Remove(id).ok(), "a sample store removes");
    made_.states.push_back(made_.newest());
    made_.states.back().erase(id);
    return *this;
  }
  SampleMaker& Activate(const std::string& id, float activation) {
    ENGRAM_CHECK(store_->UpdateActivation(id, activation).ok(), "a sample store updates");
    made_.states.push_back(made_.newest());
    made_.states.back().at(id).activation = activation;
    return *this;
  }
  SampleMaker& Migrate(const std::vector<std::string>& ids, Tier to) {
    const absl::StatusOr<MigrationStats> moved = store_->Migrate(ids, to);
    ENGRAM_CHECK(moved.ok() && moved->moved == ids.size(), "a sample store migrates");
    return *this;
  }
  SampleMaker& Sync() {
    ENGRAM_CHECK(store_->Sync().ok(), "a sample store syncs");
    synced_ = made_.states.size() - 1;
    return *this;
  }
  SampleMaker& Checkpoint() {
    ENGRAM_CHECK(store_->Checkpoint().ok(), "a sample store cuts checkpoints");
    made_.checkpointed = synced_ = made_.states.size() - 1;
    return *this;
  }
  SampleMaker& Reopen() {
    Close();
    Open();
    return *this;
  }
  // As if the process had been killed: what was not written is lost.
  SampleMaker& Crash() {
    const std::vector<std::byte> image = files_.Contents(kSamplePath);
    store_.reset();
    files_.Install(kSamplePath, image);
    made_.states.resize(synced_ + 1);
    Open();
    return *this;
  }

  SampleStore Closed() {
    Close();
    made_.closed = true;
    made_.image = files_.Contents(kSamplePath);
    return std::move(made_);
  }
  // What was written since the last sync is not part of it.
  SampleStore Killed() {
    made_.image = files_.Contents(kSamplePath);
    made_.states.resize(synced_ + 1);
    return std::move(made_);
  }

 private:
  void Open() {
    Options options = SampleOptions();
    options.create_if_missing = true;
    auto opened = MemoryStore::Open(files_, std::string(kSamplePath), options);
    ENGRAM_CHECK(opened.ok(), "a sample store opens");
    store_ = *std::move(opened);
  }
  void Close() {
    ENGRAM_CHECK(store_->Close().ok(), "a sample store closes");
    made_.checkpointed = synced_ = made_.states.size() - 1;
  }

  io::RamFileSystem files_{kSampleFileBytesMax};
  std::unique_ptr<MemoryStore> store_;
  SampleStore made_;
  size_t synced_ = 0;
};

// All that a file can have: superblocks, extents of each type, each kind of entry that is written,
// full and half-full extents, a checkpoint and a log behind it.
inline SampleStore GoldenStore() {
  SampleMaker maker("golden");
  maker.Store(SampleMemory("none", 1, std::nullopt))
      .Store(SampleMemory("empty", 2, ""))
      .Store(SampleMemory("\xC3\xA9t\xC3\xA9", 3, "\xF0\x9F\x90\x98 short"))
      .Store(SampleMemory("small blob", 4, SampleText(100, 'b')))
      .Store(SampleMemory("run", 5, SampleText(9'000, 'r')))
      .Store(SampleMemory("removed", 6, SampleText(200, 'x')))
      .Sync()
      .Activate("none", 0.75F)
      .Remove("removed");
  for (uint32_t i = 0; i < 12; ++i) {
    maker.Store(SampleMemory(SampleText(600, static_cast<char>('a' + i % 2)), 10 + i,
                             SampleText(kSampleInlineBytesMax, 'c')));
  }
  maker.Checkpoint()
      .Store(SampleMemory("small blob", 30, "now in the log"))
      .Store(SampleMemory("tail", 31, SampleText(65, 't')))
      .Sync()
      .Remove("run")
      .Activate("tail", 0.0F)
      .Sync();
  return maker.Killed();
}

// Runs of cold memories in a checkpoint and in the log behind it, with dead rows; one back in a
// slot. Content is so short that it is stored as it is: what a compressor makes is not for ever.
inline SampleStore GoldenColdStore() {
  return SampleMaker("golden_cold")
      .Store(SampleMemory("none", 1, std::nullopt))
      .Store(SampleMemory("empty", 2, ""))
      .Store(SampleMemory("\xC3\xA9t\xC3\xA9", 3, "\xF0\x9F\x90\x98 short"))
      .Store(SampleMemory("other", 4, "other"))
      .Store(SampleMemory("removed", 5, "gone"))
      .Store(SampleMemory("back", 6, "there and back"))
      .Migrate({"none", "empty", "\xC3\xA9t\xC3\xA9", "removed", "back"}, Tier::kCold)
      .Remove("removed")
      .Checkpoint()
      .Store(SampleMemory("late", 7, "late"))
      .Store(SampleMemory("empty", 8, "replaced"))
      .Migrate({"back"}, Tier::kWarm)
      .Migrate({"late", "other"}, Tier::kCold)
      .Sync()
      .Killed();
}

inline SampleStore ColdStore() {
  return SampleMaker("cold")
      .Store(SampleMemory("a", 1, SampleText(65, 'a')))
      .Store(SampleMemory("b", 2, SampleText(9'000, 'b')))
      .Store(SampleMemory("c", 3, std::nullopt))
      .Migrate({"a", "b", "c"}, Tier::kCold)
      .Remove("a")
      .Store(SampleMemory("d", 4, ""))
      .Closed();
}

inline std::vector<SampleStore> SampleStores() {
  std::vector<SampleStore> stores;
  stores.push_back(SampleMaker("new").Closed());
  stores.push_back(SampleMaker("closed")
                       .Store(SampleMemory("a", 1, "first"))
                       .Store(SampleMemory("b", 2, std::nullopt))
                       .Sync()
                       .Store(SampleMemory("a", 3, "second"))
                       .Activate("b", 0.5F)
                       .Store(SampleMemory("c", 4, ""))
                       .Reopen()
                       .Remove("c")
                       .Store(SampleMemory("d", 5, SampleText(64, 'd')))
                       .Closed());
  stores.push_back(SampleMaker("unclean")
                       .Store(SampleMemory("a", 1, "first"))
                       .Store(SampleMemory("b", 2, ""))
                       .Sync()
                       .Store(SampleMemory("a", 3, "second"))
                       .Activate("b", 0.5F)
                       .Remove("a")
                       .Sync()
                       .Store(SampleMemory("c", 4, std::nullopt))
                       .Sync()
                       .Killed());
  stores.push_back(SampleMaker("checkpoint")
                       .Store(SampleMemory("a", 1, "first"))
                       .Store(SampleMemory("b", 2, SampleText(100, 'b')))
                       .Checkpoint()
                       .Store(SampleMemory("b", 3, "third"))
                       .Remove("a")
                       .Sync()
                       .Store(SampleMemory("c", 4, "fourth"))
                       .Activate("c", 0.25F)
                       .Sync()
                       .Killed());
  stores.push_back(SampleMaker("blobs")
                       .Store(SampleMemory("small", 1, SampleText(65, 's')))
                       .Store(SampleMemory("half", 2, SampleText(5'000, 'h')))
                       .Store(SampleMemory("run", 3, SampleText(9'000, 'r')))
                       .Checkpoint()
                       .Store(SampleMemory("half", 4, SampleText(300, 'i')))
                       .Remove("run")
                       .Sync()
                       .Killed());
  stores.push_back(SampleMaker("crashes")
                       .Store(SampleMemory("a", 1, "first"))
                       .Store(SampleMemory("b", 2, SampleText(80, 'b')))
                       .Sync()
                       .Crash()
                       .Store(SampleMemory("a", 3, "third"))
                       .Sync()
                       .Crash()
                       .Remove("b")
                       .Store(SampleMemory("c", 4, SampleText(70, 'c')))
                       .Sync()
                       .Crash()
                       .Activate("c", 0.125F)
                       .Sync()
                       .Killed());
  stores.push_back(ColdStore());
  stores.push_back(GoldenColdStore());
  stores.push_back(GoldenStore());
  return stores;
}

// A new store on which `image` is judged: opens it under kSamplePath in `files`.
inline absl::StatusOr<std::unique_ptr<MemoryStore>> OpenImage(io::RamFileSystem& files,
                                                              std::span<const std::byte> image) {
  files.Install(kSamplePath, image);
  return MemoryStore::Open(files, std::string(kSamplePath), SampleOptions());
}

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_SAMPLE_STORES_FIXTURE_H_
