// Importing files of format 1: every memory bit by bit or reported, nothing else, and never half a
// store.

#include "api/import_v1.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/format_1_fixture.h"
#include "api/memory_store.h"
#include "base/coding.h"
#include "engine/sample_stores_fixture.h"
#include "io/ram_file_system_fixture.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Image = std::vector<std::byte>;
using Memories = std::map<std::string, Memory>;

constexpr uint64_t kFileBytesMax = 1024 * kKiB;

Options NewStoreOptions() {
  Options options = SampleOptions();
  options.file_bytes_max = kFileBytesMax;
  return options;
}

// Files in RAM of which none can be removed.
class UnremovableFiles final : public io::FileSystem {
 public:
  absl::StatusOr<std::unique_ptr<io::File>> Open(std::string_view path,
                                                 io::OpenMode mode) override {
    return files_.Open(path, mode);
  }
  absl::StatusOr<bool> Exists(std::string_view path) override { return files_.Exists(path); }
  absl::Status Remove(std::string_view path) override {
    return absl::UnavailableError(absl::StrCat("remove ", std::string(path), ": not today"));
  }
  absl::Status SyncDirectoryOf(std::string_view path) override {
    return files_.SyncDirectoryOf(path);
  }
  void Install(std::string_view path, std::span<const std::byte> bytes) {
    files_.Install(path, bytes);
  }

 private:
  io::RamFileSystem files_{kFileBytesMax};
};

class ImportV1Test : public testing::Test {
 protected:
  absl::StatusOr<ImportV1Report> Import(const Image& image,
                                        std::optional<std::vector<std::string>> ids = {},
                                        bool unlisted = false) {
    files_->Install("source", image);
    ImportV1Options options;
    options.ids = std::move(ids);
    options.unlisted = unlisted;
    options.store = NewStoreOptions();
    options.on_damaged = [this](const V1DamagedSlot& damaged) {
      damaged_.emplace_back(damaged.slot,
                            absl::StrCat(damaged.offset.value, ": ", damaged.explanation));
    };
    options.on_progress = [this](uint64_t done, uint64_t slots) {
      progress_.emplace_back(done, slots);
      return progress_.size() < stop_at_;
    };
    const absl::StatusOr<ImportV1Report> report = ImportV1(*files_, "source", "target", options);
    EXPECT_TRUE(!report.ok() || report->partial_removed.ok());
    EXPECT_TRUE(files_->Contents("source") == image) << "the source has changed";
    EXPECT_FALSE(*files_->Exists("target.partial"));
    EXPECT_EQ(*files_->Exists("target"), report.ok());
    return report;
  }

  // What the target holds.
  Memories Imported() {
    auto store = MemoryStore::Open(*files_, "target", NewStoreOptions());
    EXPECT_TRUE(store.ok()) << store.status();
    Memories memories;
    if (!store.ok()) return memories;
    EXPECT_TRUE((*store)->Verify()->sound());
    EXPECT_TRUE((*store)
                    ->Iterate(std::nullopt,
                              [&](const IterationItem& item) {
                                EXPECT_TRUE(item.status.ok()) << item.status;
                                memories.emplace(item.id, item.view->Copy());
                                return true;
                              })
                    .ok());
    return memories;
  }

  // The target holds memories of these slots and nothing else.
  void ExpectImported(const std::map<std::string, V1Slot>& expected) {
    const Memories memories = Imported();
    EXPECT_EQ(memories.size(), expected.size());
    for (const auto& [id, slot] : expected) {
      ASSERT_TRUE(memories.contains(id)) << id;
      Memory memory = V1MemoryOf(slot);
      memory.id = id;
      EXPECT_TRUE(SameBits(memories.at(id), memory)) << id;
    }
  }

  std::optional<io::RamFileSystem> files_{std::in_place, kFileBytesMax};
  std::vector<std::pair<uint64_t, std::string>> damaged_;
  std::vector<std::pair<uint64_t, uint64_t>> progress_;
  size_t stop_at_ = SIZE_MAX;
};

