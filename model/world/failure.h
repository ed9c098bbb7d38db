// What can be wrong with an execution.

#ifndef ENGRAM_MODEL_WORLD_FAILURE_H_
#define ENGRAM_MODEL_WORLD_FAILURE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace engram::world {

enum class FailureKind : uint8_t {
  kClaim,       // a promise of the program was broken
  kDeadlock,    // nobody can go on
  kLostWakeup,  // nobody can go on, and a notification came before the wait it was meant for
  kLockOrder,   // two threads take locks in opposite orders
  kStarvation,  // the execution does not end within Bounds::steps_max
  kDataRace,    // ThreadSanitizer's verdict on this interleaving
  kException,   // an exception left a thread
  kStaleToken,  // a token names decisions that this build does not make
};

std::string_view FailureKindName(FailureKind kind);

// Two failures with the same kind and claim are the same finding; shrinking keeps both.
struct Failure {
  FailureKind kind = FailureKind::kClaim;
  std::string claim;  // a few words: "another memory's bytes"
  std::string
      detail;  // sentences: what was promised, what happened, who waits for what since where
};

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_FAILURE_H_
