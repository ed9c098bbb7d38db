// Driving the clients of a specimen and recording what they saw.
//
// Whether one call had returned when another was invoked is part of what is judged, and no step of
// a store shows it. So each invocation and each return is a step of its own; the return of one
// client and the invocation of another depend on each other, and the exhaustive explorer, which
// tries one order of independent steps only, tries both of these.

#include "stress/specimens/specimen_scenario.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "model/history_oracle.h"
#include "model/world/world.h"
#include "sync/thread.h"

namespace engram::specimens {
namespace {

using model::Call;
using model::CallKind;
using model::CallOutcome;
using world::Operation;
using world::World;

// What operations can store. Some have equal lengths, so that a wrong offset can hit another text
// exactly.
constexpr std::array<std::string_view, 7> kWords = {"apple", "berry",  "grape",    "dates",
                                                    "fig",   "banana", "pineapple"};

std::string IdOf(const Operation& operation) {
  return std::string(1, static_cast<char>('a' + operation.key));
}
std::string TextOf(const Operation& operation) { return std::string(kWords[operation.value]); }
float ActivationOf(const Operation& operation) {
  return static_cast<float>(operation.value) / 100.0F;
}

// The kind of call that the oracle knows for `verb`, if its answer is part of the contract.
std::optional<CallKind> JudgedAs(Verb verb) {
  switch (verb) {
    case Verb::kStore:
      return CallKind::kStore;
    case Verb::kGet:
      return CallKind::kGet;
    case Verb::kRemove:
      return CallKind::kRemove;
    case Verb::kActivate:
      return CallKind::kUpdateActivation;
    case Verb::kSync:
      return CallKind::kSync;
    case Verb::kCompact:
    case Verb::kDemote:
    case Verb::kPromote:
      break;
  }
  return std::nullopt;
}

Answer Ask(SpecimenStore& store, const Operation& operation, const Assigned& assigned) {
  switch (static_cast<Verb>(operation.kind)) {
    case Verb::kStore:
      return store.Store(IdOf(operation), TextOf(operation), assigned);
    case Verb::kGet:
      return store.Get(IdOf(operation));
    case Verb::kRemove:
      return store.Remove(IdOf(operation), assigned);
    case Verb::kActivate:
      return store.UpdateActivation(IdOf(operation), ActivationOf(operation), assigned);
    case Verb::kSync:
      return store.Sync();
    case Verb::kCompact:
      store.Compact();
      break;
    case Verb::kDemote:
      store.Demote(IdOf(operation));
      break;
    case Verb::kPromote:
      store.Promote(IdOf(operation));
      break;
  }
  return Answer{};
}

std::string DescribeAnswer(const Operation& operation, const Answer& answer) {
  switch (answer.outcome) {
    case CallOutcome::kPending:
      return "never returns";
    case CallOutcome::kAbsent:
      return "there is none";
    case CallOutcome::kRejected:
      return "refused";
    case CallOutcome::kUnknown:
      return "outcome unknown";
    case CallOutcome::kDamaged:
      return "DATA_LOSS";
    case CallOutcome::kOk:
      break;
  }
  return static_cast<Verb>(operation.kind) == Verb::kGet ? '"' + answer.text + '"' : "done";
}

// Names the returns of a client's calls; far from the objects that threads create.
sync::ObjectId ReturnsOf(uint8_t client) { return sync::ObjectId{0xFFFFFF00U + client}; }

Memory MakeMemory(const std::string& id, const std::string& text, float activation) {
  Memory memory;
  memory.id = id;
  memory.activation = activation;
  memory.content = text;
  return memory;
}

// Thread safety: each client writes its own list of calls; the main thread looks when they have
// ended.
class SpecimenScenario final : public world::Scenario {
 public:
  SpecimenScenario(World& world, std::span<const Operation> operations, OpenSpecimen open)
      : world_(world), operations_(operations.begin(), operations.end()), open_(std::move(open)) {}

