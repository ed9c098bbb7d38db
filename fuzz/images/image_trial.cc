// The store on a file. Long because all that is claimed of one stands together.

#include "fuzz/images/image_trial.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "base/check.h"
#include "fuzz/bounded_allocation.h"

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

using engine::SampleState;
using engine::SampleStore;

// The log may be read once for each segment, and its values once more.
constexpr size_t kAllocatedPerByte = 32;

class Trial {
 public:
  Trial(const SampleStore& sample, const ImageMap& map, const Input& input, Moving moving)
      : sample_(sample),
        map_(map),
        image_(Apply(input, map)),
        is_raw_(!input.forged),
        moves_(moving == Moving::kThereAndBack) {
    files_.Install(engine::kSamplePath, image_);
  }

  void Run() {
    auto opened = Open();
    if (!opened.ok()) return CheckRefusal(opened.status());
    MemoryStore& store = **opened;
    Answers answers = Read(store);
    if (is_raw_) CheckAnswers(store, answers);
    CheckVerified(store, answers);
    CheckWalks(store, answers);
    if (moves_) CheckMoves(store, answers);
    Change(store, answers);
    Returned(store.Checkpoint());
    if (!is_raw_) Returned(store.Backup("backup"));
    Returned(store.Verify().status());
    const absl::Status closed = store.Close();
    Returned(closed);
    opened->reset();
    opened = Open();
    if (!opened.ok()) {
      ENGRAM_CHECK(!is_raw_ || !closed.ok(), "a store that was closed can be opened");
      return;
    }
    CheckKept(**opened, answers);
  }

 private:
  struct Answer {
    bool damaged = false;          // or another error
    std::optional<Memory> memory;  // absent: there is none, unless `damaged`
  };
  using Answers = std::map<std::string, Answer>;

  absl::StatusOr<std::unique_ptr<MemoryStore>> Open() {
    const AllocationCount count;
    auto opened =
        MemoryStore::Open(files_, std::string(engine::kSamplePath), engine::SampleOptions());
    ENGRAM_CHECK(
        count.bytes() <= kAllocatedPerByte * image_.size() + 4 * engine::kSampleFileBytesMax,
        "opening allocated too much");
    return opened;
  }

  // What a call may say.
  void Returned(const absl::Status& status) const {
    switch (status.code()) {
      case absl::StatusCode::kOk:
      case absl::StatusCode::kDataLoss:
      case absl::StatusCode::kResourceExhausted:
      case absl::StatusCode::kFailedPrecondition:
        return;
      case absl::StatusCode::kNotFound:
      case absl::StatusCode::kInvalidArgument:
      case absl::StatusCode::kUnimplemented:
      case absl::StatusCode::kUnavailable:
        ENGRAM_CHECK(!is_raw_, status.ToString());
        return;
      default:
        ENGRAM_CHECK(false, status.ToString());
    }
  }

  void CheckRefusal(const absl::Status& status) const {
    const bool documented = absl::IsDataLoss(status) || absl::IsUnimplemented(status) ||
                            absl::IsInvalidArgument(status) || absl::IsNotFound(status) ||
                            absl::IsResourceExhausted(status);
    ENGRAM_CHECK(documented && !status.message().empty(), status.ToString());
    if (is_raw_) {
      // Another format's name at the beginning is another format.
      const bool must_open = map_.SuperblockIsIntact(image_) && !absl::IsUnimplemented(status);
      ENGRAM_CHECK(!must_open, status.ToString());
    }
    Image now = files_.Contents(engine::kSamplePath);
    ENGRAM_CHECK(now.size() >= image_.size(), "a file that was refused is shorter");
    const auto rest = std::span(now).subspan(image_.size());
    const bool same = std::ranges::equal(std::span(now).first(image_.size()), image_) &&
                      std::ranges::all_of(rest, [](std::byte b) { return b == std::byte{0}; });
    ENGRAM_CHECK(same || absl::IsResourceExhausted(status), "a file that was refused has changed");
  }

  Answer AnswerOf(MemoryStore& store, const std::string& id) const {
    const absl::StatusOr<GetResult> got = store.Get(id);
    Returned(got.status());
    Returned(store.Contains(id).status());
    if (!got.ok()) return {.damaged = true, .memory = {}};
    return {.damaged = false, .memory = got->memory};
  }

  Answers Read(MemoryStore& store) const {
    Answers answers;
    for (const std::string& id : sample_.ids) answers[id] = AnswerOf(store, id);
    answers["never stored"] = AnswerOf(store, "never stored");
    return answers;
  }

  static bool Explains(const SampleState& state, const Answers& answers) {
    return std::ranges::all_of(answers, [&](const auto& answer) {
      if (answer.second.damaged) return true;
      const auto held = state.find(answer.first);
      if (held == state.end()) return !answer.second.memory.has_value();
      return answer.second.memory && engine::SameBits(*answer.second.memory, held->second);
    });
  }

  void CheckAnswers(MemoryStore& store, const Answers& answers) const {
    const std::vector<SampleState>& states = sample_.states;
    for (size_t i = states.size(); i-- > sample_.checkpointed;) {
      if (!Explains(states[i], answers)) continue;
      const bool newest = i + 1 == states.size();
      const bool may_be_cut = store.recovery().tail_was_cut || map_.LogDiffers(image_);
      ENGRAM_CHECK(newest || (!sample_.closed && may_be_cut), "an earlier state is shown");
      return;
    }
    for (const auto& [id, answer] : answers) {
      if (answer.damaged) continue;
      const bool was_held = std::ranges::any_of(
          states, [&](const SampleState& state) { return Explains(state, {{id, answer}}); });
      ENGRAM_CHECK(was_held, absl::StrCat(id, answer.memory ? " has another value" : " is absent"));
    }
    ENGRAM_CHECK(false, "answers of several states are shown");
  }

