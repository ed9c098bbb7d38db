// Claim: importing a file of format 1 gives a store with every memory that the file still has, bit
// by bit, and with nothing else; what is damaged is reported by its slot, the newest slot of an id
// counts, ids come from the list alone, and the file keeps its bytes.
//
// Method: RapidCheck draws what the old program wrote into each slot - few ids, so that they stand
// in several - in both layouts, with garbage behind it; then which slots are damaged and how, which
// ids are listed, and whether the file is cut. What must come of it follows from what was drawn and
// not from the file. Files in RAM, one on the disk.
//
// Not covered: damage that turns one possible number into another, which nothing in such a file
// tells; failures and crashes meanwhile: see explored/an_import_is_all_or_nothing.cc.
//
// Requirements: V1.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "api/format_1_fixture.h"
#include "api/import_v1.h"
#include "io/ram_file_system_fixture.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

// Of the ids of both kinds of files: `e` and `f` are never written.
const std::vector<std::string> kIds = {"a", "b", "\u00FC\u20AC", "d", "e", "f"};

struct DrawnSlot {
  std::optional<V1Slot> written;
  std::optional<size_t> damage;  // into kDamages
};

// Fields that no writer wrote, by their offset in a block.
struct DrawnDamage {
  size_t offset;
  uint64_t value;
  size_t bytes;
};
const std::vector<DrawnDamage> kDamages = {
    {0, 0x7FC00000, 4},        {1536, 0x7F800000, 4}, {3068, 0xFFFFFFFF, 4},
    {3072, 0x3F800001, 4},     {3072, 0xBF800000, 4}, {3076, 0x7FC00000, 4},
    {3076, 0x40000000, 4},     {3080, UINT64_MAX, 8}, {3088, 0, 4},
    {3088, 0x3E4CCCCE, 4},     {3092, 0x80000000, 4}, {3104, uint64_t{1} << 63, 8},
    {3120, UINT64_MAX - 1, 8},
};

rc::Gen<DrawnSlot> AnySlot(bool second_layout) {
  return rc::gen::exec([second_layout]() -> DrawnSlot {
    if (!*rc::gen::weightedElement<bool>({{1, false}, {4, true}})) return {};
    V1Slot slot;
    slot.id = kIds[*rc::gen::inRange<size_t>(0, 4)];
    slot.variant = *rc::gen::inRange<uint32_t>(0, 1000);
    slot.garbage = *rc::gen::arbitrary<uint8_t>();
    if (second_layout) {
      slot.content_offset = *rc::gen::element<uint64_t>(0, 1, 4096, kV1NoContent);
      if (slot.content_offset != kV1NoContent) {
        slot.content_length = *rc::gen::element<uint32_t>(0, 1, 5000, UINT32_MAX);
      }
    }
    DrawnSlot drawn{.written = slot, .damage = {}};
    if (*rc::gen::weightedElement<bool>({{4, false}, {1, true}})) {
      drawn.damage = *rc::gen::inRange<size_t>(0, kDamages.size());
    }
    return drawn;
  });
}

std::vector<std::byte> ImageOf(const std::vector<DrawnSlot>& slots) {
  V1Slots written;
  for (const DrawnSlot& slot : slots) written.push_back(slot.written);
  std::vector<std::byte> image = V1Image(written);
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].damage) continue;
    const DrawnDamage& damage = kDamages[*slots[i].damage];
    for (size_t byte = 0; byte < damage.bytes; ++byte) {
      image[96 + i * 3136 + damage.offset + byte] =
          static_cast<std::byte>(damage.value >> 8 * byte);
    }
  }
  return image;
}

std::vector<std::byte> BytesOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