  void Run() override {
    eras_.emplace_back();
    absl::StatusOr<std::unique_ptr<SpecimenStore>> store = open_(world_.file_system());
    if (!store.ok()) return;
    PerformAll(**store, kBefore);
    {
      std::vector<sync::Thread> threads;
      for (uint8_t client = kFirst; client <= LastThread(); ++client) {
        threads.emplace_back("client " + std::to_string(client),
                             [this, client, &store] { PerformAll(**store, client); });
      }
    }
    PerformAll(**store, kAfter);
  }

  void Recover() override {
    eras_.emplace_back();
    absl::StatusOr<std::unique_ptr<SpecimenStore>> store = open_(world_.file_system());
    if (world_.winding_down()) return;
    if (!store.ok()) {
      world_.Fail("cannot be opened", "After the crash, opening the store failed: " +
                                          std::string(store.status().message()));
      return;
    }
    model::RecoveredState state;
    for (const auto& [id, answer] : (*store)->All()) {
      state.memories.push_back(MakeMemory(id, answer.text, answer.activation));
    }
    state.shown_at = world_.Now();
    eras_.back().recovered = std::move(state);
    PerformAll(**store, kAfterCrash);
  }

  void Judge() override {
    model::History history;
    for (Era& era : eras_) {
      model::History::Era& merged = history.eras.emplace_back();
      merged.recovered = std::move(era.recovered);
      for (std::vector<Call>& calls : era.calls) {
        merged.calls.insert(merged.calls.end(), calls.begin(), calls.end());
      }
    }
    model::ReferenceStore::Limits limits;
    limits.embedding_dimension = 0;
    if (auto violation = model::JudgeHistory(history, limits)) {
      world_.Fail(std::move(violation->claim), std::move(violation->detail));
    }
  }

 private:
  struct Era {
    std::optional<model::RecoveredState> recovered;
    std::array<std::vector<Call>, kClients> calls;
  };

  // The last client among the threads that has anything to do. Those before it are started in any
  // case, so that leaving out what one of them does changes the number of no other.
  uint8_t LastThread() const {
    uint8_t last = kBefore;
    for (const Operation& operation : operations_) {
      if (operation.client <= kThird) last = std::max(last, operation.client);
    }
    return last;
  }

  void PerformAll(SpecimenStore& store, uint8_t client) {
    for (const Operation& operation : operations_) {
      if (operation.client == client) Perform(store, operation);
    }
  }

  // Nothing that happens after a crash has been seen by anybody.
  void Perform(SpecimenStore& store, const Operation& operation) {
    if (world_.winding_down()) return;
    world_.BeginOperation(operation.id, [&] { return DescribeOperation(operation); });
    Call* const call = Invoke(operation);
    const Answer answer = Ask(store, operation, [this, call](Sequence sequence) {
      if (!world_.winding_down()) call->sequence = sequence;
    });
    if (call != nullptr) Return(operation, answer, *call);
    world_.EndOperation([&] { return DescribeAnswer(operation, answer); });
  }

  // Opens the record of a call; null if the contract says nothing about its answer.
  Call* Invoke(const Operation& operation) {
    const auto verb = static_cast<Verb>(operation.kind);
    const std::optional<CallKind> kind = JudgedAs(verb);
    if (!kind.has_value()) return nullptr;
    TakeInvocationStep(operation.client);
    std::vector<Call>& calls = eras_.back().calls[operation.client];
    calls.reserve(operations_.size());
    Call& call = calls.emplace_back();
    call.kind = *kind;
    call.operation = operation.id;
    call.client = operation.client;
    if (verb == Verb::kStore) {
      call.argument = MakeMemory(IdOf(operation), TextOf(operation), 0);
    } else if (verb != Verb::kSync) {
      call.argument.id = IdOf(operation);
      if (verb == Verb::kActivate) call.argument.activation = ActivationOf(operation);
    }
    call.invoked_at = world_.Now();
    return &call;
  }

