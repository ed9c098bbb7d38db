// The memories that trials store: a few ids, and for each a few values, made once.
//
// Values differ in where a store keeps them (no content, empty content, content in the log, blobs
// up to more than an extent) and in every field; each embedding is of one memory alone, so that
// whatever a store returns can be told apart. Comparing is cheap: an embedding says which entry it
// claims to be, and is compared with that one.
//
// A *witness* stands for a memory in histories: its id, its activation, and instead of all other
// fields a name, which is that of a table's entry only if every field is that entry's, bit by bit.
// What is no entry has a name that says what it is made of, and that nobody can have stored.

#ifndef ENGRAM_STRESS_STORE_MEMORY_TABLE_H_
#define ENGRAM_STRESS_STORE_MEMORY_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "api/memory.h"
#include "api/memory_store.h"

namespace engram::stress {

// Ids; the first two have the same 64-bit hash.
inline constexpr uint16_t kKeys = 6;
const std::string& IdOf(uint16_t key);
// A short name of the id, for people.
std::string_view KeyName(uint16_t key);

// Content up to this many bytes stands in the log: an option of every simulated store.
inline constexpr uint32_t kInlineBytesMax = 48;

// Values of each id, by what their content is.
enum class Content : uint8_t {
  kNone,
  kEmpty,
  kShort,
  kInlineMax,
  kSmallestBlob,
  kSmallBlob,
  kPageBlob,   // longer than a page; two of them fill an extent of 16 KiB exactly
  kRunBlob,    // longer than half an extent of 16 KiB, and than one of 8 KiB
  kLargeBlob,  // longer than an extent
  kExtremes,   // short; its scalars are extreme
  kOther,      // short, as kShort is
};
inline constexpr uint32_t kValues = 11;
// The word that stands for a value, in texts.
std::string_view ValueName(uint32_t value);

const Memory& MemoryOf(uint16_t key, uint32_t value);

// What UpdateActivation sets: 0, -0.0, the least positive number, a half, one.
inline constexpr uint32_t kActivations = 5;
inline constexpr uint32_t kHotActivation = kActivations - 1;  // makes a memory hot
float ActivationOf(uint32_t value);

// The witness of a memory that is to be stored.
Memory WitnessOf(uint16_t key, uint32_t value);
// The witnesses of what a store returned.
Memory WitnessOf(const Memory& seen);
Memory WitnessOf(const MemoryView& seen);
// A number for the memory that a witness stands for, the same in every build.
uint64_t HashOf(const Memory& witness);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_MEMORY_TABLE_H_
