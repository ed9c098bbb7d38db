// Replays one timeline, forking where an outcome is unknown.

#include "model/history_replay.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"

namespace engram::inline ENGRAM_BODY::model {
namespace {

// Of the conflicts of two branches at the same position, keeps that of the branch which came
// further: a mutation is first placed among the reads of absence, then finds a memory, then is
// read.
void KeepFurther(std::optional<Conflict>& kept, Conflict other) {
  const auto progress = [](const Conflict& conflict) {
    return conflict.kind == Conflict::Kind::kValue    ? 2
           : conflict.kind == Conflict::Kind::kAnswer ? 1
                                                      : 0;
  };
  if (!kept || progress(other) > progress(*kept)) kept = std::move(other);
}

// Whether what the read answered is true of `memory`.
bool Tells(const Call& read, const Memory& memory) {
  if (read.tells_activation) return SameBits(*read.result, memory);
  Memory told = *read.result;
  told.activation = memory.activation;
  return SameBits(told, memory);
}

}  // namespace

void HighestUntil::Add(const Call& call, int64_t position) {
  entries_.push_back({Ended(call), {position, &call}});
}

void HighestUntil::Prepare() {
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return a.ended != b.ended ? a.ended < b.ended : a.reached.position > b.reached.position;
  });
  for (size_t i = 1; i < entries_.size(); ++i) {
    const Reached& before = entries_[i - 1].reached;
    if (before.position >= entries_[i].reached.position) entries_[i].reached = before;
  }
}

HighestUntil::Reached HighestUntil::Before(uint64_t moment) const {
  const auto after = std::partition_point(entries_.begin(), entries_.end(),
                                          [&](const Entry& entry) { return entry.ended < moment; });
  return after == entries_.begin() ? Reached{} : std::prev(after)->reached;
}

TimelineReplay::TimelineReplay(std::string_view id, const Timeline& timeline,
                               const ReferenceStore::Limits& limits, bool recovery_follows)
    : id_(id), timeline_(timeline), limits_(limits), recovery_follows_(recovery_follows) {
  for (size_t i = 0; i < timeline.mutations.size(); ++i) {
    const Call& mutation = *timeline.mutations[i];
    if (IsDecided(mutation)) floors_.Add(mutation, static_cast<int64_t>(i) + 1);
  }
  for (const auto& [position, read] : timeline.witnessed) floors_.Add(*read, position);
  floors_.Prepare();
  for (const Call* read : timeline.absences) {
    // Nothing reached means the beginning: there the read may stand.
    absences_.Add(*read, std::max<int64_t>(0, floors_.Before(Began(*read)).position));
  }
  absences_.Prepare();
}

std::optional<Conflict> TimelineReplay::Run() {
  if (auto conflict = CheckOrder()) return conflict;
  Branch begin{.state = ReferenceStore(limits_)};
  if (timeline_.begin != nullptr) {
    ENGRAM_CHECK(begin.state.Store(*timeline_.begin, timeline_.begin_named).ok(),
                 "a recovery that showed an invalid memory has been condemned before");
  } else {
    begin.last_absence = 0;
  }
  if (auto conflict = CheckReads(0, begin)) return conflict;
  branches_.push_back(std::move(begin));
  NoteBranches();
  for (uint32_t position = 1; position <= timeline_.mutations.size(); ++position) {
    if (auto conflict = Step(position)) return conflict;
    NoteBranches();
  }
  std::optional<Conflict> first;
  for (const Branch& branch : branches_) {
    auto conflict = CheckAbsences(branch, kNever);
    if (!conflict) return {};
    if (!first) first = std::move(conflict);
  }
  return first;
}

std::span<const Timeline::Witnessed> TimelineReplay::ReadsAt(uint32_t position) const {
  const auto [first, last] =
      std::equal_range(timeline_.witnessed.begin(), timeline_.witnessed.end(),
                       Timeline::Witnessed{position, nullptr},
                       [](const auto& a, const auto& b) { return a.position < b.position; });
  return {first, last};
}

std::optional<Conflict> TimelineReplay::CheckOrder() const {
  for (const auto& [position, read] : timeline_.witnessed) {
    const HighestUntil::Reached floor = floors_.Before(Began(*read));
    if (floor.position <= position) continue;
    return Conflict{.kind = Conflict::Kind::kOrder,
                    .call = read,
                    .position = position,
                    .floor = static_cast<uint32_t>(floor.position),
                    .evidence = floor.by};
  }
  return {};
}

std::optional<Conflict> TimelineReplay::CheckReads(uint32_t position, const Branch& branch) const {
  for (const auto& [at, read] : ReadsAt(position)) {
    const ReferenceStore::Version* version = VersionIn(branch);
    const bool found = read->outcome == CallOutcome::kOk;
    if (found != (version != nullptr) ||
        (found && read->result && !Tells(*read, version->memory))) {
      Conflict conflict{.kind = Conflict::Kind::kValue, .call = read, .position = position};
      if (version != nullptr) conflict.promised = version->memory;
      return conflict;
    }
    if (auto conflict = CheckAbsences(branch, Began(*read))) return conflict;
  }
  return {};
}