  void Return(const Operation& operation, const Answer& answer, Call& call) {
    if (world_.winding_down()) return;
    call.returned_at = world_.Now();
    call.outcome = answer.outcome;
    if (call.kind == CallKind::kGet) {
      call.sequence = answer.sequence;
      if (answer.outcome == CallOutcome::kOk) {
        call.result = MakeMemory(IdOf(operation), answer.text, answer.activation);
      }
    }
    world_.Observe(static_cast<uint64_t>(answer.outcome));
    world_.Observe(call.sequence.value);
    for (const char letter : answer.text) world_.Observe(static_cast<unsigned char>(letter));
    TakeReturnStep(operation.client);
  }

  // Looks at the returns of the other threads; those of the main thread are ordered anyhow.
  void TakeInvocationStep(uint8_t client) {
    if (client < kFirst || client > kThird) return;
    world::Step step;
    step.kind = world::StepKind::kAcknowledge;
    step.object = ReturnsOf(client == kFirst ? kSecond : kFirst);
    step.access = world::Access::kRead;
    step.second = ReturnsOf(client == kThird ? kSecond : kThird);
    step.second_access = world::Access::kRead;
    world_.scheduler().TakeStep(step);
  }

  void TakeReturnStep(uint8_t client) {
    if (client < kFirst || client > kThird) return;
    world::Step step;
    step.kind = world::StepKind::kAcknowledge;
    step.object = ReturnsOf(client);
    step.access = world::Access::kWrite;
    world_.scheduler().TakeStep(step);
  }

  World& world_;
  const std::vector<Operation> operations_;
  const OpenSpecimen open_;
  std::vector<Era> eras_;
};

Operation MakeOperation(Client client, Verb verb, char id = 'a', uint32_t value = 0) {
  Operation operation;
  operation.client = client;
  operation.kind = static_cast<uint8_t>(verb);
  operation.key = static_cast<uint16_t>(id - 'a');
  operation.value = value;
  return operation;
}

uint32_t IndexOfWord(std::string_view text) {
  for (uint32_t i = 0; i < kWords.size(); ++i) {
    if (kWords[i] == text) return i;
  }
  ENGRAM_CHECK(false, "operations store known words only");
  return 0;
}

}  // namespace

Operation Store(Client client, char id, std::string_view text) {
  return MakeOperation(client, Verb::kStore, id, IndexOfWord(text));
}
Operation Get(Client client, char id) { return MakeOperation(client, Verb::kGet, id); }
Operation Remove(Client client, char id) { return MakeOperation(client, Verb::kRemove, id); }
Operation Activate(Client client, char id, uint32_t percent) {
  return MakeOperation(client, Verb::kActivate, id, percent);
}
Operation Sync(Client client) { return MakeOperation(client, Verb::kSync); }
Operation Compact(Client client) { return MakeOperation(client, Verb::kCompact); }
Operation Demote(Client client, char id) { return MakeOperation(client, Verb::kDemote, id); }
Operation Promote(Client client, char id) { return MakeOperation(client, Verb::kPromote, id); }

std::string DescribeOperation(const Operation& operation) {
  const std::string id = IdOf(operation);
  switch (static_cast<Verb>(operation.kind)) {
    case Verb::kStore:
      return "store " + id + "=\"" + TextOf(operation) + '"';
    case Verb::kGet:
      return "get " + id;
    case Verb::kRemove:
      return "remove " + id;
    case Verb::kActivate:
      return "activate " + id + "=" + std::to_string(operation.value) + "%";
    case Verb::kSync:
      return "sync";
    case Verb::kCompact:
      return "compact";
    case Verb::kDemote:
      return "demote " + id;
    case Verb::kPromote:
      return "promote " + id;
  }
  return "unknown";
}

world::Program MakeProgram(std::string name, OpenSpecimen open, std::vector<Operation> operations,
                           const world::Bounds& bounds) {
  for (size_t i = 0; i < operations.size(); ++i) operations[i].id = static_cast<uint16_t>(i + 1);
  world::Program program;
  program.name = std::move(name);
  program.bounds = bounds;
  program.generate = [operations = std::move(operations)](uint64_t) { return operations; };
  program.describe = DescribeOperation;
  program.make = [open = std::move(open)](World& world, std::span<const Operation> kept) {
    return std::make_unique<SpecimenScenario>(world, kept, open);
  };
  return program;
}

}  // namespace engram::specimens
