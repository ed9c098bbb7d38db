// The reference model's own claims: it is small enough to be read, but what is compared with it
// must be right.

#include "model/reference_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>

namespace engram::inline ENGRAM_BODY::model {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

ReferenceStore::Limits SmallLimits() { return {.embedding_dimension = 2, .content_bytes_max = 8}; }

Memory Valid(std::string id = "a") {
  Memory memory;
  memory.id = std::move(id);
  memory.embedding = {1.0F, -2.0F};
  memory.confidence = 0.25F;
  memory.activation = 0.5F;
  memory.decay_rate = 1.0F;
  memory.created_at = -7;
  memory.access_count = 3;
  memory.content = "text";
  return memory;
}

// Stores the valid memory after `change`, into a store that holds another value of it.
template <typename Change>
absl::Status StoreChanged(const Change& change) {
  ReferenceStore store(SmallLimits());
  EXPECT_TRUE(store.Store(Valid()).ok());
  Memory memory = Valid();
  change(memory);
  const absl::Status status = store.Store(memory).status();
  if (!status.ok()) {
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(store.Count(), 1u);
    EXPECT_TRUE(SameBits((*store.Get("a"))->memory, Valid()))
        << "a refused Store changed something";
    EXPECT_EQ(*store.Remove("a"), Sequence{2}) << "a refused Store took a sequence";
  }
  return status;
}

TEST(ReferenceStore, StoresReadsReplacesAndRemoves) {
  ReferenceStore store(SmallLimits());
  EXPECT_EQ(*store.Get("a"), nullptr);
  EXPECT_FALSE(*store.Contains("a"));
  EXPECT_EQ(*store.Store(Valid()), Sequence{1});
  EXPECT_EQ(*store.Store(Valid("b")), Sequence{2});
  Memory replaced = Valid();
  replaced.content.reset();
  EXPECT_EQ(*store.Store(replaced), Sequence{3});
  ASSERT_NE(*store.Get("a"), nullptr);
  EXPECT_TRUE(SameBits((*store.Get("a"))->memory, replaced));
  EXPECT_EQ((*store.Get("a"))->sequence, Sequence{3});
  EXPECT_EQ(store.Count(), 2u);
  EXPECT_TRUE(*store.Contains("b"));
  EXPECT_EQ(*store.Remove("a"), Sequence{4});
  EXPECT_EQ(*store.Get("a"), nullptr);
  EXPECT_EQ(store.Count(), 1u);
}

TEST(ReferenceStore, RemovingNothingTakesNoSequence) {
  ReferenceStore store(SmallLimits());
  EXPECT_EQ(*store.Remove("a"), Sequence{0});
  EXPECT_EQ(*store.Store(Valid()), Sequence{1});
}

TEST(ReferenceStore, UpdateActivationSetsTheActivationAndNothingElse) {
  ReferenceStore store(SmallLimits());
  EXPECT_TRUE(absl::IsNotFound(store.UpdateActivation("a", 0.75F).status()));
  ASSERT_TRUE(store.Store(Valid()).ok());
  EXPECT_EQ(*store.UpdateActivation("a", 0.75F), Sequence{2});
  Memory expected = Valid();
  expected.activation = 0.75F;
  EXPECT_TRUE(SameBits((*store.Get("a"))->memory, expected));
  EXPECT_EQ((*store.Get("a"))->sequence, Sequence{2});
  for (const float wrong : {kNan, kInfinity, -0.1F, 1.1F}) {
    EXPECT_TRUE(absl::IsInvalidArgument(store.UpdateActivation("a", wrong).status())) << wrong;
  }
  EXPECT_TRUE(SameBits((*store.Get("a"))->memory, expected));
}

TEST(ReferenceStore, SequencesMayBeSuppliedAndGoOnBehindTheHighest) {
  ReferenceStore store(SmallLimits());
  EXPECT_EQ(*store.Store(Valid(), Sequence{40}), Sequence{40});
  EXPECT_EQ(*store.UpdateActivation("a", 1.0F, Sequence{20}), Sequence{20});
  EXPECT_EQ((*store.Get("a"))->sequence, Sequence{20});
  EXPECT_EQ(*store.Remove("a"), Sequence{41});
}

TEST(ReferenceStore, RefusesFractionsOutOfRange) {
  for (const float wrong : {kNan, kInfinity, -kInfinity, -0.001F, 1.001F}) {
    EXPECT_FALSE(StoreChanged([&](Memory& memory) { memory.confidence = wrong; }).ok()) << wrong;
    EXPECT_FALSE(StoreChanged([&](Memory& memory) { memory.activation = wrong; }).ok()) << wrong;
    EXPECT_FALSE(StoreChanged([&](Memory& memory) { memory.decay_rate = wrong; }).ok()) << wrong;
  }
  for (const float right : {0.0F, -0.0F, 1.0F, std::numeric_limits<float>::denorm_min()}) {
    EXPECT_TRUE(StoreChanged([&](Memory& memory) { memory.confidence = right; }).ok()) << right;
  }
}

TEST(ReferenceStore, RefusesEmbeddingsOfWrongDimensionOrNotFinite) {
  for (const float wrong : {kNan, kInfinity, -kInfinity}) {
    EXPECT_FALSE(StoreChanged([&](Memory& memory) { memory.embedding[1] = wrong; }).ok()) << wrong;
  }
  EXPECT_FALSE(StoreChanged([](Memory& memory) { memory.embedding.pop_back(); }).ok());
  EXPECT_FALSE(StoreChanged([](Memory& memory) { memory.embedding.push_back(0); }).ok());
  EXPECT_TRUE(StoreChanged([](Memory& memory) { memory.embedding = {-0.0F, 3e38F}; }).ok());
}

TEST(ReferenceStore, RefusesContentThatIsTooLargeOrNotUtf8) {
  EXPECT_TRUE(StoreChanged([](Memory& memory) { memory.content = "12345678"; }).ok());
  EXPECT_FALSE(StoreChanged([](Memory& memory) { memory.content = "123456789"; }).ok());
  EXPECT_FALSE(StoreChanged([](Memory& memory) { memory.content = "\xff"; }).ok());
}

TEST(ReferenceStore, RefusesIdsThatAreEmptyTooLongOrNotUtf8InEveryCall) {
  for (const std::string& wrong :
       {std::string(), std::string(kIdBytesMax + 1, 'x'), std::string("\xc3")}) {
    ReferenceStore store(SmallLimits());
    EXPECT_TRUE(absl::IsInvalidArgument(store.Store(Valid(wrong)).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(store.Get(wrong).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(store.Contains(wrong).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(store.Remove(wrong).status()));
    EXPECT_TRUE(absl::IsInvalidArgument(store.UpdateActivation(wrong, 1).status()));
  }
  ReferenceStore store(SmallLimits());
  EXPECT_TRUE(store.Store(Valid(std::string(kIdBytesMax, 'x'))).ok());
  EXPECT_TRUE(store.Store(Valid(std::string("\0", 1))).ok());
}

TEST(ReferenceStore, KnowsUtf8) {
  using std::string_view_literals::operator""sv;
  for (const std::string_view right :
       {""sv, "a\0b"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv}) {
    EXPECT_TRUE(IsUtf8(right));
  }
  for (const std::string_view wrong :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2\x41"sv, "\xe0\x9f\xbf"sv,
        "\xed\xa0\x80"sv, "\xed\xbf\xbf"sv, "\xe2\x82"sv, "\xf0\x8f\xbf\xbf"sv,
        "\xf4\x90\x80\x80"sv, "\xf8\x88\x80\x80\x80"sv, "\xf0\x90\x80"sv, "\xfe"sv, "\xff"sv}) {
    EXPECT_FALSE(IsUtf8(wrong)) << ::testing::PrintToString(wrong);
  }
}

TEST(SameBits, TellsApartWhatEqualityWouldNot) {
  const auto differs = [](const auto& change) {
    Memory changed = Valid();
    change(changed);
    return !SameBits(Valid(), changed);
  };
  EXPECT_TRUE(SameBits(Valid(), Valid()));
  EXPECT_TRUE(SameBits(kNan, kNan));
  EXPECT_FALSE(SameBits(0.0F, -0.0F));
  EXPECT_TRUE(differs([](Memory& memory) { memory.id = "b"; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.embedding[0] = std::nextafter(1.0F, 2.0F); }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.embedding.push_back(0); }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.confidence = 0; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.activation = 0; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.decay_rate = 0; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.created_at = 7; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.last_access = 1; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.access_count = 4; }));
  EXPECT_TRUE(differs([](Memory& memory) { memory.content.reset(); }));
  Memory none = Valid();
  none.content.reset();
  Memory empty = Valid();
  empty.content = "";
  EXPECT_FALSE(SameBits(none, empty));
}

}  // namespace
}  // namespace engram::inline ENGRAM_BODY::model
