// The promises of a store, by the vocabulary of model/history_oracle.h, and those of every program.

#include "model/tell/promises.h"

#include <array>
#include <string_view>
#include <utility>

#include "model/tell/words.h"

namespace engram::world {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 16> kStorePromises = {{
    {"another memory's bytes",
     "A read returns what was stored under its own id, never the bytes of another memory."},
    {"invented value", "A read returns only what somebody stored."},
    {"false corruption",
     "Only damage is reported as damage: a memory that nothing has harmed can be read."},
    {"lost store",
     "A change that was acknowledged has happened: later reads see it or what replaced it."},
    {"lost update",
     "An update applies to the newest version of its memory, so no acknowledged change is lost."},
    {"resurrection", "A removed memory stays removed until somebody stores it again."},
    {"stale read", "A read that begins after a change was acknowledged sees that change."},
    {"read from the future", "A read sees nothing that is only stored after it has returned."},
    {"duplicate sequence", "Every change has a sequence number of its own."},
    {"sequence against real time",
     "Sequence numbers follow real time: what begins after a change was acknowledged gets a larger "
     "one."},
    {"wrong answer", "A call answers what is true: found or not found, existed or not."},
    {"effect of a rejected call", "A call that returns an error has changed nothing."},
    {"lost after sync",
     "What was acknowledged before a sync returned survives every crash after it."},
    {"mixed state after a crash",
     "After a crash the store is as it was at one moment before: all changes up to some point in "
     "their order, and none behind it."},
    {"changed after recovery",
     "What a store shows after a crash is durable: another crash does not change it."},
    {"check failed", "What the program checks of itself holds."},
}};

}  // namespace

std::string PromiseOf(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::kDeadlock:
      return "Every thread comes to its end: there is no schedule in which threads wait for each "
             "other forever.";
    case FailureKind::kLostWakeup:
      return "Every thread that waits is woken: there is no schedule in which a notification comes "
             "before the wait it was meant for and is lost.";
    case FailureKind::kLockOrder:
      return "All threads take locks in one order, so that they can never wait for each other in a "
             "circle.";
    case FailureKind::kStarvation:
      return "The program comes to an end under every fair schedule.";
    case FailureKind::kDataRace:
      return "Two threads never touch the same memory at once, one of them writing, without a lock "
             "or an atomic that orders them.";
    case FailureKind::kException:
      return "No exception leaves a thread.";
    case FailureKind::kStaleToken:
      return "A token names decisions that this build makes.";
    case FailureKind::kClaim:
      break;
  }
  for (const auto& [claim, promise] : kStorePromises) {
    if (claim == failure.claim) return std::string(promise);
  }
  return Words("The program's own claim: ", failure.claim, ".");
}

}  // namespace engram::world