void ExpectCountsAddUp(const ImportV1Report& report) {
  EXPECT_EQ(report.unwritten + report.imported + report.superseded + report.hidden +
                report.unlisted + report.damaged,
            report.slots);
  EXPECT_EQ(report.with_lost_content + report.with_empty_content + report.without_content +
                report.with_untold_content,
            report.imported);
}

std::string NameOf(const std::string& id) {
  char name[20];
  std::snprintf(name, sizeof(name), "v1-%016llx",
                static_cast<unsigned long long>(V1SampleHash(id)));
  return name;
}

TEST_F(ImportV1Test, AllWithoutIds) {
  const V1Slots slots = V1SamplesOfFirstLayout();
  const auto report = Import(V1Image(slots));
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported(
      {{NameOf("a"), *slots[3]}, {NameOf("b"), *slots[1]}, {NameOf("\u00FC"), *slots[4]}});
  EXPECT_EQ(report->imported, 3u);
  EXPECT_EQ(report->superseded, 1u);
  EXPECT_EQ(report->unwritten, 2u);
  EXPECT_EQ(report->with_untold_content, 3u);
  EXPECT_FALSE(report->second_layout);
  EXPECT_TRUE(report->whole());
  ExpectCountsAddUp(*report);
  EXPECT_THAT(progress_, ElementsAre(Pair(6, 6)));
}

TEST_F(ImportV1Test, ListedIds) {
  const V1Slots slots = V1SamplesOfSecondLayout();
  const auto report = Import(V1Image(slots), {{"b", "a", "never there", "b"}});
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported({{"a", *slots[3]}, {"b", *slots[1]}});
  EXPECT_EQ(report->superseded, 1u);
  EXPECT_EQ(report->unlisted, 3u);
  EXPECT_THAT(report->ids_not_found, ElementsAre("never there"));
  EXPECT_TRUE(report->second_layout);
  EXPECT_EQ(report->with_lost_content, 2u);
  ExpectCountsAddUp(*report);
}

TEST_F(ImportV1Test, ListedIdsAndTheOthers) {
  const V1Slots slots = V1SamplesOfSecondLayout();
  const auto report = Import(V1Image(slots), {{"a"}}, /*unlisted=*/true);
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported({{"a", *slots[3]},
                  {NameOf("b"), *slots[1]},
                  {NameOf("c"), *slots[2]},
                  {NameOf("d"), *slots[5]},
                  {NameOf("e"), *slots[6]}});
  EXPECT_EQ(report->with_lost_content, 2u);
  EXPECT_EQ(report->with_empty_content, 1u);
  EXPECT_EQ(report->without_content, 1u);
  EXPECT_EQ(report->with_untold_content, 1u);
  ExpectCountsAddUp(*report);
}

TEST_F(ImportV1Test, IdsThatCannotBeToldApartAreRefused) {
  const Image image = V1Image(V1SamplesOfFirstLayout());
  EXPECT_THAT(Import(image, {{"a", ""}}).status().message(), HasSubstr("listed id 2: the id is"));
  EXPECT_TRUE(absl::IsInvalidArgument(Import(image, {{NameOf("b")}}, true).status()));
  EXPECT_TRUE(Import(image, {{NameOf("b")}}).ok());
}

TEST_F(ImportV1Test, ADamagedSlotIsReportedAndHidesNoOther) {
  const V1Slots slots = V1SamplesOfFirstLayout();
  Image image = V1Image(slots);
  StoreLittleEndian(image.data() + 96 + 1 * 3136 + 400, std::numeric_limits<float>::infinity());
  const auto report = Import(image);
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported({{NameOf("a"), *slots[3]}, {NameOf("\u00FC"), *slots[4]}});
  EXPECT_THAT(damaged_, ElementsAre(Pair(1, HasSubstr("3632: number 100 of the embedding"))));
  EXPECT_EQ(report->damaged, 1u);
  EXPECT_FALSE(report->whole());
  ExpectCountsAddUp(*report);
}

