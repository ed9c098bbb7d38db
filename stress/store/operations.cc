// Texts of operations, and drawing them.

#include "stress/store/operations.h"

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "api/memory_store.h"
#include "stress/store/recalls.h"

namespace engram::stress {
namespace {

using world::Operation;

constexpr std::array<std::string_view, kVerbs> kVerbNames = {
    "store",  "remove", "activate",   "get",     "view",    "contains",     "iterate",  "list",
    "recall", "sync",   "checkpoint", "compact", "migrate", "compact_cold", "maintain", "reopen",
    "count",  "verify", "stats",      "backup",  "refuse",  "check_backup"};

constexpr std::array<std::string_view, kIteratings> kIteratingNames = {
    "all", "and remove", "and always store", "until the first"};

constexpr std::array<std::string_view, kMigratings> kMigratingNames = {
    "to cold", "all to cold", "to warm", "all to warm", "all to hot", "all to cold while viewing"};

constexpr std::array<std::string_view, kCompactings> kCompactingNames = {"if due", "by force",
                                                                         "by force while viewing"};

constexpr std::array<std::string_view, kRefusals> kRefusalNames = {
    "an empty id",
    "an id that is too long",
    "an id that is not UTF-8",
    "an embedding too short",
    "an infinite embedding",
    "a confidence above 1",
    "an activation that is no number",
    "content that is not UTF-8"};

}  // namespace

size_t PageLimitOf(uint32_t value) {
  constexpr std::array<size_t, kListings> kLimits = {1, 2, kPageLimitMax};
  return kLimits[value % kListings];
}

Operation MakeOperation(Client client, Verb verb, uint16_t key, uint32_t value) {
  Operation operation;
  operation.client = client;
  operation.kind = static_cast<uint8_t>(verb);
  operation.key = key;
  operation.value = value;
  return operation;
}

std::string DescribeOperation(const Operation& operation) {
  std::string text(operation.kind < kVerbs ? kVerbNames[operation.kind] : "unknown");
  switch (VerbOf(operation)) {
    case Verb::kStore:
      absl::StrAppend(&text, " ", std::string(KeyName(operation.key)), "=",
                      std::string(ValueName(operation.value)));
      break;
    case Verb::kActivate:
      absl::StrAppend(&text, " ", std::string(KeyName(operation.key)), "=",
                      ActivationOf(operation.value));
      break;
    case Verb::kRemove:
    case Verb::kGet:
    case Verb::kView:
    case Verb::kContains:
      absl::StrAppend(&text, " ", std::string(KeyName(operation.key)));
      break;
    case Verb::kCompact:
      absl::StrAppend(&text, " ", std::string(kCompactingNames[operation.value % kCompactings]));
      if (operation.value == static_cast<uint32_t>(Compacting::kInside)) {
        absl::StrAppend(&text, " ", std::string(KeyName(operation.key)));
      }
      break;
    case Verb::kIterate:
      absl::StrAppend(&text, " ", std::string(kIteratingNames[operation.value % kIteratings]));
      if (operation.value == static_cast<uint32_t>(Iterating::kRemoving) ||
          operation.value == static_cast<uint32_t>(Iterating::kStoring)) {
        absl::StrAppend(&text, " ", std::string(KeyName(operation.key)));
      }
      break;
    case Verb::kList:
      absl::StrAppend(&text, " by ", PageLimitOf(operation.value));
      break;
    case Verb::kRecall:
      absl::StrAppend(&text, " ", DescribeRecall(operation.key, operation.value));
      break;
    case Verb::kMigrate:
      absl::StrAppend(&text, " ", std::string(KeyName(operation.key)), " ",
                      std::string(kMigratingNames[operation.value % kMigratings]));
      break;
    case Verb::kRefuse:
      absl::StrAppend(&text, " ", std::string(kRefusalNames[operation.value % kRefusals]));
      break;
    default:
      break;
  }
  return text;
}

std::vector<Operation> Numbered(std::vector<Operation> operations) {
  for (size_t i = 0; i < operations.size(); ++i) operations[i].id = static_cast<uint16_t>(i + 1);
  return operations;
}

OperationMix::OperationMix(world::Random& random)
    : random_(random),
      keys_(1 + random.Below(kKeys)),
      reads_weight_(random.Below(5)),
      removes_weight_(random.Below(4)) {}

Operation OperationMix::Of(Client client, Verb verb) {
  const auto key = static_cast<uint16_t>(random_.Below(keys_));
  uint32_t value = 0;
  if (verb == Verb::kStore) {
    value = random_.Below(kValues);
    const bool larger = value > static_cast<uint32_t>(largest_) &&
                        value <= static_cast<uint32_t>(Content::kLargeBlob);
    if (larger) value = static_cast<uint32_t>(Content::kShort);
  }
  if (verb == Verb::kActivate) value = random_.Below(kActivations);
  if (verb == Verb::kCompact) {
    value =
        random_.OneIn(3) ? random_.Below(kCompactings) : static_cast<uint32_t>(Compacting::kForced);
  }
  if (verb == Verb::kIterate) value = random_.OneIn(2) ? random_.Below(kIteratings) : 0;
  if (verb == Verb::kList) value = random_.Below(kListings);
  if (verb == Verb::kRecall) value = random_.Below(kRecalls);
  if (verb == Verb::kMigrate) {
    // More often there than back: what is not cold has shorter ways.
    value = random_.OneIn(2) ? static_cast<uint32_t>(Migrating::kAllToCold)
                             : random_.Below(kMigratings);
  }
  if (verb == Verb::kRefuse) value = random_.Below(kRefusals);
  return MakeOperation(client, verb, key, value);
}

Operation OperationMix::NextMutation(Client client) {
  const uint32_t drawn = random_.Below(5 + removes_weight_);
  if (drawn < 4) return Of(client, Verb::kStore);
  return Of(client, drawn == 4 ? Verb::kActivate : Verb::kRemove);
}

Operation OperationMix::Next(Client client) {
  if (random_.Below(4 + reads_weight_) < 4) return NextMutation(client);
  constexpr std::array<Verb, 8> kReads = {Verb::kGet,    Verb::kGet,     Verb::kView,
                                          Verb::kView,   Verb::kIterate, Verb::kList,
                                          Verb::kRecall, Verb::kContains};
  return Of(client, kReads[random_.Below(kReads.size())]);
}

}  // namespace engram::stress