std::optional<Conflict> TimelineReplay::CheckAbsences(const Branch& branch, uint64_t moment) const {
  const HighestUntil::Reached floor = absences_.Before(moment);
  if (floor.position <= branch.last_absence) return {};
  return Conflict{.kind = Conflict::Kind::kAbsence,
                  .call = floor.by,
                  .floor = static_cast<uint32_t>(floor.position),
                  .evidence = floors_.Before(Began(*floor.by)).by};
}

std::optional<Conflict> TimelineReplay::Step(uint32_t position) {
  const Call& mutation = *timeline_.mutations[position - 1];
  const bool may_be_left_out = !IsDecided(mutation) && ReadsAt(position).empty();
  std::vector<Branch> next;
  // By source: where in `next` branches come together that are now in the same state.
  std::map<uint32_t, size_t> happened;
  std::optional<Conflict> furthest;
  for (size_t i = 0; i < branches_.size(); ++i) {
    Node* node = recovery_follows_ ? &nodes_[position - 1][i] : nullptr;
    if (may_be_left_out) {
      if (node != nullptr) node->without = next.size();
      next.push_back(branches_[i]);
    }
    Branch branch = std::move(branches_[i]);
    if (auto conflict = Happen(position, branch)) {
      KeepFurther(furthest, *std::move(conflict));
      continue;
    }
    const auto [joined, is_new] = happened.try_emplace(branch.source, next.size());
    if (node != nullptr) {
      node->with = joined->second;
      node->demand = Demand(position, Present(branch));
    }
    if (is_new) {
      next.push_back(std::move(branch));
    } else {
      int64_t& last_absence = next[joined->second].last_absence;
      last_absence = std::max(last_absence, branch.last_absence);
    }
  }
  if (next.empty()) return furthest;
  branches_ = std::move(next);
  return {};
}

std::optional<Conflict> TimelineReplay::Happen(uint32_t position, Branch& branch) const {
  const Call& mutation = *timeline_.mutations[position - 1];
  if (auto conflict = CheckAbsences(branch, Began(mutation))) return conflict;
  bool happens = false;
  if (mutation.kind == CallKind::kUpdateActivation) {
    happens =
        branch.state.UpdateActivation(id_, mutation.argument.activation, mutation.sequence).ok();
  } else {
    if (mutation.kind == CallKind::kStore) {
      happens = branch.state.Store(mutation.argument, mutation.sequence).ok();
    } else {
      const auto removed = branch.state.Remove(id_, mutation.sequence);
      happens = removed.ok() && removed->value != 0;
      branch.last_absence = position;
    }
    branch.source = position;
  }
  branch.last_mutation = position;
  if (!happens) {
    return Conflict{.kind = Conflict::Kind::kAnswer, .call = &mutation, .position = position};
  }
  return CheckReads(position, branch);
}

int64_t TimelineReplay::Demand(uint32_t position, bool present) const {
  const int64_t demand = absences_.Before(Began(*timeline_.mutations[position - 1])).position;
  const auto reads = ReadsAt(position);
  if (!present || reads.empty()) return demand;
  return std::max(demand, absences_.Before(Began(*reads.back().read)).position);
}

void TimelineReplay::NoteBranches() {
  if (!recovery_follows_) return;
  std::vector<Node>& nodes = nodes_.emplace_back();
  for (const Branch& branch : branches_) {
    const ReferenceStore::Version* version = VersionIn(branch);
    nodes.push_back(
        {.last_mutation = branch.last_mutation,
         .last_absence = branch.last_absence,
         .present = version != nullptr,
         .shows_end = version == nullptr
                          ? timeline_.end == nullptr
                          : timeline_.end != nullptr && SameBits(version->memory, *timeline_.end)});
  }
}

std::vector<bool> TimelineReplay::Survivors(bool heed_later_reads) const {
  constexpr int64_t kImpossible = INT64_MAX;
  const uint32_t last_named = PositionOf(timeline_, timeline_.end_named);
  std::vector<bool> survivors(nodes_.size());
  std::vector<int64_t> next_needs;
  for (size_t position = nodes_.size(); position-- > 0;) {
    std::vector<int64_t> needs;  // which last absence each branch needs to come to the end
    for (const Node& node : nodes_[position]) {
      int64_t need = kImpossible;
      if (position + 1 == nodes_.size()) need = absences_.Before(kNever).position;
      if (node.without != kNone) need = std::min(need, next_needs[node.without]);
      if (node.with != kNone) need = std::min(need, std::max(node.demand, next_needs[node.with]));
      const bool comes_to_the_end = need <= node.last_absence;
      // The last absence of a branch in which there is nothing is where that began, whatever came
      // before.
      needs.push_back(node.present ? need : comes_to_the_end ? -1 : kImpossible);
      const bool is_named =
          !heed_later_reads || timeline_.end_named.value == 0 || node.last_mutation == last_named;
      if (node.shows_end && is_named && comes_to_the_end) survivors[position] = true;
    }
    next_needs = std::move(needs);
  }
  return survivors;
}

}  // namespace engram::inline ENGRAM_BODY::model
