// What trials do to a store, as readable data: the verbs, who does them, and lists of them.

#ifndef ENGRAM_STRESS_STORE_OPERATIONS_H_
#define ENGRAM_STRESS_STORE_OPERATIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "model/explore/random.h"
#include "model/world/program.h"
#include "stress/store/memory_table.h"

namespace engram::stress {

// Who does an operation.
enum Client : uint8_t {
  kBefore = 0,  // the main thread, before the others are started
  kFirst = 1,   // threads, side by side
  kSecond = 2,
  kThird = 3,
  kSyncer = 4,      // a thread, too
  kAfter = 5,       // the main thread, when the others have ended
  kAfterCrash = 6,  // the main thread, after each crash, when the store is open again
};
inline constexpr int kClients = 7;

enum class Verb : uint8_t {
  kStore,
  kRemove,
  kActivate,
  kGet,
  kView,
  kContains,
  kIterate,  // `value` says how
  kList,     // likewise
  kRecall,   // likewise: see recalls.h
  kSync,
  kCheckpoint,
  kCompact,      // `value` says how
  kMigrate,      // likewise
  kCompactCold,  // rewrite runs of cold memories
  kMaintain,
  // ---- Only while nobody else is at work, but for kVerify, kStats and kBackup, which demand less
  // of what they see beside others.
  kReopen,  // close it, open it, read everything
  kCount,
  kVerify,
  kStats,
  kBackup,       // write one, open it, compare it, remove it
  kRefuse,       // hand in what breaks a bound: `value` says which
  kCheckBackup,  // open what kBackup has left beside others
};
inline constexpr int kVerbs = 22;
inline constexpr uint32_t kRefusals = 8;

// How to compact.
enum class Compacting : uint32_t {
  kIfDue,
  kForced,
  kInside,  // forced, from the callback of a View of the key: a reader holds all that is freed
};
inline constexpr uint32_t kCompactings = 3;

// How to iterate.
enum class Iterating : uint32_t {
  kWhole,
  kRemoving,  // removing the key when the first memory is met
  kStoring,   // storing at the key whenever one is met
  kFirst,     // stopping at the first
};
inline constexpr uint32_t kIteratings = 4;

// How many items a page has.
inline constexpr uint32_t kListings = 3;
size_t PageLimitOf(uint32_t value);

// What to migrate.
enum class Migrating : uint32_t {
  kOneToCold,
  kAllToCold,  // every key, there or not, and the first one twice
  kOneToWarm,
  kAllToWarm,
  kAllToHot,
  kInside,  // all to cold, from the callback of a View of the key
};
inline constexpr uint32_t kMigratings = 6;

world::Operation MakeOperation(Client client, Verb verb, uint16_t key = 0, uint32_t value = 0);
inline Verb VerbOf(const world::Operation& operation) { return static_cast<Verb>(operation.kind); }

// Of kMigrate.
inline Migrating MigratingOf(const world::Operation& operation) {
  return static_cast<Migrating>(operation.value % kMigratings);
}

// Whether it may be done while others are at work.
inline bool IsBesideOthers(const world::Operation& operation) {
  return operation.client >= kFirst && operation.client <= kSyncer;
}

// The operation as a text for a person: "store a=apple".
std::string DescribeOperation(const world::Operation& operation);

// Gives them their ids, in this order.
std::vector<world::Operation> Numbered(std::vector<world::Operation> operations);

// How generated operations are mixed. Each execution draws its own subset: some verbs, keys and
// values are left out altogether, so that what is left meets more often.
class OperationMix {
 public:
  explicit OperationMix(world::Random& random);

  // A mutation or a read, of the kind that may run beside others.
  world::Operation Next(Client client);
  // A store, or an operation on what was stored.
  world::Operation NextMutation(Client client);
  world::Operation Store(Client client) { return Of(client, Verb::kStore); }
  world::Operation Of(Client client, Verb verb);

  // Contents up to this one only; large ones take their time.
  void set_largest(Content largest) { largest_ = largest; }

 private:
  world::Random& random_;
  uint32_t keys_ = 1;
  uint32_t reads_weight_ = 1;    // against 4 mutations
  uint32_t removes_weight_ = 1;  // against 4 stores
  Content largest_ = Content::kLargeBlob;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_OPERATIONS_H_