TEST_F(ImportV1Test, AnOlderValueDoesNotTakeThePlaceOfADamagedOne) {
  const V1Slots slots = V1SamplesOfFirstLayout();
  Image image = V1Image(slots);
  image[96 + 3 * 3136 + 3092] = std::byte{1};
  const auto report = Import(image, {{"a", "b"}});
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported({{"b", *slots[1]}});
  EXPECT_EQ(report->hidden, 1u);
  EXPECT_THAT(report->ids_not_found, ElementsAre("a"));
  ExpectCountsAddUp(*report);
}

TEST_F(ImportV1Test, DamageOfAnOlderValueTakesNothingAway) {
  const V1Slots slots = V1SamplesOfFirstLayout();
  Image image = V1Image(slots);
  image[96 + 3092] = std::byte{1};
  const auto report = Import(image, {{"a"}});
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported({{"a", *slots[3]}});
  EXPECT_EQ(report->damaged, 1u);
}

// Every byte length: what is whole is imported, what is cut is said.
TEST_F(ImportV1Test, CutAnywhere) {
  const V1Slots slots = {V1Slot{.id = "a", .variant = 1}, V1Slot{.id = "b", .variant = 2}};
  const Image whole = V1Image(slots);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    damaged_.clear();
    files_.emplace(kFileBytesMax);
    const auto report = Import(Image(whole.begin(), whole.begin() + static_cast<long>(bytes)));
    if (bytes < 96) {
      EXPECT_TRUE(absl::IsInvalidArgument(report.status())) << report.status();
      continue;
    }
    ASSERT_TRUE(report.ok()) << report.status();
    const uint64_t left = (bytes - 96) / 3136;
    const bool is_cut = (bytes - 96) % 3136 != 0;
    EXPECT_EQ(report->imported, left);
    EXPECT_EQ(report->slots, left + (is_cut ? 1 : 0));
    EXPECT_FALSE(report->whole());
    // A cut slot is counted as the last one; if it was, the header's checksum agrees.
    EXPECT_EQ(report->header_damages.empty(), report->slots == 2) << bytes;
    if (is_cut) {
      EXPECT_THAT(damaged_,
                  ElementsAre(Pair(left, HasSubstr(absl::StrCat(bytes, ": the file ends")))));
    }
  }
}

TEST_F(ImportV1Test, EveryFlippedBitOfTheHeaderIsAnErrorOrReported) {
  const V1Slots slots = {V1Slot{.id = "a", .variant = 1}};
  for (size_t bit = 0; bit < 96 * 8; ++bit) {
    Image image = V1Image(slots);
    image[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    files_.emplace(kFileBytesMax);
    const auto report = Import(image);
    if (!report.ok()) {
      EXPECT_THAT(report.status().message(), HasSubstr("source at byte ")) << bit;
      continue;
    }
    EXPECT_FALSE(report->whole()) << bit;
    EXPECT_EQ(report->imported, 1u) << bit;
  }
}

TEST_F(ImportV1Test, AnEmptyFileGivesAnEmptyStore) {
  ASSERT_TRUE(Import(V1Image({}))->whole());
  ExpectImported({});
}

TEST_F(ImportV1Test, MoreSlotsThanAreReadAtOnce) {
  V1Slots slots;
  std::map<std::string, V1Slot> expected;
  for (uint32_t i = 0; i < 150; ++i) {
    slots.push_back(V1Slot{.id = absl::StrCat("id ", i % 130), .variant = i});
    expected[NameOf(slots.back()->id)] = *slots.back();
  }
  const auto report = Import(V1Image(slots));
  ASSERT_TRUE(report.ok()) << report.status();
  ExpectImported(expected);
  EXPECT_EQ(report->superseded, 20u);
  EXPECT_THAT(progress_, ElementsAre(Pair(64, 150), Pair(128, 150), Pair(150, 150)));
}

TEST_F(ImportV1Test, StopsWhenToldTo) {
  stop_at_ = 1;
  const auto report = Import(V1Image(V1SamplesOfFirstLayout()));
  EXPECT_TRUE(absl::IsAborted(report.status())) << report.status();
}

TEST_F(ImportV1Test, NothingThatIsThereIsTouched) {
  const Image image = V1Image(V1SamplesOfFirstLayout());
  for (const std::string path : {"target", "target.partial"}) {
    files_.emplace(kFileBytesMax);
    const Image there(10, std::byte{7});
    files_->Install("source", image);
    files_->Install(path, there);
    ImportV1Options options;
    options.store = NewStoreOptions();
    const absl::Status status = ImportV1(*files_, "source", "target", options).status();
    EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr(absl::StrCat(path, " exists")));
    EXPECT_TRUE(files_->Contents(path) == there);
  }
}

