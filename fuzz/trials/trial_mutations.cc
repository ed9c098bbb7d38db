// Drawing changes. What a change breaks beyond the rules is left out again.

#include "fuzz/trials/trial_mutations.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

namespace engram::fuzz {
namespace {

using stress::Verb;
using world::ChoiceKind;
using world::Deviation;
using world::Operation;
using world::Question;
using world::Random;

using Operations = std::vector<Operation>;

// Whether the names of such decisions say which operation they were made in.
bool NamesOperation(ChoiceKind kind) {
  return kind != ChoiceKind::kMetadata && kind != ChoiceKind::kSurvive && kind != ChoiceKind::kTear;
}

// The least id that none has.
uint16_t FreeId(const Operations& operations) {
  std::set<uint16_t> taken;
  for (const Operation& operation : operations) taken.insert(operation.id);
  uint16_t id = 1;
  while (taken.contains(id)) ++id;
  return id;
}

class Mutator {
 public:
  Mutator(TrialInput& input, const TrialRules& rules, std::span<const std::string> programs,
          std::span<const Question> questions, uint64_t seed)
      : input_(input), rules_(rules), programs_(programs), random_(seed, 0) {
    for (const Question& question : questions) {
      asked_[static_cast<size_t>(question.name.kind)].push_back(question);
    }
  }

  void Run() {
    const uint32_t changes = 1 + random_.Below(3);
    for (uint32_t i = 0; i < changes; ++i) {
      if (rules_.deviations_max > 0 && random_.Below(8) < 5) {
        ChangeDecisions();
      } else {
        ChangeOperations();
      }
    }
  }

 private:
  Operations& operations() { return input_.operations; }
  std::vector<Deviation>& deviations() { return input_.deviations; }

  template <typename T>
  size_t Index(const std::vector<T>& of) {
    return random_.Below(static_cast<uint32_t>(of.size()));
  }

  // ---- Operations.

  void ChangeOperations() {
    const uint32_t what = random_.Below(16);
    if (operations().empty() || what < 5) return Insert(SomeOperation(rules_, random_));
    Operation& one = operations()[Index(operations())];
    if (what < 8) {
      operations().erase(operations().begin() + static_cast<ptrdiff_t>(Index(operations())));
    } else if (what == 8) {
      Insert(one);
    } else if (what == 9) {
      std::swap(one, operations()[Index(operations())]);
    } else if (what == 10) {
      Repeat();
    } else if (what == 11 && !random_.OneIn(3)) {
      input_.program = programs_[random_.Below(static_cast<uint32_t>(programs_.size()))];
    } else {
      ChangeOne(one);
    }
  }

  void Insert(Operation operation) {
    if (operations().size() == rules_.operations_max) return;
    operation.id = FreeId(operations());
    const size_t at = random_.Below(static_cast<uint32_t>(operations().size() + 1));
    operations().insert(operations().begin() + static_cast<ptrdiff_t>(at), operation);
    if (!IsAllowed(input_, rules_)) operations().erase(operations().begin() + ptrdiff_t(at));
  }

  // A piece of the list once more, elsewhere.
  void Repeat() {
    const size_t begin = Index(operations());
    const size_t end = std::min(begin + 1 + random_.Below(8), operations().size());
    const Operations piece(operations().begin() + static_cast<ptrdiff_t>(begin),
                           operations().begin() + static_cast<ptrdiff_t>(end));
    for (const Operation& operation : piece) Insert(operation);
  }

  void ChangeOne(Operation& one) {
    const Operation before = one;
    const Operation other = SomeOperation(rules_, random_);
    switch (random_.Below(rules_.several_clients ? 4 : 3)) {
      case 0:
        one.key = other.key;
        break;
      case 1:
        one.value = random_.Below(ValuesOf(stress::VerbOf(one)));
        break;
      case 2:
        one.kind = other.kind;
        one.value = other.value;
        break;
      default:
        one.client = other.client;
        break;
    }
    if (!IsAllowed(input_, rules_)) one = before;
  }

  // ---- Decisions.

