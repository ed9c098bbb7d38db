// What is an input and what is not.

#include "fuzz/trials/trial_input.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "model/explore/token.h"
#include "stress/store/recalls.h"

namespace engram::fuzz {
namespace {

using stress::Client;
using stress::Verb;
using world::Operation;

bool RunsBesideOthers(uint8_t client) {
  return client >= stress::kFirst && client <= stress::kSyncer;
}

bool IsAllowed(const Operation& operation, const TrialRules& rules) {
  if (operation.id == 0 || operation.client >= stress::kClients ||
      operation.kind >= stress::kVerbs || operation.key >= stress::kKeys) {
    return false;
  }
  const Verb verb = stress::VerbOf(operation);
  if (operation.value >= ValuesOf(verb)) return false;
  if (!rules.several_clients) return operation.client == stress::kBefore;
  return verb < Verb::kReopen || !RunsBesideOthers(operation.client);
}

}  // namespace

uint32_t ValuesOf(Verb verb) {
  switch (verb) {
    case Verb::kStore:
      return stress::kValues;
    case Verb::kActivate:
      return stress::kActivations;
    case Verb::kIterate:
      return stress::kIteratings;
    case Verb::kList:
      return stress::kListings;
    case Verb::kRecall:
      return stress::kRecalls;
    case Verb::kCompact:
      return stress::kCompactings;
    case Verb::kMigrate:
      return stress::kMigratings;
    case Verb::kRefuse:
      return stress::kRefusals;
    default:
      return 1;
  }
}

Operation SomeOperation(const TrialRules& rules, world::Random& random) {
  const auto client =
      static_cast<Client>(rules.several_clients ? random.Below(stress::kClients) : stress::kBefore);
  const int verbs = RunsBesideOthers(client) ? static_cast<int>(Verb::kReopen) : stress::kVerbs;
  Verb verb = static_cast<Verb>(random.Below(static_cast<uint32_t>(verbs)));
  // What reads and refuses alone leads nowhere new.
  if (random.OneIn(3)) verb = random.OneIn(4) ? Verb::kRemove : Verb::kStore;
  return stress::MakeOperation(client, verb, static_cast<uint16_t>(random.Below(stress::kKeys)),
                               random.Below(ValuesOf(verb)));
}

bool IsAllowed(const TrialInput& input, const TrialRules& rules) {
  if (input.operations.size() > rules.operations_max ||
      input.deviations.size() > rules.deviations_max) {
    return false;
  }
  std::array<size_t, stress::kClients> by_client{};
  std::set<uint16_t> ids;
  return std::ranges::all_of(input.operations, [&](const Operation& operation) {
    return IsAllowed(operation, rules) && ids.insert(operation.id).second &&
           (!rules.several_clients ||
            ++by_client[operation.client] <= rules.operations_per_client_max);
  });
}

std::optional<TrialInput> DecodeInput(std::string_view text, const TrialRules& rules) {
  absl::StatusOr<world::DecodedToken> token = world::DecodeToken(text);
  if (!token.ok()) return std::nullopt;
  TrialInput input{std::move(token->program), std::move(token->operations),
                   std::move(token->deviations)};
  if (!IsAllowed(input, rules)) return std::nullopt;
  return input;
}

std::string EncodeInput(const TrialInput& input) {
  return world::EncodeToken(input.program, input.operations, input.deviations);
}

}  // namespace engram::fuzz