  void CheckVerified(MemoryStore& store, const Answers& answers) const {
    const absl::StatusOr<VerifyReport> report = store.Verify();
    Returned(report.status());
    if (!is_raw_ || !report.ok()) return;
    const bool any = std::ranges::any_of(answers, [](const auto& a) { return a.second.damaged; });
    ENGRAM_CHECK(!any || !report->damages.empty(), "Verify misses damage");
    if (image_ == map_.image()) ENGRAM_CHECK(report->sound(), "Verify finds what is not there");
  }

  // What looks at all memories ends, and shows what Get shows.
  void CheckWalks(MemoryStore& store, const Answers& answers) const {
    std::map<std::string, Memory> shown;
    Returned(store.Iterate(std::nullopt, [&](const IterationItem& item) {
      if (item.view != nullptr) shown.emplace(item.id, item.view->Copy());
      return true;
    }));
    std::string cursor;
    do {
      const absl::StatusOr<Page> page = store.List(cursor, 2, std::nullopt);
      Returned(page.status());
      cursor = page.ok() ? page->cursor : "";
    } while (!cursor.empty());
    Returned(store.Recall(std::vector<float>(kEmbeddingDimension, 1.0F), {}).status());
    if (!is_raw_) return;
    for (const auto& [id, answer] : answers) {
      const auto found = shown.find(id);
      const bool same =
          answer.damaged  ? found == shown.end()
          : answer.memory ? found != shown.end() && engine::SameBits(found->second, *answer.memory)
                          : found == shown.end();
      ENGRAM_CHECK(same, "an iteration shows of " + id + " what Get does not");
    }
  }

  // All memories back to slots, into runs again, and the runs rewritten: what was right stays
  // right, and what was damaged is neither absent nor another memory, unless the file is forged.
  void CheckMoves(MemoryStore& store, const Answers& answers) const {
    std::vector<std::string> ids(sample_.ids.begin(), sample_.ids.end());
    for (const Tier tier : {Tier::kWarm, Tier::kCold}) {
      Returned(store.Migrate(ids, tier).status());
      CheckKept(store, answers);
    }
    Returned(store.CompactCold().status());
    CheckKept(store, answers);
  }

  // Stores, updates and removes; `answers` then say what must be found later.
  void Change(MemoryStore& store, Answers& answers) const {
    uint32_t variant = 100;
    for (auto& [id, answer] : answers) {
      ++variant;
      absl::Status status;
      if (answer.damaged || variant % 3 == 0) {
        const Memory memory = engine::SampleMemory(id, variant, engine::SampleText(variant, 'n'));
        status = store.Store(memory).status();
        answer = {.damaged = !status.ok(), .memory = memory};
      } else if (variant % 3 == 1) {
        status = store.Remove(id).status();
        answer = {.damaged = !status.ok(), .memory = {}};
      } else if (answer.memory) {
        status = store.UpdateActivation(id, 0.5F).status();
        answer.memory->activation = 0.5F;
      }
      Returned(status);
      if (is_raw_) ENGRAM_CHECK(status.ok(), status.ToString());
    }
    Returned(store.Sync());
  }

  void CheckKept(MemoryStore& store, const Answers& answers) const {
    for (const auto& [id, expected] : answers) {
      const Answer answer = AnswerOf(store, id);
      // Where the index is damaged, nothing proves an absence.
      if (!is_raw_ || (answer.damaged && !expected.memory)) continue;
      ENGRAM_CHECK(!expected.damaged || answer.damaged,
                   absl::StrCat(id, " was damaged, and now is not"));
      if (expected.damaged) continue;
      const bool same = !answer.damaged &&
                        answer.memory.has_value() == expected.memory.has_value() &&
                        (!answer.memory || engine::SameBits(*answer.memory, *expected.memory));
      ENGRAM_CHECK(same, absl::StrCat(id, " was there on a damaged file, and is now ",
                                      answer.damaged  ? "DATA_LOSS"
                                      : answer.memory ? "another"
                                                      : "absent"));
    }
  }

  const SampleStore& sample_;
  const ImageMap& map_;
  const Image image_;
  const bool is_raw_;
  const bool moves_;
  io::RamFileSystem files_{engine::kSampleFileBytesMax};
};

}  // namespace

ImageSamples::ImageSamples(std::vector<SampleStore> samples) : stores(std::move(samples)) {
  for (const SampleStore& store : stores) maps.emplace_back(store.image);
}

void TryImage(const ImageSamples& samples, const Input& input, Moving moving) {
  Trial(samples.stores[input.store], samples.maps[input.store], input, moving).Run();
}

size_t MutateImage(const ImageSamples& samples, Aim aim, uint8_t* bytes, size_t size,
                   size_t size_max, uint64_t seed) {
  const size_t stores = samples.stores.size();
  std::optional<Input> input = Decode(std::span<const uint8_t>(bytes, size), stores);
  if (!input) input = Input{.forged = seed % 2 == 0, .store = seed / 2 % stores, .edits = {}};
  Mutate(*input, samples.maps, aim, seed);
  std::vector<uint8_t> mutated = Encode(*input);
  while (mutated.size() > size_max && !input->edits.empty()) {
    input->edits.pop_back();
    mutated = Encode(*input);
  }
  if (mutated.size() > size_max) return 0;
  std::memcpy(bytes, mutated.data(), mutated.size());
  return mutated.size();
}

}  // namespace engram::inline ENGRAM_BODY::fuzz