  void ChangeDecisions() {
    const uint32_t what = random_.Below(8);
    if (what == 0 && !deviations().empty()) {
      deviations().erase(deviations().begin() + static_cast<ptrdiff_t>(Index(deviations())));
    } else if (what == 1 && !deviations().empty()) {
      Move(deviations()[Index(deviations())]);
    } else if (what == 2) {
      LoseMuch();
    } else {
      DecideOne();
    }
  }

  void Decide(const Question& question) {
    if (deviations().size() == rules_.deviations_max) return;
    const Deviation made{question.name, 1 + random_.Below(question.alternatives - 1)};
    for (Deviation& present : deviations()) {
      if (present.name != made.name) continue;
      present = made;
      return;
    }
    deviations().push_back(made);
  }

  // A kind first: there are many switches of threads and few crashes.
  void DecideOne() {
    std::vector<size_t> kinds;
    for (size_t kind = 0; kind < asked_.size(); ++kind) {
      if (asked_[kind].empty()) continue;
      const auto schedules = static_cast<ChoiceKind>(kind) == ChoiceKind::kSchedule;
      kinds.insert(kinds.end(), schedules ? 4 : 1, kind);
    }
    if (kinds.empty()) return;
    const std::vector<Question>& of_kind = asked_[kinds[Index(kinds)]];
    Decide(of_kind[Index(of_kind)]);
  }

  // The same decision, at another place of its operation.
  void Move(Deviation& deviation) {
    const uint32_t by = 1 + random_.Below(4);
    uint32_t& occurrence = deviation.name.occurrence;
    occurrence = random_.OneIn(2) ? occurrence + by : occurrence - std::min(occurrence, by);
  }

  // Of what a crash may have left behind, a part is gone: decision by decision it would take long.
  void LoseMuch() {
    const uint32_t quarters = 1 + random_.Below(4);
    const bool last = random_.OneIn(2);
    for (const ChoiceKind kind : {ChoiceKind::kMetadata, ChoiceKind::kSurvive, ChoiceKind::kTear}) {
      if (kind == ChoiceKind::kTear && random_.OneIn(2)) continue;
      for (const Question& question : asked_[static_cast<size_t>(kind)]) {
        if (random_.Below(4) >= quarters) continue;
        Decide(question);
        if (last && !deviations().empty() && deviations().back().name == question.name) {
          deviations().back().value = question.alternatives - 1;
        }
      }
    }
  }

  TrialInput& input_;
  const TrialRules& rules_;
  const std::span<const std::string> programs_;
  Random random_;
  std::array<std::vector<Question>, world::kChoiceKinds> asked_;
};

}  // namespace

void Mutate(TrialInput& input, const TrialRules& rules, std::span<const std::string> programs,
            std::span<const Question> questions, uint64_t seed) {
  Mutator(input, rules, programs, questions, seed).Run();
}

TrialInput Crossed(const TrialInput& front, const TrialInput& back, const TrialRules& rules,
                   uint64_t seed) {
  Random random(seed, 1);
  TrialInput crossed = front;
  const auto cut = [&random](const Operations& operations) {
    return random.Below(static_cast<uint32_t>(operations.size() + 1));
  };
  crossed.operations.resize(cut(front.operations));
  std::map<uint16_t, uint16_t> ids;  // of operations of `back` in what is made
  for (size_t i = cut(back.operations); i < back.operations.size(); ++i) {
    Operation operation = back.operations[i];
    operation.id = FreeId(crossed.operations);
    crossed.operations.push_back(operation);
    if (IsAllowed(crossed, rules)) {
      ids[back.operations[i].id] = operation.id;
    } else {
      crossed.operations.pop_back();
    }
  }
  for (Deviation deviation : back.deviations) {
    const auto found = ids.find(deviation.name.operation);
    if (!NamesOperation(deviation.name.kind) || found == ids.end()) continue;
    deviation.name.operation = found->second;
    if (crossed.deviations.size() < rules.deviations_max) crossed.deviations.push_back(deviation);
  }
  return crossed;
}

}  // namespace engram::fuzz