// As a kill leaves it before the superblocks of the target are written, or anything at all.
TEST_F(ImportV1Test, WhatAKilledOneLeftIsNamedAndWhatToDo) {
  files_->Install("source", V1Image(V1SamplesOfFirstLayout()));
  ImportV1Options options;
  options.store = NewStoreOptions();
  Options as_it_is = options.store;
  as_it_is.create_if_missing = false;
  for (const Image& half : {Image(200, std::byte{7}), Image(200), Image()}) {
    files_->Install("target", half);
    files_->Install("target.partial", half);
    EXPECT_FALSE(MemoryStore::Open(*files_, "target", as_it_is).ok());
    const absl::Status status = ImportV1(*files_, "source", "target", options).status();
    EXPECT_TRUE(absl::IsAlreadyExists(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("target and target.partial exist"));
    EXPECT_THAT(status.message(), HasSubstr("if Open refuses target, it is half a store"));
    EXPECT_THAT(status.message(), HasSubstr("remove both"));
    EXPECT_TRUE(files_->Contents("target") == half);
    EXPECT_TRUE(files_->Contents("target.partial") == half);
  }
}

TEST_F(ImportV1Test, APartialThatStaysIsReportedAndNoError) {
  UnremovableFiles files;
  files.Install("source", V1Image(V1SamplesOfFirstLayout()));
  ImportV1Options options;
  options.store = NewStoreOptions();
  const auto report = ImportV1(files, "source", "target", options);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->partial_removed.message(), HasSubstr("remove target.partial: not today"));
  EXPECT_TRUE(report->whole());
  const auto store = MemoryStore::Open(files, "target", NewStoreOptions());
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Count(), 3u);
}

TEST_F(ImportV1Test, ACallbackThatThrowsEndsItAndLeavesNothing) {
  Image image = V1Image(V1SamplesOfFirstLayout());
  image[96 + 3092] = std::byte{1};
  files_->Install("source", image);
  ImportV1Options on_damaged;
  on_damaged.on_damaged = [](const V1DamagedSlot&) { throw std::runtime_error("of the caller"); };
  ImportV1Options on_progress;
  on_progress.on_progress = [](uint64_t, uint64_t) -> bool { throw 7; };
  for (ImportV1Options* options : {&on_damaged, &on_progress}) {
    options->store = NewStoreOptions();
    const absl::Status status = ImportV1(*files_, "source", "target", *options).status();
    EXPECT_TRUE(absl::IsAborted(status)) << status;
    EXPECT_THAT(status.message(), HasSubstr("a callback has thrown"));
    EXPECT_FALSE(*files_->Exists("target"));
    EXPECT_FALSE(*files_->Exists("target.partial"));
  }
}

TEST_F(ImportV1Test, AFullDiskLeavesNothing) {
  files_.emplace(128 * kKiB);
  V1Slots slots;
  for (uint32_t i = 0; i < 40; ++i) slots.push_back(V1Slot{.id = absl::StrCat(i), .variant = i});
  const absl::Status status = Import(V1Image(slots)).status();
  EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::engine