void Write(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

// What must come of it.
struct Expected {
  std::map<std::string, Memory> memories;
  std::set<uint64_t> damaged;  // slots
  uint64_t not_imported = 0;   // intact ones
};

Expected ExpectedOf(const std::vector<DrawnSlot>& slots, size_t whole,
                    const std::optional<std::set<std::string>>& listed, bool unlisted) {
  Expected expected;
  std::set<std::string> done;
  for (size_t i = whole; i-- > 0;) {
    if (!slots[i].written) continue;
    const V1Slot& slot = *slots[i].written;
    if (slots[i].damage) {
      expected.damaged.insert(i);
      done.insert(slot.id);
      continue;
    }
    const bool is_listed = listed && listed->contains(slot.id);
    if ((listed && !is_listed && !unlisted) || !done.insert(slot.id).second) {
      ++expected.not_imported;
      continue;
    }
    Memory memory = V1MemoryOf(slot);
    if (!is_listed) memory.id = absl::StrFormat("v1-%016x", V1SampleHash(slot.id));
    expected.memories.emplace(memory.id, memory);
  }
  return expected;
}

bool SameBits(const Memory& a, const Memory& b) {
  const auto bits = [](float number) { return std::bit_cast<uint32_t>(number); };
  return a.id == b.id && a.content == b.content && a.access_count == b.access_count &&
         a.created_at == b.created_at && a.last_access == b.last_access &&
         bits(a.confidence) == bits(b.confidence) && bits(a.activation) == bits(b.activation) &&
         bits(a.decay_rate) == bits(b.decay_rate) &&
         std::ranges::equal(a.embedding, b.embedding, {}, bits, bits);
}

constexpr uint64_t kFileBytesMax = 4 * kMiB;

Options TargetOptions() {
  Options options = TinyOptions();
  options.file_bytes_max = kFileBytesMax;
  return options;
}

void ExpectHolds(io::FileSystem& files, const std::map<std::string, Memory>& expected) {
  const auto store = MemoryStore::Open(files, "target", TargetOptions());
  RC_ASSERT(store.ok());
  RC_ASSERT((*store)->Count() == expected.size());
  RC_ASSERT((*store)->Verify()->sound());
  for (const auto& [id, memory] : expected) {
    const auto got = (*store)->Get(id);
    RC_ASSERT(got.ok() && got->memory.has_value());
    RC_ASSERT(SameBits(*got->memory, memory));
  }
}

RC_GTEST_PROP(Format1IsImported, WhateverItHolds, ()) {
  const auto slots =
      *rc::gen::container<std::vector<DrawnSlot>>(AnySlot(*rc::gen::arbitrary<bool>())).as("slots");
  std::optional<std::set<std::string>> listed;
  if (*rc::gen::arbitrary<bool>()) {
    listed = *rc::gen::container<std::set<std::string>>(rc::gen::elementOf(kIds));
  }
  const auto unlisted = *rc::gen::arbitrary<bool>();
  std::vector<std::byte> image = ImageOf(slots);
  if (*rc::gen::weightedElement<bool>({{3, false}, {1, true}})) {
    image.resize(*rc::gen::inRange<size_t>(96, image.size() + 1));
  }
  const size_t whole = (image.size() - 96) / 3136;
  const bool is_cut = (image.size() - 96) % 3136 != 0;

  io::RamFileSystem files(kFileBytesMax);
  files.Install("source", image);
  std::set<uint64_t> damaged;
  ImportV1Options options;
  options.store = TargetOptions();
  if (listed) options.ids.emplace(listed->begin(), listed->end());
  options.unlisted = unlisted;
  options.on_damaged = [&](const V1DamagedSlot& slot) { damaged.insert(slot.slot); };
  const auto report = ImportV1(files, "source", "target", options);
  RC_ASSERT(report.ok());
  RC_ASSERT(files.Contents("source") == image);

  Expected expected = ExpectedOf(slots, whole, listed, unlisted);
  // Of a slot that is cut, the hash may be left, and hides what is older; then only less is there.
  if (is_cut && slots[whole].written && (image.size() - 96) % 3136 >= 3104) {
    std::vector<DrawnSlot> as_damaged = slots;
    as_damaged[whole].damage = 0;
    expected = ExpectedOf(as_damaged, whole + 1, listed, unlisted);
  } else if (is_cut) {
    expected.damaged.insert(whole);
  }
  ExpectHolds(files, expected.memories);
  RC_ASSERT(damaged == expected.damaged);
  RC_ASSERT(report->damaged == damaged.size());
  RC_ASSERT(report->superseded + report->hidden + report->unlisted == expected.not_imported);
  RC_ASSERT(report->imported == expected.memories.size());
  // The checksum of the header knows how many slots there were.
  const bool some_are_missing = whole + (is_cut ? 1 : 0) < slots.size();
  RC_ASSERT(report->header_damages.empty() == !some_are_missing);
}

TEST(Format1IsImported, OnTheDisk) {
  const std::vector<std::byte> image = V1Image(V1SamplesOfSecondLayout());
  const TrialFile source;
  const TrialFile target;
  Write(source.path(), image);
  ImportV1Options options;
  options.store = TinyOptions();
  const auto report = ImportV1(source.path(), target.path(), options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(BytesOf(source.path()) == image);
  const auto store = MemoryStore::Open(target.path(), TinyOptions());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Count(), report->imported);
}

}  // namespace
}  // namespace engram::properties
