// Claim: what breaks a bound of api/memory.h is INVALID_ARGUMENT and changes nothing; what just
// keeps it is stored.
//
// Method: RapidCheck draws a valid memory and a way to spoil it, and hands it to a store that holds
// another value under its id; afterwards the store is what it was, to the last sequence. The bounds
// themselves are tried one by one.
//
// Not covered: options out of bounds (engine/validation.h), content up to the default of 64 MiB.
//
// Requirements: D1, D3.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

using Spoil = std::function<void(Memory&)>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<std::string> WrongIds() {
  return {"",
          std::string(kIdBytesMax + 1, 'a'),
          "\xFF",
          "\xC3",               // cut off
          "\xC0\xAF",           // overlong
          "\xED\xA0\x80",       // a surrogate
          "\xF4\x90\x80\x80"};  // above U+10FFFF
}

std::vector<float> WrongFractions() {
  return {kNan,
          -kNan,
          kInfinity,
          -kInfinity,
          std::nextafter(1.0F, 2.0F),
          -std::numeric_limits<float>::denorm_min(),
          2.0F};
}

std::vector<Spoil> Spoils() {
  std::vector<Spoil> spoils;
  for (const float wrong : WrongFractions()) {
    spoils.push_back([=](Memory& memory) { memory.confidence = wrong; });
    spoils.push_back([=](Memory& memory) { memory.activation = wrong; });
    spoils.push_back([=](Memory& memory) { memory.decay_rate = wrong; });
  }
  for (const float wrong : {kNan, kInfinity, -kInfinity}) {
    for (const size_t place : {size_t{0}, kEmbeddingDimension / 2, kEmbeddingDimension - 1}) {
      spoils.push_back([=](Memory& memory) { memory.embedding[place] = wrong; });
    }
  }
  for (const size_t dimension : {size_t{0}, kEmbeddingDimension - 1, kEmbeddingDimension + 1}) {
    spoils.push_back([=](Memory& memory) { memory.embedding.resize(dimension); });
  }
  spoils.push_back([](Memory& memory) { memory.content = "text \xFE"; });
  spoils.push_back([](Memory& memory) { memory.content = "text \xE2\x82"; });
  spoils.push_back([](Memory& memory) {
    memory.content = std::string(TinyOptions().content_bytes_max + 1, 'a');
  });
  return spoils;
}

// Everything that a caller can see of `id`, and of the store's progress.
struct Seen {
  GetResult got;
  uint64_t count = 0;
  Sequence last;
};

Seen Look(MemoryStore& store, const std::string& id) {
  return {*store.Get(id), store.Count(), store.Stats().last_sequence};
}

void ExpectUnchanged(MemoryStore& store, const std::string& id, const Seen& before) {
  const Seen after = Look(store, id);
  RC_ASSERT(after.count == before.count);
  RC_ASSERT(after.last == before.last);
  RC_ASSERT(after.got.sequence == before.got.sequence);
  RC_ASSERT(after.got.memory.has_value() == before.got.memory.has_value());
  if (before.got.memory) RC_ASSERT(model::SameBits(*after.got.memory, *before.got.memory));
}

RC_GTEST_PROP(OnlyValidMemoriesGetIn, ASpoiledOneChangesNothing, ()) {
  TrialStore store;
  if (*rc::gen::arbitrary<bool>()) RC_ASSERT(store->Store(*AnyMemory("a")).ok());
  Memory memory = *AnyMemory("a");
  const std::vector<Spoil> spoils = Spoils();
  spoils[*rc::gen::inRange<size_t>(0, spoils.size())](memory);
  const Seen before = Look(*store, "a");
  RC_ASSERT(absl::IsInvalidArgument(store->Store(memory).status()));
  ExpectUnchanged(*store, "a", before);
}

RC_GTEST_PROP(OnlyValidMemoriesGetIn, NoCallTakesAWrongIdOrActivation, ()) {
  TrialStore store;
  RC_ASSERT(store->Store(*AnyMemory("a")).ok());
  const Seen before = Look(*store, "a");
  for (const std::string& id : WrongIds()) {
    Memory memory = *AnyMemory("a");
    memory.id = id;
    RC_ASSERT(absl::IsInvalidArgument(store->Store(memory).status()));
    RC_ASSERT(absl::IsInvalidArgument(store->Get(id).status()));
    RC_ASSERT(absl::IsInvalidArgument(store->Contains(id).status()));
    RC_ASSERT(absl::IsInvalidArgument(store->View(id, [](const MemoryView&) {}).status()));
    RC_ASSERT(absl::IsInvalidArgument(store->Remove(id).status()));
    RC_ASSERT(absl::IsInvalidArgument(store->UpdateActivation(id, 0.5F).status()));
  }
  for (const float wrong : WrongFractions()) {
    RC_ASSERT(absl::IsInvalidArgument(store->UpdateActivation("a", wrong).status()));
  }
  ExpectUnchanged(*store, "a", before);
}

TEST(OnlyValidMemoriesGetIn, TheBoundsThemselvesAreWithin) {
  TrialStore store;
  for (const std::string& id : {std::string("a"), std::string(kIdBytesMax, 'a'),
                                std::string("\0", 1), std::string("\xF4\x8F\xBF\xBF")}) {
    Memory memory;
    memory.id = id;
    memory.embedding = EmbeddingOf(1);
    memory.confidence = 1;
    memory.activation = -0.0F;
    memory.content = std::string(TinyOptions().content_bytes_max, 'a');
    ASSERT_TRUE(store->Store(memory).ok()) << id.size();
    EXPECT_TRUE(model::SameBits(*store->Get(id)->memory, memory)) << id.size();
  }
}

}  // namespace
}  // namespace engram::properties
