// Fuzz target: importing what claims to be a file of format 1. Claim: whatever the file and the
// list of ids hold, the import is refused and leaves nothing, or every block is in the new store
// bit by bit, or reported, or such that by src/format/format_1.md it must not be there; nothing
// else is in the store; the file keeps its bytes; what is allocated is bounded by its size.
//
// What must come of a file is read from its bytes here once more, in other words than the
// product's.
//
// An input is a byte of flags (1: there is a list of ids; 2: import unlisted ones), two bytes with
// the length of the list, the list with an id in each line, and the file.
//
// Not covered: large files, faults of the disk, crashes.
//
// Run it with `ci/fuzz v1`; its corpus, fuzz/corpora/v1, is replayed by every test run.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "api/format_1_fixture.h"
#include "api/import_v1.h"
#include "api/memory_store.h"
#include "base/check.h"
#include "base/utf8.h"
#include "fuzz/bounded_allocation.h"
#include "io/ram_file_system_fixture.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace engram::inline ENGRAM_BODY::fuzz {
namespace {

constexpr size_t kHeaderBytes = 96;
constexpr size_t kBlockBytes = 3136;
constexpr size_t kImageBytesMax = 48 * kKiB;
constexpr uint64_t kFileBytesMax = 512 * kKiB;
// The files themselves, which are in RAM, the import's buffer and the store's bookkeeping; then by
// bytes of the input.
constexpr size_t kAllocatedBase = 3 * kFileBytesMax + 2 * kMiB;
constexpr size_t kAllocatedPerByte = 16;

using Image = std::vector<std::byte>;

struct Input {
  bool is_listed = false;
  bool unlisted = false;
  std::vector<std::string> ids;
  Image image;
};

std::optional<Input> Decode(std::span<const uint8_t> bytes) {
  if (bytes.size() < 3 || bytes.size() > kImageBytesMax) return std::nullopt;
  const size_t list_bytes = bytes[1] + size_t{bytes[2]} * 256;
  if (list_bytes > bytes.size() - 3) return std::nullopt;
  Input input;
  input.is_listed = (bytes[0] & 1) != 0;
  input.unlisted = (bytes[0] & 2) != 0;
  std::string id;
  for (const uint8_t letter : bytes.subspan(3, list_bytes)) {
    if (letter == '\n') input.ids.push_back(std::exchange(id, ""));
    if (letter != '\n') id += static_cast<char>(letter);
  }
  const auto file = std::as_bytes(bytes.subspan(3 + list_bytes));
  input.image.assign(file.begin(), file.end());
  return input;
}

std::vector<uint8_t> Encode(const Input& input) {
  std::string list;
  for (const std::string& id : input.ids) list += id + "\n";
  list.resize(std::min<size_t>(list.size(), UINT16_MAX));
  std::vector<uint8_t> bytes = {
      static_cast<uint8_t>((input.is_listed ? 1 : 0) + (input.unlisted ? 2 : 0)),
      static_cast<uint8_t>(list.size() % 256), static_cast<uint8_t>(list.size() / 256)};
  bytes.insert(bytes.end(), list.begin(), list.end());
  for (const std::byte byte : input.image) bytes.push_back(std::to_integer<uint8_t>(byte));
  return bytes;
}

// ---- What must come of it.

uint64_t NumberAt(std::span<const std::byte> bytes, size_t at, size_t size) {
  uint64_t number = 0;
  for (size_t i = at + size; i-- > at;) number = number * 256 + std::to_integer<uint8_t>(bytes[i]);
  return number;
}

float FloatAt(std::span<const std::byte> bytes, size_t offset) {
  return std::bit_cast<float>(static_cast<uint32_t>(NumberAt(bytes, offset, 4)));
}

bool CanHaveBeenWritten(std::span<const std::byte> block) {
  for (size_t i = 0; i < 768; ++i) {
    // All ones in the exponent: infinite, or no number.
    if ((NumberAt(block, 4 * i, 4) >> 23 & 0xFF) == 0xFF) return false;
  }
  for (const size_t offset : {size_t{3072}, size_t{3076}}) {
    const float fraction = FloatAt(block, offset);
    if (!(fraction >= 0.0F && fraction <= 1.0F)) return false;
  }
  const uint64_t length = NumberAt(block, 3116, 4);
  const uint64_t place = NumberAt(block, 3120, 8);
  const bool has_no_content = place == UINT64_MAX;
  return NumberAt(block, 3080, 8) >> 63 == 0 && NumberAt(block, 3104, 8) >> 63 == 0 &&
         NumberAt(block, 3088, 4) == 0x3E4CCCCD && NumberAt(block, 3092, 4) == 0 &&
         NumberAt(block, 3096, 8) != 0 &&
         (has_no_content ? length == 0 : place < uint64_t{1} << 63 && (place + length) >> 63 == 0);
}

Memory MemoryIn(std::span<const std::byte> block) {
  Memory memory;
  for (size_t i = 0; i < 768; ++i) memory.embedding.push_back(FloatAt(block, 4 * i));
  memory.confidence = FloatAt(block, 3072);
  memory.activation = FloatAt(block, 3076);
  memory.last_access = static_cast<int64_t>(NumberAt(block, 3080, 8));
  memory.decay_rate = FloatAt(block, 3088);
  memory.created_at = static_cast<int64_t>(NumberAt(block, 3104, 8));
  memory.access_count = NumberAt(block, 3112, 4);
  return memory;
}

bool IsGeneratedName(const std::string& id) {
  if (id.size() != 19 || id.substr(0, 3) != "v1-") return false;
  return std::all_of(id.begin() + 3, id.end(), [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
  });
}

// What is refused as a whole, and with which code.
absl::StatusCode RefusalOf(const Input& input) {
  if (input.is_listed) {
    for (const std::string& id : input.ids) {
      const bool is_id = !id.empty() && id.size() <= 1024 && IsValidUtf8(id);
      if (!is_id || (input.unlisted && IsGeneratedName(id))) {
        return absl::StatusCode::kInvalidArgument;
      }
    }
  }
  const Image& image = input.image;
  if (image.size() < kHeaderBytes || NumberAt(image, 0, 8) != 0x454E4752414D4D41) {
    return absl::StatusCode::kInvalidArgument;
  }
  const bool is_known = NumberAt(image, 8, 4) == 1 && NumberAt(image, 16, 4) == kBlockBytes &&
                        NumberAt(image, 20, 4) == kHeaderBytes;
  return is_known ? absl::StatusCode::kOk : absl::StatusCode::kDataLoss;
}

struct Expected {
  std::map<std::string, Memory> memories;
  std::set<uint64_t> damaged;
  uint64_t unwritten = 0;
};

// By the newest slot of each hash first, damaged or not.
Expected ExpectedOf(const Input& input) {
  std::map<uint64_t, std::string> listed;
  if (input.is_listed) {
    for (const std::string& id : input.ids) listed[V1SampleHash(id)] = id;
  }
  Expected expected;
  std::set<uint64_t> done;
  const auto blocks = std::span(input.image).subspan(kHeaderBytes);
  for (uint64_t slot = (blocks.size() + kBlockBytes - 1) / kBlockBytes; slot-- > 0;) {
    const size_t begin = slot * kBlockBytes;
    const auto block = blocks.subspan(begin, std::min(kBlockBytes, blocks.size() - begin));
    const bool is_whole = block.size() == kBlockBytes;
    const bool is_zero = std::all_of(block.begin(), block.end(),
                                     [](std::byte byte) { return byte == std::byte{0}; });
    if (is_whole && is_zero) {
      ++expected.unwritten;
      continue;
    }
    const bool is_damaged = !is_whole || !CanHaveBeenWritten(block);
    if (is_damaged) expected.damaged.insert(slot);
    if (block.size() < 3104) continue;
    const uint64_t hash = NumberAt(block, 3096, 8);
    const auto id = listed.find(hash);
    const bool is_wanted = !input.is_listed || input.unlisted || id != listed.end();
    if (!done.insert(hash).second || is_damaged || !is_wanted) continue;
    std::string name = id != listed.end() ? id->second : "";
    if (name.empty()) {
      std::array<char, 20> hex;
      std::snprintf(hex.data(), hex.size(), "v1-%016llx", static_cast<unsigned long long>(hash));
      name = hex.data();
    }
    expected.memories[name] = MemoryIn(block);
    expected.memories[name].id = name;
  }
  return expected;
}

// ---- One input.

Options StoreOptions() {
  Options options;
  options.extent_bytes = kExtentBytesMin;
  options.file_bytes_max = kFileBytesMax;
  options.concurrency = 2;
  return options;
}

uint32_t BitsOf(float number) { return std::bit_cast<uint32_t>(number); }

bool IsSame(const MemoryView& found, const Memory& expected) {
  return !found.content && found.access_count == expected.access_count &&
         found.created_at == expected.created_at && found.last_access == expected.last_access &&
         BitsOf(found.confidence) == BitsOf(expected.confidence) &&
         BitsOf(found.activation) == BitsOf(expected.activation) &&
         BitsOf(found.decay_rate) == BitsOf(expected.decay_rate) &&
         std::ranges::equal(found.embedding, expected.embedding, {}, BitsOf, BitsOf);
}

void CheckTarget(io::FileSystem& files, const Expected& expected) {
  const auto store = MemoryStore::Open(files, "target", StoreOptions());
  ENGRAM_CHECK(store.ok(), store.status().ToString());
  size_t met = 0;
  const absl::Status looked = (*store)->Iterate(std::nullopt, [&](const IterationItem& item) {
    ENGRAM_CHECK(item.status.ok(), item.status.ToString());
    const auto memory = expected.memories.find(std::string(item.id));
    ENGRAM_CHECK(memory != expected.memories.end(), "a memory was invented");
    ENGRAM_CHECK(IsSame(*item.view, memory->second), "a memory has other bits");
    ++met;
    return true;
  });
  ENGRAM_CHECK(looked.ok() && met == expected.memories.size(), "a memory is missing");
}

void Try(const Input& input) {
  io::RamFileSystem files(kFileBytesMax);
  files.Install("source", input.image);
  std::set<uint64_t> damaged;
  ImportV1Options options;
  if (input.is_listed) options.ids = input.ids;
  options.unlisted = input.unlisted;
  options.store = StoreOptions();
  options.on_damaged = [&](const V1DamagedSlot& slot) {
    const uint64_t begin = kHeaderBytes + slot.slot * kBlockBytes;
    ENGRAM_CHECK(slot.offset.value >= begin && slot.offset.value < begin + kBlockBytes,
                 "damage is said to be elsewhere");
    ENGRAM_CHECK(!slot.explanation.empty() && damaged.insert(slot.slot).second, "told twice");
  };
  size_t bytes_allocated = 0;
  const auto report = [&] {
    const AllocationCount allocated;
    auto imported = ImportV1(files, "source", "target", options);
    bytes_allocated = allocated.bytes();
    return imported;
  }();
  ENGRAM_CHECK(bytes_allocated <= kAllocatedBase + kAllocatedPerByte * input.image.size(),
               "importing allocated too much");
  ENGRAM_CHECK(files.Contents("source") == input.image, "the source has changed");
  ENGRAM_CHECK(!*files.Exists("target.partial"), "something is left");
  ENGRAM_CHECK(report.status().code() == RefusalOf(input), report.status().ToString());
  if (!report.ok()) {
    ENGRAM_CHECK(!*files.Exists("target") && !report.status().message().empty(), "half a store");
    return;
  }
  const Expected expected = ExpectedOf(input);
  ENGRAM_CHECK(damaged == expected.damaged, "damage is hidden, or invented");
  ENGRAM_CHECK(report->damaged == damaged.size() && report->unwritten == expected.unwritten &&
                   report->imported == expected.memories.size() &&
                   report->slots == report->unwritten + report->imported + report->superseded +
                                        report->hidden + report->unlisted + report->damaged,
               "the report's counts are wrong");
  CheckTarget(files, expected);
}

// ---- Mutations.

using Random = std::minstd_rand;

V1Slot SomeSlot(Random& random) {
  constexpr std::array<std::string_view, 4> kIds = {"a", "b", "\u00FC", "a longer id"};
  constexpr std::array<uint64_t, 4> kPlaces = {0, 1, 4096, kV1NoContent};
  V1Slot slot{.id = std::string(kIds[random() % kIds.size()]),
              .variant = static_cast<uint32_t>(random() % 1000),
              .content_offset = kPlaces[random() % kPlaces.size()],
              .garbage = static_cast<uint8_t>(random() % 256)};
  if (slot.content_offset != kV1NoContent) slot.content_length = random() % 3;
  return slot;
}

Image SomeImage(Random& random) {
  V1Slots slots(random() % 4);
  for (auto& slot : slots) {
    if (random() % 5 != 0) slot = SomeSlot(random);
  }
  return V1Image(slots);
}

// Writes something to a field of the header or of some block.
void PokeField(Image& image, Random& random) {
  constexpr std::array<size_t, 13> kFields = {0,    1536, 3068, 3072, 3076, 3080, 3088,
                                              3092, 3096, 3104, 3112, 3116, 3120};
  constexpr std::array<uint64_t, 10> kValues = {
      0,          1,          0x3F800000, 0x3F800001,        0x7F800000,
      0x7FC00000, 0x80000000, UINT64_MAX, uint64_t{1} << 63, (uint64_t{1} << 63) - 1};
  constexpr std::array<size_t, 9> kHeaderFields = {0, 8, 12, 16, 20, 24, 40, 44, 48};
  const size_t blocks = (image.size() - kHeaderBytes) / kBlockBytes;
  const size_t at =
      blocks == 0 || random() % 6 == 0
          ? kHeaderFields[random() % kHeaderFields.size()]
          : kHeaderBytes + random() % blocks * kBlockBytes + kFields[random() % kFields.size()];
  const uint64_t value = kValues[random() % kValues.size()];
  const size_t bytes = random() % 2 == 0 ? 4 : 8;
  for (size_t i = 0; i < bytes && at + i < image.size(); ++i) {
    image[at + i] = static_cast<std::byte>(value >> 8 * i);
  }
}

void MutateList(Input& input, Random& random) {
  constexpr std::array<std::string_view, 6> kIds = {
      "a", "b", "\u00FC", "a longer id", "v1-719b50b9a4f0e9f3", "nobody"};
  input.is_listed = random() % 4 != 0;
  input.unlisted = random() % 2 == 0;
  if (random() % 3 == 0) input.ids.clear();
  input.ids.emplace_back(kIds[random() % kIds.size()]);
}

void Mutate(Input& input, Random& random) {
  Image& image = input.image;
  if (image.size() < kHeaderBytes || random() % 32 == 0) image = SomeImage(random);
  const size_t blocks = (image.size() - kHeaderBytes) / kBlockBytes;
  switch (random() % 6) {
    case 0: {
      const Image more = V1Image({SomeSlot(random)});
      image.insert(image.end(), more.begin() + kHeaderBytes, more.end());
      break;
    }
    case 1: {
      if (blocks < 2) break;
      const auto block = [&] {
        return image.begin() + static_cast<long>(kHeaderBytes + random() % blocks * kBlockBytes);
      };
      const auto source = block();
      const auto target = block();
      if (source != target) std::copy_n(source, kBlockBytes, target);
      break;
    }
    case 2:
      image.resize(kHeaderBytes + random() % (image.size() - kHeaderBytes + 1));
      break;
    case 3:
      MutateList(input, random);
      break;
    default:
      PokeField(image, random);
  }
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace engram::fuzz;
  const std::optional<Input> input = Decode({data, size});
  if (!input) return -1;
  Try(*input);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  using namespace engram::fuzz;
  if (seed % 3 == 0) return LLVMFuzzerMutate(data, size, max_size);
  Random random(seed);
  Input input = Decode(std::span<const uint8_t>(data, size)).value_or(Input());
  Mutate(input, random);
  const std::vector<uint8_t> bytes = Encode(input);
  if (bytes.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}
