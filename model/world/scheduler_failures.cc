// What the scheduler itself finds wrong with an execution, in words: deadlock, lost wake-up,
// starvation and lock-order inversion, each naming who waits for what since where.

#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/world/allocation_faults.h"
#include "model/world/scheduler.h"
#include "model/world/scheduler_thread.h"

namespace engram::world {
namespace {

std::string FileLine(const sync::Location& where) {
  std::string_view file = where.file_name();
  if (const size_t slash = file.rfind('/'); slash != std::string_view::npos) {
    file.remove_prefix(slash + 1);
  }
  return absl::StrCat(std::string(file), ":", where.line());
}

}  // namespace

std::string Scheduler::DescribeThread(const Thread& thread) const {
  const std::string who = absl::StrCat("thread '", thread.name, "' ");
  const std::string since = absl::StrCat(" since ", FileLine(thread.pending.where));
  if ((finished_ & thread.bit()) != 0) return who + "has ended";
  if (thread.asleep) {
    return absl::StrCat(who, "waits to be notified on condition variable ",
                        DescribeObject(thread.pending.object), since);
  }
  switch (thread.pending.kind) {
    case StepKind::kLock:
    case StepKind::kLockShared: {
      const sync::MutexState& mutex = *thread.mutex;
      std::string holders;
      const uint32_t set = mutex.owner >= 0 ? uint32_t{1} << mutex.owner : mutex.readers;
      for (uint32_t rest = set; rest != 0; rest &= rest - 1) {
        absl::StrAppend(&holders, holders.empty() ? "'" : " and '",
                        threads_[static_cast<uint32_t>(std::countr_zero(rest))].name, "'");
      }
      if (holders.empty()) return absl::StrCat(who, "could lock ", DescribeObject(mutex.id));
      return absl::StrCat(who, "waits for ", DescribeObject(mutex.id), since, "; held by ", holders,
                          " since ", FileLine(mutex.locked_at));
    }
    case StepKind::kJoin:
      return absl::StrCat(who, "waits for the end of thread '", threads_[thread.join_target].name,
                          "'", since);
    default:
      return absl::StrCat(who, "is before '", std::string(StepKindName(thread.pending.kind)),
                          "' at ", FileLine(thread.pending.where));
  }
}

std::string Scheduler::DescribeObject(sync::ObjectId object) const {
  const uint32_t maker = (object.value >> 20) & 0xFF;
  const uint32_t number = object.value & 0xFFFFF;
  if (maker == 0xFF) return absl::StrCat("#", number);
  const std::string& name = maker < thread_count_ ? threads_[maker].name : threads_[0].name;
  return absl::StrCat("#", number, " of '", name, "'");
}

void Scheduler::FailStuck() {
  const KernelScope kernel;
  Failure failure{FailureKind::kDeadlock, "deadlock", ""};
  std::string lost;
  for (uint32_t i = 0; i < thread_count_; ++i) {
    const Thread& thread = threads_[i];
    if ((finished_ & thread.bit()) != 0) continue;
    absl::StrAppend(&failure.detail, failure.detail.empty() ? "" : "\n", DescribeThread(thread));
    if (thread.asleep && thread.condition->notifies_unheard > 0) {
      absl::StrAppend(&lost, "\nthe notification at ",
                      FileLine(thread.condition->last_notify_unheard_at), " found nobody waiting");
    }
  }
  if (!lost.empty()) {
    failure.kind = FailureKind::kLostWakeup;
    failure.claim = "lost wake-up";
    failure.detail += lost;
  }
  if (winding_down_) {
    failure.detail =
        "after the crash, with every file call failing, nobody can go on:\n" + failure.detail;
  }
  if (!failed()) failure_ = std::move(failure);
}

void Scheduler::FailStarved() {
  {
    const KernelScope kernel;
    std::string detail = absl::StrCat("the execution has not ended after ", bounds_.steps_max,
                                      winding_down_ ? " steps after the crash" : " steps");
    for (uint32_t i = 0; i < thread_count_; ++i) {
      absl::StrAppend(&detail, "\n", DescribeThread(threads_[i]));
    }
    if (!failed()) failure_ = Failure{FailureKind::kStarvation, "starvation", std::move(detail)};
  }
  LeaveToMain();
}

void Scheduler::CheckLockOrder(const Thread& self, const sync::MutexState& mutex,
                               const sync::Location& where) {
  bool inverted = false;
  {
    const KernelScope kernel;
    for (uint32_t i = 0; i < std::min(self.held_count, Thread::kHeldMax); ++i) {
      const Thread::Held& held = self.held[i];
      const bool known = std::any_of(
          lock_order_.begin(), lock_order_.end(),
          [&](const LockOrder& o) { return o.first == held.mutex->id && o.second == mutex.id; });
      if (known) continue;
      lock_order_.push_back({held.mutex->id, mutex.id, self.number, held.where, where});
      // Follow the order from the new second lock: does it lead back to the first?
      std::vector<sync::ObjectId> reached = {mutex.id};
      for (size_t next = 0; next < reached.size() && !inverted; ++next) {
        for (const LockOrder& order : lock_order_) {
          if (order.first != reached[next]) continue;
          if (std::find(reached.begin(), reached.end(), order.second) != reached.end()) continue;
          reached.push_back(order.second);
          if (order.second != held.mutex->id) continue;
          inverted = true;
          failure_ = Failure{
              FailureKind::kLockOrder, "lock-order inversion",
              absl::StrCat("thread '", self.name, "' holds ", DescribeObject(held.mutex->id),
                           " since ", FileLine(held.where), " and takes ", DescribeObject(mutex.id),
                           " at ", FileLine(where), "; thread '", threads_[order.thread].name,
                           "' held ", DescribeObject(order.first), " since ",
                           FileLine(order.first_at), " when it took ", DescribeObject(order.second),
                           " at ", FileLine(order.second_at))};
          break;
        }
      }
    }
  }
  if (inverted) LeaveToMain();
}

}  // namespace engram::world
